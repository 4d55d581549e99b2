// SPDX-License-Identifier: Apache-2.0
//
// A file to which whole lines are appended, durable on return, and put aside when it is full or its time is over. Owns
// every system call on it; refuses to know what a line means. Source: POSIX.1 open, write, fsync, rename; flock(2).

import Federation
import Glibc
import IdentityModel

/// When a file is put aside.
package struct FileRotation: Hashable, Sendable {
  /// Before a batch that would make the file longer than this; unit: bytes.
  package let maximumBytes: Int64
  /// When a period of this length is over, counted from 1970: 86,400 puts aside at midnight UTC.
  ///
  /// Unit: seconds.
  package let periodSeconds: Int64

  /// Gathers the parts.
  package init(maximumBytes: Int64, periodSeconds: Int64) {
    self.maximumBytes = maximumBytes
    self.periodSeconds = periodSeconds
  }
}

/// A file to which lines are appended.
struct AppendedFile {
  private struct Opened {
    let descriptor: Int32
    let identity: FileIdentity
    var size: Int64
    var lastWrite: Instant
    /// Whether lines that are to be appended may stand at its end already.
    var mayRepeat: Bool
  }

  private let path: String
  private let rotation: FileRotation
  private var opened: Opened?

  init(path: String, rotation: FileRotation) {
    self.path = path
    self.rotation = rotation
  }

  /// Appends `lines`, each ended by a line feed; durable on return.
  ///
  /// After a throw none of them is in the file, or the next call finds out what is. Lines at the end of a file that was
  /// just opened are not written again: they were, before the position was kept.
  mutating func append(_ lines: [[UInt8]], now: Instant) throws(AuditExportError) {
    var file = try current()
    let present = file.mayRepeat ? try countAtEnd(of: file, lines) : 0
    let bytes = Array(lines.dropFirst(present).joined())
    // A batch that began in this file ends in it: cut in two by a rotation, it would not be known again.
    if present == 0, isDue(file, adding: bytes.count, now: now) {
      try putAside(file, now: now)
      file = try current()
    }
    file.mayRepeat = false
    do {
      try write(bytes, to: file)
    } catch {
      // What was written must not be taken for accepted. After a failed fsync the system may have dropped the bytes and
      // forgotten it: they are cut off and written anew, never synced again.
      ftruncate(file.descriptor, off_t(file.size))
      close()
      throw error
    }
    file.size += Int64(bytes.count)
    file.lastWrite = now
    opened = file
  }

  /// Closes the file.
  mutating func close() {
    if let opened { Glibc.close(opened.descriptor) }
    opened = nil
  }

  private func isDue(_ file: Opened, adding count: Int, now: Instant) -> Bool {
    guard file.size > 0, count > 0 else { return false }
    return file.size + Int64(count) > rotation.maximumBytes
      || file.lastWrite.seconds / rotation.periodSeconds != now.seconds / rotation.periodSeconds
  }
}

// MARK: - Opening

extension AppendedFile {
  /// The file, opened now unless it is and still stands at its path.
  private mutating func current() throws(AuditExportError) -> Opened {
    if let opened {
      if FileIdentity(path: path) == opened.identity { return opened }
      close()
    }
    let descriptor = open(
      path,
      O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
      0o600
    )
    guard descriptor >= 0 else { throw failure("open") }
    do {
      let file = try examine(descriptor)
      opened = file
      return file
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  private func examine(_ descriptor: Int32) throws(AuditExportError) -> Opened {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("look at") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .unsuitable("`\(path)` is not a regular file") }
    guard status.st_uid == geteuid() else {
      throw .unsuitable("`\(path)` belongs to another user (uid \(status.st_uid))")
    }
    guard status.st_mode & 0o022 == 0 else { throw .unsuitable("others can write to `\(path)`") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK
        ? .unsuitable("another process writes to `\(path)`") : failure("lock")
    }
    var size = Int64(status.st_size)
    if size > 0 { size = try repair(descriptor, size: size) }
    // A file that was just made must not be lost with its folder's entry.
    try syncFolder()
    return Opened(
      descriptor: descriptor,
      identity: FileIdentity(status),
      size: size,
      lastWrite: Instant(seconds: Int64(status.st_mtim.tv_sec)),
      mayRepeat: size > 0
    )
  }

  /// Cuts off a line without its end, which a crash or a full disk left; the size then.
  ///
  /// SECURITY: a file that does not hold lines of ours is left alone, whatever path the operator wrote.
  private func repair(_ descriptor: Int32, size: Int64) throws(AuditExportError) -> Int64 {
    guard try read(descriptor, at: 0, count: 1) == [UInt8(ascii: "{")] else {
      throw .unsuitable("`\(path)` holds something else than exported records")
    }
    var end = size
    while end > 0 {
      let start = max(0, end - 65_536)
      let chunk = try read(descriptor, at: start, count: Int(end - start))
      if let feed = chunk.lastIndex(of: UInt8(ascii: "\n")) {
        end = start + Int64(feed) + 1
        break
      }
      end = start
    }
    guard end != size else { return size }
    guard ftruncate(descriptor, off_t(end)) == 0, fsync(descriptor) == 0 else { throw failure("repair") }
    return end
  }

  /// How many of the first `lines` are the end of the file.
  private func countAtEnd(of file: Opened, _ lines: [[UInt8]]) throws(AuditExportError) -> Int {
    let all = Array(lines.joined())
    let count = Int(min(file.size, Int64(all.count)))
    let end = try read(file.descriptor, at: file.size - Int64(count), count: count)
    var length = all.count
    for index in lines.indices.reversed() {
      if length <= end.count, end.suffix(length).elementsEqual(all.prefix(length)) {
        return index + 1
      }
      length -= lines[index].count
    }
    return 0
  }
}

// MARK: - Putting aside

extension AppendedFile {
  /// Renames the file to `PATH.20261121T142012Z`, or the like; the next `current` makes a new one.
  private mutating func putAside(_ file: Opened, now: Instant) throws(AuditExportError) {
    let base = "\(path).\(now.basicFormat)"
    var target = base
    var number = 1
    // INVARIANT: under the lock nobody else puts this file aside, so what is free stays free.
    while FileIdentity(path: target) != nil {
      number += 1
      target = "\(base)-\(number)"
    }
    guard rename(path, target) == 0 else { throw failure("put aside") }
    close()
    try syncFolder()
  }

  private func syncFolder() throws(AuditExportError) {
    let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open the folder of") }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("sync the folder of") }
  }
}

// MARK: - Bytes

extension AppendedFile {
  private func write(_ bytes: [UInt8], to file: Opened) throws(AuditExportError) {
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        written += count
      } else if count == 0 || errno != EINTR {
        throw failure("write")
      }
    }
    // Also when nothing was new: what is there may never have been synced.
    guard fsync(file.descriptor) == 0 else { throw failure("sync") }
  }

  private func read(_ descriptor: Int32, at offset: Int64, count: Int) throws(AuditExportError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes[done...].withUnsafeMutableBytes { buffer in
        pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset) + done)
      }
      if got > 0 {
        done += got
      } else if got == 0 || errno != EINTR {
        throw failure("read")
      }
    }
    return bytes
  }

  private func failure(_ what: String) -> AuditExportError {
    .unavailable("cannot \(what) `\(path)`: \(String(cString: strerror(errno)))")
  }
}

/// Which file stands at a path.
private struct FileIdentity: Hashable {
  private let device: UInt64
  private let node: UInt64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    node = UInt64(status.st_ino)
  }

  init?(path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}
