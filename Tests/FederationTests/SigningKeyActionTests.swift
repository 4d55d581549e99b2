// SPDX-License-Identifier: Apache-2.0
//
// Signing keys through the whole house: listed, rotated, imported, and what verifiers see of it.

import AuditTrail
import Federation
import Foundation
import IdentityModel
import LocalKeys
import StoreSQLite
import Testing
import TokenFormats

private let hour: Int64 = 3600

extension TestServer {
  /// The `kid`s in the key set as it is served.
  func keySet() async throws -> [String] {
    let document = try #require(await document(try await issuerPath() + "/.well-known/jwks.json"))
    return try JWKSet(json: document.body).keys.compactMap(\.keyID)
  }

  /// The `kid` of a token that is issued now, verified with the key set as it is served.
  func signer(_ algorithm: String = "ES384") async throws -> String {
    let answer = await call(
      "GetWebIdentityToken",
      ["Audience.member.1": "a", "SigningAlgorithm": algorithm]
    )
    let token = try #require(answer["WebIdentityToken"], "\(answer.text)")
    let document = try #require(await document(try await issuerPath() + "/.well-known/jwks.json"))
    return try VerifiedJWS(token, document.body).keyID
  }
}

@Suite struct SigningKeyActionTests {
  @Test func `an account without an issuer has no keys to list, rotate, revoke or import`() async throws {
    try await TestServer.run(enablesFederation: false) { server in
      let message =
        "The account has no issuer: it is made when outbound identity federation is first enabled."
      await server.refused("ListOutboundSigningKeys", [:], 404, "NoSuchEntity", message)
      await server.refused("RotateOutboundSigningKey", [:], 404, "NoSuchEntity", message)
      await server.refused("RevokeOutboundSigningKey", ["KeyId": "k"], 404, "NoSuchEntity", message)
      await server.refused("ImportOutboundSigningKey", ["PrivateKey": "k"], 404, "NoSuchEntity", message)
      await server.refused("SuspendOutboundIssuer", [:], 404, "NoSuchEntity", message)
      await server.refused("ResumeOutboundIssuer", [:], 404, "NoSuchEntity", message)
    }
  }

  @Test func `a key set never lacks the RSA key, which is made when it is first asked for`() async throws {
    try await TestServer.run { server in
      #expect(await server.done("ListOutboundSigningKeys").all("SigningAlgorithm") == ["ES384"])
      let published = try await server.keySet()
      #expect(published.count == 2)
      let both = await server.done("ListOutboundSigningKeys")
      #expect(Set(both.all("SigningAlgorithm")) == ["ES384", "RS256"])
      #expect(both.all("Status") == ["Signing", "Signing"])
      #expect(both.all("PublicKey").allSatisfy { $0.hasPrefix("-----BEGIN PUBLIC KEY-----\n") })
      #expect(try await server.records().count { $0.contains("CreateOutboundSigningKey") } == 1)
    }
  }

  @Test func `the first tokens with RS256 wait for one key, whoever asks first`() async throws {
    try await TestServer.run { server in
      let kids = await withTaskGroup { group in
        for _ in 0..<12 { group.addTask { try? await server.signer("RS256") } }
        return await group.reduce(into: [String?]()) { $0.append($1) }
      }
      #expect(Set(kids).count == 1 && kids.first != .some(nil))
      let listed = await server.done("ListOutboundSigningKeys")
      #expect(listed.all("SigningAlgorithm").count { $0 == "RS256" } == 1)
    }
  }

  @Test
  func
    `a successor is published at once, signs after the overlap, and the old key stays as long as tokens do`()
    async throws
  {
    try await TestServer.run { server in
      let before = try await server.keySet()
      let old = try await server.signer()
      let rotated = await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
      #expect(rotated.all("Status") == ["Signing", "Signing", "Successor"])
      #expect(rotated.all("SignsFrom").last == "2027-01-16T08:00:00Z")
      #expect(rotated.all("PublishedUntil") == ["2027-01-17T20:00:00Z"])
      let new = try #require(rotated.all("KeyId").last)
      #expect(try await Set(server.keySet()) == Set(before + [new]))
      server.clock.advance(seconds: 24 * hour - 1)
      #expect(try await server.signer() == old)
      server.clock.advance(seconds: 1)
      #expect(try await server.signer() == new)
      server.clock.advance(seconds: 36 * hour - 1)
      await server.house.publication.renewDue(now: server.clock.now)
      #expect(try await server.keySet().contains(old))
      server.clock.advance(seconds: 1)
      await server.house.publication.renewDue(now: server.clock.now)
      #expect(try await !server.keySet().contains(old))
      let listed = await server.done("ListOutboundSigningKeys")
      #expect(Set(listed.all("Status")) == ["Retired", "Signing"])
    }
  }

  @Test func `without an algorithm every key that the account has is rotated`() async throws {
    try await TestServer.run { server in
      _ = try await server.keySet()
      let rotated = await server.done("RotateOutboundSigningKey")
      #expect(rotated.all("Status").count { $0 == "Successor" } == 2)
      let again = await server.call("RotateOutboundSigningKey")
      #expect(again.status == 409 && again.code == "LimitExceeded")
      #expect(
        again["Message"]?.hasSuffix("published already, and signs from 2027-01-16T08:00:00Z on.") == true
      )
    }
  }

  @Test func `where only one key has a successor the refusal says which, and that the other has none`()
    async throws
  {
    try await TestServer.run { server in
      _ = try await server.keySet()
      _ = await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "RS256"])
      let refused = await server.call("RotateOutboundSigningKey")
      #expect(refused.code == "LimitExceeded")
      #expect(
        refused["Message"]
          == "A successor of the RS256 key is published already, and signs from 2027-01-16T08:00:00Z on."
          + " ES384 was not rotated either: ask for it alone."
      )
      let named = await server.call("RotateOutboundSigningKey", ["SigningAlgorithm": "RS256"])
      #expect(
        named["Message"]
          == "A successor of the RS256 key is published already, and signs from 2027-01-16T08:00:00Z on."
      )
      let listed = await server.done("ListOutboundSigningKeys")
      #expect(listed.all("Status").count { $0 == "Successor" } == 1)
      _ = await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
    }
  }

  @Test func `an overlap shorter than verifiers keep a set is refused, and nothing changes`() async throws {
    try await TestServer.run { server in
      let before = await server.done("ListOutboundSigningKeys").text
      let short = await server.call("RotateOutboundSigningKey", ["OverlapSeconds": "86399"])
      #expect(short.status == 400 && short.code == "InvalidInput")
      #expect(short["Message"]?.contains("at least 86400") == true)
      for (bad, code) in [("0", "ValidationError"), ("2592001", "ValidationError"), ("x", "MalformedInput")] {
        #expect(await server.call("RotateOutboundSigningKey", ["OverlapSeconds": bad]).code == code)
      }
      let unknown = await server.call("RotateOutboundSigningKey", ["SigningAlgorithm": "RS512"])
      #expect(unknown.code == "ValidationError")
      let after = await server.done("ListOutboundSigningKeys").text
      #expect(
        after.split(separator: "<ResponseMetadata>")[0] == before.split(separator: "<ResponseMetadata>")[0]
      )
    }
  }

  @Test func `a successor that waits is brought forward, and is the same key`() async throws {
    try await TestServer.run { server in
      let made = await server.done(
        "RotateOutboundSigningKey",
        ["SigningAlgorithm": "ES384", "OverlapSeconds": "2592000"]
      )
      let forward = await server.done(
        "RotateOutboundSigningKey",
        ["SigningAlgorithm": "ES384", "OverlapSeconds": "86400"]
      )
      #expect(forward.all("KeyId") == made.all("KeyId"))
      #expect(forward.all("SignsFrom").last == "2027-01-16T08:00:00Z")
    }
  }

  @Test func `two rotations at once make one successor`() async throws {
    try await TestServer.run { server in
      server.sink.interfereOnce { _ = await server.call("RotateOutboundSigningKey") }
      #expect(await server.call("RotateOutboundSigningKey").code == "LimitExceeded")
      #expect(await server.done("ListOutboundSigningKeys").all("KeyId").count == 2)
    }
  }

  @Test func `a set has at most eight keys`() async throws {
    let schedule = try KeySchedule(scaledLifetimeSeconds: 10, overlapSeconds: 1, retentionSeconds: 20)
    try await TestServer.run(keySchedule: schedule) { server in
      var count = try await server.keySet().count
      while count < 8 {
        await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
        server.clock.advance(seconds: 1)
        count += 1
        #expect(try await server.keySet().count == count)
      }
      let message = "An issuer has up to 8 published keys: wait until those that retire are gone."
      await server.refused("RotateOutboundSigningKey", [:], 409, "LimitExceeded", message)
      // Taking the place of one that goes needs no room.
      let signing = try await server.signer()
      await server.done("RevokeOutboundSigningKey", ["KeyId": signing])
      #expect(try await server.keySet().count == 8)
      server.clock.advance(seconds: 20)
      await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
    }
  }

  @Test func `a bad key is not imported, and the private key is in no record`() async throws {
    try await TestServer.run { server in
      let before = await server.done("ListOutboundSigningKeys").all("KeyId")
      let answer = await server.call("ImportOutboundSigningKey", ["PrivateKey": "very-private-words"])
      #expect(answer.status == 400 && answer.code == "InvalidInput")
      #expect(answer["Message"]?.hasPrefix("The private key cannot be used: ") == true)
      #expect(await server.done("ListOutboundSigningKeys").all("KeyId") == before)
      let records = try await server.records()
      #expect(!records.contains { $0.contains("very-private-words") })
    }
  }

  @Test func `each action asks policy for itself`() async throws {
    try await TestServer.run { server in
      let keyID = try await server.signer()
      for (action, parameters) in [
        ("ListOutboundSigningKeys", [:]), ("RotateOutboundSigningKey", [:]),
        ("RevokeOutboundSigningKey", ["KeyId": keyID]), ("ImportOutboundSigningKey", ["PrivateKey": "k"]),
        ("SuspendOutboundIssuer", [:]), ("ResumeOutboundIssuer", [:]),
      ] as [(String, KeyValuePairs<String, String>)] {
        let policy =
          #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},"#
          + #"{"Effect":"Deny","Action":"iam:\#(action)","Resource":"*"}]}"#
        let mallory = try await server.user("mallory-\(action)", policy: policy)
        #expect(await server.call(action, parameters, as: mallory).code == "AccessDenied", "\(action)")
      }
      #expect(try await server.signer() == keyID)
    }
  }

  @Test func `records of old still read, and sign from when they were made`() throws {
    let body = """
      {"account":"123456789012","algorithm":"ES384","createDate":1800000000000,"first":"AAEC","keyID":"kid",\
      "sealed":"AwQF","second":"BgcI","version":1}
      """
    let record = try JSONDecoder().decode(SigningKeyRecord.self, from: Data(body.utf8))
    #expect(record.signsFrom == nil && record.revokeDate == nil && record.voucher == nil)
    let key = try #require(record.key)
    #expect(key.keyID.description == "kid" && key.sealed == [3, 4, 5] && key.version == 1)
    let issuer = """
      {"account":"123456789012","createDate":1800000000000,"isEnabled":true,"issuer":"https://x","issuerID":"i"}
      """
    let read = try JSONDecoder().decode(IssuerRecord.self, from: Data(issuer.utf8))
    #expect(read.suspendDate == nil && !read.publishesNoKeys)
  }

  @Test func `an account whose keys are of old signs with them`() async throws {
    try await TestServer.run { server in
      let account = try #require(TestServer.account)
      let keyID = try await server.signer()
      let stored = try #require(
        try await server.house.directory.record(SigningKeyRecord.self, at: "\(account)/\(keyID)")
      )
      // As a server wrote it that knew nothing of successions.
      var body = try #require(
        try JSONSerialization.jsonObject(with: JSONEncoder().encode(stored.record)) as? [String: Any]
      )
      #expect(body.removeValue(forKey: "signsFrom") != nil)
      let change = Change([
        .put(
          stored.key,
          account: account,
          body: Array(try JSONSerialization.data(withJSONObject: body)),
          .revision(stored.revision)
        )
      ])
      try await server.house.directory.commit(
        change,
        of: account,
        recording: AuditRecord(
          operatorEvent: "Test",
          account: account,
          now: server.clock.now,
          entropy: .system
        )
      )
      #expect(try await server.signer() == keyID)
      let listed = await server.done("ListOutboundSigningKeys")
      #expect(listed.all("SignsFrom") == listed.all("CreateDate"))
    }
  }
}

extension String {
  /// The `kid` in the header of this token.
  var kid: String? {
    guard let part = split(separator: ".").first, let octets = Base64URL.decode(part),
      let header = try? JSONSerialization.jsonObject(with: Data(octets)) as? [String: Any]
    else { return nil }
    return header["kid"] as? String
  }
}
