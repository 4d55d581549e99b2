// SPDX-License-Identifier: Apache-2.0
//
// A change of an organization holds for every account of it from the next request on, and nothing that was decided
// before it is written after it. A closed account gets nothing.

import AuditTrail
import Federation
import IdentityModel
import StoreSQLite
import Testing

@Suite struct OrganizationStandingTests {
  /// An organization with a member whose user has a key and whose federation is on.
  private func run(_ body: (TestServer, AccountID, _ root: String, _ member: Keys) async throws -> Void)
    async throws
  {
    try await TestServer.run { server in
      let (_, root) = try await server.newOrganization()
      let account = try await server.newAccount("dev")
      let alice = try await server.user("alice", policy: allowsAll)
      let admin = try await server.administrator(of: account, as: alice)
      await server.done("EnableOutboundWebIdentityFederation", as: admin)
      await server.done("CreateUser", ["UserName": "bob"], as: admin)
      await server.done(
        "PutUserPolicy",
        ["UserName": "bob", "PolicyName": "p", "PolicyDocument": allowsAll],
        as: admin
      )
      let key = await server.done("CreateAccessKey", ["UserName": "bob"], as: admin)
      let bob = Keys(id: try #require(key["AccessKeyId"]), secret: try #require(key["SecretAccessKey"]))
      try await body(server, account, root, bob)
    }
  }

  @Test func `a closed account's keys, sessions and roles are nobody's, and its documents stay`() async throws
  {
    try await run { server, account, root, bob in
      let alice = try await server.user("carol", policy: allowsAll)
      let session = try await server.administrator(of: account, as: alice)
      #expect(await server.token(as: bob).status == 200)
      #expect(await server.token(as: session).status == 200)
      let issuer = try #require(try await server.house.directory.issuer(of: account)).stored.record.issuer
      await server.arranged("CloseAccount", #"{"AccountId":"\#(account)"}"#)
      for keys in [bob, session] {
        #expect(await server.token(as: keys).code == "InvalidClientTokenId")
        #expect(await server.call("GetCallerIdentity", as: keys).code == "InvalidClientTokenId")
      }
      let assumed = await server.call(
        "AssumeRole",
        [
          "RoleArn": "arn:aws:iam::\(account):role/OrganizationAccountAccessRole", "RoleSessionName": "carol",
        ],
        as: alice
      )
      #expect(assumed.code == "AccessDenied")
      let path = issuer.dropFirst("https://sts.example.test".count) + "/.well-known/jwks.json"
      #expect(await server.document(path) != nil)
      let described = await server.arranged("DescribeAccount", #"{"AccountId":"\#(account)"}"#)
      #expect(described.jsonMember("Status") == "SUSPENDED")
      #expect(described.jsonMember("State") == "CLOSED")
      let again = await server.organizations("CloseAccount", #"{"AccountId":"\#(account)"}"#)
      #expect(again.jsonMember("__type") == "AccountAlreadyClosedException")
      // Out of the organization it is as closed as before.
      await server.arranged("RemoveAccountFromOrganization", #"{"AccountId":"\#(account)"}"#)
      #expect(await server.token(as: bob).code == "InvalidClientTokenId")
      #expect(try await server.house.directory.organization(of: account)?.isClosed == true)
      // Its address is not free.
      let taken = await server.arranged(
        "CreateAccount",
        #"{"AccountName":"dev","Email":"dev@example.test"}"#
      )
      #expect(taken.jsonMember("FailureReason") == "EMAIL_ALREADY_EXISTS")
    }
  }

  @Test func `a token that is being issued while its account is closed is not issued`() async throws {
    try await run { server, account, _, bob in
      #expect(await server.token(as: bob).status == 200)
      server.sink.interfereOnce {
        await server.arranged("CloseAccount", #"{"AccountId":"\#(account)"}"#)
      }
      #expect(await server.token(as: bob).code == "InvalidClientTokenId")
    }
  }

  @Test func `what a write past memory changed is found out before anything depends on it`() async throws {
    try await run { server, account, root, bob in
      #expect(await server.token(as: bob).status == 200)
      let unit = try await server.newUnit("u", below: root)
      // As another node would: through a directory with a memory of its own.
      let other = Directory(reader: server.store, writer: server.store, sealer: server.house.sealer)
      let before = try #require(try await server.house.directory.organization(of: account))
      let organization = try #require(before.membership?.place.organization)
      let key = RecordKey(
        OrganizationAccountRecord.kind,
        OrganizationAccountRecord.id(organization.record.organizationID, account)
      )
      let stored = try #require(try await server.store.record(at: key))
      let moved = String(decoding: stored.body, as: UTF8.self)
        .replacing(#""parentID":"\#(root)""#, with: #""parentID":"\#(unit)""#)
      let raw = try #require(try await server.store.record(at: organization.key))
      try await other.commit(
        Change([
          .put(key, account: stored.account, body: Array(moved.utf8), .revision(stored.revision)),
          .put(raw.key, account: raw.account, body: raw.body, .revision(raw.revision)),
        ]),
        of: stored.account,
        recording: AuditRecord(
          operatorEvent: "Test",
          account: account,
          now: server.clock.now,
          entropy: .system
        )
      )
      #expect(await server.token(as: bob).status == 200)
      let after = try #require(try await server.house.directory.organization(of: account))
      #expect(after.membership?.place.unitIDs == [unit])
    }
  }

  @Test func `a change of the organization is seen by members whose callers are in memory`() async throws {
    try await run { server, account, root, bob in
      let unit = try await server.newUnit("u", below: root)
      for (source, destination) in [(root, unit), (unit, root)] {
        #expect(await server.token(as: bob).status == 200)
        await server.arranged(
          "MoveAccount",
          #"{"AccountId":"\#(account)","SourceParentId":"\#(source)","DestinationParentId":"\#(destination)"}"#
        )
        let caller = try #require(try await server.house.directory.caller(accessKeyID: bob.id))
        #expect(caller.standing.membership?.place.parentID == destination)
        #expect(caller.requirements.contains(caller.standing.requirement))
      }
    }
  }

  @Test func `a new account, a unit or a tag leaves every member's memory as it is`() async throws {
    try await run { server, account, root, _ in
      let before = try #require(try await server.house.directory.organization(of: account))
      _ = try await server.newAccount("second")
      let unit = try await server.newUnit("u", below: root)
      await server.arranged(
        "UpdateOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(unit)","Name":"v"}"#
      )
      await server.arranged("DeleteOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)"}"#)
      await server.arranged(
        "TagResource",
        #"{"ResourceId":"\#(account)","Tags":[{"Key":"a","Value":"b"}]}"#
      )
      let after = try #require(try await server.house.directory.organization(of: account))
      #expect(after.requirement == before.requirement)
      // The same object: accounts below one parent share it.
      #expect(after.membership?.place === before.membership?.place)
      let second = try #require(
        await server.arranged("ListAccounts").jsonMembers("Id").first {
          $0 != account.description && $0 != "123456789012"
        }.flatMap { AccountID($0) }
      )
      let other = try await server.house.directory.organization(of: second)
      #expect(other?.membership?.place === before.membership?.place)
    }
  }

  @Test func `an account does not slip into a unit that is being deleted`() async throws {
    try await run { server, account, root, _ in
      let unit = try await server.newUnit("u", below: root)
      server.sink.interfereOnce {
        await server.arranged("DeleteOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)"}"#)
      }
      let moved = await server.organizations(
        "MoveAccount",
        #"{"AccountId":"\#(account)","SourceParentId":"\#(root)","DestinationParentId":"\#(unit)"}"#
      )
      #expect(moved.jsonMember("__type") == "DestinationParentNotFoundException")
      let second = try await server.newUnit("u", below: root)
      server.sink.interfereOnce {
        await server.arranged(
          "MoveAccount",
          #"{"AccountId":"\#(account)","SourceParentId":"\#(root)","DestinationParentId":"\#(second)"}"#
        )
      }
      let deleted = await server.organizations(
        "DeleteOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(second)"}"#
      )
      #expect(deleted.jsonMember("__type") == "OrganizationalUnitNotEmptyException")
    }
  }

  @Test func `an organization is not deleted under an account that is being born`() async throws {
    try await TestServer.run { server in
      _ = try await server.newOrganization()
      server.sink.interfereOnce { _ = try? await server.newAccount("dev") }
      let deleted = await server.organizations("DeleteOrganization")
      #expect(deleted.jsonMember("__type") == "OrganizationNotEmptyException")
    }
    try await TestServer.run { server in
      _ = try await server.newOrganization()
      server.sink.interfereOnce { await server.arranged("DeleteOrganization") }
      let created = await server.organizations(
        "CreateAccount",
        #"{"AccountName":"dev","Email":"dev@example.test"}"#
      )
      #expect(created.jsonMember("__type") == "AWSOrganizationsNotInUseException")
    }
  }

  @Test func `two accounts with one address are not born at once`() async throws {
    try await TestServer.run { server in
      _ = try await server.newOrganization()
      server.sink.interfereOnce { _ = try? await server.newAccount("dev") }
      let second = await server.arranged(
        "CreateAccount",
        #"{"AccountName":"dev","Email":"dev@example.test"}"#
      )
      #expect(second.jsonMember("FailureReason") == "EMAIL_ALREADY_EXISTS")
      #expect(await server.arranged("ListAccounts").jsonMembers("Id").count == 2)
    }
  }
}
