// SPDX-License-Identifier: Apache-2.0
//
// GetSessionToken, GetFederationToken, DecodeAuthorizationMessage, and what each kind of session may call at all.

import Federation
import IdentityModel
import Testing

@Suite struct SessionTokenTests {
  @Test func `a session token is the user itself, without a permission to ask for it`() async throws {
    try await TestServer.run { server in
      let denied = #"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#
      let alice = try await server.user("alice", policy: denied)
      let answer = await server.call("GetSessionToken", as: alice)
      #expect(answer["Expiration"] == "2027-01-15T20:00:00Z")
      let keys = try #require(answer.credentials)
      let me = await server.call("GetCallerIdentity", as: keys)
      #expect(me["Arn"] == "arn:aws:iam::123456789012:user/alice")
      #expect(me["UserId"]?.hasPrefix("AIDA") == true)
      #expect(await server.token(as: keys).code == "AccessDenied")
      try await server.put(allows("sts:GetWebIdentityToken"), on: "alice")
      #expect(await server.token(as: keys).status == 200)
    }
  }

  @Test(arguments: ["GetSessionToken", "GetFederationToken"])
  func `a user's session has 15 minutes to 36 hours, root's an hour at most`(_ action: String) async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      func expiration(_ seconds: String?, _ keys: Keys) async -> Answer {
        switch seconds {
        case let seconds?:
          await server.call(action, ["Name": "guest", "DurationSeconds": seconds], as: keys)
        case nil: await server.call(action, ["Name": "guest"], as: keys)
        }
      }
      #expect(await expiration(nil, alice)["Expiration"] == "2027-01-15T20:00:00Z")
      #expect(await expiration("900", alice)["Expiration"] == "2027-01-15T08:15:00Z")
      #expect(await expiration("129600", alice)["Expiration"] == "2027-01-16T20:00:00Z")
      #expect(await expiration("899", alice).code == "ValidationError")
      #expect(await expiration("129601", alice).code == "ValidationError")
      for seconds in [nil, "3600", "43200"] {
        #expect(await expiration(seconds, .root)["Expiration"] == "2027-01-15T09:00:00Z")
      }
      #expect(await expiration("900", .root)["Expiration"] == "2027-01-15T08:15:00Z")
    }
  }

  @Test func `a second factor is refused, not ignored`() async throws {
    try await TestServer.run { server in
      let answer = await server.call(
        "GetSessionToken",
        ["SerialNumber": "GAHT12345678", "TokenCode": "123456"]
      )
      #expect(answer.status == 403)
      #expect(answer.code == "AccessDenied")
      #expect(answer["Message"]?.hasPrefix("MultiFactorAuthentication failed") == true)
    }
  }

  @Test func `a federated user is answered as AWS answers`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allows("sts:GetFederationToken"))
      let answer = await server.call("GetFederationToken", ["Name": "guest"], as: alice)
      #expect(answer["Arn"] == "arn:aws:sts::123456789012:federated-user/guest")
      #expect(answer["FederatedUserId"] == "123456789012:guest")
      #expect(answer["PackedPolicySize"] == "0")
      let me = await server.call("GetCallerIdentity", as: try #require(answer.credentials))
      #expect(me["Arn"] == "arn:aws:sts::123456789012:federated-user/guest")
      #expect(me["UserId"] == "123456789012:guest")
    }
  }

  @Test func `policy is asked about the federated user, and about its tags`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user(
        "alice",
        policy: """
          {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:GetFederationToken",
          "Resource":"arn:aws:sts::123456789012:federated-user/guest"}}
          """
      )
      #expect(await server.call("GetFederationToken", ["Name": "guest"], as: alice).status == 200)
      let refused = await server.call("GetFederationToken", ["Name": "other"], as: alice)
      #expect(
        refused["Message"] == "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: "
          + "sts:GetFederationToken on resource: arn:aws:sts::123456789012:federated-user/other because no "
          + "identity-based policy allows the sts:GetFederationToken action"
      )
      let tagged: KeyValuePairs = [
        "Name": "guest", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v",
      ]
      let untrusted = await server.call("GetFederationToken", tagged, as: alice)
      #expect(untrusted["Message"]?.contains("perform: sts:TagSession on resource:") == true)
      try await server.put(allowsAll, on: "alice")
      #expect(await server.call("GetFederationToken", tagged, as: alice)["PackedPolicySize"] == "1")
    }
  }

  @Test(arguments: [
    ("Name", "a"), ("Name", String(repeating: "a", count: 33)), ("Name", "a b"), ("Policy", ""),
  ])
  func `a parameter outside the model is a validation error`(_ name: String, _ value: String) async throws {
    try await TestServer.run { server in
      let answer =
        name == "Name"
        ? await server.call("GetFederationToken", [name: value])
        : await server.call("GetFederationToken", ["Name": "guest", name: value])
      #expect(answer.code == "ValidationError")
    }
  }

  @Test func `a policy of a federated user must be one, and its tags distinct`() async throws {
    try await TestServer.run { server in
      let malformed = await server.call("GetFederationToken", ["Name": "guest", "Policy": "{}"])
      #expect(malformed.code == "MalformedPolicyDocument")
      let absent = await server.call(
        "GetFederationToken",
        ["Name": "guest", "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/NoSuchPolicy"]
      )
      #expect(absent.code == "ValidationError")
      let twice = await server.call(
        "GetFederationToken",
        [
          "Name": "guest", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v", "Tags.member.2.Key": "K",
          "Tags.member.2.Value": "v",
        ]
      )
      #expect(twice.code == "InvalidParameterValue")
    }
  }

  @Test func `every kind of session is refused what it may not call, whatever its policies say`() async throws
  {
    try await TestServer.run { server in
      let role = try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      let own = try #require(await server.call("GetSessionToken", as: alice).credentials)
      let roleSession = try await server.assume(role, as: alice)
      let guest = try #require(
        await server.call("GetFederationToken", ["Name": "guest", "Policy": allowsAll], as: alice).credentials
      )
      let calls: [(String, KeyValuePairs<String, String>)] = [
        ("AssumeRole", ["RoleArn": role, "RoleSessionName": "s1"]),
        ("DecodeAuthorizationMessage", ["EncodedMessage": "x"]),
        ("GetAccessKeyInfo", ["AccessKeyId": alice.id]), ("GetCallerIdentity", [:]),
        ("GetFederationToken", ["Name": "guest"]), ("GetSessionToken", [:]),
        ("GetWebIdentityToken", ["Audience.member.1": "a", "SigningAlgorithm": "ES384"]),
      ]
      let open = [
        own.id: ["AssumeRole", "GetCallerIdentity", "GetWebIdentityToken"],
        roleSession.id: [
          "AssumeRole", "DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetCallerIdentity",
          "GetWebIdentityToken",
        ],
        guest.id: ["GetCallerIdentity"],
      ]
      for keys in [own, roleSession, guest] {
        for (action, parameters) in calls {
          let answer = await server.call(action, parameters, as: keys)
          if open[keys.id]?.contains(action) == true {
            #expect(
              answer.status == 200 || answer.code == "InvalidAuthorizationMessageException",
              "\(action)"
            )
          } else {
            #expect(answer.status == 403)
            #expect(answer.code == "AccessDenied", "\(action)")
            let text =
              keys.id == guest.id && action == "GetWebIdentityToken"
              ? "GetWebIdentityToken does not support federated user sessions"
              : "Cannot call \(action) with session credentials"
            #expect(answer["Message"] == text)
          }
        }
      }
      // At IAM neither a user's own session nor a guest exists.
      for keys in [own, guest] {
        #expect(await server.call("ListUsers", as: keys).code == "InvalidClientTokenId")
      }
    }
  }

  @Test func `no encoded message is ours`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice")
      let message: KeyValuePairs = ["EncodedMessage": "4qjQ-Rh6fZ"]
      #expect(
        await server.call("DecodeAuthorizationMessage", message, as: alice)["Message"]
          == "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: "
          + "sts:DecodeAuthorizationMessage on resource: * because no identity-based policy allows the "
          + "sts:DecodeAuthorizationMessage action"
      )
      let answer = await server.call("DecodeAuthorizationMessage", message)
      #expect(answer.status == 400)
      #expect(answer.code == "InvalidAuthorizationMessageException")
      #expect(await server.call("DecodeAuthorizationMessage").code == "ValidationError")
    }
  }
}
