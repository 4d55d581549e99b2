// SPDX-License-Identifier: Apache-2.0
//
// Whole files, read and replaced. Refuses to know what is in them. Source: POSIX open, write, fsync, rename.

import Federation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

enum DurableFile {
  #if canImport(Glibc)
    static let systemRead = Glibc.read
    private static let systemWrite = Glibc.write
  #elseif canImport(Musl)
    static let systemRead = Musl.read
    private static let systemWrite = Musl.write
  #endif

  /// The content of the regular file at `path`; `nil` when there is none.
  static func read(_ path: String, maximumBytes: Int) throws(StoreError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      guard errno == ENOENT || errno == ENOTDIR else { throw .unavailable(systemError(path)) }
      return nil
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unavailable(systemError(path)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .corrupted("`\(path)` is not a regular file") }
    guard status.st_size <= maximumBytes else { throw .corrupted("`\(path)` is too large") }
    var content: [UInt8] = []
    content.reserveCapacity(Int(status.st_size) + 1)
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while content.count <= maximumBytes {
      let count = systemRead(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unavailable(systemError(path)) }
      if count == 0 { return content }
      content.append(contentsOf: chunk[..<count])
    }
    throw .corrupted("`\(path)` is too large")
  }

  /// Puts a file with `content` at `path`, mode 0600, in place of what is there; durable on return.
  ///
  /// After a failure the one or the other is there, whole.
  static func replace(_ path: String, with content: [UInt8]) throws(StoreError) {
    let new = path + ".new"
    unlink(new)
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .unavailable(systemError(new)) }
    do throws(StoreError) {
      defer { close(descriptor) }
      try write(content, to: descriptor, new)
      guard fsync(descriptor) == 0 else { throw .unavailable(systemError(new)) }
    } catch {
      unlink(new)
      throw error
    }
    guard rename(new, path) == 0 else {
      let failure = StoreError.unavailable(systemError(path))
      unlink(new)
      throw failure
    }
    try syncFolder(of: path)
  }

  /// Writes all of `content`.
  static func write(_ content: [UInt8], to descriptor: Int32, _ path: String) throws(StoreError) {
    var written = 0
    while written < content.count {
      let count = content[written...].withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .unavailable(systemError(path)) }
      written += count
    }
  }

  /// Makes the name of the file at `path` durable.
  static func syncFolder(of path: String) throws(StoreError) {
    let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unavailable(systemError(folder)) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .unavailable(systemError(folder)) }
  }
}
