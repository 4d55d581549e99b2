// SPDX-License-Identifier: Apache-2.0
//
// Small files read and written whole. A file appears complete and with its final mode or not at all: a
// private key is never readable by others, not for a moment.

import Glibc

/// Reads and writes files.
enum PrivateFile {
  /// Why a file could not be read: the system's words.
  struct Failure: Error {
    let reason: String

    /// The error that the last system call left.
    static var last: Failure { Failure(reason: String(cString: strerror(errno))) }
  }

  /// A PEM chain is a few kilobytes.
  private static let maximumBytes = 1_048_576

  /// The content of the file at `path`; a directory, a device or a pipe, which could block, is refused.
  static func read(_ path: String) -> Result<[UInt8], Failure> {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return .failure(.last) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { return .failure(.last) }
    guard status.st_mode & S_IFMT == S_IFREG else { return .failure(Failure(reason: "not a regular file")) }
    var octets: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while octets.count <= maximumBytes {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count == 0 { return .success(octets) }
      if count < 0 {
        if errno == EINTR { continue }
        return .failure(.last)
      }
      octets.append(contentsOf: chunk[..<count])
    }
    return .failure(Failure(reason: "larger than \(maximumBytes) octets"))
  }

  /// Whether something is at `path`.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Refuses what is at `path` when its owner is neither this user nor root, or when its mode has one of the
  /// bits in `forbidden`.
  static func requireOwn(_ path: String, forbidden: mode_t) throws(HTTPServerError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .unsafePermissions(path: path, reason: Failure.last.reason)
    }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw .unsafePermissions(path: path, reason: "it belongs to user \(status.st_uid)")
    }
    guard status.st_mode & forbidden == 0 else {
      let mode = String(status.st_mode & 0o7777, radix: 8)
      throw .unsafePermissions(path: path, reason: "its mode \(mode) lets other users in")
    }
  }

  /// Replaces the file at `path` by one with `content` and `mode`.
  static func write(_ content: [UInt8], to path: String, mode: mode_t) throws(HTTPServerError) {
    let temporary = "\(path).\(getpid()).new"
    unlink(temporary)
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard file >= 0 else { throw .cannotWrite(path: path, reason: Failure.last.reason) }
    var isWritten = fchmod(file, mode) == 0
    var written = 0
    while isWritten, written < content.count {
      let count = content[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count > 0 { written += count } else if errno != EINTR { isWritten = false }
    }
    if isWritten { isWritten = fsync(file) == 0 }
    if isWritten { isWritten = rename(temporary, path) == 0 }
    let failure = Failure.last
    close(file)
    guard isWritten else {
      unlink(temporary)
      throw .cannotWrite(path: path, reason: failure.reason)
    }
  }

  /// Makes the directory `path`, for its owner alone, unless it is there.
  static func makeDirectory(_ path: String) throws(HTTPServerError) {
    guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
    throw .cannotWrite(path: path, reason: Failure.last.reason)
  }
}
