// SPDX-License-Identifier: Apache-2.0
//
// `exeat init`: makes the store, the key-encryption key and the first account. Never over something that exists, and
// all of it or nothing.

import ArgumentParser
import Federation
import FoundationEssentials
import IdentityModel
import LocalKeys
import StoreSQLite
import StrictJSON

#if canImport(Glibc)
  import Glibc
#endif

/// `exeat init`.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a new store with its key-encryption key and a first account.",
    discussion: """
      Writes into the data directory: `store.sqlite`, `key-encryption-key` (mode 0600; keep a copy apart from
      the store: without it no token can be issued), `log/key` (mode 0600; it signs the audit log's checkpoints) and
      `credentials` (the root access key, AWS ini form).
      """
  )

  @Option(help: "The data directory; must not hold a store yet.") var dataDir: String
  @Option(help: "The account id, 12 digits; a random one without this.") var accountId: String?
  @Option(help: "The root access key id; a random one without this.") var accessKeyId: String?
  @Option(help: "The root secret access key; a random one without this.") var secretAccessKey: String?
  @Option(
    help:
      "The pkcs11: URI of the key that wraps the key-encryption key; made in the token unless it is there."
  )
  var keyEncryptionKey: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let entropy = Entropy.system
    let account = try chosenAccount(entropy)
    guard (accessKeyId == nil) == (secretAccessKey == nil) else {
      throw CommandFailure.usage("--access-key-id and --secret-access-key belong together")
    }
    let keyID = accessKeyId ?? entropy.accessKeyID(account: account)
    guard (1...128).contains(keyID.utf8.count), keyID.utf8.allSatisfy(isWordByte) else {
      throw CommandFailure.usage("--access-key-id: `\(keyID)` is not 1 to 128 letters, digits or underscores")
    }
    let secret = secretAccessKey.map { Secret($0) } ?? entropy.secretAccessKey()
    guard secret.count >= 1, secret.withBytes({ $0.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) else {
      throw CommandFailure.usage("--secret-access-key must be printable ASCII without spaces")
    }

    let directory = DataDirectory(dataDir)
    let source = try KeyEncryptionKeySource(keyEncryptionKey, directory)
    guard keyEncryptionKey == nil || source.wrapper != nil else {
      throw CommandFailure.usage(
        "--key-encryption-key: `init` makes the file in the data directory; here it is a pkcs11: URI or nothing",
        hint: "move the file afterwards, and name it to `exeat serve`"
      )
    }
    var made = DataDirectory.Made()
    do {
      try directory.create(&made)
      _ = try await source.wrapper?.makeKey()
      let key = try await KeyEncryptionKeyRing.generate(at: source.path, wrapper: source.wrapper)
      made.files.append(directory.keyEncryptionKey)
      try directory.createLogFolder(&made)
      _ = try LogSigningKey.generate(at: directory.logKey)
      made.files.append(directory.logKey)
      // Before the account is on record: nobody could use an account whose root secret was never written.
      try directory.writeCredentials(accessKeyID: keyID, secretAccessKey: secret)
      made.files.append(directory.credentials)
      // The key file was not there, so no other run is at work here: the lock can only be this one's.
      made.files.append(directory.storeLock)
      try SQLiteStore.create(at: directory.store)
      made.files += directory.storeFiles
      try await createAccount(account, keyID, secret, directory, key)
    } catch {
      made.undo()
      throw CommandFailure(startError: error)
    }
    report(account, keyID, directory)
  }

  private func chosenAccount(_ entropy: Entropy) throws(CommandFailure) -> AccountID {
    if let accountId {
      guard let account = AccountID(accountId) else {
        throw .usage("--account-id: `\(accountId)` is not 12 digits")
      }
      return account
    }
    return entropy.accountID()
  }

  private func createAccount(
    _ account: AccountID,
    _ keyID: String,
    _ secret: Secret,
    _ directory: DataDirectory,
    _ key: KeyEncryptionKeyRing
  ) async throws {
    let store = try SQLiteStore.open(at: directory.store)
    let keys = LocalKeys(ring: key)
    let house = House(
      directory: Directory(reader: store, writer: store, sealer: keys),
      issuers: Issuers(publicURL: try PublicURL("https://localhost"), style: .path),
      signer: keys,
      sealer: keys,
      entropy: .system,
      diagnostics: Diagnostics { _ in }
    )
    try await store.running {
      try await Bootstrap.createAccount(
        account,
        accessKeyID: keyID,
        secretAccessKey: secret,
        enablesFederation: false,
        house: house,
        now: Assembly.systemClock.now()
      )
    }
  }

  private func report(_ account: AccountID, _ keyID: String, _ directory: DataDirectory) {
    guard !json else {
      var writer = JSONWriter()
      writer.object { writer in
        writer.member("accountId", account.description)
        writer.member("accessKeyId", keyID)
        writer.member("credentials", directory.credentials)
        writer.member("store", directory.store)
        writer.member("keyEncryptionKey", directory.keyEncryptionKey)
        writer.member("logKey", directory.logKey)
      }
      return Console.out(String(decoding: writer.bytes, as: UTF8.self))
    }
    let unwrapping = keyEncryptionKey.map { " \\\n    --key-encryption-key \(shellWord($0))" } ?? ""
    Console.out(
      """
      account \(account) is ready; its root access key is in \(directory.credentials)
      the key-encryption key is in \(directory.keyEncryptionKey): keep a copy apart from the store
      the audit log's key is in \(directory.logKey): keep a copy of it too; --log-key takes it from elsewhere

      Start the server:
        exeat serve --data-dir \(directory.path) --listen 127.0.0.1:8443 --public-url https://localhost:8443 \\
          --tls development\(unwrapping)
      """
    )
  }
}

/// `text` as one word of a shell.
private func shellWord(_ text: String) -> String {
  "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

private func isWordByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
    true
  default: false
  }
}
