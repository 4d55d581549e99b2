// SPDX-License-Identifier: Apache-2.0
//
// The organization, its tree, its accounts and their tags.

import Federation
import IdentityModel
import StoreSQLite
import StrictJSON
import Testing

@Suite struct OrganizationTests {
  @Test func `an organization from its making to its end`() async throws {
    try await TestServer.run { server in
      let before = await server.organizations("DescribeOrganization")
      #expect(before.status == 400)
      #expect(before.jsonMember("__type") == "AWSOrganizationsNotInUseException")
      #expect(before.jsonMember("message") == "Your account is not a member of an organization.")

      let (id, root) = try await server.newOrganization()
      #expect(id.utf8.count == 12 && id.hasPrefix("o-"))
      #expect(root.utf8.count == 6 && root.hasPrefix("r-"))
      let described = await server.arranged("DescribeOrganization")
      #expect(described.jsonMember("Arn") == "arn:aws:organizations::123456789012:organization/\(id)")
      #expect(
        described.jsonMember("MasterAccountArn")
          == "arn:aws:organizations::123456789012:account/\(id)/123456789012"
      )
      #expect(described.jsonMember("MasterAccountEmail") == "root@123456789012.invalid")
      #expect(described.jsonMember("FeatureSet") == "ALL")
      #expect(described.text.contains(#"[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}]"#))

      let again = await server.organizations("CreateOrganization")
      #expect(again.jsonMember("__type") == "AlreadyInOrganizationException")

      let accounts = await server.arranged("ListAccounts")
      #expect(accounts.jsonMembers("Id") == ["123456789012"])
      #expect(accounts.jsonMember("JoinedMethod") == "INVITED")
      #expect(accounts.text.contains(#""Paths":["\#(id)/\#(root)/123456789012/"]"#))

      #expect(await server.arranged("DeleteOrganization").text == "{}")
      let after = await server.organizations("DescribeOrganization")
      #expect(after.jsonMember("__type") == "AWSOrganizationsNotInUseException")
      // Nothing is left of it: another one can be made.
      for kind in [
        OrganizationRecord.kind, OrganizationRootRecord.kind, OrganizationAccountRecord.kind,
        OrganizationChildRecord.kind, CreateAccountStatusRecord.kind,
      ] {
        #expect(try await server.store.records(of: kind, prefix: "", after: nil, limit: 9).isEmpty)
      }
      _ = try await server.newOrganization(featureSet: "CONSOLIDATED_BILLING")
      let billing = await server.arranged("DescribeOrganization")
      #expect(billing.text.contains(#""AvailablePolicyTypes":[]"#))
    }
  }

  @Test func `an organization with a member or a unit is not deleted`() async throws {
    try await TestServer.run { server in
      let (_, root) = try await server.newOrganization()
      let account = try await server.newAccount("dev")
      let full = await server.organizations("DeleteOrganization")
      #expect(full.jsonMember("__type") == "OrganizationNotEmptyException")
      await server.arranged("RemoveAccountFromOrganization", #"{"AccountId":"\#(account)"}"#)
      let unit = try await server.newUnit("u", below: root)
      let units = await server.organizations("DeleteOrganization")
      #expect(units.jsonMember("__type") == "OrganizationNotEmptyException")
      await server.arranged("DeleteOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)"}"#)
      await server.arranged("DeleteOrganization")
    }
  }

  @Test func `an account is born with a role that the management account may assume`() async throws {
    try await TestServer.run { server in
      let (id, root) = try await server.newOrganization()
      let account = try await server.newAccount("dev")
      let alice = try await server.user("alice", policy: allowsAll)
      let described = await server.arranged("DescribeAccount", #"{"AccountId":"\#(account)"}"#)
      #expect(described.jsonMember("Arn") == "arn:aws:organizations::123456789012:account/\(id)/\(account)")
      #expect(described.jsonMember("Email") == "dev@example.test")
      #expect(described.jsonMember("Name") == "dev")
      #expect(described.jsonMember("Status") == "ACTIVE")
      #expect(described.jsonMember("JoinedMethod") == "CREATED")
      #expect(described.text.contains(#""Paths":["\#(id)/\#(root)/\#(account)/"]"#))

      let admin = try await server.administrator(of: account, as: alice)
      #expect(await server.call("GetCallerIdentity", as: admin)["Account"] == account.description)
      let attached = await server.call(
        "ListAttachedRolePolicies",
        ["RoleName": "OrganizationAccountAccessRole"],
        as: admin
      )
      #expect(attached["PolicyArn"] == "arn:aws:iam::aws:policy/AdministratorAccess")
      #expect(await server.call("EnableOutboundWebIdentityFederation", as: admin).status == 200)
      #expect(await server.token(as: admin).status == 200)
      // Who is of no account that the role trusts does not assume it.
      let other = try #require(AccountID("999999999999"))
      let keys = Keys(id: "AKIAOTHEROTHEROTHERR", secret: "other")
      try await server.addAccount(other, keys, enablesFederation: false)
      await server.done("CreateUser", ["UserName": "eve"], as: keys)
      await server.done(
        "PutUserPolicy",
        ["UserName": "eve", "PolicyName": "p", "PolicyDocument": allowsAll],
        as: keys
      )
      let made = await server.done("CreateAccessKey", ["UserName": "eve"], as: keys)
      let eve = Keys(id: try #require(made["AccessKeyId"]), secret: try #require(made["SecretAccessKey"]))
      let refused = await server.call(
        "AssumeRole",
        [
          "RoleArn": "arn:aws:iam::\(account):role/OrganizationAccountAccessRole", "RoleSessionName": "eve",
        ],
        as: eve
      )
      #expect(refused.code == "AccessDenied")

      let named = try await server.newAccount("named", role: "Boss")
      _ = try await server.assume("arn:aws:iam::\(named):role/Boss", as: alice)
    }
  }

  @Test func `what became of a request for an account can be asked for`() async throws {
    try await TestServer.run { server in
      _ = try await server.newOrganization()
      let first = await server.arranged(
        "CreateAccount",
        #"{"AccountName":"dev","Email":"Dev@example.test","Tags":[{"Key":"a","Value":"b"}]}"#
      )
      let id = try #require(first.jsonMember("Id"))
      #expect(id.utf8.count == 36 && id.hasPrefix("car-"))
      let asked = await server.arranged(
        "DescribeCreateAccountStatus",
        #"{"CreateAccountRequestId":"\#(id)"}"#
      )
      #expect(asked.text == first.text)
      // Addresses differ by more than case.
      let second = await server.arranged(
        "CreateAccount",
        #"{"AccountName":"dev","Email":"dEV@example.test"}"#
      )
      #expect(second.jsonMember("State") == "FAILED")
      #expect(second.jsonMember("FailureReason") == "EMAIL_ALREADY_EXISTS")
      #expect(second.jsonMember("AccountId") == nil)
      #expect(await server.arranged("ListAccounts").jsonMembers("Id").count == 2)
      let failed = await server.arranged("ListCreateAccountStatus", #"{"States":["FAILED"]}"#)
      #expect(failed.jsonMembers("State") == ["FAILED"])
      #expect(await server.arranged("ListCreateAccountStatus").jsonMembers("State").count == 2)
      let unknown = await server.organizations(
        "DescribeCreateAccountStatus",
        #"{"CreateAccountRequestId":"car-00000000000000000000000000000000"}"#
      )
      #expect(unknown.jsonMember("__type") == "CreateAccountStatusNotFoundException")
    }
  }

  @Test func `units nest five deep, have one name each, and go when they are empty`() async throws {
    try await TestServer.run { server in
      let (id, root) = try await server.newOrganization()
      var parent = root
      var path = "\(id)/\(root)/"
      for depth in 1...5 {
        let made = await server.arranged(
          "CreateOrganizationalUnit",
          #"{"ParentId":"\#(parent)","Name":"level \#(depth)"}"#
        )
        parent = try #require(made.jsonMember("Id"))
        #expect(parent.hasPrefix("ou-\(root.dropFirst(2))-"))
        #expect(made.jsonMember("Arn") == "arn:aws:organizations::123456789012:ou/\(id)/\(parent)")
        path += "\(parent)/"
        #expect(made.jsonMember("Path") == path)
      }
      let deep = await server.organizations(
        "CreateOrganizationalUnit",
        #"{"ParentId":"\#(parent)","Name":"level 6"}"#
      )
      #expect(deep.jsonMember("__type") == "ConstraintViolationException")
      #expect(deep.jsonMember("Reason") == "OU_DEPTH_LIMIT_EXCEEDED")

      let one = try #require(
        await server.arranged("ListChildren", #"{"ParentId":"\#(root)","ChildType":"ORGANIZATIONAL_UNIT"}"#)
          .jsonMember("Id")
      )
      let two = try await server.newUnit("two", below: root)
      let twice = await server.organizations(
        "CreateOrganizationalUnit",
        #"{"ParentId":"\#(root)","Name":"two"}"#
      )
      #expect(twice.jsonMember("__type") == "DuplicateOrganizationalUnitException")
      let clash = await server.organizations(
        "UpdateOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(two)","Name":"level 1"}"#
      )
      #expect(clash.jsonMember("__type") == "DuplicateOrganizationalUnitException")
      // Names are bytes, and whatever they hold: this one is not `two` decomposed in any way.
      let renamed = await server.arranged(
        "UpdateOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(two)","Name":"Two/\u0000é"}"#
      )
      #expect(renamed.text.contains(#""Name":"Two/\u0000é""#))
      _ = try await server.newUnit("two", below: root)
      await server.arranged(
        "UpdateOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(two)","Name":"Two/\u0000é"}"#
      )
      #expect(
        await server.arranged("DescribeOrganizationalUnit", #"{"OrganizationalUnitId":"\#(two)"}"#).text
          == renamed.text
      )
      #expect(
        await server.arranged("ListOrganizationalUnitsForParent", #"{"ParentId":"\#(root)"}"#)
          .jsonMembers("Id").count == 3
      )
      let full = await server.organizations(
        "DeleteOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(one)"}"#
      )
      #expect(full.jsonMember("__type") == "OrganizationalUnitNotEmptyException")
      await server.arranged("DeleteOrganizationalUnit", #"{"OrganizationalUnitId":"\#(two)"}"#)
      let gone = await server.organizations(
        "DescribeOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(two)"}"#
      )
      #expect(gone.jsonMember("__type") == "OrganizationalUnitNotFoundException")
      // Its name is free again.
      await server.arranged("CreateOrganizationalUnit", #"{"ParentId":"\#(root)","Name":"Two/\u0000é"}"#)
    }
  }

  @Test func `an account moves, and parents and children say so`() async throws {
    try await TestServer.run { server in
      let (id, root) = try await server.newOrganization()
      let unit = try await server.newUnit("u", below: root)
      let account = try await server.newAccount("dev")
      let parents = { (child: String) in
        await server.arranged("ListParents", #"{"ChildId":"\#(child)"}"#).text
      }
      #expect(await parents(account.description) == #"{"Parents":[{"Id":"\#(root)","Type":"ROOT"}]}"#)
      #expect(await parents(unit) == #"{"Parents":[{"Id":"\#(root)","Type":"ROOT"}]}"#)
      func move(_ account: String, from source: String, to destination: String) async -> Answer {
        await server.organizations(
          "MoveAccount",
          #"{"AccountId":"\#(account)","SourceParentId":"\#(source)","DestinationParentId":"\#(destination)"}"#
        )
      }
      #expect(await move("\(account)", from: root, to: unit).text == "{}")
      #expect(
        await parents(account.description)
          == #"{"Parents":[{"Id":"\#(unit)","Type":"ORGANIZATIONAL_UNIT"}]}"#
      )
      let below = await server.arranged("ListAccountsForParent", #"{"ParentId":"\#(unit)"}"#)
      #expect(below.jsonMembers("Id") == [account.description])
      #expect(below.text.contains(#""Paths":["\#(id)/\#(root)/\#(unit)/\#(account)/"]"#))
      #expect(
        await server.arranged("ListChildren", #"{"ParentId":"\#(root)","ChildType":"ACCOUNT"}"#).text
          == #"{"Children":[{"Id":"123456789012","Type":"ACCOUNT"}]}"#
      )
      let standing = try #require(try await server.house.directory.organization(of: account))
      #expect(standing.membership?.place.path == "\(id)/\(root)/\(unit)/")
      #expect(standing.membership?.isManagement == false)

      #expect(
        await move("\(account)", from: root, to: unit).jsonMember("__type")
          == "SourceParentNotFoundException"
      )
      #expect(
        await move("\(account)", from: unit, to: unit).jsonMember("__type") == "DuplicateAccountException"
      )
      let nowhere = "ou-\(root.dropFirst(2))-00000000"
      #expect(
        await move("\(account)", from: unit, to: nowhere).jsonMember("__type")
          == "DestinationParentNotFoundException"
      )
      #expect(
        await move("\(account)", from: nowhere, to: unit).jsonMember("__type")
          == "SourceParentNotFoundException"
      )
      #expect(
        await move("000000000001", from: unit, to: root).jsonMember("__type") == "AccountNotFoundException"
      )
      let full = await server.organizations(
        "DeleteOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(unit)"}"#
      )
      #expect(full.jsonMember("__type") == "OrganizationalUnitNotEmptyException")
      // The account's own log has what was done to it.
      let concerned = try await server.records().filter { record in
        record.contains(#""recipientAccountId":"\#(account)""#) && record.contains("MoveAccount")
      }
      #expect(concerned.count == 1)
    }
  }

  @Test func `lists come in pages that can be followed`() async throws {
    try await TestServer.run { server in
      let (_, root) = try await server.newOrganization()
      var accounts: Set<String> = ["123456789012"]
      for number in 1...6 { accounts.insert(try await server.newAccount("dev\(number)").description) }
      var units: Set<String> = []
      for number in 1...5 { units.insert(try await server.newUnit("u\(number)", below: root)) }
      let root2 = #""ParentId":"\#(root)","#
      for (action, parameters, expected) in [
        ("ListAccounts", "", accounts), ("ListAccountsForParent", root2, accounts),
        ("ListChildren", root2 + #""ChildType":"ACCOUNT","#, accounts),
        ("ListChildren", root2 + #""ChildType":"ORGANIZATIONAL_UNIT","#, units),
        ("ListOrganizationalUnitsForParent", root2, units),
      ] {
        var found: [String] = []
        var token: String?
        var pages = 0
        repeat {
          let next = token.map { #""NextToken":"\#($0)","# } ?? ""
          let page = await server.arranged(action, "{\(parameters)\(next)\"MaxResults\":2}")
          found += page.jsonMembers("Id")
          token = page.jsonMember("NextToken")
          pages += 1
        } while token != nil && pages < 9
        #expect(found.count == expected.count && Set(found) == expected, "\(action)")
        #expect(pages == (expected.count + 1) / 2, "\(action)")
      }
      var statuses = 0
      let page = await server.arranged("ListCreateAccountStatus", #"{"MaxResults":5}"#)
      statuses += page.jsonMembers("State").count
      let rest = try #require(page.jsonMember("NextToken"))
      statuses += await server.arranged("ListCreateAccountStatus", #"{"NextToken":"\#(rest)"}"#)
        .jsonMembers("State").count
      #expect(statuses == 6)
    }
  }

  @Test func `tags of accounts, units and the root`() async throws {
    try await TestServer.run { server in
      let (_, root) = try await server.newOrganization()
      let unit = try await server.newUnit("u", below: root)
      let account = try await server.newAccount("dev")
      for id in [root, unit, account.description] {
        await server.arranged(
          "TagResource",
          #"{"ResourceId":"\#(id)","Tags":[{"Key":"team","Value":"x"},{"Key":"b","Value":""}]}"#
        )
        await server.arranged(
          "TagResource",
          #"{"ResourceId":"\#(id)","Tags":[{"Key":"Team","Value":"y"}]}"#
        )
        let tags = await server.arranged("ListTagsForResource", #"{"ResourceId":"\#(id)"}"#)
        #expect(tags.text == #"{"Tags":[{"Key":"b","Value":""},{"Key":"Team","Value":"y"}]}"#)
        await server.arranged("UntagResource", #"{"ResourceId":"\#(id)","TagKeys":["b","absent"]}"#)
        let fewer = await server.arranged("ListTagsForResource", #"{"ResourceId":"\#(id)"}"#)
        #expect(fewer.text == #"{"Tags":[{"Key":"Team","Value":"y"}]}"#)
      }
      // A policy may ask for the tags of what the call is about.
      let alice = try await server.user(
        "alice",
        policy: """
          {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"organizations:DescribeAccount",
          "Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/Team":"y"}}}}
          """
      )
      await server.arranged("DescribeAccount", #"{"AccountId":"\#(account)"}"#, as: alice)
      let untagged = await server.organizations(
        "DescribeAccount",
        #"{"AccountId":"123456789012"}"#,
        as: alice
      )
      #expect(untagged.jsonMember("__type") == "AccessDeniedException")
    }
  }
}
