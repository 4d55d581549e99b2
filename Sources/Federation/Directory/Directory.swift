// SPDX-License-Identifier: Apache-2.0
//
// The directory: typed reads of the store, the one write, and what the hot path keeps in memory. What is cached here
// is dropped before a write is acknowledged, so that a request never sees a state older than an answered write.
// Knows no rules of any action.

package import AuditTrail
package import IdentityModel
import Synchronization

/// An account's issuer with its keys, ready to sign.
package struct Issuer: Sendable {
  /// The record.
  package let stored: Stored<IssuerRecord>
  /// The keys that sign tokens.
  package let signingKeys: SigningKeyRing
  /// The keys that sign SAML; none before the first config that asks for it.
  package let samlKeys: SAMLKeyRing

  /// Pairs the record with its keys.
  package init(
    stored: Stored<IssuerRecord>,
    signingKeys: SigningKeyRing,
    samlKeys: SAMLKeyRing = SAMLKeyRing()
  ) {
    self.stored = stored
    self.signingKeys = signingKeys
    self.samlKeys = samlKeys
  }

  /// The key that signs with `algorithm` at `now`; `nil` when there is none yet.
  package func signingKey(_ algorithm: SigningAlgorithm, at now: Instant) -> SealedSigningKey? {
    signingKeys.signingKey(algorithm, at: now)?.sealed
  }
}

/// Typed access to the store.
package final class Directory: Sendable {
  private let reader: any RecordReader
  private let writer: any RecordWriter
  let sealer: any SecretSealer
  private let memory: Mutex<DirectoryMemory>

  /// Reads with `reader`, writes with `writer`, opens secrets with `sealer`, and keeps at most `capacity` callers.
  package init(
    reader: any RecordReader,
    writer: any RecordWriter,
    sealer: any SecretSealer,
    capacity: Int = 65_536
  ) {
    self.reader = reader
    self.writer = writer
    self.sealer = sealer
    self.memory = Mutex(DirectoryMemory(capacity: capacity))
  }

  // MARK: Typed reads

  /// The record of `type` at `id`, or `nil`.
  package func record<Record: DirectoryRecord>(
    _ type: Record.Type,
    at id: String
  ) async throws(StoreError) -> Stored<Record>? {
    guard let stored = try await reader.record(at: RecordKey(Record.kind, id)) else { return nil }
    return try stored.decoded(as: type)
  }

  /// Up to `limit` records of `type` whose ids begin with `prefix`, in order, after the id `after`.
  package func records<Record: DirectoryRecord>(
    _ type: Record.Type,
    prefix: String,
    after: String? = nil,
    limit: Int = 1000
  ) async throws(StoreError) -> [Stored<Record>] {
    var result: [Stored<Record>] = []
    for stored in try await reader.records(of: Record.kind, prefix: prefix, after: after, limit: limit) {
      result.append(try stored.decoded(as: type))
    }
    return result
  }

  /// Every record of `type` whose id begins with `prefix`; throws `corrupted` when there are more than can be right.
  ///
  /// SECURITY: a policy or a key that was cut off in silence would be a Deny that nobody sees.
  package func allRecords<Record: DirectoryRecord>(
    _ type: Record.Type,
    prefix: String
  ) async throws(StoreError) -> [Stored<Record>] {
    let found = try await records(type, prefix: prefix, limit: 1000)
    guard found.count < 1000 else { throw .corrupted("more than 999 of \(Record.kind.name) `\(prefix)`") }
    return found
  }

  /// Every record of `type` whose id begins with `prefix`, however many, page by page.
  package func everyRecord<Record: DirectoryRecord>(
    _ type: Record.Type,
    prefix: String
  ) async throws(StoreError) -> [Stored<Record>] {
    var found: [Stored<Record>] = []
    while true {
      let page = try await records(type, prefix: prefix, after: found.last?.key.id, limit: 1000)
      found += page
      guard page.count == 1000 else { return found }
    }
  }

  /// How many records of `type` have an id that begins with `prefix`; counting ends at `limit`.
  package func count<Record: DirectoryRecord>(
    of type: Record.Type,
    prefix: String,
    limit: Int = .max
  ) async throws(StoreError) -> Int {
    var count = 0
    var after: String?
    while count < limit {
      let page = try await reader.records(
        of: Record.kind,
        prefix: prefix,
        after: after,
        limit: min(1000, limit - count)
      )
      count += page.count
      guard page.count == 1000 else { return count }
      after = page.last?.key.id
    }
    return count
  }

  // MARK: The hot path

  /// The caller behind `accessKeyID`; `nil` when there is no such key, or it is inactive.
  ///
  /// Answers from memory when it can. Throws `keyEncryptionKeyMissing` when the server is sealed.
  package func caller(accessKeyID: String) async throws -> Caller? {
    guard isAccessKeyID(accessKeyID) else { return nil }
    let known = memory.withLock { $0.known(accessKeyID) }
    switch known {
    // A key of a session is nobody's without its token.
    case .caller(let caller): return caller.sessionToken == nil ? caller : nil
    case .nobody: return nil
    case nil: break
    }
    return try await undisturbed(accessKeyID, remembersNobody: true) {
      try await self.loadCaller(accessKeyID)
    }
  }

  /// What `load` reads when no write came between its reads, and remembers it.
  ///
  /// SECURITY: a caller is put together by several reads. A write in between, such as a change of the user's name,
  /// could leave a policy out, and nobody would miss it: then everything is read again.
  private func undisturbed(
    _ accessKeyID: String,
    remembersNobody: Bool,
    load: () async throws -> Caller?
  ) async throws -> Caller? {
    for _ in 0..<16 {
      let generation = memory.withLock { $0.generation }
      let loaded: Result<Caller?, any Error>
      do {
        loaded = .success(try await load())
      } catch {
        loaded = .failure(error)
      }
      guard memory.withLock({ $0.generation == generation }) else { continue }
      let caller = try loaded.get()
      if caller != nil || remembersNobody {
        memory.withLock { $0.remember(caller, accessKeyID: accessKeyID, generation: generation) }
      }
      return caller
    }
    throw StoreError.preconditionFailed(RecordKey(AccessKeyRecord.kind, accessKeyID))
  }

  /// The caller behind the session `sessionToken` with the key `accessKeyID`; `nil` when the token is not ours for that
  /// key, or what it stands for is gone.
  ///
  /// Does not look at the time. Answers from memory when it can. Throws `keyEncryptionKeyMissing` when the server is
  /// sealed.
  package func caller(accessKeyID: String, sessionToken: String) async throws -> Caller? {
    guard isAccessKeyID(accessKeyID) else { return nil }
    let known = memory.withLock { $0.known(accessKeyID) }
    // SECURITY: what is remembered holds for the token that it was remembered with and for no other.
    if case .caller(let caller) = known, let token = caller.sessionToken, token == Secret(sessionToken) {
      return caller
    }
    // A token that is not ours says nothing about the key that stands beside it.
    return try await undisturbed(accessKeyID, remembersNobody: false) {
      try await self.loadCaller(accessKeyID, sessionToken: sessionToken)
    }
  }

  /// The issuer of `account`; `nil` when outbound federation was never enabled there.
  package func issuer(of account: AccountID) async throws(StoreError) -> Issuer? {
    let (known, generation) = memory.withLock { ($0.issuers[account], $0.generation) }
    if let known { return known }
    guard let loaded = try await loadIssuer(of: account) else { return nil }
    memory.withLock { $0.remember(loaded, account: account, generation: generation) }
    return loaded
  }

  /// What `body` finds in memory or puts there.
  func remembered<Result>(_ body: (inout DirectoryMemory) -> Result) -> Result {
    memory.withLock { body(&$0) }
  }

  /// The policies of the identity at `key`, from memory or else by `load`.
  func remembered(
    _ key: RecordKey,
    _ account: AccountID,
    load: () async throws(StoreError) -> LoadedPolicies
  ) async throws(StoreError) -> LoadedPolicies {
    let (known, generation) = memory.withLock { ($0.policies(of: key), $0.generation) }
    if let known { return known }
    let loaded = try await load()
    memory.withLock { $0.remember(loaded, of: key, account: account, generation: generation) }
    return loaded
  }

  private func loadIssuer(of account: AccountID) async throws(StoreError) -> Issuer? {
    guard let issuerID = try await record(AccountRecord.self, at: account.description)?.record.issuerID else {
      return nil
    }
    guard let stored = try await record(IssuerRecord.self, at: issuerID), stored.record.account == account
    else { throw .corrupted("Account `\(account)` names the issuer `\(issuerID)`") }
    return Issuer(
      stored: stored,
      signingKeys: try await signingKeys(of: account),
      samlKeys: try await samlKeys(of: account)
    )
  }

  /// Whether the key-encryption key opens what is stored: tried on one access key; true when there is none.
  ///
  /// Throws `keyEncryptionKeyMissing` when the server is sealed.
  package func opensStoredSecrets() async throws -> Bool {
    guard let key = try await records(AccessKeyRecord.self, prefix: "", limit: 1).first?.record else {
      return true
    }
    do {
      _ = try sealer.open(
        key.sealedSecret.bytes,
        context: AccessKeyRecord.sealContext(key.account, key.accessKeyID)
      )
      return true
    } catch TokenSignerError.sealBroken {
      return false
    }
  }

  // MARK: The one write

  /// Carries out `change`, together with `record`; durable on return.
  ///
  /// Whatever the outcome, what memory held of `account`, of every other account that gets a record, and of every
  /// account of an organization that changes, is dropped: after an I/O error nobody knows which state the store is in.
  package func commit(
    _ change: Change,
    of account: AccountID,
    recording record: AuditRecord
  ) async throws(StoreError) {
    guard change.changesSomething else {
      // Nothing that memory holds changes, and a token must not flush it.
      do {
        try await writer.commit(change, recording: record)
      } catch {
        if case .unavailable = error { memory.withLock { $0.distrust() } }
        throw error
      }
      memory.withLock { $0.trust() }
      return
    }
    let accounts = change.accounts.union([account])
    let organizations = change.organizations
    memory.withLock { $0.forget(accounts, organizations: organizations) }
    do {
      try await writer.commit(change, recording: record)
    } catch {
      memory.withLock { memory in
        memory.forget(accounts, organizations: organizations)
        // What was reported as failed may still come to light when the store is opened again.
        if case .unavailable = error { memory.distrust() }
      }
      throw error
    }
    memory.withLock { memory in
      memory.forget(accounts, organizations: organizations)
      memory.trust()
    }
  }

  /// Drops everything that memory holds.
  ///
  /// SECURITY: what was opened with a key-encryption key that is no longer there, a session above all, must not live on here.
  package func forgetEverything() {
    memory.withLock { $0.forgetEverything() }
  }

  /// Drops what memory holds of `account`, and how it sees its organization: of the other accounts each finds out for
  /// itself that something changed.
  package func forget(_ account: AccountID) {
    memory.withLock { memory in
      memory.forgetView(of: account)
      memory.forget([account])
    }
  }
}

/// Whether a text may be an access key id at all: 1–128 of `[A-Za-z0-9_]`.
///
/// Others are not worth a lookup or a place in memory. Source: botocore, `accessKeyIdType`.
private func isAccessKeyID(_ text: String) -> Bool {
  (1...128).contains(text.utf8.count)
    && text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
}

extension Change {
  /// The accounts that get a record.
  fileprivate var accounts: Set<AccountID> {
    var accounts: Set<AccountID> = []
    for case .put(_, let account, _, _) in writes { accounts.insert(account) }
    return accounts
  }

  /// The ids of the organizations that get another revision, or go.
  fileprivate var organizations: Set<[UInt8]> {
    var organizations: Set<[UInt8]> = []
    for write in writes {
      switch write {
      case .put(let key, _, _, _), .delete(let key, _):
        if key.kind == OrganizationRecord.kind { organizations.insert(Array(key.id.utf8)) }
      case .require, .requireNone: break
      }
    }
    return organizations
  }

  fileprivate var changesSomething: Bool {
    writes.contains { write in
      switch write {
      case .put, .delete: true
      case .require, .requireNone: false
      }
    }
  }
}
