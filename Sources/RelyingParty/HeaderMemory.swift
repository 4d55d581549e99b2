// SPDX-License-Identifier: Apache-2.0
//
// Headers that were read before: tokens of one key have one header, and reading it again and again is a good part of
// what an RS256 token costs. Holds only headers under which a signature was found good, so that nobody without a key can
// fill it.

import StrictJSON
import Synchronization
import TokenFormats

/// Remembers headers by their encoded bytes.
final class HeaderMemory: Sendable {
  /// A header of the RFC's shape is under 300 bytes.
  private static let maximumBytes = 512
  private static let capacity = 64

  private let headers = Mutex<[[UInt8]: JSONObject]>([:])

  /// The header that `encoded` spells, when it is remembered.
  func header(_ encoded: ArraySlice<UInt8>) -> JSONObject? {
    headers.withLock { $0[Array(encoded)] }
  }

  /// Remembers the header of `jws`, whose signature is good.
  func remember(_ jws: CompactJWS) {
    let encoded = jws.signed.prefix { $0 != UInt8(ascii: ".") }
    guard encoded.count <= Self.maximumBytes else { return }
    headers.withLock { headers in
      let name = Array(encoded)
      guard headers[name] == nil else { return }
      if headers.count >= Self.capacity { headers.removeAll(keepingCapacity: true) }
      headers[name] = jws.header
    }
  }
}
