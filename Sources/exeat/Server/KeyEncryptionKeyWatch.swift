// SPDX-License-Identifier: Apache-2.0
//
// A change of the key-encryption key while the server works: the file is looked at every two seconds; a new first line
// seals from then on, everything that an older one sealed is sealed again, and a line that goes takes nothing with it
// that is still needed. What it does stands in the status file.

import Federation
import IdentityModel
import LocalKeys
import Logging
import StoreSQLite

/// Follows the file of the key-encryption keys.
struct KeyEncryptionKeyWatch: Sendable {
  /// The keys' file.
  let source: KeyEncryptionKeySource
  /// Where the status is written.
  let statusPath: String
  /// What the server was started with; `nil` when it is sealed.
  let ring: KeyEncryptionKeyRing?
  /// The state of the file before `ring` was read.
  let stamp: KeyEncryptionKeyStamp?

  /// What the watch works on.
  struct Parts: Sendable {
    let keys: LocalKeys
    let store: SQLiteStore
    let resealing: Resealing
    let clock: WallClock
    let logger: Logger
    /// Called when a key is no longer there: what was opened with it is to be forgotten.
    let dropped: @Sendable () -> Void
    /// Called when a sealed server has got its keys.
    let unsealed: @Sendable () async -> Void
  }

  /// Follows the file until the task is cancelled.
  func run(_ parts: Parts) async {
    var ring = ring
    var seen = stamp
    var unfinished = false
    if let ring {
      withdrawRefusal(of: ring, parts)
      if !ring.openers.isEmpty, !isComplete(ring) { unfinished = true }
    }
    var lastCause: String?
    while !Task.isCancelled {
      if let started = ring, unfinished { unfinished = await !reseal(started, parts) }
      guard (try? await Task.sleep(for: .seconds(2))) != nil else { return }
      let now = source.stamp
      // A sealed server tries again also when the file is as it was: the token may be back.
      guard let now, now != seen || ring == nil else { continue }
      do throws(KeyEncryptionKeyError) {
        let next = try await source.load()
        if let before = ring {
          let isTaken = try await take(next, before, parts)
          seen = now
          guard isTaken else { continue }
        } else {
          parts.keys.use(next)
          seen = now
          withdrawRefusal(of: next, parts)
          parts.logger.notice("unsealed", metadata: ["key": "\(next.current.identifier)"])
          await parts.unsealed()
        }
        lastCause = nil
        ring = next
        unfinished = !next.openers.isEmpty && !isComplete(next)
      } catch {
        // Tried again at the next look: the token, or the store, may be back then.
        let cause = "\(error)"
        if cause != lastCause {
          parts.logger.error(
            "the key-encryption key's file cannot be used; the server goes on as it was",
            metadata: ["file": "\(source.path)", "cause": "\(cause)"]
          )
        }
        lastCause = cause
        // The file that comes next is looked at, also when it is the one from before.
        seen = nil
        if let ring { refuse(cause, ring, parts) }
      }
    }
  }

  /// Says that the file was refused, and that the server goes on with the keys of `ring`.
  private func refuse(_ cause: String, _ ring: KeyEncryptionKeyRing, _ parts: Parts) {
    var status = status(of: ring, parts.clock.now())
    status.state = .refused
    status.cause = cause
    write(status, parts.logger)
  }

  /// Says no longer that the file was refused: it holds the keys of `ring`, with which the server works.
  private func withdrawRefusal(of ring: KeyEncryptionKeyRing, _ parts: Parts) {
    guard KeyEncryptionKeyStatus.read(statusPath)?.state == .refused else { return }
    var status = status(of: ring, parts.clock.now())
    // With further keys it is for the sweep to say that nothing is left to be done.
    status.state = ring.openers.isEmpty ? .complete : .resealing
    status.cause = nil
    write(status, parts.logger)
    parts.logger.notice("the key-encryption key's file is the one in use again")
  }

  /// Whether the status file says that nothing is left to be sealed again under the keys of `ring`.
  private func isComplete(_ ring: KeyEncryptionKeyRing) -> Bool {
    guard let status = KeyEncryptionKeyStatus.read(statusPath) else { return false }
    return status.state == .complete && status.keys == ring.identifiers
  }

  /// Works with `next` from now on; `false` when it lacks a key that something in the store needs.
  private func take(
    _ next: KeyEncryptionKeyRing,
    _ before: KeyEncryptionKeyRing,
    _ parts: Parts
  ) async throws(KeyEncryptionKeyError) -> Bool {
    guard next.identifiers != before.identifiers else {
      withdrawRefusal(of: next, parts)
      return true
    }
    let now = parts.clock.now()
    if !Set(before.identifiers).isSubset(of: next.identifiers) {
      let lost: Int
      do {
        lost = try await SealInspection(parts.store)
          .countLost(from: LocalKeys(ring: before), to: LocalKeys(ring: next))
      } catch {
        throw .wrapper("the store could not be looked through: \(error)")
      }
      guard lost == 0 else {
        let cause = "the changed file lacks a key that \(lost) secrets in the store need"
        parts.logger.error("the key-encryption key stays as it was", metadata: ["cause": "\(cause)"])
        refuse(cause, before, parts)
        return false
      }
    }
    parts.keys.use(next)
    if !Set(before.identifiers).isSubset(of: next.identifiers) { parts.dropped() }
    var status = status(of: next, now)
    if next.current.identifier != before.current.identifier { status.currentSince = now }
    status.state = next.openers.isEmpty ? .complete : status.state
    status.cause = nil
    write(status, parts.logger)
    parts.logger.notice(
      "the key-encryption key was changed",
      metadata: ["keys": "\(next.identifiers.joined(separator: " "))"]
    )
    return true
  }

  /// Seals everything under the first key of `ring`; `false` when that has to be tried again.
  private func reseal(_ ring: KeyEncryptionKeyRing, _ parts: Parts) async -> Bool {
    var status = status(of: ring, parts.clock.now())
    status.state = .resealing
    status.cause = nil
    write(status, parts.logger)
    do {
      var total = ResealingProgress()
      while true {
        let base = total.resealed
        var written = parts.clock.now()
        let pass = try await parts.resealing.run(with: parts.keys) { progress in
          // A status for each second, not for each page.
          let now = parts.clock.now()
          guard now.milliseconds - written.milliseconds >= 1000 else { return }
          written = now
          status.note(progress)
          status.resealed += base
          status.updated = now
          write(status, parts.logger)
        }
        total = pass
        total.resealed += base
        // What was sealed by a request that began before the change may have come in behind the sweep.
        guard pass.resealed > 0 else { break }
        try await Task.sleep(for: .seconds(1))
      }
      status.note(total)
      status.state = .complete
      status.updated = parts.clock.now()
      write(status, parts.logger)
      parts.logger.notice(
        "everything is sealed under the current key-encryption key",
        metadata: [
          "key": "\(ring.current.identifier)", "resealed": "\(total.resealed)",
          "unopened": "\(total.unopened)",
        ]
      )
      return true
    } catch is CancellationError {
      return false
    } catch {
      status.state = .failed
      status.cause = "\(error)"
      status.updated = parts.clock.now()
      write(status, parts.logger)
      parts.logger.error("cannot seal everything again; tried again", metadata: ["cause": "\(error)"])
      try? await Task.sleep(for: .seconds(8))
      return false
    }
  }

  /// The status so far when it is about the same current key, a new one otherwise.
  private func status(of ring: KeyEncryptionKeyRing, _ now: Instant) -> KeyEncryptionKeyStatus {
    if var status = KeyEncryptionKeyStatus.read(statusPath),
      status.keys.first?.utf8.elementsEqual(ring.current.identifier.utf8) == true
    {
      status.keys = ring.identifiers
      status.updated = now
      return status
    }
    return KeyEncryptionKeyStatus(keys: ring.identifiers, currentSince: now, state: .resealing, updated: now)
  }

  private func write(_ status: KeyEncryptionKeyStatus, _ logger: Logger) {
    do {
      try status.write(to: statusPath)
    } catch {
      logger.warning(
        "cannot write the status of the key-encryption key",
        metadata: ["cause": "\(error.message)"]
      )
    }
  }
}
