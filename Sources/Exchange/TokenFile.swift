// SPDX-License-Identifier: Apache-2.0
//
// A file with a secret in it: readers see the old content or the new one, whole, and nobody but its owner sees either.
// Source: POSIX.1 rename, fsync.

package import IdentityModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why a file was not written.
package struct TokenFileError: Error, Hashable, Sendable {
  /// The file.
  package let path: String
  /// `errno` as POSIX numbers it.
  package let errno: Int32

  /// Pairs `path` and `errno`.
  package init(path: String, errno: Int32) {
    self.path = path
    self.errno = errno
  }

  /// The system's words.
  package var reason: String { String(cString: strerror(errno)) }
}

/// Writes files that hold secrets.
package enum TokenFile {
  /// Puts a file with `content` and mode 0600 in the place of what is at `path`.
  ///
  /// A symbolic link at `path` is replaced, not followed. What is there stays as it is when anything fails.
  ///
  /// - Throws: `TokenFileError`.
  package static func replace(_ path: String, with content: Secret) throws(TokenFileError) {
    let temporary = "\(path).\(getpid()).new"
    unlink(temporary)
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw TokenFileError(path: path, errno: errno) }
    let isWritten = content.withBytes { write($0, to: file) } && fsync(file) == 0
    let failure = errno
    close(file)
    guard isWritten, rename(temporary, path) == 0 else {
      let reason = isWritten ? errno : failure
      unlink(temporary)
      throw TokenFileError(path: path, errno: reason)
    }
    synchronizeDirectory(of: path)
  }

  /// Whether all of `bytes` were written; `errno` says why not.
  private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { buffer in
        #if canImport(Glibc)
          Glibc.write(file, buffer.baseAddress, buffer.count)
        #else
          Musl.write(file, buffer.baseAddress, buffer.count)
        #endif
      }
      guard count > 0 || errno == EINTR else { return false }
      rest = rest.dropFirst(max(0, count))
    }
    return true
  }

  /// The new name is durable too, where the file system has such a thing; the content is in place in either case.
  private static func synchronizeDirectory(of path: String) {
    let parent = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? "."
    let directory = open(parent.isEmpty ? "/" : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    fsync(directory)
    close(directory)
  }
}
