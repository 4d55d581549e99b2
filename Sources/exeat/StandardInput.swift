// SPDX-License-Identifier: Apache-2.0
//
// Reads standard input, and files, up to a limit.

import AuditSinks

#if canImport(Glibc)
  import Glibc
#endif

/// Reads whole streams.
enum StandardInput {
  /// Standard input until its end; throws when it is longer than `limit` octets or cannot be read.
  static func read(limit: Int) throws(CommandFailure) -> [UInt8] {
    try read(0, called: "standard input", limit: limit)
  }

  /// The file at `path`, a device or a pipe too; throws when it is longer than `limit` octets or cannot be read.
  static func read(file path: String, limit: Int) throws(CommandFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed("cannot read `\(path)`") }
    defer { close(descriptor) }
    return try read(descriptor, called: "`\(path)`", limit: limit)
  }

  /// The regular file at `path`, and nothing that might never end: no pipe, no device, no folder.
  ///
  /// - Throws: when it is anything else, longer than `limit` octets or cannot be read.
  static func read(regularFile path: String, limit: Int) throws(CommandFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw .failed("cannot read `\(path)`") }
    defer { close(descriptor) }
    guard FileStatus(of: descriptor)?.isRegular == true else {
      throw .failed("`\(path)` is not a regular file")
    }
    return try read(descriptor, called: "`\(path)`", limit: limit)
  }

  private static func read(
    _ descriptor: Int32,
    called name: String,
    limit: Int
  ) throws(CommandFailure) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { return result }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw .failed("cannot read \(name)")
      }
      result += buffer[..<count]
      guard result.count <= limit else { throw .failed("\(name) is longer than \(limit) octets") }
    }
  }
}
