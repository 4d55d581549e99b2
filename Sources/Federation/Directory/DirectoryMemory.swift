// SPDX-License-Identifier: Apache-2.0
//
// What the hot path keeps of the directory: callers and issuers, bounded, and when they are believed. Reads nothing and
// writes nothing itself.

import IdentityModel
import PolicyEngine

/// What the directory remembers.
struct DirectoryMemory: ~Copyable {
  /// What is known of an access key id.
  enum Known {
    case caller(Caller)
    case nobody
  }

  let capacity: Int
  // INVARIANT: a value that was read under an older generation is never remembered; a write begins and ends with a
  // new generation, so a read that overlaps a write cannot leave the old state behind.
  var generation: UInt64 = 0
  var issuers: [AccountID: Issuer] = [:]
  // SECURITY: by bytes. Two texts that Swift holds for equal are two ids: U+212A is a K to it.
  private var callers: [ExactBytes: Caller] = [:]
  // Apart from the others and fewer: anybody who may assume a role makes as many as they like.
  private var sessions: [ExactBytes: Caller] = [:]
  private let sessionCapacity: Int
  // What identities may do, shared by their keys and sessions: parsed once for all of them.
  private var policies: [[UInt8]: (account: AccountID, loaded: LoadedPolicies)] = [:]
  /// How accounts stand.
  private(set) var standings: [AccountID: AccountStanding] = [:]
  /// Organizations by their ids.
  private(set) var organizations: [[UInt8]: Stored<OrganizationRecord>] = [:]
  /// Where accounts stand, by the id of their parent: one for all accounts that have it.
  private(set) var places: [[UInt8]: OrganizationPlace] = [:]
  // The policies of organizations by the ids of their records, parsed once for everything that they are attached to.
  private(set) var organizationDocuments: [[UInt8]: (revision: Int64, policy: NamedPolicy)] = [:]
  // Unknown ids are remembered too, so that looking one up again costs what a known one costs, but apart: guessing
  // ids must not push real callers out.
  private var nobodies: Set<ExactBytes> = []
  // INVARIANT: after a write whose outcome is unknown nothing is remembered until a write has succeeded again: only
  // then has the store been opened anew and shown which state it is in.
  private var isDistrusted = false

  init(capacity: Int) {
    self.capacity = capacity
    self.sessionCapacity = min(capacity, 8192)
  }

  func known(_ accessKeyID: String) -> Known? {
    let id = ExactBytes(accessKeyID)
    if let caller = callers[id] ?? sessions[id] { return .caller(caller) }
    return nobodies.contains(id) ? .nobody : nil
  }

  /// What is known of the policies of the identity at `key`.
  func policies(of key: RecordKey) -> LoadedPolicies? { policies[identityKey(key)]?.loaded }

  mutating func remember(
    _ loaded: LoadedPolicies,
    of key: RecordKey,
    account: AccountID,
    generation: UInt64
  ) {
    guard generation == self.generation, !isDistrusted else { return }
    if policies.count >= capacity { policies.removeAll(keepingCapacity: true) }
    policies[identityKey(key)] = (account, loaded)
  }

  private func identityKey(_ key: RecordKey) -> [UInt8] { Array("\(key.kind.name) \(key.id)".utf8) }

  mutating func remember(_ caller: Caller?, accessKeyID: String, generation: UInt64) {
    guard generation == self.generation, !isDistrusted else { return }
    let id = ExactBytes(accessKeyID)
    if let caller, caller.session != nil {
      // A session policy is parsed for one session alone, and as long as its maker likes: such sessions are not kept.
      guard caller.policies.session == nil else { return }
      if sessions.count >= sessionCapacity { sessions.removeAll(keepingCapacity: true) }
      sessions[id] = caller
    } else if let caller {
      if callers.count >= capacity { callers.removeAll(keepingCapacity: true) }
      callers[id] = caller
    } else {
      if nobodies.count >= 8192 { nobodies.removeAll(keepingCapacity: true) }
      nobodies.insert(id)
    }
  }

  mutating func remember(_ issuer: Issuer, account: AccountID, generation: UInt64) {
    guard generation == self.generation, !isDistrusted else { return }
    if issuers.count >= capacity { issuers.removeAll(keepingCapacity: true) }
    issuers[account] = issuer
  }

  mutating func remember(_ standing: AccountStanding, of account: AccountID, generation: UInt64) {
    guard generation == self.generation, !isDistrusted else { return }
    if standings.count >= capacity { standings.removeAll(keepingCapacity: true) }
    standings[account] = standing
  }

  mutating func remember(_ organization: Stored<OrganizationRecord>, generation: UInt64) {
    guard generation == self.generation, !isDistrusted else { return }
    if organizations.count >= capacity { organizations.removeAll(keepingCapacity: true) }
    organizations[Array(organization.record.organizationID.utf8)] = organization
  }

  mutating func remember(_ place: OrganizationPlace, generation: UInt64) {
    guard generation == self.generation, !isDistrusted else { return }
    if places.count >= capacity { places.removeAll(keepingCapacity: true) }
    places[Array(place.parentID.utf8)] = place
  }

  mutating func remember(_ policy: NamedPolicy, revision: Int64, at id: String, generation: UInt64) {
    guard generation == self.generation, !isDistrusted else { return }
    if organizationDocuments.count >= 4096 { organizationDocuments.removeAll(keepingCapacity: true) }
    organizationDocuments[Array(id.utf8)] = (revision, policy)
  }

  mutating func distrust() {
    isDistrusted = true
    forgetEverything()
  }

  mutating func trust() {
    guard isDistrusted else { return }
    isDistrusted = false
    forgetEverything()
  }

  mutating func forgetEverything() {
    generation += 1
    issuers.removeAll()
    nobodies.removeAll()
    callers.removeAll()
    sessions.removeAll()
    policies.removeAll()
    standings.removeAll()
    organizations.removeAll()
    places.removeAll()
    organizationDocuments.removeAll()
  }

  /// Drops what is known of `accounts`, and of every account of `changed` organizations.
  mutating func forget(_ accounts: Set<AccountID>, organizations changed: Set<[UInt8]> = []) {
    generation += 1
    for account in accounts {
      issuers[account] = nil
      standings[account] = nil
    }
    nobodies.removeAll(keepingCapacity: true)
    let isGone = { (caller: Caller) in
      accounts.contains(caller.principal.account) || caller.standing.isMember(of: changed)
    }
    callers = callers.filter { !isGone($0.value) }
    sessions = sessions.filter { !isGone($0.value) }
    policies = policies.filter { !accounts.contains($0.value.account) }
    guard !changed.isEmpty else { return }
    for organization in changed { organizations[organization] = nil }
    standings = standings.filter { !$0.value.isMember(of: changed) }
    places = places.filter { !changed.contains(Array($0.value.organizationID.utf8)) }
  }

  /// Drops how `account` sees its organization.
  mutating func forgetView(of account: AccountID) {
    guard let place = standings[account]?.membership?.place else { return }
    organizations[Array(place.organizationID.utf8)] = nil
  }
}

extension AccountStanding {
  /// Whether the account is in one of `organizations`.
  fileprivate func isMember(of organizations: Set<[UInt8]>) -> Bool {
    guard !organizations.isEmpty, let membership else { return false }
    return organizations.contains(Array(membership.place.organizationID.utf8))
  }
}

/// A text as a key of a dictionary, by its bytes.
private struct ExactBytes: Hashable {
  private let bytes: [UInt8]

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  // All bytes at once: an array hashes its elements one by one.
  func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
}
