// SPDX-License-Identifier: Apache-2.0
//
// Revoking one token by its id: it is found among many without reading them, and whoever revokes it again learns since when
// it was.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import StrictJSON
import Synchronization
import Testing
import TokenFormats

/// A history that counts how many records it hands out to those who look for records of a name.
private final class CountingHistory: EventHistory {
  private let history: any EventHistory
  private let handedOut = Mutex(0)

  init(_ history: any EventHistory) {
    self.history = history
  }

  /// How many since it was last asked.
  func count() -> Int {
    handedOut.withLock { count in
      defer { count = 0 }
      return count
    }
  }

  func events(_ query: EventQuery) async throws(StoreError) -> [HistoricalEvent] {
    let events = try await history.events(query)
    if query.attribute == .eventName { handedOut.withLock { $0 += events.count } }
    return events
  }

  func eventHistoryPosition() async throws(StoreError) -> Int64 { try await history.eventHistoryPosition() }
}

@Suite struct TokenRevocationTests {
  private func id(of answer: Answer) throws -> String {
    let token = try #require(answer["WebIdentityToken"])
    let claims = try payloadOfToken(token)
    return try #require(claims["jti"]?.string)
  }

  @Test func `a token is found by its id without the records of others`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { first in
      let counting = CountingHistory(first.store)
      let server = try TestServer(store: first.store, keyEncryptionKey: kek, history: counting)
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      for _ in 0..<50 { #expect(await server.token().status == 200) }
      server.clock.advance(seconds: 1)
      let wanted = try id(of: await server.token())
      server.clock.advance(seconds: 1)
      for _ in 0..<50 { #expect(await server.token().status == 200) }
      #expect(counting.count() == 0)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": wanted])["RevokedTokenCount"] == "1")
      #expect(counting.count() == 1)
      // Twice: its record, and that of the call which revoked it.
      server.clock.advance(seconds: 1)
      let again = await server.call("RevokeOutboundTokens", ["TokenId": wanted])
      #expect(again["AlreadyRevokedTokenCount"] == "1" && counting.count() == 2, "\(again.text)")
      // To the last second of a token's life.
      server.clock.advance(seconds: StatusLists.longestTokenSeconds - 2)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": wanted]).status == 200)
      server.clock.advance(seconds: 1)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": wanted]).code == "NoSuchEntity")
    }
  }

  @Test func `an id that was never issued is refused, also one with the time of a token`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let issued = try id(of: await server.token())
      var near = Array(issued.utf8)
      near[20] = near[20] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
      let others = [
        String(decoding: near, as: UTF8.self), issued + " ", "_" + issued,
        issued.replacing("-", with: ""), Entropy.system.uuid(), Entropy.system.tokenID(at: server.clock.now),
      ]
      for other in others where !other.utf8.elementsEqual(issued.utf8) {
        #expect(
          await server.call("RevokeOutboundTokens", ["TokenId": other]).code == "NoSuchEntity",
          "\(other)"
        )
      }
      #expect(
        await server.call("RevokeOutboundTokens", ["TokenId": issued.uppercased()])["RevokedTokenCount"]
          == "1"
      )
    }
  }

  @Test func `an assertion is found by its id, and has no place in a list`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      #expect(await server.makeSAMLConfig().status == 200)
      let assertion = try await server.assertion()
      let id = try #require(assertion.assertion.attribute("ID"))
      let refused = await server.call("RevokeOutboundTokens", ["TokenId": id])
      #expect(refused.code == "InvalidInput" && refused.message?.contains("is a SAML assertion") == true)
    }
  }

  @Test func `whoever revokes again learns since when, by whatever call it was`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let first = try id(of: await server.token())
      let root = "arn:aws:iam::123456789012:root"
      server.clock.advance(seconds: 10)
      let since = server.clock.now.rfc3339
      let revoked = await server.call("RevokeOutboundTokens", ["PrincipalArn": root])
      #expect(revoked["RevokedTokenCount"] == "1" && revoked["AlreadyRevokedTokenCount"] == "0")
      #expect(revoked["AlreadyRevokedDate"] == nil)
      server.clock.advance(seconds: 10)
      let second = try id(of: await server.token())
      for _ in 0..<2 {
        server.clock.advance(seconds: 10)
        let again = await server.call("RevokeOutboundTokens", ["TokenId": first])
        #expect(again["RevokedTokenCount"] == "0" && again["AlreadyRevokedTokenCount"] == "1")
        #expect(again["AlreadyRevokedDate"] == since, "\(again.text)")
      }
      // A call that still has something to do says how much, and no time.
      let later = server.clock.now.rfc3339
      let rest = await server.call("RevokeOutboundTokens", ["PrincipalArn": root])
      #expect(rest["RevokedTokenCount"] == "1" && rest["AlreadyRevokedTokenCount"] == "1")
      #expect(rest["AlreadyRevokedDate"] == nil)
      server.clock.advance(seconds: 10)
      let whole = await server.call("RevokeOutboundTokens", ["PrincipalArn": root])
      #expect(whole["AlreadyRevokedTokenCount"] == "2" && whole["AlreadyRevokedDate"] == later)
      // The second token was not there yet when its principal was revoked for the first time.
      let one = await server.call("RevokeOutboundTokens", ["TokenId": second])
      #expect(one["AlreadyRevokedDate"] == later, "\(one.text)")
      // By a time: nobody made the same call before, and nobody is told a wrong one.
      let byTime = await server.call("RevokeOutboundTokens", ["IssuedBefore": server.clock.now.rfc3339])
      #expect(byTime["AlreadyRevokedTokenCount"] == "2" && byTime["AlreadyRevokedDate"] == nil)
    }
  }
}
