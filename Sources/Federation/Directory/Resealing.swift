// SPDX-License-Identifier: Apache-2.0
//
// Seals everything in the store again under the current key-encryption key, page by page, while the server works: each
// page is one change, on record, that takes place only if nothing of it was changed in between. Refuses to know how
// anything is sealed, and leaves alone what no key opens: somebody else put it there.

import AuditTrail
import IdentityModel
import StrictJSON

/// A record that holds something sealed.
protocol ResealableRecord: DirectoryRecord, Resealable {
  var account: AccountID { get }

  /// Whether `id` is the id of the record's own place: what was copied elsewhere stays as it is.
  func stands(at id: String) -> Bool
}

/// Something sealed.
protocol Resealable {
  /// The same with its secret under the current key; `nil` when it is so already, or there is none.
  func resealed(by resealer: any Resealer) throws(TokenSignerError) -> Self?
}

extension Resealable {
  /// Whether one of the keys of `resealer` opens it.
  func isOpened(by resealer: any Resealer) throws(TokenSignerError) -> Bool {
    do throws(TokenSignerError) {
      _ = try resealed(by: resealer)
      return true
    } catch {
      guard error == .sealBroken else { throw error }
      return false
    }
  }
}

/// How far a sweep has come.
package struct ResealingProgress: Hashable, Sendable {
  /// Secrets that were looked at.
  package var examined = 0
  /// Secrets that were sealed again.
  package var resealed = 0
  /// Secrets that no key opens, which were left as they are.
  package var unopened = 0

  /// Counts.
  package init(examined: Int = 0, resealed: Int = 0, unopened: Int = 0) {
    self.examined = examined
    self.resealed = resealed
    self.unopened = unopened
  }
}

/// Seals again, or only looks.
package struct Resealing: Sendable {
  private let directory: Directory
  private let progress: any ProgressStore
  private let digestKeys: Turnstile
  private let entropy: Entropy
  private let clock: WallClock
  private let pageSize: Int

  /// Works on `directory` and, for the keys of digests, on `progress`.
  ///
  /// - Parameters:
  ///   - directory: where records are read and written.
  ///   - progress: where the keys of digests are.
  ///   - digestKeys: what whoever makes keys of digests passes through too.
  ///   - entropy: the ids of audit records.
  ///   - clock: their time.
  ///   - pageSize: how many records are changed at a time.
  package init(
    directory: Directory,
    progress: any ProgressStore,
    digestKeys: Turnstile = Turnstile(),
    entropy: Entropy,
    clock: WallClock,
    pageSize: Int = 100
  ) {
    self.directory = directory
    self.progress = progress
    self.digestKeys = digestKeys
    self.entropy = entropy
    self.clock = clock
    self.pageSize = pageSize
  }

  /// Seals everything again with `resealer`; `report` hears after each page how far it is.
  ///
  /// Ends early, and nothing is lost by it, when the task is cancelled. Throws `StoreError`, and `TokenSignerError` other
  /// than `sealBroken`.
  package func run(
    with resealer: any Resealer,
    report: (ResealingProgress) -> Void = { _ in }
  ) async throws -> ResealingProgress {
    var done = ResealingProgress()
    try await reseal(SigningKeyRecord.self, resealer, &done, report)
    try await reseal(SAMLSigningKeyRecord.self, resealer, &done, report)
    try await reseal(AccessKeyRecord.self, resealer, &done, report)
    try await resealDigestKeys(resealer, &done, report)
    return done
  }

  private func reseal<Record: ResealableRecord>(
    _ type: Record.Type,
    _ resealer: any Resealer,
    _ done: inout ResealingProgress,
    _ report: (ResealingProgress) -> Void
  ) async throws {
    var after: String?
    var failures = 0
    while true {
      try Task.checkCancellation()
      let page = try await directory.records(type, prefix: "", after: after, limit: pageSize)
      let before = done
      var change = Change()
      for stored in page {
        done.examined += 1
        guard stored.record.stands(at: stored.key.id) else {
          done.unopened += 1
          continue
        }
        let resealed: Record?
        do throws(TokenSignerError) {
          resealed = try stored.record.resealed(by: resealer)
        } catch .sealBroken {
          done.unopened += 1
          continue
        }
        guard let resealed else { continue }
        try change.replace(stored, with: resealed, account: resealed.account)
        done.resealed += 1
      }
      if case .put(let key, let account, _, _)? = change.writes.first {
        let record = event(Record.kind.name, first: key.id, count: change.writes.count)
        do throws(StoreError) {
          try await directory.commit(change, of: account, recording: record)
        } catch {
          // Somebody changed one of them: the page is read again.
          guard case .preconditionFailed = error, failures < 32 else { throw error }
          done = before
          failures += 1
          continue
        }
      }
      failures = 0
      report(done)
      guard page.count == pageSize, let last = page.last else { return }
      after = last.key.id
    }
  }

  private func resealDigestKeys(
    _ resealer: any Resealer,
    _ done: inout ResealingProgress,
    _ report: (ResealingProgress) -> Void
  ) async throws {
    for name in try await progress.progressNames() {
      guard let account = TrailDigestKeys.account(ofProgress: name) else { continue }
      try Task.checkCancellation()
      let counts = try await digestKeys.pass {
        var keys = try await TrailDigestKeys.read(from: progress, account)
        let counts = try keys.reseal(with: resealer)
        if counts.resealed > 0 { try await keys.write(to: progress, account) }
        return counts
      }
      done.examined += counts.examined
      done.resealed += counts.resealed
      done.unopened += counts.unopened
      if counts.resealed > 0 {
        let record = event("TrailDigestKeys", first: name, count: counts.resealed)
        try await directory.commit(Change(), of: account, recording: record)
      }
      report(done)
    }
  }

  private func event(_ kind: String, first: String, count: Int) -> AuditRecord {
    AuditRecord(
      operatorEvent: "ResealSecrets",
      parameters: [
        "kind": .string(kind), "first": .string(first), "count": .number(JSONNumber(Int64(count))),
      ],
      account: nil,
      now: clock.now(),
      entropy: entropy
    )
  }
}

/// Looks through a store for what a key-encryption key still holds.
package struct SealInspection<Reader: RecordReader & ProgressReader>: Sendable {
  private let reader: Reader

  /// Reads `reader`, beside a server that runs if need be.
  package init(_ reader: Reader) {
    self.reader = reader
  }

  /// Whether `keys` open what is stored: tried on one access key; true when there is none.
  package func isOpened(by keys: any Resealer) async throws -> Bool {
    let found = try await reader.records(of: AccessKeyRecord.kind, prefix: "", after: nil, limit: 1)
    guard let record = try found.first?.decoded(as: AccessKeyRecord.self).record else { return true }
    return try record.isOpened(by: keys)
  }

  /// How many secrets `keys` open and `others` do not: what would be lost with the keys that only the first have.
  ///
  /// Throws `StoreError`, and `TokenSignerError` other than `sealBroken`.
  package func countLost(from keys: any Resealer, to others: any Resealer) async throws -> Int {
    var lost = 0
    lost += try await countLost(SigningKeyRecord.self, keys, others)
    lost += try await countLost(SAMLSigningKeyRecord.self, keys, others)
    lost += try await countLost(AccessKeyRecord.self, keys, others)
    var after: String?
    repeat {
      let page = try await page(of: AccountRecord.self, after)
      for stored in page {
        let digestKeys = try await TrailDigestKeys.read(from: reader, stored.record.account)
        for key in digestKeys.keys where try key.isOpened(by: keys) {
          if try !key.isOpened(by: others) { lost += 1 }
        }
      }
      after = page.count == Self.pageSize ? page.last?.key.id : nil
    } while after != nil
    return lost
  }

  private func countLost<Record: ResealableRecord>(
    _ type: Record.Type,
    _ keys: any Resealer,
    _ others: any Resealer
  ) async throws -> Int {
    var lost = 0
    var after: String?
    repeat {
      let page = try await page(of: type, after)
      for stored in page where stored.record.stands(at: stored.key.id) {
        if try stored.record.isOpened(by: keys), try !stored.record.isOpened(by: others) { lost += 1 }
      }
      after = page.count == Self.pageSize ? page.last?.key.id : nil
    } while after != nil
    return lost
  }

  private func page<Record: DirectoryRecord>(
    of type: Record.Type,
    _ after: String?
  ) async throws -> [Stored<Record>] {
    var page: [Stored<Record>] = []
    for stored in try await reader.records(
      of: Record.kind,
      prefix: "",
      after: after,
      limit: Self.pageSize
    ) {
      page.append(try stored.decoded(as: type))
    }
    return page
  }

  private static var pageSize: Int { 1000 }
}

// MARK: - What is sealed

extension SigningKeyRecord: ResealableRecord {
  func stands(at id: String) -> Bool {
    publicKey != nil && id.utf8.elementsEqual(Self.id(account, KeyID(keyID)).utf8)
  }

  func resealed(by resealer: any Resealer) throws(TokenSignerError) -> SigningKeyRecord? {
    guard let key else {
      // Destroyed: what vouches for the public half is sealed too.
      guard let voucher, let sealed = try resealer.reseal(voucher.bytes, context: voucherContext) else {
        return nil
      }
      var record = self
      record.voucher = Octets(sealed)
      return record
    }
    return try resealer.reseal(key).map(resealed)
  }

  /// The record of the same key with another seal.
  func resealed(_ key: SealedSigningKey) -> SigningKeyRecord {
    var record = self
    record.version = key.version
    record.sealed = Octets(key.sealed)
    return record
  }
}

extension SAMLSigningKeyRecord: ResealableRecord {
  var account: AccountID { signingKey.account }

  func stands(at id: String) -> Bool { signingKey.stands(at: id) }

  func resealed(by resealer: any Resealer) throws(TokenSignerError) -> SAMLSigningKeyRecord? {
    guard let key = self.key?.sealed, let resealed = try resealer.reseal(key) else { return nil }
    var record = self
    record.signingKey = signingKey.resealed(resealed)
    return record
  }
}

extension AccessKeyRecord: ResealableRecord {
  func stands(at id: String) -> Bool { id.utf8.elementsEqual(accessKeyID.utf8) }

  func resealed(by resealer: any Resealer) throws(TokenSignerError) -> AccessKeyRecord? {
    let context = Self.sealContext(account, accessKeyID)
    guard let sealed = try resealer.reseal(sealedSecret.bytes, context: context) else { return nil }
    var record = self
    record.sealedSecret = Octets(sealed)
    return record
  }
}
