// SPDX-License-Identifier: Apache-2.0
//
// `exeat account`: accounts for those who run a server without an organization. Works on the store itself: making and
// closing need the store's lock, so that no running server goes on with an older state in its memory; listing does not.

import ArgumentParser
import Federation
import FoundationEssentials
import IdentityModel
import LocalKeys
import StoreSQLite
import StrictJSON

/// `exeat account`.
struct AccountCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "account",
    abstract: "Make, list, limit and close accounts of a store, without an organization.",
    discussion: """
      Create, limit and close while no server runs on the store; a running server keeps it locked, and its management account \
      makes and closes accounts with `aws organizations create-account` and `close-account`.
      """,
    subcommands: [
      AccountCreateCommand.self, AccountListCommand.self, AccountQuotaCommand.self, AccountCloseCommand.self,
    ]
  )
}

/// `exeat account create`.
struct AccountCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make an account with a root access key.",
    discussion: """
      The key is written to DATA-DIR/credentials-ACCOUNT (mode 0600, AWS ini form). The server must be stopped.
      """
  )

  @Option(help: "The data directory.") var dataDir: String
  @Option(help: "The account id, 12 digits; a random one without this.") var accountId: String?
  @Option(help: "The file of the key-encryption key. Default DATA-DIR/key-encryption-key.")
  var keyEncryptionKey: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let entropy = Entropy.system
    let account: AccountID
    if let accountId {
      guard let given = AccountID(accountId) else {
        throw CommandFailure.usage("--account-id: `\(accountId)` is not 12 digits")
      }
      account = given
    } else {
      account = entropy.accountID()
    }
    let directory = DataDirectory(dataDir)
    let keyID = entropy.accessKeyID(account: account)
    let secret = entropy.secretAccessKey()
    let credentials = directory.credentials(of: account)
    try await AccountStore(directory).changing(
      sealedBy: keyEncryptionKey,
      whileRunning:
        "stop the server first, or let its management account use `aws organizations create-account`"
    ) { house in
      guard try await !house.directory.exists(account) else {
        throw CommandFailure.failed("--account-id: there is an account \(account) already")
      }
      // Before the account is on record: nobody could use an account whose root secret was never written.
      try directory.writeCredentials(accessKeyID: keyID, secretAccessKey: secret, to: credentials)
      do {
        try await Bootstrap.createAccount(
          account,
          accessKeyID: keyID,
          secretAccessKey: secret,
          enablesFederation: false,
          house: house,
          now: Assembly.systemClock.now()
        )
      } catch let StoreError.unavailable(cause) {
        // What was reported as failed may still be on the disk: without its key nobody could use the account.
        throw CommandFailure.failed(
          "\(cause); account \(account) may be there all the same, its root access key is in \(credentials)",
          hint: "look with `exeat account list`; when it is not there, delete that file"
        )
      } catch {
        try? FileManager.default.removeItem(atPath: credentials)
        throw error
      }
    }
    guard !json else {
      var writer = JSONWriter()
      writer.object { writer in
        writer.member("accountId", account.description)
        writer.member("accessKeyId", keyID)
        writer.member("credentials", credentials)
      }
      return Console.out(String(decoding: writer.bytes, as: UTF8.self))
    }
    Console.out("account \(account) is ready; its root access key is in \(credentials)")
  }
}

/// `exeat account list`.
struct AccountListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the accounts of a store, also while a server runs on it.",
    discussion:
      "One line each: account, open or closed, when it was made, its organization or `-`, its alias or `-`."
  )

  @Option(help: "The data directory.") var dataDir: String
  @Flag(help: "Print JSON: one object per line.") var json = false

  func run() async throws {
    let accounts: [AccountRecord]
    do {
      accounts = try await OperatorAccounts.list(SQLiteStore.openReadOnly(at: DataDirectory(dataDir).store))
    } catch {
      throw CommandFailure(startError: error)
    }
    for account in accounts { Console.out(json ? line(account) : text(account)) }
  }

  private func text(_ account: AccountRecord) -> String {
    [
      account.account.description, account.closeDate == nil ? "open" : "closed", account.createDate.rfc3339,
      account.organizationID ?? "-", account.alias ?? "-",
    ].joined(separator: "  ")
  }

  private func line(_ account: AccountRecord) -> String {
    var writer = JSONWriter(isOneLine: true)
    writer.object { writer in
      writer.member("accountId", account.account.description)
      writer.member("status", account.closeDate == nil ? "open" : "closed")
      writer.member("createDate", account.createDate.rfc3339)
      if let closeDate = account.closeDate { writer.member("closeDate", closeDate.rfc3339) }
      if let organization = account.organizationID { writer.member("organizationId", organization) }
      if let alias = account.alias { writer.member("alias", alias) }
      account.quota?.write(to: &writer)
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

/// `exeat account close`.
struct AccountCloseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "close",
    abstract: "Close an account for good: no tokens, no calls; what it published stays.",
    discussion: "The server must be stopped."
  )

  @Argument(help: "The account id, 12 digits.") var account: String
  @Option(help: "The data directory.") var dataDir: String
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    guard let account = AccountID(account) else {
      throw CommandFailure.usage("`\(account)` is not 12 digits")
    }
    try await AccountStore(DataDirectory(dataDir)).changing(
      sealedBy: nil,
      needsKey: false,
      whileRunning:
        "stop the server first, or let its management account use `aws organizations close-account`"
    ) { house in
      do {
        try await OperatorAccounts.close(account, house: house, now: Assembly.systemClock.now())
      } catch let error as OperatorAccountError {
        throw CommandFailure(error)
      }
    }
    guard !json else {
      var writer = JSONWriter(isOneLine: true)
      writer.object { writer in
        writer.member("accountId", account.description)
        writer.member("status", "closed")
      }
      return Console.out(String(decoding: writer.bytes, as: UTF8.self))
    }
    Console.out("account \(account) is closed")
  }
}

/// A store that no server runs on.
struct AccountStore {
  let directory: DataDirectory

  init(_ directory: DataDirectory) {
    self.directory = directory
  }

  /// Runs `body` with the store locked against any server.
  ///
  /// - Parameters:
  ///   - keyFile: the file of the key-encryption key; `nil` for the usual one.
  ///   - needsKey: whether anything is sealed.
  ///   - hint: what to do while a server runs on the store.
  ///   - body: the work.
  /// - Throws: `CommandFailure`.
  func changing(
    sealedBy keyFile: String?,
    needsKey: Bool = true,
    whileRunning hint: String,
    _ body: (House) async throws -> Void
  ) async throws(CommandFailure) {
    do {
      let source = try KeyEncryptionKeySource(keyFile, directory)
      let ring: KeyEncryptionKeyRing?
      do {
        ring = needsKey ? try await source.load() : nil
      } catch {
        throw CommandFailure.failed("--key-encryption-key: \(source.path) is not usable: \(error)")
      }
      let store: SQLiteStore
      do {
        store = try SQLiteStore.open(at: directory.store)
      } catch {
        throw CommandFailure.failed(
          "--data-dir: \(CommandFailure(startError: error).message)",
          hint: hint
        )
      }
      let keys = LocalKeys(ring: ring)
      let house = House(
        directory: Directory(reader: store, writer: store, sealer: keys),
        issuers: Issuers(publicURL: try PublicURL("https://localhost"), style: .path),
        signer: keys,
        sealer: keys,
        entropy: .system,
        diagnostics: Diagnostics { _ in }
      )
      try await store.running {
        // A key that does not open what is there would seal a secret that no server can use.
        if needsKey {
          guard try await house.directory.opensStoredSecrets() else {
            throw CommandFailure.failed("--key-encryption-key: it does not open this store's secrets")
          }
        }
        try await body(house)
      }
    } catch {
      throw CommandFailure(startError: error)
    }
  }
}

extension CommandFailure {
  /// As the operator reads it.
  init(_ error: OperatorAccountError) {
    self =
      switch error {
      case .noSuchAccount(let account): .failed("there is no account \(account)")
      case .alreadyClosed(let account): .failed("account \(account) is closed already")
      case .managesOrganization(let account, let organization):
        .failed(
          "account \(account) manages the organization \(organization)",
          hint: "delete the organization first"
        )
      }
  }
}
