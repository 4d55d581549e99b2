// SPDX-License-Identifier: Apache-2.0
//
// Zlib data with zlib: as small as it gets, and never read beyond what the reader has room for.
// Source: RFC 1950; zlib.h, deflateInit2, inflate.

import CZlib
package import Federation

extension Zlib {
  /// Compresses and decompresses with zlib.
  package static let library = Zlib(compress: deflated, decompress: inflated)
}

private func deflated(_ octets: [UInt8]) -> [UInt8]? {
  var stream = z_stream()
  let opened = deflateInit2_(
    &stream,
    Z_BEST_COMPRESSION,
    Z_DEFLATED,
    15,
    8,
    Z_DEFAULT_STRATEGY,
    ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size)
  )
  guard opened == Z_OK else { return nil }
  defer { deflateEnd(&stream) }
  guard octets.count <= Int(UInt32.max) / 2 else { return nil }
  var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(octets.count))))
  // With room for the bound, one call does it all.
  let result = run(&stream, octets, &output) { deflate($0, Z_FINISH) }
  guard result == Z_STREAM_END else { return nil }
  output.removeLast(Int(stream.avail_out))
  return output
}

// SECURITY: the room is what the caller allows and never grows with what the data claims to hold.
private func inflated(_ data: [UInt8], _ maximumBytes: Int) -> [UInt8]? {
  var stream = z_stream()
  let opened = inflateInit2_(&stream, 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  guard opened == Z_OK else { return nil }
  defer { inflateEnd(&stream) }
  guard !data.isEmpty, data.count <= Int(UInt32.max) / 2, (1...Int(UInt32.max) / 2).contains(maximumBytes)
  else { return nil }
  var output = [UInt8](repeating: 0, count: maximumBytes)
  let result = run(&stream, data, &output) { inflate($0, Z_FINISH) }
  // What follows the end of the data is no part of it.
  guard result == Z_STREAM_END, stream.avail_in == 0 else { return nil }
  output.removeLast(Int(stream.avail_out))
  return output
}

private func run(
  _ stream: inout z_stream,
  _ input: [UInt8],
  _ output: inout [UInt8],
  _ step: (UnsafeMutablePointer<z_stream>) -> Int32
) -> Int32 {
  var input = input
  return input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = uInt(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = uInt(output.count)
      return withUnsafeMutablePointer(to: &stream, step)
    }
  }
}
