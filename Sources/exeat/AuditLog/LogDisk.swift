// SPDX-License-Identifier: Apache-2.0
//
// The system calls around a log's files: a file appears whole or not at all, and a folder of them is on the disk before
// the checkpoint that counts on it. Source: POSIX.1 open, rename, fsync.

import AuditSinks

#if canImport(Glibc)
  import Glibc
#endif

/// Reads and writes files of logs.
enum LogDisk {
  /// The file at `path`; `nil` when there is none.
  ///
  /// Throws when it is longer than `limit` bytes, or cannot be read.
  static func read(_ path: String, limit: Int) throws(CommandFailure) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw .failed("cannot read \(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    // A directory opens, and so does a pipe; neither is a file of a log.
    guard let status = FileStatus(of: descriptor), status.isRegular else {
      throw .failed("\(path) is not a file")
    }
    guard status.size <= limit else { throw .failed("\(path) is longer than \(limit) bytes") }
    var bytes = [UInt8](repeating: 0, count: status.size)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .failed("cannot read \(path): \(String(cString: strerror(errno)))") }
      // It became shorter meanwhile.
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Puts a file at `path`, in place of what is there, whole or not at all; makes the folders above it.
  ///
  /// - Parameters:
  ///   - bytes: what it holds.
  ///   - path: where.
  ///   - isPrivate: whether its owner alone may read it: it holds records.
  ///   - isDurable: whether it is on the disk on return; otherwise after `flush`.
  /// - Throws: when a call fails; then what was there before is there.
  static func write(
    _ bytes: [UInt8],
    to path: String,
    isPrivate: Bool = false,
    isDurable: Bool = false
  ) throws(CommandFailure) {
    let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? "."
    try makeFolder(folder.isEmpty ? "/" : folder, mode: isPrivate ? 0o700 : 0o755)
    // INVARIANT: one process at a time writes to a folder of a log (FolderLock), so what has the name is of a crash.
    let new = path + ".new"
    unlink(new)
    let mode: mode_t = isPrivate ? 0o600 : 0o644
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw cannotWrite(path) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let failure = cannotWrite(path)
        close(descriptor)
        unlink(new)
        throw failure
      }
      written += count
    }
    let isFlushed = !isDurable || fsync(descriptor) == 0
    guard close(descriptor) == 0, isFlushed, rename(new, path) == 0 else {
      let failure = cannotWrite(path)
      unlink(new)
      throw failure
    }
    if isDurable { try flushFolder(folder.isEmpty ? "/" : folder) }
  }

  /// Removes the file at `path`, and its folder when that is empty then; what cannot be removed stays.
  static func remove(_ path: String) {
    unlink(path)
    if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) { rmdir(String(path[..<slash])) }
  }

  /// Puts everything that was written before on the disk.
  ///
  /// One call for thousands of files. What a bad disk loses all the same is found when the files are checked.
  static func flush() {
    sync()
  }

  /// Whether there is a folder at `path`.
  static func isFolder(_ path: String) -> Bool {
    FileStatus(at: path, followsLinks: true)?.isDirectory == true
  }

  /// Makes a folder and those above it, or takes the ones that are there.
  static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(CommandFailure) {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex
    else {
      throw cannotWrite(path)
    }
    try makeFolder(String(path[..<slash]), mode: mode)
    guard mkdir(path, mode) == 0 || errno == EEXIST else { throw cannotWrite(path) }
  }

  private static func flushFolder(_ folder: String) throws(CommandFailure) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotWrite(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw cannotWrite(folder) }
  }

  private static func cannotWrite(_ path: String) -> CommandFailure {
    .failed("cannot write \(path): \(String(cString: strerror(errno)))")
  }
}
