// SPDX-License-Identifier: Apache-2.0
//
// Gzip with zlib. The header names no time and no file, so that equal octets give equal members.
// Source: RFC 1952 §2.3; zlib.h, deflateInit2.

import CZlib
package import Federation

extension Gzip {
  /// Compresses with zlib.
  package static let zlib = Gzip { octets in
    var stream = z_stream()
    // 15 bits of window, and 16 for a gzip header: without deflateSetHeader its time is 0 and it has no name.
    let opened = deflateInit2_(
      &stream,
      Z_DEFAULT_COMPRESSION,
      Z_DEFLATED,
      15 + 16,
      8,
      Z_DEFAULT_STRATEGY,
      ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size)
    )
    guard opened == Z_OK, octets.count <= Int(UInt32.max) / 2 else { return nil }
    defer { deflateEnd(&stream) }
    var input = octets
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(octets.count))))
    // With room for the bound, one call does it all.
    let result = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = uInt(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = uInt(output.count)
        return deflate(&stream, Z_FINISH)
      }
    }
    guard result == Z_STREAM_END else { return nil }
    output.removeLast(Int(stream.avail_out))
    return output
  }
}
