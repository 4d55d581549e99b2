// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the keys of tokens with time, and what must hold at every time whatever keys there are.

import Federation
import IdentityModel
import Testing

@Suite struct SigningKeyRingTests {
  private static let start = Instant(seconds: 1_776_757_030)
  private static let hour: Int64 = 3600
  private static let schedule = KeySchedule.standard

  private static func at(_ hours: Double) -> Instant {
    start.advanced(bySeconds: Int64(hours * Double(hour)))
  }

  /// A key that signs from so many hours after the start on; its halves are of no use to these tests.
  private static func key(
    _ name: String,
    _ algorithm: SigningAlgorithm = .es384,
    signsFrom hours: Double,
    revoked: Double? = nil,
    isDestroyed: Bool = false
  ) throws -> OutboundSigningKey {
    let account = try #require(TestServer.account)
    let publicKey: PublicKey =
      algorithm == .es384 ? .p384(x: Array(name.utf8), y: []) : .rsa(modulus: Array(name.utf8), exponent: [3])
    let sealed = SealedSigningKey(
      account: account,
      keyID: KeyID(name),
      publicKey: publicKey,
      version: 1,
      sealed: Array(name.utf8)
    )
    return OutboundSigningKey(
      account: account,
      keyID: KeyID(name),
      publicKey: publicKey,
      sealed: isDestroyed || revoked != nil ? nil : sealed,
      createDate: start,
      signsFrom: at(hours),
      revokeDate: revoked.map { at($0) }
    )
  }

  private func states(_ ring: SigningKeyRing, _ hours: Double) -> [SigningKeyRing.State] {
    ring.standings(at: Self.at(hours), Self.schedule).map(\.state)
  }

  private func published(_ ring: SigningKeyRing, _ hours: Double) -> [String] {
    ring.published(at: Self.at(hours), Self.schedule).map(\.keyID.description)
  }

  private func signing(_ ring: SigningKeyRing, _ hours: Double) -> String? {
    ring.signingKey(.es384, at: Self.at(hours))?.keyID.description
  }

  @Test func `a rotation goes from successor to signing to retiring to retired, by the hour`() throws {
    let ring = SigningKeyRing([try Self.key("new", signsFrom: 24), try Self.key("old", signsFrom: 0)])
    let expected: [(Double, SigningKeyRing.State, SigningKeyRing.State, [String])] = [
      (0, .signing, .successor, ["old", "new"]), (23.99, .signing, .successor, ["old", "new"]),
      (24, .retiring, .signing, ["new", "old"]), (24 + 35.99, .retiring, .signing, ["new", "old"]),
      (24 + 36, .retired, .signing, ["new"]), (100_000, .retired, .signing, ["new"]),
    ]
    for (hours, old, new, keys) in expected {
      #expect(states(ring, hours) == [old, new], "\(hours)")
      #expect(published(ring, hours) == keys, "\(hours)")
      #expect(signing(ring, hours) == (old == .signing ? "old" : "new"), "\(hours)")
    }
  }

  @Test func `each algorithm has its own succession`() throws {
    let ring = SigningKeyRing([
      try Self.key("rsa", .rs256, signsFrom: 0), try Self.key("p384", signsFrom: 1),
      try Self.key("rsa2", .rs256, signsFrom: 24),
    ])
    #expect(states(ring, 24) == [.retiring, .signing, .signing])
    #expect(published(ring, 24) == ["rsa2", "p384", "rsa"])
    #expect(published(ring, 100) == ["rsa2", "p384"])
  }

  @Test func `a revoked key never signs, is never published, and brings nobody back`() throws {
    let ring = SigningKeyRing([
      try Self.key("first", signsFrom: 0), try Self.key("second", signsFrom: 100, revoked: 200),
      try Self.key("third", signsFrom: 200),
    ])
    #expect(states(ring, 200) == [.retired, .revoked, .signing])
    #expect(published(ring, 200) == ["third"])
    for hours in [-10.0, 0, 99, 150, 200, 10_000] {
      #expect(signing(ring, hours) != "second")
      #expect(!published(ring, hours).contains("second"))
    }
    // The first one ended when the second began, also now that the second is gone.
    #expect(ring.standings(at: Self.at(200), Self.schedule)[0].publishedUntil == Self.at(100 + 36))
  }

  @Test func `a successor that was revoked before its time took over from nobody`() throws {
    let ring = SigningKeyRing([
      try Self.key("first", signsFrom: 0), try Self.key("second", signsFrom: 100, revoked: 50),
    ])
    #expect(states(ring, 200) == [.signing, .revoked])
    #expect(ring.standings(at: Self.at(200), Self.schedule)[0].publishedUntil == nil)
    // And the schedule goes on as if it had never been.
    #expect(ring.dueSuccessor(.es384, at: Self.at(90 * 24), Self.schedule) == Self.at(97 * 24))
  }

  @Test func `for a key that was revoked the next one steps in, and never one before it`() throws {
    let first = try Self.key("first", signsFrom: 0)
    let revoked = try Self.key("second", signsFrom: 100, revoked: 150)
    #expect(signing(SigningKeyRing([first, revoked]), 150) == nil)
    let ring = SigningKeyRing([first, revoked, try Self.key("third", signsFrom: 500)])
    #expect(signing(ring, 150) == "third")
    #expect(states(ring, 150) == [.retired, .revoked, .signing])
  }

  @Test func `a clock that was set back makes the oldest key sign again, if it can`() throws {
    let ring = SigningKeyRing([try Self.key("a", signsFrom: 0), try Self.key("b", signsFrom: 1)])
    #expect(signing(ring, -5) == "a")
    #expect(states(ring, -5) == [.signing, .successor])
    let destroyed = SigningKeyRing([
      try Self.key("a", signsFrom: 0, isDestroyed: true), try Self.key("b", signsFrom: 1),
    ])
    #expect(signing(destroyed, -5) == "b")
    #expect(SigningKeyRing().signingKey(.es384, at: Self.start) == nil)
  }

  @Test func `a successor is due a week before the end, once, and never with less than a week`() throws {
    let ring = SigningKeyRing([try Self.key("a", signsFrom: 0)])
    let days: (Double) -> Instant = { Self.at($0 * 24) }
    #expect(ring.dueSuccessor(.es384, at: days(82.99), Self.schedule) == nil)
    #expect(ring.dueSuccessor(.es384, at: days(83), Self.schedule) == days(90))
    // Nobody was there for a year: the successor is published a week all the same.
    #expect(ring.dueSuccessor(.es384, at: days(400), Self.schedule) == days(407))
    #expect(ring.dueSuccessor(.rs256, at: days(400), Self.schedule) == nil)
    let waiting = SigningKeyRing([
      try Self.key("a", signsFrom: 0), try Self.key("b", signsFrom: 90 * 24),
    ])
    #expect(waiting.dueSuccessor(.es384, at: days(89), Self.schedule) == nil)
    #expect(waiting.dueSuccessor(.es384, at: days(100), Self.schedule) == nil)
  }

  @Test func `a private half is spent an hour after the last signature and not before`() throws {
    let ring = SigningKeyRing([try Self.key("a", signsFrom: 0), try Self.key("b", signsFrom: 24)])
    #expect(ring.spent(at: Self.at(24.99), Self.schedule).isEmpty)
    #expect(ring.spent(at: Self.at(25), Self.schedule).map(\.keyID.description) == ["a"])
  }

  @Test func `whatever keys there are, at every time it all holds`() throws {
    var random = SplitMix(state: 7)
    for _ in 0..<400 {
      let count = Int(random.next() % 7)
      let keys = try (0..<count).map { index in
        let signsFrom = Double(random.next() % 400)
        let isRevoked = random.next() % 4 == 0
        return try Self.key(
          "\(index)",
          random.next() % 2 == 0 ? .es384 : .rs256,
          signsFrom: signsFrom,
          revoked: isRevoked ? Double(random.next() % 500) : nil,
          isDestroyed: random.next() % 8 == 0
        )
      }
      let ring = SigningKeyRing(keys)
      for _ in 0..<20 {
        let now = Self.at(Double(random.next() % 700) - 50)
        let standings = ring.standings(at: now, Self.schedule)
        let published = ring.published(at: now, Self.schedule).map(\.keyID)
        #expect(standings.count == keys.count)
        #expect(Set(published).count == published.count)
        #expect(Set(published) == Set(standings.filter(\.isPublished).map(\.key.keyID)))
        for algorithm in SigningAlgorithm.allCases {
          let signing = standings.filter { $0.key.algorithm == algorithm && $0.state == .signing }
          #expect(signing.count <= 1)
          #expect(signing.first?.key.keyID == ring.signingKey(algorithm, at: now)?.keyID)
          // Who signs is published, can sign, and was not revoked.
          if let key = ring.signingKey(algorithm, at: now) {
            #expect(published.contains(key.keyID) && key.sealed != nil && key.revokeDate == nil)
          }
        }
        for standing in standings where standing.key.revokeDate != nil {
          #expect(standing.state == .revoked && !standing.isPublished)
        }
        // A key that signed is published for the longest token and a day after that.
        for standing in standings where standing.state == .retiring {
          if let end = standing.end {
            #expect(end.advanced(bySeconds: Int64(Self.schedule.retentionSeconds)) > now)
          }
        }
        for key in ring.spent(at: now, Self.schedule) {
          #expect(ring.signingKey(key.algorithm, at: now)?.keyID != key.keyID)
        }
      }
    }
  }

  @Test func `a schedule that followed for years never publishes more than eight keys`() throws {
    // The shortest lives that a server takes.
    let schedule = try KeySchedule(lifetimeSeconds: 24 * 3600, overlapSeconds: 24 * 3600)
    var keys = [try Self.key("0", signsFrom: 0), try Self.key("r0", .rs256, signsFrom: 0)]
    for hour in 0..<2000 {
      let now = Self.at(Double(hour))
      for algorithm in SigningAlgorithm.allCases {
        guard let signsFrom = SigningKeyRing(keys).dueSuccessor(algorithm, at: now, schedule) else {
          continue
        }
        #expect(signsFrom.milliseconds - now.milliseconds >= 24 * 3_600_000)
        let hours = Double((signsFrom.milliseconds - Self.start.milliseconds) / 3_600_000)
        keys.append(try Self.key("\(algorithm)\(hour)", algorithm, signsFrom: hours))
      }
      let published = SigningKeyRing(keys).published(at: now, schedule)
      #expect(published.count <= KeySchedule.maximumPublished, "\(hour)")
      #expect(
        SigningAlgorithm.allCases.allSatisfy { algorithm in published.contains { $0.algorithm == algorithm } }
      )
    }
    #expect(keys.count > 100)
  }

  @Test func `schedules that verifiers could not follow are none`() {
    let day = 24 * 3600
    #expect(throws: KeySchedule.Problem.overlapTooShort) {
      try KeySchedule(lifetimeSeconds: 90 * day, overlapSeconds: day - 1)
    }
    #expect(throws: KeySchedule.Problem.overlapTooLong) {
      try KeySchedule(lifetimeSeconds: day, overlapSeconds: 2 * day)
    }
    #expect(throws: KeySchedule.Problem.overlapTooLong) {
      try KeySchedule(lifetimeSeconds: 90 * day, overlapSeconds: 31 * day)
    }
    #expect(throws: KeySchedule.Problem.lifetimeTooLong) {
      try KeySchedule(lifetimeSeconds: 3653 * day, overlapSeconds: 7 * day)
    }
    #expect(throws: KeySchedule.Problem.tooManyKeys) {
      try KeySchedule(scaledLifetimeSeconds: 10, overlapSeconds: 6, retentionSeconds: 21)
    }
    #expect(KeySchedule.standard.retentionSeconds == 43_200 + day)
    #expect(throws: Never.self) {
      try KeySchedule(scaledLifetimeSeconds: 10, overlapSeconds: 6, retentionSeconds: 9)
    }
  }
}

/// Numbers that look random and are the same each time.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
