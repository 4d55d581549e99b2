// SPDX-License-Identifier: Apache-2.0
//
// What tells one state of a file from another without reading it. Source: POSIX.1 stat.

import Glibc

/// The state of the file of the key-encryption keys.
package struct KeyEncryptionKeyStamp: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let modified: [Int]
  private let changed: [Int]

  /// Of the file at `path`, behind a symbolic link if there is one; `nil` when there is none.
  package init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
  }
}
