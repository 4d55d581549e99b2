// SPDX-License-Identifier: Apache-2.0
//
// The kernel's generator. Source: getentropy(3).

import Glibc

enum SystemRandom {
  /// `count` octets, at most 256.
  static func octets(_ count: Int) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: count)
    let status = octets.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) }
    // INVARIANT: with 256 octets or fewer this fails only on a kernel without getrandom(2). A key or a nonce must
    // never be made of anything less, so the process ends.
    guard status == 0 else { fatalError("getentropy failed: errno \(errno)") }
    return octets
  }
}
