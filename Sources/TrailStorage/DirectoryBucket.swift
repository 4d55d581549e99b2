// SPDX-License-Identifier: Apache-2.0
//
// A directory as a bucket: an object is the file at its key, its metadata the file beside it, `KEY.metadata.json`, a
// JSON object of strings. Keys come from strangers: none leads out of the directory, through a symbolic link, or to a
// file where another key has a folder. Source: POSIX.1 openat, mkdirat, renameat, fsync.

import Dispatch
package import Federation
import Glibc
import StrictJSON

/// A bucket that is a directory.
package final class DirectoryBucket: TrailBucket {
  private let path: String
  // Disks block: one thread of its own, and objects one after the other.
  private let queue = DispatchQueue(label: "exeat.trail-directory", qos: .utility)

  /// Takes the directory at `path`, which is not made: a disk that is not mounted must not be taken for an empty bucket.
  package init(path: String) {
    self.path = path
  }

  package func put(_ object: TrailObject) async throws(TrailBucketError) {
    let result: Result<Void, TrailBucketError> = await withCheckedContinuation { done in
      queue.async { done.resume(returning: Result { () throws(TrailBucketError) in try self.write(object) }) }
    }
    try result.get()
  }

  private func write(_ object: TrailObject) throws(TrailBucketError) {
    let segments = object.key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    guard let name = segments.last, segments.allSatisfy(isFileName),
      !segments.dropLast().contains(where: isObjectName)
    else { throw .refused(code: "InvalidURI", cause: "`\(object.key)` is not a path below the directory") }
    var folder = try Folder(path)
    for segment in segments.dropLast() { folder = try folder.folder(segment) }
    if !object.metadata.isEmpty {
      var writer = JSONWriter()
      writer.object { writer in
        for (name, value) in object.metadata { writer.member(name, value) }
      }
      // First: an object that is there has its metadata.
      try folder.write(writer.bytes, as: name + metadataSuffix)
    }
    try folder.write(object.body, as: name)
  }
}

private let metadataSuffix = ".metadata.json"

/// A name that is one level of a path: 1–255 bytes, no slash, no U+0000, neither `.` nor `..`.
private func isFileName(_ segment: String) -> Bool {
  (1...255 - metadataSuffix.utf8.count).contains(segment.utf8.count) && !segment.utf8.contains(0)
    && segment != "."
    && segment != ".."
}

/// Whether an object, or its metadata, may have this name.
///
/// SECURITY: the prefix of one account's trail must not make a folder where another's object is going to be.
private func isObjectName(_ segment: String) -> Bool {
  segment.hasSuffix(".json.gz") || segment.hasSuffix(metadataSuffix)
}

/// An open folder.
private final class Folder {
  private let descriptor: Int32

  /// Opens the folder at `path`, as the operator wrote it.
  init(_ path: String) throws(TrailBucketError) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open \(path)") }
  }

  private init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// The folder `name` in this one; made, durably, when it is not there.
  func folder(_ name: String) throws(TrailBucketError) -> Folder {
    if mkdirat(descriptor, name, 0o750) == 0 {
      guard fsync(descriptor) == 0 else { throw failure("sync the folder of \(name)") }
    } else if errno != EEXIST {
      throw failure("make \(name)")
    }
    let found = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard found >= 0 else { throw failure("open \(name)") }
    return Folder(descriptor: found)
  }

  /// Writes the file `name`, whole or not at all, over one that is there; durable on return.
  func write(_ content: [UInt8], as name: String) throws(TrailBucketError) {
    // Hidden, and one at a time: what a crash left behind is written over.
    let temporary = ".\(name.utf8.count > 200 ? String(name.suffix(100)) : name)"
    unlinkat(descriptor, temporary, 0)
    let file = openat(descriptor, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard file >= 0 else { throw failure("make \(temporary)") }
    var written = 0
    var isWritten = true
    while isWritten, written < content.count {
      let count = content[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count > 0 { written += count } else if errno != EINTR { isWritten = false }
    }
    isWritten =
      isWritten && fsync(file) == 0 && renameat(descriptor, temporary, descriptor, name) == 0
      && fsync(descriptor) == 0
    let failed = failure("write \(name)")
    close(file)
    guard isWritten else {
      unlinkat(descriptor, temporary, 0)
      throw failed
    }
  }
}

/// What the last system call said, as S3 would.
private func failure(_ what: String) -> TrailBucketError {
  let number = errno
  let code =
    switch number {
    case ENOENT: "NoSuchBucket"
    case EACCES, EPERM, EROFS, ELOOP, ENOTDIR: "AccessDenied"
    case ENAMETOOLONG: "KeyTooLongError"
    case ENOSPC, EDQUOT, EFBIG: "InsufficientStorage"
    default: "InternalError"
    }
  return .refused(code: code, cause: "cannot \(what): \(String(cString: strerror(number)))")
}
