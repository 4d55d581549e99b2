// SPDX-License-Identifier: Apache-2.0
//
// Compression as status lists have it. Knows no library. Source: RFC 1950; RFC 1951.

/// Makes zlib data, and reads it.
package struct Zlib: Sendable {
  /// The octets as zlib data, as small as can be made; `nil` when it cannot be made, for want of memory.
  ///
  /// The same octets give the same data.
  package var compress: @Sendable ([UInt8]) -> [UInt8]?
  /// What zlib data holds; `nil` when it is none, or holds more octets than the second argument.
  package var decompress: @Sendable ([UInt8], _ maximumBytes: Int) -> [UInt8]?

  /// Wraps `compress` and `decompress`.
  package init(
    compress: @escaping @Sendable ([UInt8]) -> [UInt8]?,
    decompress: @escaping @Sendable ([UInt8], _ maximumBytes: Int) -> [UInt8]?
  ) {
    self.compress = compress
    self.decompress = decompress
  }
}
