// SPDX-License-Identifier: Apache-2.0
//
// Time and randomness as arguments, so that tests fix them and nothing else.

import Glibc
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
    var octets = [UInt8](repeating: 0, count: count)
    octets.withUnsafeMutableBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        // getentropy(3) gives 256 octets at a time.
        let part = rest.prefix(256)
        let status = getentropy(UnsafeMutableRawBufferPointer(rebasing: part).baseAddress, part.count)
        // INVARIANT: with 256 octets or fewer this fails only on a kernel without getrandom(2), where nothing may be
        // named or sealed.
        guard status == 0 else { fatalError("getentropy failed") }
        rest = rest.dropFirst(part.count)
      }
    }
    return octets
  }
}
