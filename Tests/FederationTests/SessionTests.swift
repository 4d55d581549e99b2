// SPDX-License-Identifier: Apache-2.0
//
// What session credentials are good for: as long as they last, for their own key, while whatever is behind them is still
// there, and within every limit that was set.

import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import Testing

private let role = "arn:aws:iam::123456789012:role/builder"

@Suite struct SessionTests {
  @Test func `a session ends with its time, and not before`() async throws {
    try await withSession { server, _, keys in
      server.clock.advance(seconds: 3599)
      #expect(await server.call("GetCallerIdentity", as: keys).status == 200)
      server.clock.advance(seconds: 1)
      let answer = await server.call("GetCallerIdentity", as: keys)
      #expect(answer.status == 403)
      #expect(answer.code == "ExpiredToken")
      #expect(answer["Message"] == "The security token included in the request is expired")
      // Whoever cannot sign does not learn that it has ended.
      let forged = Keys(id: keys.id, secret: "wrong", sessionToken: keys.sessionToken)
      #expect(await server.call("GetCallerIdentity", as: forged).code == "SignatureDoesNotMatch")
    }
  }

  @Test(arguments: [false, true])
  func `a token is good for its own key alone, remembered or not`(_ isRemembered: Bool) async throws {
    try await withSession { server, alice, keys in
      let other = try await server.assume(role, as: alice, session: "other")
      if isRemembered {
        for known in [keys, other, alice] {
          #expect(await server.call("GetCallerIdentity", as: known).status == 200)
        }
      }
      let token = try #require(keys.sessionToken)
      var flipped = Array(token.utf8)
      flipped[60] = flipped[60] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      let wrong: [String: Keys] = [
        "no token": Keys(id: keys.id, secret: keys.secret),
        "an empty token": Keys(id: keys.id, secret: keys.secret, sessionToken: ""),
        "the token of another session": Keys(
          id: keys.id,
          secret: keys.secret,
          sessionToken: other.sessionToken
        ),
        "another session's key": Keys(id: other.id, secret: other.secret, sessionToken: token),
        "a changed token": Keys(
          id: keys.id,
          secret: keys.secret,
          sessionToken: String(decoding: flipped, as: UTF8.self)
        ),
        "a cut token": Keys(id: keys.id, secret: keys.secret, sessionToken: String(token.dropLast(4))),
        "a token with a tail": Keys(id: keys.id, secret: keys.secret, sessionToken: token + "AAAA"),
        "padding": Keys(id: keys.id, secret: keys.secret, sessionToken: token + "="),
        "no base64url": Keys(id: keys.id, secret: keys.secret, sessionToken: "not a token"),
        "a long-term key": Keys(id: alice.id, secret: alice.secret, sessionToken: token),
        "a key that nobody has": Keys(
          id: "ASIANOBODYNOBODYNOBO",
          secret: keys.secret,
          sessionToken: token
        ),
      ]
      for (what, keys) in wrong {
        let answer = await server.call("GetCallerIdentity", as: keys)
        #expect(answer.status == 403, "\(what)")
        #expect(answer.code == "InvalidClientTokenId", "\(what): \(answer.text)")
      }
      // None of these pushed the right ones out, or in.
      for known in [keys, other, alice] {
        #expect(await server.call("GetCallerIdentity", as: known).status == 200)
      }
      let forged = Keys(id: keys.id, secret: other.secret, sessionToken: token)
      #expect(await server.call("GetCallerIdentity", as: forged).code == "SignatureDoesNotMatch")
    }
  }

  @Test func `a deleted role takes its sessions along, and one of the same name does not bring them back`()
    async throws
  {
    try await withSession { server, alice, keys in
      #expect(await server.token(as: keys).status == 200)
      try await server.removeRole("builder")
      #expect(await server.token(as: keys).code == "InvalidClientTokenId")
      try await server.storeRole("builder", uniqueID: "AROAAAAAAAAAAAAAANEXT")
      #expect(await server.token(as: keys).code == "InvalidClientTokenId")
      #expect(await server.token(as: try await server.assume(role, as: alice)).status == 200)
    }
  }

  @Test func `a session sees the role's policy as it is now`() async throws {
    try await withSession { server, _, keys in
      for _ in 0..<3 {
        #expect(await server.token(as: keys).status == 200)
        try await server.storeRole("builder", policy: allows("iam:*"))
        #expect(await server.token(as: keys).code == "AccessDenied")
        try await server.storeRole("builder")
      }
      server.sink.interfereOnce { _ = try? await server.storeRole("builder", policy: allows("iam:*")) }
      #expect(await server.token(as: keys).code == "AccessDenied")
    }
  }

  @Test func `a session token dies with the key that asked for it`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      let own = try #require(await server.call("GetSessionToken", as: alice).credentials)
      let guest = try #require(
        await server.call("GetFederationToken", ["Name": "guest"], as: alice).credentials
      )
      func status(_ status: String) async -> Answer {
        await server.call(
          "UpdateAccessKey",
          ["UserName": "alice", "AccessKeyId": alice.id, "Status": status]
        )
      }
      for keys in [own, guest] {
        #expect(await server.call("GetCallerIdentity", as: keys).status == 200)
        #expect(await status("Inactive").status == 200)
        #expect(await server.call("GetCallerIdentity", as: keys).code == "InvalidClientTokenId")
        #expect(await status("Active").status == 200)
        #expect(await server.call("GetCallerIdentity", as: keys).status == 200)
      }
      _ = await server.call("DeleteAccessKey", ["UserName": "alice", "AccessKeyId": alice.id])
      for keys in [own, guest] {
        #expect(await server.call("GetCallerIdentity", as: keys).code == "InvalidClientTokenId")
      }
    }
  }

  @Test func `a role session outlives the key that asked for it`() async throws {
    // As AWS has it: what ends it is the role, its policies, or time.
    try await withSession { server, alice, keys in
      _ = await server.call("DeleteAccessKey", ["UserName": "alice", "AccessKeyId": alice.id])
      #expect(await server.token(as: keys).status == 200)
    }
  }

  @Test func `session policies only take away`() async throws {
    try await withSession { server, alice, _ in
      let readOnly = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
      let own = try await server.storePolicy("tokens", allows("sts:GetWebIdentityToken"))
      func session(_ policy: String?, _ arns: [String]) async throws -> Keys {
        let answer =
          switch (policy, arns.count) {
          case (let policy?, 0):
            await server.call(
              "AssumeRole",
              ["RoleArn": role, "RoleSessionName": "s1", "Policy": policy],
              as: alice
            )
          case (nil, 1):
            await server.call(
              "AssumeRole",
              ["RoleArn": role, "RoleSessionName": "s1", "PolicyArns.member.1.arn": arns[0]],
              as: alice
            )
          default:
            await server.call(
              "AssumeRole",
              [
                "RoleArn": role, "RoleSessionName": "s1", "Policy": policy ?? "",
                "PolicyArns.member.1.arn": arns[0],
              ],
              as: alice
            )
          }
        return try #require(answer.credentials, "\(answer.text)")
      }
      let inline = try await session(allows("sts:GetWebIdentityToken"), [])
      #expect(await server.token(as: inline).status == 200)
      let refused = await server.call("ListUsers", as: inline)
      #expect(
        refused["Message"]?.hasSuffix("because no session policy allows the iam:ListUsers action") == true
      )
      let managed = try await session(nil, [readOnly])
      #expect(await server.token(as: managed).code == "AccessDenied")
      #expect(await server.call("ListUsers", as: managed).status == 200)
      // Each of several may allow.
      let both = try await session(allows("sts:GetWebIdentityToken"), [readOnly])
      #expect(await server.token(as: both).status == 200)
      #expect(await server.call("ListUsers", as: both).status == 200)
      // Nothing is given that the role has not.
      try await server.storeRole("builder", policy: nil)
      try await server.storeRole("bare", policy: nil, uniqueID: "AROAAAAAAAAAAAAAABARE")
      let bare = await server.call(
        "AssumeRole",
        [
          "RoleArn": "arn:aws:iam::123456789012:role/bare", "RoleSessionName": "s1", "Policy": allowsAll,
        ],
        as: alice
      )
      #expect(await server.token(as: try #require(bare.credentials)).code == "AccessDenied")
      // A managed policy that is gone allows nothing any more.
      try await server.storeRole("builder")
      let fading = try await session(nil, [own])
      #expect(await server.token(as: fading).status == 200)
      try await server.removePolicy("tokens")
      #expect(
        await server.token(as: fading)["Message"]?.contains("explicit deny in a session policy") == true
      )
      let mixed = try await session(allowsAll, [readOnly])
      #expect(await server.token(as: mixed).status == 200)
    }
  }

  @Test func `an inline session policy does not stand in for a managed one that is gone`() async throws {
    try await withSession { server, alice, _ in
      let own = try await server.storePolicy("denies", allowsAll.replacing("Allow", with: "Deny"))
      let answer = await server.call(
        "AssumeRole",
        [
          "RoleArn": role, "RoleSessionName": "s1", "Policy": allowsAll, "PolicyArns.member.1.arn": own,
        ],
        as: alice
      )
      let keys = try #require(answer.credentials)
      #expect(await server.token(as: keys)["Message"]?.contains("explicit deny in a session policy") == true)
      try await server.removePolicy("denies")
      #expect(await server.token(as: keys).code == "AccessDenied")
    }
  }

  @Test func `a session policy must be one, and a managed one the account's own or AWS's`() async throws {
    try await withSession { server, alice, _ in
      let foreign = try await server.storePolicy("theirs", allowsAll, account: AccountID("999999999999"))
      for text in ["{", #"{"Version":"2012-10-17"}"#, trustsAccount] {
        let answer = await server.call(
          "AssumeRole",
          ["RoleArn": role, "RoleSessionName": "s1", "Policy": text],
          as: alice
        )
        #expect(answer.status == 400)
        #expect(answer.code == "MalformedPolicyDocument")
      }
      for arn in [
        foreign, "arn:aws:iam::aws:policy/NoSuchPolicy", "arn:aws:iam::123456789012:policy/absent", role,
      ] {
        let answer = await server.call(
          "AssumeRole",
          ["RoleArn": role, "RoleSessionName": "s1", "PolicyArns.member.1.arn": arn],
          as: alice
        )
        #expect(answer.code == "ValidationError")
        #expect(answer["Message"] == "Policy \(arn) does not exist or is not attachable.")
      }
    }
  }

  @Test func `the boundary of the role limits the session`() async throws {
    try await withSession { server, alice, keys in
      #expect(await server.token(as: keys).status == 200)
      try await server.storeRole("builder", boundary: "arn:aws:iam::aws:policy/IAMFullAccess")
      #expect(
        await server.token(as: keys)["Message"]?.contains("because no permissions boundary allows") == true
      )
      #expect(await server.call("ListUsers", as: keys).status == 200)
    }
  }

  @Test func `a sealed server refuses sessions with 503, one with another key knows none`() async throws {
    let store = try SQLiteStore.inMemory()
    let open = try TestServer(store: store, keyEncryptionKey: .ephemeral())
    let sealed = try TestServer(store: store, keyEncryptionKey: nil)
    let other = try TestServer(store: store, keyEncryptionKey: .ephemeral())
    try await store.running {
      try await open.addAccount(try #require(TestServer.account), .root, enablesFederation: true)
      try await open.storeRole("builder")
      let keys = try await open.assume(role, as: try await open.user("alice", policy: allowsAll))
      #expect(await sealed.token(as: keys).status == 503)
      #expect(await other.token(as: keys).code == "InvalidClientTokenId")
      #expect(await open.token(as: keys).status == 200)
    }
  }

  @Test func `every node that has the key knows a session without a lookup of it`() async throws {
    let store = try SQLiteStore.inMemory()
    let key = KeyEncryptionKey.ephemeral()
    let one = try TestServer(store: store, keyEncryptionKey: key)
    let two = try TestServer(store: store, keyEncryptionKey: key)
    try await store.running {
      try await one.addAccount(try #require(TestServer.account), .root, enablesFederation: true)
      try await one.storeRole("builder")
      let keys = try await one.assume(role, as: try await one.user("alice", policy: allowsAll))
      #expect(await two.token(as: keys).status == 200)
    }
  }

  /// A server with the role `builder`, a user who may do everything, and a session of the role.
  private func withSession(_ body: (TestServer, Keys, Keys) async throws -> Void) async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      try await body(server, alice, try await server.assume(role, as: alice))
    }
  }
}
