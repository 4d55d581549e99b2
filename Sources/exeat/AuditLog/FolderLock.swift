// SPDX-License-Identifier: Apache-2.0
//
// One process at a time writes to a folder. The lock is on the folder itself, leaves no file, and ends with the process.
// Source: flock(2).

#if canImport(Glibc)
  import Glibc
#endif

/// Holds a folder for as long as it lives.
final class FolderLock: Sendable {
  private let descriptor: Int32

  /// Throws when another process holds the folder, or there is none.
  init(_ folder: String, option: String) throws(CommandFailure) {
    descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .failed("\(option): cannot open \(folder): \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .failed("\(option): another process works in \(folder)")
    }
  }

  deinit { close(descriptor) }
}
