// SPDX-License-Identifier: Apache-2.0
//
// Serves status lists: each is read from the store and signed when somebody asks for it and it has changed or is half as
// old as a copy may get, once for all who ask. Strangers cannot make the server sign or read more than that. Source:
// draft-ietf-oauth-status-list §8, §9; docs/decisions/0026.

package import IdentityModel
import StrictJSON
import Synchronization
import TokenFormats

/// What there is to say about a path below an issuer's status lists.
package enum StatusListAnswer: Sendable {
  /// The document.
  case document(PublishedDocument)
  /// There is no such list.
  case unknown
  /// There is, and it cannot be read or signed for now.
  case unavailable
}

/// Publishes status lists and their aggregation.
package final class StatusListPublication: Sendable {
  /// How long nothing is tried again after a failure.
  ///
  /// Unit: seconds.
  static let retrySeconds: Int64 = 5
  /// The most lists that are kept in memory, signed.
  private static let capacity = 1024

  /// A list of an issuer.
  private struct Name: Hashable {
    let issuerID: String
    let list: Int
  }

  private struct Entry {
    var document: PublishedDocument?
    /// From when the document is to be made anew.
    var due: Instant
    /// When the document is worth nothing any more.
    var end: Instant
  }

  private struct Memory {
    var entries: [Name: Entry] = [:]
    /// The lists that are being made and were not forgotten since their making began.
    var underway: Set<Name> = []
  }

  private let directory: Directory
  private let issuers: Issuers
  private let publication: IssuerPublication
  private let indexes: StatusIndexes
  private let signer: any TokenSigner
  private let tokenIssuer: TokenIssuer
  private let zlib: Zlib
  private let diagnostics: Diagnostics
  private let turnstile = StatusTurnstile()
  private let notices = NoticeLimit()
  private let memory = Mutex(Memory())

  init(
    directory: Directory,
    issuers: Issuers,
    publication: IssuerPublication,
    indexes: StatusIndexes,
    signer: any TokenSigner,
    tokenIssuer: TokenIssuer,
    zlib: Zlib,
    diagnostics: Diagnostics
  ) {
    self.directory = directory
    self.issuers = issuers
    self.publication = publication
    self.indexes = indexes
    self.signer = signer
    self.tokenIssuer = tokenIssuer
    self.zlib = zlib
    self.diagnostics = diagnostics
  }

  /// The document at `path` if it is in memory and fresh at `now`; answers at once.
  package func fresh(host: String?, path: Substring, now: Instant) -> PublishedDocument? {
    guard case .list(let issuerID, let number)? = issuers.statusPath(host: host, path: path),
      indexes.knownAllocation(of: issuerID)?.serves(number, at: now) == true,
      let entry = memory.withLock({ $0.entries[Name(issuerID: issuerID, list: number)] }), now < entry.due
    else { return nil }
    return entry.document
  }

  /// What stands at `path`; `nil` when it is no path of status lists.
  package func answer(host: String?, path: Substring, now: Instant) async -> StatusListAnswer? {
    guard let place = issuers.statusPath(host: host, path: path) else { return nil }
    // SECURITY: whoever makes ids up is looked up once, and never here.
    switch await publication.document(.discovery, of: place.issuerID, now: now) {
    case .document, .awaitsUnsealing: break
    case .nothing: return .unknown
    case .unavailable: return .unavailable
    }
    do {
      guard let allocation = try await indexes.allocation(of: place.issuerID) else { return .unknown }
      switch place {
      case .aggregation(let issuerID):
        return .document(aggregation(issuerID, allocation.served(at: now)))
      case .list(let issuerID, let number):
        guard allocation.serves(number, at: now) else { return .unknown }
        return await list(Name(issuerID: issuerID, list: number), now)
      }
    } catch {
      report(place.issuerID, String(describing: error), now)
      return .unavailable
    }
  }

  /// Has the lists of the issuer signed anew when they are next asked for: one of them has changed, or the keys have.
  ///
  /// What is being made meanwhile may rest on what was: it is made again, and not kept.
  package func forget(_ issuerID: String) {
    memory.withLock { memory in
      for name in memory.entries.keys where name.issuerID == issuerID { memory.entries[name] = nil }
      for name in memory.underway where name.issuerID == issuerID { memory.underway.remove(name) }
    }
  }

  /// The same of every issuer: nobody knows whose lists have changed.
  package func forgetAll() { memory.withLock { $0 = Memory() } }

  private func aggregation(_ issuerID: String, _ numbers: [Int]) -> PublishedDocument {
    let issuer = issuers.issuerURL(issuerID)
    var writer = JSONWriter(capacity: 256)
    writer.object { writer in
      writer.name("status_lists")
      writer.array { writer in for number in numbers { writer.string(StatusLists.uri(issuer, number)) } }
    }
    return PublishedDocument(
      body: writer.bytes,
      contentType: "application/json",
      entityTag: EntityTag.strong(for: writer.bytes)
    )
  }

  private func list(_ name: Name, _ now: Instant) async -> StatusListAnswer {
    while true {
      if let entry = memory.withLock({ $0.entries[name] }), now < entry.due {
        guard let document = entry.document, now < entry.end else { return .unavailable }
        return .document(document)
      }
      let made = await turnstile.pass("\(name.issuerID)/\(name.list)") { await self.renew(name, now) }
      if let made { return made }
    }
  }

  /// Makes the document, and keeps it or, when it cannot be made, what there was.
  ///
  /// SECURITY: a list that was forgotten while it was made is made again. It may have been read before a revocation was
  /// written, and would say of a revoked token that it is valid.
  private func renew(_ name: Name, _ now: Instant) async -> StatusListAnswer {
    while true {
      if let known = begin(name, now) { return .document(known) }
      let made = await attempt(name, now)
      if let answer = keep(made, name, now) { return answer }
    }
  }

  /// The document when another has made it in the meantime; else notes that it is being made.
  private func begin(_ name: Name, _ now: Instant) -> PublishedDocument? {
    memory.withLock { memory in
      if let entry = memory.entries[name], now < entry.due, let document = entry.document { return document }
      memory.underway.insert(name)
      return nil
    }
  }

  private func attempt(_ name: Name, _ now: Instant) async -> PublishedDocument? {
    do {
      return try await render(name, now)
    } catch {
      report(name.issuerID, String(describing: error), now)
      return nil
    }
  }

  /// Keeps `made` or, when there is none, what there was for a while; `nil`, and nothing kept, when the list was forgotten
  /// since its making began.
  private func keep(_ made: PublishedDocument?, _ name: Name, _ now: Instant) -> StatusListAnswer? {
    memory.withLock { memory in
      guard memory.underway.remove(name) != nil else { return nil }
      let entry: Entry
      if let made {
        entry = Entry(
          document: made,
          due: now.advanced(bySeconds: StatusLists.timeToLiveSeconds / 2),
          end: now.advanced(bySeconds: StatusLists.lifeSeconds)
        )
      } else {
        let retry = now.advanced(bySeconds: Self.retrySeconds)
        let last = memory.entries[name]
        entry = Entry(document: last?.document, due: retry, end: last?.end ?? retry)
      }
      if memory.entries.count >= Self.capacity, memory.entries[name] == nil {
        memory.entries.removeAll(keepingCapacity: true)
      }
      memory.entries[name] = entry
      guard let document = entry.document, now < entry.end else { return .unavailable }
      return .document(document)
    }
  }

  private func render(_ name: Name, _ now: Instant) async throws -> PublishedDocument {
    guard signer.isUnsealed else { throw TokenSignerError.keyEncryptionKeyMissing }
    guard let record = try await directory.record(IssuerRecord.self, at: name.issuerID)?.record,
      let issuer = try await directory.issuer(of: record.account),
      issuer.stored.record.issuerID.utf8.elementsEqual(name.issuerID.utf8),
      let key = issuer.statusKey(at: now)
    else { throw StoreError.corrupted("Issuer `\(name.issuerID)` has no key for status lists") }
    // SECURITY: a key that somebody put into the store vouches for no list.
    guard try signer.vouches(for: key) else { throw TokenSignerError.sealBroken }
    guard let compressed = zlib.compress(try await statuses(of: name).octets) else {
      throw TokenSignerError.failed("a status list cannot be compressed")
    }
    let payload = StatusListToken.payload(
      uri: StatusLists.uri(record.issuer, name.list),
      compressed: compressed,
      aggregation: record.issuer + StatusLists.path,
      issuedAt: now,
      lifeSeconds: StatusLists.lifeSeconds,
      timeToLiveSeconds: StatusLists.timeToLiveSeconds
    )
    let token = Array(try await tokenIssuer.issueStatusList(payload: payload, with: key).utf8)
    return PublishedDocument(
      body: token,
      contentType: StatusListToken.contentType,
      entityTag: EntityTag.strong(for: token)
    )
  }

  private func statuses(of name: Name) async throws -> StatusList {
    var octets = [UInt8](repeating: 0, count: StatusLists.size / 8)
    let prefix = StatusListPageRecord.prefix(name.issuerID, name.list)
    for page in try await directory.everyRecord(StatusListPageRecord.self, prefix: prefix) {
      let number = page.key.id.utf8.dropFirst(prefix.utf8.count)
      guard let place = Int(String(decoding: number, as: UTF8.self)),
        (0..<(StatusLists.size / StatusLists.page)).contains(place)
      else { throw StoreError.corrupted("StatusListPage `\(page.key.id)`") }
      let start = place * StatusLists.page / 8
      octets.replaceSubrange(start..<(start + StatusLists.page / 8), with: try page.statuses().octets)
    }
    guard let list = StatusList(octets: octets, bits: 1) else {
      throw StoreError.corrupted("a status list of \(octets.count) octets")
    }
    return list
  }

  private func report(_ issuerID: String, _ cause: String, _ now: Instant) {
    guard notices.admits(cause, at: now) else { return }
    diagnostics.report(Incident(what: "publish a status list of the issuer `\(issuerID)`", cause: cause))
  }
}

extension Issuer {
  /// The key that signs status lists: whatever signs ES384 tokens now.
  fileprivate func statusKey(at now: Instant) -> SealedSigningKey? { signingKey(.es384, at: now) }
}

/// What a path below an issuer asks for.
enum StatusPath: Hashable, Sendable {
  /// The names of all lists.
  case aggregation(issuerID: String)
  /// A list, from 1.
  case list(issuerID: String, number: Int)

  var issuerID: String {
    switch self {
    case .aggregation(let issuerID), .list(let issuerID, _): issuerID
    }
  }
}

extension Issuers {
  /// What `path` asks for of status lists; `nil` when it is none of their paths.
  func statusPath(host: String?, path: Substring) -> StatusPath? {
    guard let (issuerID, rest) = place(host: host, path: path) else { return nil }
    // `/status` or `/status/number`.
    let parts = rest.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), parts[0].isEmpty,
      parts[1].elementsEqual(StatusLists.path.utf8.dropFirst())
    else { return nil }
    guard parts.count == 3 else { return .aggregation(issuerID: issuerID) }
    return StatusPlace.number(parts[2]).map { .list(issuerID: issuerID, number: $0) }
  }
}
