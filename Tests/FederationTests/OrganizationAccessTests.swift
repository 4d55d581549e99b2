// SPDX-License-Identifier: Apache-2.0
//
// Who may see what of an organization and who may change it.

import Federation
import IdentityModel
import Testing

@Suite struct OrganizationAccessTests {
  @Test func `a member sees the organization and itself, and changes nothing`() async throws {
    try await TestServer.run { server in
      let (id, root) = try await server.newOrganization()
      let unit = try await server.newUnit("u", below: root)
      let account = try await server.newAccount("dev")
      let alice = try await server.user("alice", policy: allowsAll)
      let member = try await server.administrator(of: account, as: alice)
      #expect(await server.arranged("DescribeOrganization", as: member).jsonMember("Id") == id)
      let own = await server.arranged("DescribeAccount", #"{"AccountId":"\#(account)"}"#, as: member)
      #expect(own.jsonMember("Name") == "dev")
      let refusals = [
        ("DescribeAccount", #"{"AccountId":"123456789012"}"#), ("ListAccounts", "{}"), ("ListRoots", "{}"),
        ("DeleteOrganization", "{}"),
        ("CreateAccount", #"{"AccountName":"x","Email":"x@example.test"}"#),
        ("DescribeOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)"}"#),
        ("CreateOrganizationalUnit", #"{"ParentId":"\#(root)","Name":"x"}"#),
        ("UpdateOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)","Name":"x"}"#),
        ("DeleteOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)"}"#),
        ("ListOrganizationalUnitsForParent", #"{"ParentId":"\#(root)"}"#),
        ("ListAccountsForParent", #"{"ParentId":"\#(root)"}"#),
        ("ListParents", #"{"ChildId":"\#(account)"}"#),
        ("ListChildren", #"{"ParentId":"\#(root)","ChildType":"ACCOUNT"}"#),
        (
          "MoveAccount",
          #"{"AccountId":"\#(account)","SourceParentId":"\#(root)","DestinationParentId":"\#(unit)"}"#
        ),
        ("CloseAccount", #"{"AccountId":"\#(account)"}"#),
        ("RemoveAccountFromOrganization", #"{"AccountId":"\#(account)"}"#),
        ("TagResource", #"{"ResourceId":"\#(account)","Tags":[{"Key":"a","Value":"b"}]}"#),
        ("UntagResource", #"{"ResourceId":"\#(account)","TagKeys":["a"]}"#),
        ("ListTagsForResource", #"{"ResourceId":"\#(account)"}"#),
        ("ListCreateAccountStatus", "{}"), ("ListAWSServiceAccessForOrganization", "{}"),
        ("ListDelegatedAdministrators", "{}"),
        (
          "DescribeCreateAccountStatus",
          #"{"CreateAccountRequestId":"car-00000000000000000000000000000000"}"#
        ),
      ]
      for (action, parameters) in refusals {
        let answer = await server.organizations(action, parameters, as: member)
        #expect(answer.jsonMember("__type") == "AccessDeniedException", "\(action): \(answer.text)")
        #expect(
          answer.jsonMember("message") == "You don't have permissions to access this resource.",
          "\(action)"
        )
      }
      let again = await server.organizations("CreateOrganization", as: member)
      #expect(again.jsonMember("__type") == "AlreadyInOrganizationException")
      // Whoever is in no organization hears that of every one of them.
      await server.arranged("RemoveAccountFromOrganization", #"{"AccountId":"\#(account)"}"#)
      let alone = try await server.administrator(of: account, as: alice)
      for (action, parameters) in refusals {
        let answer = await server.organizations(action, parameters, as: alone)
        #expect(answer.jsonMember("__type") == "AWSOrganizationsNotInUseException", "\(action)")
      }
      // Else every account that an organization makes could make the next.
      let founding = await server.organizations("CreateOrganization", as: alone)
      #expect(founding.jsonMember("__type") == "AccessDeniedException", "\(founding.text)")
      #expect(
        founding.jsonMember("message")
          == "An account that was made by an organization can't create an organization of its own."
      )
    }
  }

  @Test func `nothing is done without a policy that allows it`() async throws {
    try await TestServer.run { server in
      let (id, root) = try await server.newOrganization()
      let account = try await server.newAccount("dev")
      let nobody = try await server.user("nobody")
      let refused = await server.organizations("DescribeAccount", #"{"AccountId":"\#(account)"}"#, as: nobody)
      #expect(refused.jsonMember("__type") == "AccessDeniedException")
      #expect(
        refused.jsonMember("message")
          == "User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: organizations:DescribeAccount "
          + "on resource: arn:aws:organizations::123456789012:account/\(id)/\(account) because no identity-based "
          + "policy allows the organizations:DescribeAccount action"
      )
      // Those of policies have tests of their own.
      for action in ActionTable.all.names[.organizations] ?? [] where !action.contains("Polic") {
        let answer = await server.organizations(
          action,
          """
          {"AccountId":"\(account)","ParentId":"\(root)","SourceParentId":"\(root)",
          "DestinationParentId":"\(root)","ChildId":"\(account)","ChildType":"ACCOUNT","ResourceId":"\(root)",
          "Tags":[{"Key":"a","Value":"b"}],"TagKeys":["a"],"Name":"x","Email":"x@example.test","AccountName":"x",
          "OrganizationalUnitId":"ou-\(root.dropFirst(2))-00000000",
          "CreateAccountRequestId":"car-00000000000000000000000000000000"}
          """,
          as: nobody
        )
        #expect(answer.jsonMember("__type") == "AccessDeniedException", "\(action): \(answer.text)")
        #expect(answer.text.contains("organizations:\(action)"), "\(action): \(answer.text)")
      }
      // Tags at creation are a permission of their own.
      let creator = try await server.user(
        "creator",
        policy: """
          {"Version":"2012-10-17","Statement":{"Effect":"Allow",
          "Action":["organizations:CreateAccount","organizations:CreateOrganizationalUnit"],"Resource":"*"}}
          """
      )
      await server.arranged(
        "CreateOrganizationalUnit",
        #"{"ParentId":"\#(root)","Name":"x"}"#,
        as: creator
      )
      for (action, parameters) in [
        ("CreateOrganizationalUnit", #""ParentId":"\#(root)","Name":"y""#),
        ("CreateAccount", #""AccountName":"y","Email":"y@example.test""#),
      ] {
        let tagged = await server.organizations(
          action,
          #"{\#(parameters),"Tags":[{"Key":"a","Value":"b"}]}"#,
          as: creator
        )
        #expect(tagged.text.contains("organizations:TagResource"), "\(tagged.text)")
      }
    }
  }
}
