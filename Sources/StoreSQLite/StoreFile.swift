// SPDX-License-Identifier: Apache-2.0
//
// The file of a store: made with mode 0600 (SQLite gives `-wal` and `-shm` the mode of the file), and held by one
// server at a time through a lock on the file beside it. Refuses to know what is in it. Never opens the store file
// while SQLite has it open: closing any descriptor of it would drop SQLite's POSIX locks.
// Source: POSIX open, realpath, fstat; Linux flock(2); SQLite, "How To Corrupt An SQLite Database File", 2.2.

import Federation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An existing store file, with symbolic links resolved.
struct StoreFile: Hashable, Sendable {
  /// The absolute path without symbolic links.
  let path: String
  /// The file that was there.
  let identity: FileIdentity

  /// Finds the regular file at `path`.
  init(existing path: String) throws(StoreError) {
    guard let resolved = realpath(path, nil) else {
      throw errno == ENOENT ? .unavailable("there is no store at `\(path)`") : .unavailable(systemError(path))
    }
    defer { free(resolved) }
    self.path = String(cString: resolved)
    var status = stat()
    guard stat(self.path, &status) == 0 else { throw .unavailable(systemError(path)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .corrupted("`\(path)` is not a regular file") }
    self.identity = FileIdentity(status)
  }

  /// Makes an empty file at `path`, mode 0600; throws `unavailable` when there is anything at `path`.
  init(creating path: String) throws(StoreError) {
    let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw errno == EEXIST
        ? .unavailable("`\(path)` exists; a store is never overwritten") : .unavailable(systemError(path))
    }
    close(descriptor)
    try self.init(existing: path)
  }

  /// Throws `unavailable` when the file is gone or another one took its place.
  ///
  /// A store that was put back while the server runs would otherwise get a second history.
  func requireUnchanged() throws(StoreError) {
    guard try FileIdentity(at: path) == identity else { throw .lost(path) }
  }

  /// Makes the name of the file durable.
  func syncFolder() throws(StoreError) {
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
    let folder = String(path[...end])
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unavailable(systemError(folder)) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .unavailable(systemError(folder)) }
  }

  /// Removes the file and what SQLite put beside it.
  ///
  /// Only for a file that this process just made.
  func remove() {
    for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
  }
}

/// An exclusive lock on `<path>.lock`, held until `release` or the end of the process.
///
/// The lock file stays. Who removes it lets a second server in, so a lock holds only as long as the path leads to
/// the file that is locked: `OpenFiles` looks.
final class StoreLock: Sendable {
  /// The absolute path of the lock file.
  let path: String
  /// The file that is locked.
  let identity: FileIdentity
  private let descriptor: Mutex<Int32?>

  /// Whether another server has the lock of `file`.
  static func isHeld(of file: StoreFile) -> Bool {
    let descriptor = open(file.path + ".lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// Takes the lock; throws `unavailable` at once when another server has it.
  init(of file: StoreFile) throws(StoreError) {
    let path = file.path + ".lock"
    let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .unavailable(systemError(path)) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let error: StoreError =
        errno == EWOULDBLOCK
        ? .unavailable("`\(file.path)` is in use by another server") : .unavailable(systemError(path))
      close(descriptor)
      throw error
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = StoreError.unavailable(systemError(path))
      close(descriptor)
      throw error
    }
    self.path = path
    self.identity = FileIdentity(status)
    self.descriptor = Mutex(descriptor)
    guard try FileIdentity(at: path) == identity else { throw .lost(path) }
  }

  deinit { release() }

  /// Gives the lock back; more than once does nothing.
  func release() {
    descriptor.withLock { descriptor in
      guard let held = descriptor else { return }
      // A child between fork and exec has the descriptor too, and would hold the lock with it.
      flock(held, LOCK_UN)
      close(held)
      descriptor = nil
    }
  }
}

/// `path` and what `errno` says.
func systemError(_ path: String) -> String {
  "`\(path)`: \(String(cString: strerror(errno)))"
}
