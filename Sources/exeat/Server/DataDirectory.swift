// SPDX-License-Identifier: Apache-2.0
//
// The files of a server: where they are, that nobody else reads them, and that a failed `init` leaves none behind.
// Source: POSIX.1 lstat, mkdir, open, realpath.

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
  /// The lock that the store's one server holds.
  var storeLock: String { store + ".lock" }
  /// The store and what SQLite puts beside it.
  var storeFiles: [String] { ["", "-wal", "-shm", "-journal"].map { store + $0 } }
  /// The key-encryption key.
  var keyEncryptionKey: String { path + "/key-encryption-key" }
  /// What the server says about its key-encryption keys.
  var keyEncryptionKeyStatus: String { keyEncryptionKey + ".status" }
  /// The root access key of the first account, in the AWS ini form.
  var credentials: String { path + "/credentials" }
  /// What the Merkle log keeps outside the store: checkpoint, keys, sealed segments.
  var log: String { path + "/log" }
  /// The log's private key.
  var logKey: String { log + "/key" }
  /// Sealed segments of old records.
  var logSegments: String { log + "/segments" }
  /// The log's signed checkpoint.
  var logCheckpoint: String { log + "/checkpoint" }
  /// The log's verifier key.
  var logVerifierKey: String { log + "/verifier-key" }
  /// The development CA and its certificates.
  var tls: String { path + "/tls" }

  /// Makes the directory, mode 0700, or takes one that is there; `made` learns what was made, also when it throws.
  ///
  /// Throws when it holds anything of a server already, a dangling symbolic link included, and when somebody else
  /// could put something into it.
  func create(_ made: inout Made) throws(CommandFailure) {
    for file in storeFiles + [storeLock, keyEncryptionKey, credentials, log] {
      guard attributes(of: file) == nil else {
        throw .failed("--data-dir: \(file) exists", hint: "choose another directory; nothing was changed")
      }
    }
    try makeFolder(path, &made)
    try requireUnsharedFolder()
  }

  /// Makes the folder of the log, mode 0700, unless it is there.
  func createLogFolder(_ made: inout Made) throws(CommandFailure) {
    try makeFolder(log, &made)
  }

  private func makeFolder(_ folder: String, _ made: inout Made) throws(CommandFailure) {
    var failure = makeOneFolder(folder, &made)
    if failure == ENOENT, let parent = parent(of: folder) {
      try makeFolder(parent, &made)
      failure = makeOneFolder(folder, &made)
    }
    // What is there already is for the next step, or for the kernel, to judge.
    guard failure == 0 || failure == EEXIST else { throw cannotMake(folder, failure) }
  }

  private func makeOneFolder(_ folder: String, _ made: inout Made) -> Int32 {
    guard mkdir(folder, 0o700) == 0 else { return errno }
    made.folders.append(folder)
    return 0
  }

  // INVARIANT: who may write to the directory may replace the key and the store, whatever the modes of these.
  private func requireUnsharedFolder() throws(CommandFailure) {
    guard let resolved = realpath(path, nil) else { throw cannotMake(path, errno) }
    defer { free(resolved) }
    guard let found = attributes(of: String(cString: resolved)),
      let owner = found[.ownerAccountID] as? UInt, let mode = found[.posixPermissions] as? UInt
    else { throw .failed("--data-dir: cannot see whose \(path) is") }
    guard found[.type] as? FileAttributeType == .typeDirectory else {
      throw .failed("--data-dir: \(path) is not a directory")
    }
    guard owner == UInt(geteuid()) || owner == 0 else {
      throw .failed("--data-dir: \(path) belongs to another user (uid \(owner))")
    }
    guard mode & 0o022 == 0 else {
      throw .failed(
        "--data-dir: others can write to \(path) (mode \(String(mode, radix: 8)))",
        hint: "take that away with `chmod go-w`, or choose a directory that does not exist yet"
      )
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

  /// The root access key of an account that came later.
  func credentials(of account: AccountID) -> String { "\(credentials)-\(account)" }

  /// Writes a root access key to `file` (`credentials` without one) where only the owner reads it; never over anything.
  ///
  /// No file is left behind when it throws.
  func writeCredentials(
    accessKeyID: String,
    secretAccessKey: Secret,
    to file: String? = nil
  ) throws(CommandFailure) {
    let credentials = file ?? credentials
    let descriptor = open(credentials, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw cannotMake(credentials, errno) }
    defer { close(descriptor) }
    let text = secretAccessKey.withBytes { secret in
      Array("[default]\naws_access_key_id = \(accessKeyID)\naws_secret_access_key = ".utf8) + secret
        + Array("\n".utf8)
    }
    guard write(descriptor, text, text.count) == text.count, fsync(descriptor) == 0 else {
      unlink(credentials)
      throw .failed("--data-dir: cannot write \(credentials)")
    }
  }

  /// What one run made, so that a run that fails takes it back, and only that.
  struct Made: Sendable {
    /// Directories, each after the one that holds it.
    var folders: [String] = []
    /// Files that were not there before.
    var files: [String] = []

    /// Removes the files, then the directories that are empty again.
    func undo() {
      for file in files { unlink(file) }
      for folder in folders.reversed() { rmdir(folder) }
    }
  }
}

/// What lstat says of `path`: of a symbolic link itself, dangling or not; `nil` when there is nothing.
private func attributes(of path: String) -> [FileAttributeKey: Any]? {
  try? FileManager.default.attributesOfItem(atPath: path)
}

private func cannotMake(_ path: String, _ number: Int32) -> CommandFailure {
  .failed("--data-dir: cannot make \(path): \(String(cString: strerror(number)))")
}

/// The path without its last component; `nil` for a single component and for the root.
private func parent(of path: String) -> String? {
  let slash = UInt8(ascii: "/")
  guard let last = path.utf8.lastIndex(where: { $0 != slash }),
    let separator = path.utf8[..<last].lastIndex(of: slash),
    let end = path.utf8[..<separator].lastIndex(where: { $0 != slash })
  else { return nil }
  return String(path[...end])
}
