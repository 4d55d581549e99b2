// SPDX-License-Identifier: Apache-2.0
//
// The steps of one visit to a trail: files first, then the digest that lists them. A step is durable before the next
// begins, and the name and hash of a file before the file is put: whoever comes after a crash puts the same object
// again, or goes on from where it is known to be. Source: contract §5.2, §5.3; AWS CLI, cloudtrail validate-logs.

import AuditTrail
import IdentityModel

/// One visit to one trail.
struct TrailVisit {
  let courier: TrailCourier
  let trail: TrailID
  /// What the trail asks for; `nil` when it was deleted.
  let terms: TrailTerms?
  let key: Result<TrailDigestKey, TrailDigestKeyError>
  /// The last sequence of the log when the visit began.
  let last: Int64
  private(set) var state: TrailDeliveryState
  private var savedPosition: Int64

  init(
    courier: TrailCourier,
    trail: TrailID,
    terms: TrailTerms?,
    key: Result<TrailDigestKey, TrailDigestKeyError>,
    last: Int64,
    state: TrailDeliveryState
  ) {
    self.courier = courier
    self.trail = trail
    self.terms = terms
    self.key = key
    self.last = last
    self.state = state
    self.savedPosition = state.position
  }

  // The logging that the state is about has ended: by a stop, a deletion, or a stop and another start.
  private var isOver: Bool { terms?.startedAfter != state.startedAfter }
  private var wantsDigests: Bool { !isOver && terms?.validatesLogFiles == true }

  /// Does the next thing that is due; `false` when there is none.
  mutating func step() async throws(TrailDeliveryError) -> Bool {
    if state.isFinished {
      guard isOver, let startedAfter = terms?.startedAfter else { return false }
      state.begin(after: startedAfter)
      try await save()
    } else if try follow() {
      try await save()
    } else if heldUntil != nil {
      return false
    } else if let file = state.pendingFile {
      try await deliver(file)
    } else if let file = try await nextFile() {
      state.pendingFile = file
      try await save()
    } else if let digest = state.pendingDigest {
      try await deliver(digest)
    } else if let start = state.digestStart, isDigestDue(start) {
      state.pendingDigest = try await nextDigest(after: start)
      try await save()
    } else if isOver {
      state.isFinished = true
      try await save()
    } else if state.position > savedPosition + 1000 {
      // An account at rest does not pass over the same records of others again and again.
      savedPosition = state.position
      try await save()
    } else {
      return false
    }
    return true
  }

  /// Ends the delivery when the trail is gone and its rest has been tried for long enough; whether it did.
  mutating func isAbandoned() async throws(TrailDeliveryError) -> Bool {
    guard terms == nil, let ended = state.endedAt,
      courier.clock.now() >= ended.advanced(bySeconds: courier.schedule.secondsAfterDeletion)
    else { return false }
    state.isFinished = true
    try await save()
    return true
  }

  private func save() async throws(TrailDeliveryError) {
    do {
      try await state.write(to: courier.progress, trail.account, trail.name)
    } catch {
      throw .store(error)
    }
  }

  // MARK: What the trail asks for

  /// Takes over what the trail asks for now; whether that changed the state.
  private mutating func follow() throws(TrailDeliveryError) -> Bool {
    var changed = false
    if let destination = terms?.destination, !destination.isSame(as: state.destination), heldUntil == nil {
      // What is on its way goes to the new place: perhaps because the old one takes nothing.
      state.destination = destination
      state.pendingDigest = nil
      if let file = state.pendingFile {
        state.pendingFile = .init(key: try newKey(), through: file.through, sha256: file.sha256)
      }
      changed = true
    }
    if isOver, state.endedAt == nil {
      state.endedAt = courier.clock.now()
      changed = true
    }
    if wantsDigests, state.digestStart == nil {
      let now = Instant(seconds: courier.clock.now().seconds)
      state.digestStart = max(now, state.latestDigestEnd ?? now)
      changed = true
    }
    return changed
  }

  private func location() throws(TrailDeliveryError) -> TrailLocation {
    guard let region = Region(state.destination.homeRegion) else {
      throw .malformedName(.malformedPart("homeRegion"))
    }
    do {
      return try TrailLocation(
        bucket: state.destination.bucket,
        prefix: state.destination.prefix,
        account: trail.account,
        region: region,
        trailName: trail.name,
        homeRegion: region
      )
    } catch {
      throw .malformedName(error)
    }
  }

  // MARK: Log files

  /// The next file; `nil` when there is nothing to put into one.
  private mutating func nextFile() async throws(TrailDeliveryError) -> TrailDeliveryState.PendingFile? {
    // The digests are far behind: the state, which lists what they lack, must not grow without bound.
    guard state.undigested.count < 6 * courier.schedule.filesPerDigest else { return nil }
    let (entries, through) = try await records(through: last, bytes: courier.schedule.fileBytes)
    guard let file = LogFile(entries) else {
      // Durable with the next step: these are records of others.
      state.position = max(state.position, last)
      return nil
    }
    let key = try newKey()
    let reference = file.reference(bucket: state.destination.bucket, key: key)
    return .init(key: key, through: through, sha256: reference.hashValue)
  }

  private func newKey() throws(TrailDeliveryError) -> String {
    let location = try location()
    do {
      return try location.logFileKey(at: courier.clock.now(), random: courier.entropy.octets(16))
    } catch {
      throw .malformedName(error)
    }
  }

  /// The account's records after `position`, in order, as many as fit; and the sequence up to which they are all.
  private func records(
    through last: Int64,
    bytes limit: Int
  ) async throws(TrailDeliveryError) -> ([LogFile.Entry], through: Int64) {
    var entries: [LogFile.Entry] = []
    var bytes = 0
    var position = state.position
    while true {
      let page: [AccountLogEntry]
      do {
        page = try await courier.log.entries(of: trail.account, after: position, through: last, limit: 500)
      } catch {
        throw .store(error)
      }
      for entry in page {
        bytes += entry.json.count
        guard entries.isEmpty || bytes <= limit else { return (entries, position) }
        entries.append(LogFile.Entry(eventTime: entry.eventTime, json: entry.json))
        position = entry.sequence
      }
      guard page.count == 500 else { return (entries, last) }
    }
  }

  private mutating func deliver(_ file: TrailDeliveryState.PendingFile) async throws(TrailDeliveryError) {
    let bucket = state.destination.bucket
    let reference: DigestFile.LogFileReference
    do throws(TrailDeliveryError) {
      let (entries, _) = try await records(through: file.through, bytes: .max)
      guard let made = LogFile(entries) else { throw .recordsDiffer(key: file.key) }
      reference = made.reference(bucket: bucket, key: file.key)
      guard reference.hashValue == file.sha256 else { throw .recordsDiffer(key: file.key) }
      try await courier.put(made.body, at: file.key, into: bucket, for: trail.account)
    } catch {
      guard !Task.isCancelled else { throw error }
      state.latestDeliveryAttemptTime = courier.clock.now()
      state.latestDeliveryError = error.word
      try await save()
      throw error
    }
    let now = courier.clock.now()
    state.latestDeliveryAttemptTime = now
    state.latestDeliveryTime = now
    state.latestDeliveryError = nil
    state.position = file.through
    state.pendingFile = nil
    if state.digestStart != nil { state.undigested.append(.init(reference)) }
    try await save()
  }

  // MARK: Digests

  private func isDigestDue(_ start: Instant) -> Bool {
    !wantsDigests || state.undigested.count >= courier.schedule.filesPerDigest
      || courier.clock.now() >= start.advanced(bySeconds: courier.schedule.digestSeconds)
  }

  private mutating func nextDigest(
    after start: Instant
  ) async throws(TrailDeliveryError) -> TrailDeliveryState.PendingDigest {
    do throws(TrailDeliveryError) {
      let key = try signingKey()
      guard let fingerprint = key.publicKey?.fingerprint else { throw .key(.signer(.sealBroken)) }
      // The end is in the name: no two digests of a trail end in the same second.
      let end = max(Instant(seconds: courier.clock.now().seconds), start.advanced(bySeconds: 1))
      let count = state.undigested.count
      let digest = try digest(from: start, to: end, fileCount: count, fingerprint)
      let signature: [UInt8]
      do throws(TrailDigestKeyError) {
        signature = try await courier.signer.sign(digest.stringToSign, with: key)
      } catch {
        throw .key(error)
      }
      return .init(end: end, fingerprint: fingerprint, signature: Octets(signature), fileCount: count)
    } catch {
      state.latestDigestDeliveryError = error.word
      try await save()
      throw error
    }
  }

  private func signingKey() throws(TrailDeliveryError) -> TrailDigestKey {
    do { return try key.get() } catch { throw .key(error) }
  }

  private func digest(
    from start: Instant,
    to end: Instant,
    fileCount: Int,
    _ fingerprint: String
  ) throws(TrailDeliveryError) -> DigestFile {
    DigestFile(
      location: try location(),
      start: start,
      end: end,
      logFiles: state.undigested.prefix(fileCount).map(\.reference),
      previous: state.previousDigest?.previous,
      publicKeyFingerprint: fingerprint
    )
  }

  private mutating func deliver(
    _ pending: TrailDeliveryState.PendingDigest
  ) async throws(TrailDeliveryError) {
    guard let start = state.digestStart else { return state.pendingDigest = nil }
    let signature = pending.signature.bytes
    let digest = try digest(from: start, to: pending.end, fileCount: pending.fileCount, pending.fingerprint)
    do throws(TrailDeliveryError) {
      try await courier.put(
        digest.body,
        at: digest.key,
        metadata: DigestFile.metadata(signature: signature),
        into: state.destination.bucket,
        for: trail.account
      )
    } catch {
      guard !Task.isCancelled else { throw error }
      state.latestDigestDeliveryError = error.word
      try await save()
      throw error
    }
    state.latestDigestDeliveryTime = courier.clock.now()
    state.latestDigestDeliveryError = nil
    state.latestDigestEnd = pending.end
    state.undigested.removeFirst(min(pending.fileCount, state.undigested.count))
    state.pendingDigest = nil
    // A chain that is to end goes on as long as there is a file that no digest lists.
    let goesOn = wantsDigests || !state.undigested.isEmpty
    state.digestStart = goesOn ? pending.end : nil
    state.previousDigest = goesOn ? .init(digest.previous(signature: signature)) : nil
    try await save()
  }
}
