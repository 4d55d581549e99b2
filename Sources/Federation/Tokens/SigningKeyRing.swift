// SPDX-License-Identifier: Apache-2.0
//
// The keys that sign an account's tokens, and what becomes of each with time: published, signing, no longer signing, gone.
// Nothing has to happen for a step to be taken: the time says it. Only revocation is an event. Pure.
// Source: docs/decisions/0025.

package import IdentityModel
import TokenFormats

/// A key that signs tokens, or did.
package struct OutboundSigningKey: Hashable, Sendable {
  /// The account.
  package let account: AccountID
  /// The `kid`.
  package let keyID: KeyID
  /// The public half.
  package let publicKey: PublicKey
  /// The key with its private half; `nil` when that was destroyed.
  package let sealed: SealedSigningKey?
  /// When it was made, or imported.
  package let createDate: Instant
  /// From when it signs.
  package let signsFrom: Instant
  /// When it was revoked; `nil` for a key that was not.
  package let revokeDate: Instant?
  /// What vouches for the public half when there is no private half.
  let voucher: [UInt8]?

  /// Gathers the parts.
  package init(
    account: AccountID,
    keyID: KeyID,
    publicKey: PublicKey,
    sealed: SealedSigningKey?,
    createDate: Instant,
    signsFrom: Instant,
    revokeDate: Instant? = nil,
    voucher: [UInt8]? = nil
  ) {
    self.account = account
    self.keyID = keyID
    self.publicKey = publicKey
    self.sealed = sealed
    self.createDate = createDate
    self.signsFrom = signsFrom
    self.revokeDate = revokeDate
    self.voucher = voucher
  }

  /// Its algorithm: keys of one algorithm succeed one another.
  package var algorithm: SigningAlgorithm { publicKey.algorithm }

  /// Whether it can sign at all.
  var canSign: Bool { sealed != nil && revokeDate == nil }

  // One that was revoked before its time took over from nobody.
  fileprivate var tookOver: Bool { revokeDate.map { $0 > signsFrom } ?? true }
}

/// The keys that sign the tokens of an account.
package struct SigningKeyRing: Sendable {
  /// What a key does at some time.
  package enum State: String, Sendable, CaseIterable {
    /// It is published and does not sign yet.
    case successor = "Successor"
    /// It signs.
    case signing = "Signing"
    /// It signs no more, and is published as long as something that it signed may be valid.
    case retiring = "Retiring"
    /// It is published no more.
    case retired = "Retired"
    /// It was revoked: it is not published, and never signs.
    case revoked = "Revoked"
  }

  /// A key at some time.
  package struct Standing: Sendable {
    /// The key.
    package let key: OutboundSigningKey
    /// What it does.
    package let state: State
    /// When it signs no more, or signed its last; `nil` while it has no successor.
    package let end: Instant?
    /// When it is published no more; `nil` while that is not known.
    package let publishedUntil: Instant?

    /// Whether it stands in the key set.
    package var isPublished: Bool { state == .signing || state == .successor || state == .retiring }
  }

  /// The keys in the order in which they begin to sign.
  package let keys: [OutboundSigningKey]

  /// Gathers `keys`, in any order.
  package init(_ keys: [OutboundSigningKey] = []) {
    func order(_ key: OutboundSigningKey) -> (Int64, Int64, String) {
      (key.signsFrom.milliseconds, key.createDate.milliseconds, key.keyID.description)
    }
    self.keys = keys.sorted { order($0) < order($1) }
  }

  /// The keys of `algorithm` that succeed one another.
  private func succession(_ algorithm: SigningAlgorithm) -> [OutboundSigningKey] {
    keys.filter { $0.algorithm == algorithm && $0.tookOver }
  }

  /// The index in `succession` of the key whose time it is at `now`: the newest whose time has come.
  ///
  /// A clock that was set back makes it the oldest one's time again.
  private func current(_ succession: [OutboundSigningKey], at now: Instant) -> Int {
    succession.lastIndex { $0.signsFrom <= now } ?? succession.startIndex
  }

  /// The index in `succession` of the key that signs at `now`.
  ///
  /// For one that cannot sign, because it was revoked or destroyed, the next one after it steps in, and never one before it.
  private func signingIndex(_ succession: [OutboundSigningKey], at now: Instant) -> Int? {
    succession[current(succession, at: now)...].firstIndex(where: \.canSign)
  }

  /// The key that signs with `algorithm` at `now`; `nil` when there is none.
  package func signingKey(_ algorithm: SigningAlgorithm, at now: Instant) -> OutboundSigningKey? {
    let succession = succession(algorithm)
    return signingIndex(succession, at: now).map { succession[$0] }
  }

  /// What each key does at `now`.
  package func standings(at now: Instant, _ schedule: KeySchedule) -> [Standing] {
    var successions: [SigningAlgorithm: [OutboundSigningKey]] = [:]
    for algorithm in SigningAlgorithm.allCases { successions[algorithm] = succession(algorithm) }
    return keys.map { key in
      guard key.revokeDate == nil, let succession = successions[key.algorithm],
        let index = succession.firstIndex(where: { $0.keyID == key.keyID })
      else { return Standing(key: key, state: .revoked, end: key.revokeDate, publishedUntil: nil) }
      let end = succession.dropFirst(index + 1).first?.signsFrom
      let publishedUntil = end?.advanced(bySeconds: Int64(schedule.retentionSeconds))
      let state: State
      if index == signingIndex(succession, at: now) {
        state = .signing
      } else if index > current(succession, at: now), key.canSign {
        state = .successor
      } else if let publishedUntil, publishedUntil <= now {
        state = .retired
      } else {
        state = .retiring
      }
      return Standing(key: key, state: state, end: end, publishedUntil: publishedUntil)
    }
  }

  /// The keys that belong into the key set at `now`: those that sign come first, then those that will.
  package func published(at now: Instant, _ schedule: KeySchedule) -> [OutboundSigningKey] {
    let standings = standings(at: now, schedule)
    return [State.signing, .successor, .retiring].flatMap { state in
      SigningAlgorithm.allCases.flatMap { algorithm in
        standings.filter { $0.state == state && $0.key.algorithm == algorithm }.map(\.key)
      }
    }
  }

  /// When the key set next changes by itself: a key begins to sign, or is published no more.
  func nextStep(after now: Instant, _ schedule: KeySchedule) -> Instant? {
    let standings = standings(at: now, schedule)
    return (standings.filter(\.isPublished).map(\.key.signsFrom) + standings.compactMap(\.publishedUntil))
      .filter { $0 > now }.min()
  }

  /// From when the successor of the key of `algorithm` is to sign, if one is to be published at `now`; `nil` when one waits,
  /// when it is too early, and when there is no key to succeed.
  package func dueSuccessor(
    _ algorithm: SigningAlgorithm,
    at now: Instant,
    _ schedule: KeySchedule
  ) -> Instant? {
    let succession = succession(algorithm)
    guard let index = signingIndex(succession, at: now),
      !succession.dropFirst(index + 1).contains(where: \.canSign)
    else { return nil }
    let end = succession[index].signsFrom.advanced(bySeconds: Int64(schedule.lifetimeSeconds))
    guard end.advanced(bySeconds: -Int64(schedule.overlapSeconds)) <= now else { return nil }
    // One that is late, because no server ran, is published as long as any other.
    return max(end, now.advanced(bySeconds: Int64(schedule.overlapSeconds)))
  }

  /// The keys whose private halves are of no use any more at `now`.
  package func spent(at now: Instant, _ schedule: KeySchedule) -> [OutboundSigningKey] {
    standings(at: now, schedule).filter { standing in
      guard standing.key.sealed != nil else { return false }
      switch standing.state {
      case .successor, .signing: return false
      case .revoked: return true
      case .retiring, .retired:
        guard let end = standing.end else { return false }
        return end.advanced(bySeconds: Int64(schedule.destructionSeconds)) <= now
      }
    }.map(\.key)
  }

  /// Whether `keyID` is a key that may have signed what leaves the house now.
  func mayRelease(_ keyID: KeyID) -> Bool {
    keys.contains { $0.keyID == keyID && $0.canSign }
  }
}
