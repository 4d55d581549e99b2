// SPDX-License-Identifier: Apache-2.0
//
// Signing keys that are revoked: gone from the set at once, succeeded, and in no token after it.

import Federation
import IdentityModel
import Synchronization
import Testing

@Suite struct SigningKeyRevocationTests {
  @Test func `a revoked key leaves the set at once, signs nothing more, and its successor steps forward`()
    async throws
  {
    try await TestServer.run { server in
      let old = try await server.signer()
      let rotated = await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
      let waiting = try #require(rotated.all("KeyId").last)
      let revoked = await server.done("RevokeOutboundSigningKey", ["KeyId": old])
      #expect(revoked["SuccessorKeyId"] == waiting && revoked["SuccessorWasMade"] == "false")
      #expect(revoked.all("RevokeDate") == ["2027-01-15T08:00:00Z"])
      #expect(revoked.all("Status").count { $0 == "Revoked" } == 1)
      #expect(try await !server.keySet().contains(old))
      #expect(try await server.signer() == waiting)
      // Once more: it is done, and stays so.
      let again = await server.done("RevokeOutboundSigningKey", ["KeyId": old])
      #expect(again["SuccessorKeyId"] == waiting && again["SuccessorWasMade"] == "false")
      // Its private half is nowhere.
      let account = try #require(TestServer.account)
      let stored = try #require(
        try await server.house.directory.record(SigningKeyRecord.self, at: "\(account)/\(old)")
      )
      #expect(stored.record.sealed == nil && stored.record.key == nil && stored.record.publicKey != nil)
      // A clock that was set back changes nothing of it.
      server.clock.advance(seconds: -48 * 3600)
      let answer = await server.token()
      #expect(answer.status == 200, "\(answer.text)")
      #expect(try await server.signer() == waiting)
    }
  }

  @Test func `revoking the only key of its algorithm makes another one first, and says so`() async throws {
    try await TestServer.run { server in
      let rsa = try await server.signer("RS256")
      let revoked = await server.done("RevokeOutboundSigningKey", ["KeyId": rsa])
      #expect(revoked["SuccessorWasMade"] == "true")
      let successor = try #require(revoked["SuccessorKeyId"])
      #expect(successor != rsa)
      #expect(try await server.signer("RS256") == successor)
      #expect(try await server.keySet().count == 2)
      let record = try #require(
        try await server.records().last { $0.contains(#""eventName":"RevokeOutboundSigningKey""#) }
      )
      #expect(record.contains(#""keyId":"\#(rsa)""#) && record.contains(#""successorWasMade":true"#))
    }
  }

  @Test func `a key that waits, retires or has retired is revoked without another one`() async throws {
    try await TestServer.run { server in
      let old = try await server.signer()
      let rotated = await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
      let waiting = try #require(rotated.all("KeyId").last)
      let first = await server.done("RevokeOutboundSigningKey", ["KeyId": waiting])
      #expect(first["SuccessorKeyId"] == old && first["SuccessorWasMade"] == "false")
      #expect(try await server.signer() == old)
      await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
      server.clock.advance(seconds: 24 * 3600)
      let new = try await server.signer()
      #expect(new != old && new != waiting)
      #expect(try await server.keySet().contains(old))
      let second = await server.done("RevokeOutboundSigningKey", ["KeyId": old])
      #expect(second["SuccessorKeyId"] == new && second["SuccessorWasMade"] == "false")
      #expect(try await !server.keySet().contains(old))
      let unknown = await server.call("RevokeOutboundSigningKey", ["KeyId": "nobody"])
      #expect(unknown.status == 404 && unknown.code == "NoSuchEntity")
    }
  }

  @Test func `no token is issued with a revoked key, however many are asked for at that moment`() async throws
  {
    try await TestServer.run { server in
      for isPromised in [false, true] {
        if isPromised { _ = try await TokenTransparencyTests.open(server) }
        let old = try await server.signer()
        let isRevoked = RevokedFlag()
        let late = await withTaskGroup(of: [String].self) { group in
          for _ in 0..<8 {
            group.addTask {
              var late: [String] = []
              for _ in 0..<25 {
                let wasRevoked = isRevoked.isSet
                let answer = await server.token()
                guard let token = answer["WebIdentityToken"] else {
                  // Only of tokens that were on record before they were signed.
                  #expect(answer.status == 503 && isPromised, "\(answer.text)")
                  continue
                }
                if wasRevoked, token.kid == old { late.append(token) }
              }
              return late
            }
          }
          group.addTask {
            while await server.token().status != 200 {}
            await server.done("RevokeOutboundSigningKey", ["KeyId": old])
            isRevoked.set()
            return []
          }
          return await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(late.isEmpty)
        #expect(try await server.signer() != old)
      }
    }
  }

  @Test func `a token that was decided before a revocation is signed by another key after it`() async throws {
    try await TestServer.run { server in
      let old = try await server.signer()
      server.sink.interfereOnce { await server.done("RevokeOutboundSigningKey", ["KeyId": old]) }
      let token = try #require(await server.token()["WebIdentityToken"])
      #expect(token.kid != old)
      let account = try #require(TestServer.account)
      // What was read before is of no use either.
      #expect(
        try await server.house.directory.issuer(of: account)?.signingKeys.keys.contains { key in
          key.keyID.description == old && key.sealed != nil
        } == false
      )
    }
  }
}

/// Whether something has happened.
private final class RevokedFlag: Sendable {
  private let state = Mutex(false)

  var isSet: Bool { state.withLock { $0 } }

  func set() { state.withLock { $0 = true } }
}
