// SPDX-License-Identifier: Apache-2.0
//
// What tests of delivery need around it: a bucket and a store's progress that fail when told to, trails as a list, one
// RSA key for all, and a reader of what was delivered that believes nothing but hashes and signatures.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import SigV4
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import TokenFormats

/// A fault to be injected once: the operation with this number fails, before or after it did its work.
final class FaultPlan: Sendable {
  enum Kind: CaseIterable, Sendable {
    /// It did nothing and failed.
    case before
    /// It did its work and said that it failed.
    case after
  }

  private struct State {
    var count = 0
    var target: Int?
    var kind = Kind.before
    var hasFired = false
  }

  private let state = Mutex(State())

  /// Fails the operation `number`, counting from 1.
  init(failing number: Int? = nil, _ kind: Kind = .before) {
    state.withLock {
      $0.target = number
      $0.kind = kind
    }
  }

  var hasFired: Bool { state.withLock { $0.hasFired } }
  /// How many operations there were.
  var count: Int { state.withLock { $0.count } }

  /// Counts an operation and says how it is to fail.
  func next() -> Kind? {
    state.withLock { state in
      state.count += 1
      guard state.count == state.target else { return nil }
      state.hasFired = true
      return state.kind
    }
  }
}

/// A bucket in memory.
final class MemoryBucket: TrailBucket {
  struct Put: Sendable {
    let key: String
    let body: [UInt8]
    let metadata: [String: String]
  }

  private let state = Mutex<(puts: [Put], refusal: TrailBucketError?)>(([], nil))
  private let faults: FaultPlan

  init(faults: FaultPlan = FaultPlan()) {
    self.faults = faults
  }

  /// Every put that did its work, in order.
  var puts: [Put] { state.withLock { $0.puts } }

  /// The objects as they are now, in the order in which their keys first appeared.
  var objects: [Put] {
    var order: [String] = []
    var latest: [String: Put] = [:]
    for put in puts {
      if latest.updateValue(put, forKey: put.key) == nil { order.append(put.key) }
    }
    return order.compactMap { latest[$0] }
  }

  /// Refuses everything with `error`, or nothing.
  func refuse(_ error: TrailBucketError?) { state.withLock { $0.refusal = error } }

  func put(_ object: TrailObject) async throws(TrailBucketError) {
    let fault = faults.next()
    if fault == .before { throw .unreachable(cause: "injected") }
    if let refusal = state.withLock({ $0.refusal }) { throw refusal }
    let metadata = Dictionary(uniqueKeysWithValues: object.metadata.map { ($0.name, $0.value) })
    state.withLock { $0.puts.append(Put(key: object.key, body: object.body, metadata: metadata)) }
    if fault == .after { throw .unreachable(cause: "injected") }
  }
}

/// A bucket that keeps its caller waiting until the caller gives up.
final class SilentBucket: TrailBucket {
  private let count = Mutex(0)

  /// How often it was asked.
  var asked: Int { count.withLock { $0 } }
  var wasAsked: Bool { asked > 0 }

  func put(_ object: TrailObject) async throws(TrailBucketError) {
    count.withLock { $0 += 1 }
    try? await Task.sleep(for: .seconds(3600))
    throw .unreachable(cause: "no answer")
  }
}

/// The store's progress and log, with faults at each write.
struct FaultyProgress: ProgressStore, AccountLogReader {
  let store: SQLiteStore
  let faults: FaultPlan
  /// Changes what the log says, as somebody with a SQL shell would.
  var forgery: @Sendable (AccountLogEntry) -> AccountLogEntry = { $0 }
  /// The names whose removal fails; the empty name stands for the list of all.
  var broken: @Sendable (String) -> Bool = { _ in false }

  func progress(of name: String) async throws(StoreError) -> [UInt8]? { try await store.progress(of: name) }

  func setProgress(of name: String, _ body: [UInt8]?) async throws(StoreError) {
    let fault = faults.next()
    if fault == .before || body == nil && broken(name) { throw .unavailable("injected") }
    try await store.setProgress(of: name, body)
    if fault == .after { throw .unavailable("injected") }
  }

  func progressNames() async throws(StoreError) -> [String] {
    if broken("") { throw .unavailable("injected") }
    return try await store.progressNames()
  }

  func entries(after sequence: Int64, limit: Int) async throws(StoreError) -> [AuditLogEntry] {
    try await store.entries(after: sequence, limit: limit)
  }

  func lastSequence() async throws(StoreError) -> Int64 { try await store.lastSequence() }

  func entries(
    of account: AccountID,
    after sequence: Int64,
    through last: Int64,
    limit: Int
  ) async throws(StoreError) -> [AccountLogEntry] {
    try await store.entries(of: account, after: sequence, through: last, limit: limit).map(forgery)
  }
}

/// Signs everything with one key, so that a test waits for none.
struct OneKeySigner: TokenSigner {
  // Each signer has its own: one pool makes few keys at a time for one account.
  private let keys = LocalKeys(keyEncryptionKey: .ephemeral())
  private let key: SealedSigningKey

  init(account: AccountID) async throws {
    key = try await keys.makeKey(.rs256, for: account)
  }

  var isUnsealed: Bool { true }
  var publicKey: PublicKey { key.publicKey }

  func makeKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey { key }

  func importKey(_ pem: Secret, for account: AccountID) async throws(TokenSignerError) -> SealedSigningKey {
    throw .unsuitable("this signer takes no keys")
  }

  func vouches(for key: SealedSigningKey) throws(TokenSignerError) -> Bool { try keys.vouches(for: key) }

  func makeReadyKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey? {
    try await makeKey(algorithm, for: account, purpose: purpose)
  }

  func forget(_ keyID: KeyID) {}

  func sign(
    _ message: [UInt8],
    with key: SealedSigningKey,
    algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8] {
    try await keys.sign(message, with: key, algorithm: algorithm)
  }
}

/// Trails, their buckets, and a delivery that can be started anew.
final class TrailHouse: Sendable {
  static let account = "111122223333"
  static let other = "444455556666"

  let store: SQLiteStore
  let clock = TestClock()
  let account: AccountID
  let otherAccount: AccountID
  let signer: any TokenSigner
  let buckets: TrailBuckets
  let incidents = Mutex<[Incident]>([])
  private let terms = Mutex<[TrailTerms]>([])
  private let numbers = Mutex(0)

  init(_ store: SQLiteStore, buckets: TrailBuckets, signer: any TokenSigner) throws {
    self.store = store
    self.buckets = buckets
    self.signer = signer
    account = try #require(AccountID(Self.account))
    otherAccount = try #require(AccountID(Self.other))
  }

  /// Runs `body` with a store in memory and the bucket `audit`.
  static func run(
    faults: FaultPlan = FaultPlan(),
    signer: (any TokenSigner)? = nil,
    others: [TrailBuckets.Given] = [],
    _ body: (TrailHouse, MemoryBucket) async throws -> Void
  ) async throws {
    let store = try SQLiteStore.inMemory()
    let bucket = MemoryBucket(faults: faults)
    let account = try #require(AccountID(account))
    let own: any TokenSigner = if let signer { signer } else { try await OneKeySigner(account: account) }
    let house = try TrailHouse(
      store,
      buckets: TrailBuckets([.init(name: "audit", accounts: [account], bucket: bucket)] + others),
      signer: own
    )
    try await store.running { try await body(house, bucket) }
  }

  /// A delivery, as after a start of the server.
  func delivery(
    faults: FaultPlan = FaultPlan(),
    schedule: TrailSchedule = TrailSchedule(),
    forgery: @escaping @Sendable (AccountLogEntry) -> AccountLogEntry = { $0 },
    broken: @escaping @Sendable (String) -> Bool = { _ in false }
  ) -> TrailDelivery {
    let progress = FaultyProgress(store: store, faults: faults, forgery: forgery, broken: broken)
    let clock = clock
    return TrailDelivery(
      trails: { () async throws(StoreError) in self.terms.withLock { $0 } },
      log: progress,
      progress: progress,
      buckets: buckets,
      signer: signer,
      gzip: Gzip { $0 },
      clock: WallClock { clock.now },
      entropy: .system,
      diagnostics: Diagnostics { incident in self.incidents.withLock { $0.append(incident) } },
      schedule: schedule
    )
  }

  /// Puts a trail in the list, in place of one of the same name.
  func set(
    _ name: String = "main",
    of account: AccountID? = nil,
    after startedAfter: Int64?,
    bucket: String = "audit",
    prefix: String? = nil,
    validates: Bool = true
  ) {
    let trail = TrailTerms(
      trail: TrailID(account: account ?? self.account, name: name),
      startedAfter: startedAfter,
      destination: .init(bucket: bucket, prefix: prefix, homeRegion: "us-east-1"),
      validatesLogFiles: validates
    )
    terms.withLock { list in list = list.filter { $0.trail.name != name } + [trail] }
  }

  /// Takes a trail off the list.
  func delete(_ name: String = "main") { terms.withLock { list in list.removeAll { $0.trail.name == name } } }

  /// Appends records; gives their event ids.
  @discardableResult
  func append(_ count: Int, of account: AccountID? = nil) async throws -> [String] {
    var ids: [String] = []
    for _ in 0..<count {
      let record = AuditRecord(
        operatorEvent: "Event",
        parameters: [
          "number": .number(
            JSONNumber(
              Int64(
                numbers.withLock {
                  $0 += 1; return $0
                }
              )
            )
          )
        ],
        account: account ?? self.account,
        now: clock.now,
        entropy: .system
      )
      try await store.append(record)
      ids.append(record.eventID)
    }
    return ids
  }

  /// The trails of all accounts whose delivery has a state, as `ACCOUNT/NAME`.
  func trailsWithState() async throws -> [String] {
    try await store.progressNames().filter { $0.hasPrefix("trail/") }.map { String($0.dropFirst(6)) }
  }

  func state(_ name: String = "main") async throws -> TrailDeliveryState? {
    try await TrailDeliveryState.read(from: store, account, name)
  }
}

extension PublicKey {
  /// The key of the house's own signer.
  static func rsaOf(_ house: TrailHouse) throws -> PublicKey {
    try #require(house.signer as? OneKeySigner).publicKey
  }
}

/// What stands in a bucket, read as a stranger would.
struct DeliveredTrail {
  struct Digest {
    let key: String
    let json: JSONObject
    let signature: String

    var isFirst: Bool { json["previousDigestS3Object"] == .null }
    var files: [JSONObject] { json["logFiles"]?.array?.compactMap(\.object) ?? [] }
  }

  /// The event ids in the log files, in the order of delivery.
  private(set) var eventIDs: [String] = []
  /// In the order of delivery.
  private(set) var digests: [Digest] = []
  /// The keys of log files, in the order of delivery.
  private(set) var fileKeys: [String] = []

  /// Reads everything; every signature, hash and link that does not hold is an issue.
  init(_ bucket: MemoryBucket, named name: String = "audit", signedBy publicKey: PublicKey) throws {
    let verifier = try #require(PublicKeyVerifier(publicKey))
    guard case .rsa(let modulus, let exponent) = publicKey else { throw Unreadable() }
    let fingerprint = RSAPublicKeyFile(modulus: modulus, exponent: exponent).fingerprint
    let objects = bucket.objects
    var hashes: [String: String] = [:]
    for object in objects {
      hashes[object.key] = PayloadHash(of: object.body).hexadecimal
      guard let json = try JSONReader.read(object.body).object else { throw Unreadable() }
      guard object.key.contains("/CloudTrail-Digest/") else {
        fileKeys.append(object.key)
        for record in json["Records"]?.array ?? [] {
          let id = record.object?["eventID"]?.string
          eventIDs.append(try #require(id))
        }
        continue
      }
      let digest = Digest(key: object.key, json: json, signature: try #require(object.metadata["signature"]))
      #expect(json["digestS3Object"]?.string == object.key)
      #expect(json["digestS3Bucket"]?.string == name)
      #expect(json["digestPublicKeyFingerprint"]?.string == fingerprint)
      #expect(object.metadata["signature-algorithm"] == "SHA256withRSA")
      let end = try #require(json["digestEndTime"]?.string)
      let text =
        "\(end)\n\(name)/\(object.key)\n\(hashes[object.key] ?? "")\n\(json["previousDigestSignature"]?.string ?? "null")"
      let signature = try #require(octets(hexadecimal: digest.signature))
      #expect(verifier.isValid(signature: signature, for: Array(text.utf8)))
      if !digest.isFirst {
        let before = try #require(digests.last)
        #expect(json["previousDigestS3Object"]?.string == before.key)
        #expect(json["previousDigestHashValue"]?.string == hashes[before.key])
        #expect(json["previousDigestSignature"]?.string == before.signature)
        #expect(json["digestStartTime"] == before.json["digestEndTime"])
      }
      for file in digest.files {
        let key = try #require(file["s3Object"]?.string)
        #expect(file["hashValue"]?.string == hashes[key])
      }
      digests.append(digest)
    }
  }

  /// The keys of log files in the order in which the digests list them.
  var listedKeys: [String] { digests.flatMap(\.files).compactMap { $0["s3Object"]?.string } }

  struct Unreadable: Error {}
}

private func octets(hexadecimal text: String) -> [UInt8]? {
  let digits = Array(text.utf8)
  guard digits.count.isMultiple(of: 2) else { return nil }
  return stride(from: 0, to: digits.count, by: 2).reduce(into: [UInt8]?([])) { octets, index in
    guard let octet = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
      return octets = nil
    }
    octets?.append(octet)
  }
}
