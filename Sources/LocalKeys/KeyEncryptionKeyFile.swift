// SPDX-License-Identifier: Apache-2.0
//
// The system calls around the key-encryption key's file: who may read it, and that it is on the disk.
// Knows nothing of its content. Source: POSIX.1 open, fstat, fsync.

import Glibc

enum KeyEncryptionKeyFile {
  /// Writes a new file with mode 0600 and flushes it and its directory.
  static func create(at path: String, content: [UInt8]) throws(KeyEncryptionKeyError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw errno == EEXIST ? .alreadyExists : .failed(operation: "open", errno: errno)
    }
    do throws(KeyEncryptionKeyError) {
      defer { close(descriptor) }
      try write(content, to: descriptor)
      guard fsync(descriptor) == 0 else { throw .failed(operation: "fsync", errno: errno) }
      try flushDirectory(of: path)
    } catch {
      unlink(path)
      throw error
    }
  }

  /// Puts a file with `content` in the place of the one at `path`, behind a symbolic link if there is one, with its owner
  /// and mode.
  static func replace(at path: String, content: [UInt8]) throws(KeyEncryptionKeyError) {
    guard let resolved = realpath(path, nil) else {
      throw errno == ENOENT ? .notFound : .failed(operation: "realpath", errno: errno)
    }
    defer { free(resolved) }
    let target = String(cString: resolved)
    var status = stat()
    guard stat(target, &status) == 0 else { throw .failed(operation: "stat", errno: errno) }
    let new = target + ".new"
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw errno == EEXIST ? .alreadyExists : .failed(operation: "open", errno: errno)
    }
    do throws(KeyEncryptionKeyError) {
      defer { close(descriptor) }
      // The server that reads the file need not run as who runs this.
      if status.st_uid != geteuid() || status.st_gid != getegid() {
        guard fchown(descriptor, status.st_uid, status.st_gid) == 0 else {
          throw .failed(operation: "fchown", errno: errno)
        }
      }
      guard fchmod(descriptor, status.st_mode & 0o700) == 0 else {
        throw .failed(operation: "fchmod", errno: errno)
      }
      try write(content, to: descriptor)
      guard fsync(descriptor) == 0 else { throw .failed(operation: "fsync", errno: errno) }
      guard rename(new, target) == 0 else { throw .failed(operation: "rename", errno: errno) }
    } catch {
      unlink(new)
      throw error
    }
    try flushDirectory(of: target)
  }

  /// Reads a whole file of at most `maximumBytes`, if nobody else can read or change it.
  static func read(at path: String, maximumBytes: Int) throws(KeyEncryptionKeyError) -> [UInt8] {
    // O_NONBLOCK: a pipe at the path must not make us wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? .notFound : .failed(operation: "open", errno: errno)
    }
    defer { close(descriptor) }
    // Of the open file, not of the path: what is checked is what is read.
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .failed(operation: "fstat", errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile }
    guard status.st_mode & 0o077 == 0 else { throw .permissionsTooOpen(mode: status.st_mode & 0o7777) }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw .ownedByAnother(userID: status.st_uid)
    }
    var content = [UInt8](repeating: 0, count: maximumBytes + 1)
    var filled = 0
    while filled < content.count {
      let count = content.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .failed(operation: "read", errno: errno) }
      if count == 0 { break }
      filled += count
    }
    guard filled <= maximumBytes else { throw .malformed }
    content.removeLast(content.count - filled)
    return content
  }

  private static func write(_ content: [UInt8], to descriptor: Int32) throws(KeyEncryptionKeyError) {
    var written = 0
    while written < content.count {
      let count = content.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .failed(operation: "write", errno: errno) }
      written += count
    }
  }

  private static func flushDirectory(of path: String) throws(KeyEncryptionKeyError) {
    let directory: String
    switch path.utf8.lastIndex(of: UInt8(ascii: "/")) {
    case nil: directory = "."
    case path.startIndex?: directory = "/"
    case let slash?: directory = String(path[..<slash])
    }
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed(operation: "open directory", errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .failed(operation: "fsync directory", errno: errno) }
  }
}
