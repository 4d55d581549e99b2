// SPDX-License-Identifier: Apache-2.0
//
// Which files a running server has open, and whether they are still what their paths lead to: a record that goes
// into a removed file is lost. Looks by stat only; refuses to open anything (see `StoreFile`).
// Source: POSIX stat; SQLite, "How To Corrupt An SQLite Database File", 2.4 (files unlinked or renamed while in use).

import Federation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What stays the same as long as a path leads to the same file.
struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64

  init(_ status: stat) {
    self.device = UInt64(status.st_dev)
    self.inode = UInt64(status.st_ino)
  }

  /// The file at `path`, `nil` when there is none; throws `unavailable` when that cannot be told.
  init?(at path: String) throws(StoreError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT || errno == ENOTDIR else { throw .unavailable(systemError(path)) }
      return nil
    }
    self.init(status)
  }
}

/// The files of a store that is open for writing.
struct OpenFiles: Sendable {
  private struct File: Sendable {
    let path: String
    let identity: FileIdentity
  }

  /// The store that was opened.
  let store: StoreFile
  private let main: File
  private let log: File
  private let index: File
  private let lock: File

  /// Notes what `-wal` and `-shm` are now.
  ///
  /// There must be a connection that has read the store and stays open as long as these files are asked: with it
  /// SQLite neither removes the two nor makes new ones. Throws `unavailable` when one is missing.
  init(of store: StoreFile, lock: StoreLock) throws(StoreError) {
    func file(_ suffix: String) throws(StoreError) -> File {
      let path = store.path + suffix
      guard let identity = try FileIdentity(at: path) else { throw .lost(path) }
      return File(path: path, identity: identity)
    }
    self.store = store
    self.main = File(path: store.path, identity: store.identity)
    self.log = try file("-wal")
    self.index = try file("-shm")
    self.lock = File(path: lock.path, identity: lock.identity)
  }

  /// The path of a file that was removed or replaced, if there is one; throws `unavailable` when that cannot be told.
  func lostPath() throws(StoreError) -> String? {
    for file in [main, log, index, lock] where try FileIdentity(at: file.path) != file.identity {
      return file.path
    }
    return nil
  }

  /// Whether what SQLite has in its log still belongs into the store.
  ///
  /// It does when the store is in its place and no other log or index is: a removed log then holds records that
  /// were acknowledged, and nobody else can have begun another one.
  ///
  /// Throws `unavailable` when that cannot be told.
  func mayCheckpoint() throws(StoreError) -> Bool {
    guard try FileIdentity(at: main.path) == main.identity else { return false }
    for file in [log, index] {
      if let found = try FileIdentity(at: file.path), found != file.identity { return false }
    }
    return true
  }
}

extension StoreError {
  /// The file at `path` is not the one that the server opened.
  static func lost(_ path: String) -> StoreError {
    .unavailable("`\(path)` was removed or replaced; stop the server and restore it")
  }
}
