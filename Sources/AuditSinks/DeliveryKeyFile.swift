// SPDX-License-Identifier: Apache-2.0
//
// The file with the key of a webhook: that nobody else can read it. Knows nothing of what is signed.
// Source: POSIX.1 open, fstat.

package import AuditTrail
package import Federation
import Glibc
import IdentityModel

extension DeliveryKey {
  /// Reads the key from the file at `path`, if nobody but its owner can read or change it.
  ///
  /// - Throws: `AuditExportError.unsuitable`.
  package static func load(from path: String) throws(AuditExportError) -> DeliveryKey {
    // O_NONBLOCK: a pipe at the path must not make us wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .unsuitable("cannot read \(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unsuitable("\(path) is not a regular file")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw .unsuitable("others can read \(path) (mode \(String(status.st_mode & 0o7777, radix: 8)))")
    }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw .unsuitable("\(path) belongs to another user (uid \(status.st_uid))")
    }
    var bytes = [UInt8](repeating: 0, count: 4097)
    let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    guard (0...4096).contains(count) else { throw .unsuitable("\(path) is longer than 4,096 bytes") }
    do {
      return try DeliveryKey(Secret(bytes.prefix(count)))
    } catch {
      throw .unsuitable("\(path) holds no key of \(minimumBytes) bytes or more")
    }
  }
}
