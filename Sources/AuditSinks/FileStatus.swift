// SPDX-License-Identifier: Apache-2.0
//
// What the system says of a file, for those who cannot name its structure: beside a module that brings all of Foundation
// the compiler takes it for a part of that. Source: POSIX.1 fstat, lstat, stat.

import Glibc

/// Kind and size of a file.
package struct FileStatus: Hashable, Sendable {
  /// Whether it is a regular file.
  package let isRegular: Bool
  /// Whether it is a directory.
  package let isDirectory: Bool
  /// Its length in bytes.
  package let size: Int

  /// Of the open file `descriptor`; `nil` when the system does not say.
  package init?(of descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Of what is at `path`, or of what a symbolic link there leads to; `nil` when there is nothing.
  package init?(at path: String, followsLinks: Bool) {
    var status = stat()
    guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    let kind = status.st_mode & S_IFMT
    isRegular = kind == S_IFREG
    isDirectory = kind == S_IFDIR
    size = Int(status.st_size)
  }
}
