// SPDX-License-Identifier: Apache-2.0
//
// How long the keys of tokens live, and how long each stage of a succession takes. Source: docs/decisions/0025.

/// The times of the life of a key that signs tokens.
package struct KeySchedule: Hashable, Sendable {
  /// How long a key signs before its successor does.
  ///
  /// Unit: seconds.
  package let lifetimeSeconds: Int
  /// How long a successor that the schedule makes is published before it signs.
  ///
  /// Unit: seconds.
  package let overlapSeconds: Int
  /// The shortest time that anybody may ask a successor to be published before it signs.
  ///
  /// Unit: seconds.
  package let minimumOverlapSeconds: Int
  /// How long a key is published after its last signature.
  ///
  /// Unit: seconds.
  package let retentionSeconds: Int
  /// How long the private half of a key is kept after its last signature.
  ///
  /// Unit: seconds.
  package let destructionSeconds: Int

  /// The longest time that anybody may ask a successor to be published before it signs.
  ///
  /// Unit: seconds.
  package static let maximumOverlapSeconds = 30 * day
  /// The longest life of a token.
  ///
  /// Unit: seconds. Source: docs/federation-configs.md, `Duration`.
  package static let longestTokenSeconds = 12 * 3600
  /// The most keys that a set has.
  package static let maximumPublished = 8

  private static let day = 24 * 3600

  /// 90 days, and a week for the successor to become known.
  package static let standard = KeySchedule(
    lifetimeSeconds: 90 * day,
    overlapSeconds: 7 * day,
    minimumOverlapSeconds: day,
    retentionSeconds: longestTokenSeconds + day
  )

  private init(
    lifetimeSeconds: Int,
    overlapSeconds: Int,
    minimumOverlapSeconds: Int,
    retentionSeconds: Int
  ) {
    self.lifetimeSeconds = lifetimeSeconds
    self.overlapSeconds = overlapSeconds
    self.minimumOverlapSeconds = minimumOverlapSeconds
    self.retentionSeconds = retentionSeconds
    self.destructionSeconds = min(3600, retentionSeconds)
  }

  /// Why a schedule is none.
  package enum Problem: Error, Hashable, Sendable {
    /// The overlap is shorter than a day.
    case overlapTooShort
    /// The overlap is longer than the life of a key, or than 30 days.
    case overlapTooLong
    /// The life of a key is longer than ten years.
    case lifetimeTooLong
    /// Keys would be published longer than room is for: the retention is more than two lives of a key.
    case tooManyKeys
  }

  /// The schedule of a server that others rely on.
  package init(lifetimeSeconds: Int, overlapSeconds: Int) throws(Problem) {
    guard overlapSeconds >= Self.day else { throw .overlapTooShort }
    try self.init(
      lifetimeSeconds: lifetimeSeconds,
      overlapSeconds: overlapSeconds,
      minimumOverlapSeconds: Self.day,
      checkedRetentionSeconds: Self.longestTokenSeconds + Self.day
    )
  }

  /// The schedule of a server on which time runs fast: nobody but tests relies on its keys.
  package init(scaledLifetimeSeconds: Int, overlapSeconds: Int, retentionSeconds: Int) throws(Problem) {
    guard overlapSeconds >= 1, retentionSeconds >= 1 else { throw .overlapTooShort }
    try self.init(
      lifetimeSeconds: scaledLifetimeSeconds,
      overlapSeconds: overlapSeconds,
      minimumOverlapSeconds: min(Self.day, overlapSeconds),
      checkedRetentionSeconds: retentionSeconds
    )
  }

  private init(
    lifetimeSeconds: Int,
    overlapSeconds: Int,
    minimumOverlapSeconds: Int,
    checkedRetentionSeconds retentionSeconds: Int
  ) throws(Problem) {
    guard overlapSeconds <= min(lifetimeSeconds, Self.maximumOverlapSeconds) else { throw .overlapTooLong }
    guard lifetimeSeconds <= 3652 * Self.day else { throw .lifetimeTooLong }
    // Of each kind one key signs, one is to sign, and as many retire as lives fit into the retention.
    guard retentionSeconds <= 2 * lifetimeSeconds else { throw .tooManyKeys }
    self.init(
      lifetimeSeconds: lifetimeSeconds,
      overlapSeconds: overlapSeconds,
      minimumOverlapSeconds: minimumOverlapSeconds,
      retentionSeconds: retentionSeconds
    )
  }

  /// How often somebody has to look whether something is due.
  ///
  /// Unit: seconds.
  package var sweepSeconds: Int {
    max(1, min(3600, min(lifetimeSeconds, overlapSeconds, retentionSeconds) / 10))
  }
}
