// SPDX-License-Identifier: Apache-2.0
//
// Reads standard input up to a limit.

#if canImport(Glibc)
  import Glibc
#endif

/// Reads whole streams.
enum StandardInput {
  /// Standard input until its end; throws when it is longer than `limit` octets or cannot be read.
  static func read(limit: Int) throws(CommandFailure) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(0, &buffer, buffer.count)
      if count == 0 { return result }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw .failed("cannot read standard input")
      }
      result += buffer[..<count]
      guard result.count <= limit else { throw .failed("standard input is longer than \(limit) octets") }
    }
  }
}
