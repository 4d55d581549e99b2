// SPDX-License-Identifier: Apache-2.0
//
// Time and randomness as arguments, so that tests fix them and nothing else.

package import IdentityModel

/// The wall clock.
///
/// Read once per request, by the pipeline.
package struct WallClock: Sendable {
  /// The time now.
  package var now: @Sendable () -> Instant

  /// Wraps `now`.
  package init(now: @escaping @Sendable () -> Instant) {
    self.now = now
  }
}

/// A source of cryptographically secure random octets.
package struct Entropy: Sendable {
  /// `count` octets.
  package var octets: @Sendable (_ count: Int) -> [UInt8]

  /// Wraps `octets`.
  package init(octets: @escaping @Sendable (_ count: Int) -> [UInt8]) {
    self.octets = octets
  }

  /// The operating system's generator.
  package static let system = Entropy { count in
    var generator = SystemRandomNumberGenerator()
    var octets: [UInt8] = []
    octets.reserveCapacity(count + 8)
    while octets.count < count {
      withUnsafeBytes(of: generator.next()) { octets.append(contentsOf: $0) }
    }
    octets.removeLast(octets.count - count)
    return octets
  }
}
