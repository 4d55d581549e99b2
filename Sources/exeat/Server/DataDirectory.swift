// SPDX-License-Identifier: Apache-2.0
//
// The files of a server: where they are, and that nobody else reads them.

import FoundationEssentials
import IdentityModel
import StoreSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// The data directory of a server.
struct DataDirectory: Sendable {
  /// The path as it was given.
  let path: String

  init(_ path: String) {
    self.path = path
  }

  /// The store.
  var store: String { path + "/store.sqlite" }
  /// The key-encryption key.
  var keyEncryptionKey: String { path + "/key-encryption-key" }
  /// The root access key of the first account, in the AWS ini form.
  var credentials: String { path + "/credentials" }
  /// The development CA and its certificates.
  var tls: String { path + "/tls" }

  /// Makes the directory, mode 0700, or takes an empty one; throws when it holds anything of a server already.
  func create() throws(CommandFailure) {
    for file in [store, keyEncryptionKey, credentials] where access(file, F_OK) == 0 {
      throw .failed("--data-dir: \(file) exists", hint: "choose another directory; nothing was changed")
    }
    do {
      try FileManager.default.createDirectory(
        atPath: path,
        withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700]
      )
    } catch {
      throw .failed("--data-dir: cannot make \(path)")
    }
  }

  /// Opens the store for the one server that writes to it.
  func openStore() throws(CommandFailure) -> SQLiteStore {
    do {
      return try SQLiteStore.open(at: store)
    } catch {
      let hint = access(store, F_OK) == 0 ? nil : "make one with `exeat init --data-dir \(path)`"
      throw .failed("--data-dir: \(CommandFailure(startError: error).message)", hint: hint)
    }
  }

  /// Writes the root access key where only the owner reads it; never over an existing file.
  func writeCredentials(accessKeyID: String, secretAccessKey: Secret) throws(CommandFailure) {
    let descriptor = open(credentials, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .failed("--data-dir: cannot make \(credentials)") }
    defer { close(descriptor) }
    let text = secretAccessKey.withBytes { secret in
      Array("[default]\naws_access_key_id = \(accessKeyID)\naws_secret_access_key = ".utf8) + secret
        + Array("\n".utf8)
    }
    guard write(descriptor, text, text.count) == text.count, fsync(descriptor) == 0 else {
      throw .failed("--data-dir: cannot write \(credentials)")
    }
  }
}
