// SPDX-License-Identifier: Apache-2.0
//
// `exeat keys rotate-key-encryption-key`: a new key-encryption key, in two steps. The first puts it before the old one and
// sees everything sealed again, by the server that runs or by itself; the second takes the old one away, when nothing and
// nobody needs it. Each step can be run again after a failure, and refuses to when it is done.

import ArgumentParser
import Federation
import FoundationEssentials
import IdentityModel
import LocalKeys
import StoreSQLite
import StrictJSON

/// `exeat keys rotate-key-encryption-key`.
struct RotateKeyEncryptionKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-key-encryption-key",
    abstract: "Seal everything under a new key-encryption key; with --finish, drop the old one.",
    discussion: """
      Works on the data directory, beside a server that runs or without one. The first run puts a new key before the old
      one in the file and waits until everything in the store is sealed under it. Sessions stay sealed under the old key
      until they expire: run the command again with --finish after 36 hours. Keep a copy of the old file for as long as
      you keep backups of the store from before.
      """
  )

  @Option(help: "The data directory.") var dataDir: String
  @Option(help: "The file of the key-encryption key, or a pkcs11: URI. Default DATA-DIR/key-encryption-key.")
  var keyEncryptionKey: String?
  @Flag(help: "Drop the old key.") var finish = false
  @Flag(help: "With --finish: drop it at once, and with it every session that it sealed.") var endSessions =
    false
  @Option(help: "How long to wait for the server: 600 or 600s, 10m.") var timeout = SecondsOption(
    seconds: 600
  )
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    guard timeout.seconds > 0 else { throw CommandFailure.usage("--timeout: no time to wait") }
    guard finish || !endSessions else { throw CommandFailure.usage("--end-sessions goes with --finish") }
    let directory = DataDirectory(dataDir)
    let source = try KeyEncryptionKeySource(keyEncryptionKey, directory)
    let lock = try FolderLock(directory.path, option: "--data-dir")
    defer { withExtendedLifetime(lock) {} }
    let ring = try await load(source)
    let status = finish ? try await drop(ring, source, directory) : try await rotate(ring, source, directory)
    report(status)
  }

  // MARK: The first step

  private func rotate(
    _ ring: KeyEncryptionKeyRing,
    _ source: KeyEncryptionKeySource,
    _ directory: DataDirectory
  ) async throws(CommandFailure) -> KeyEncryptionKeyStatus {
    var next = ring
    if ring.openers.isEmpty {
      // A key that does not open what is there would leave a store that nobody can open.
      try await requireOpens(ring, directory)
      do throws(KeyEncryptionKeyError) {
        if try await source.wrapper?.makeKey() == true {
          Console.note("the token had no such key: one was made")
        }
        next = try await ring.succeeded(wrapper: source.wrapper)
        try next.replaceFile(at: source.path)
      } catch {
        throw .failed("--key-encryption-key: \(source.path) cannot be changed: \(error)")
      }
    } else {
      try await requireUnfinished(ring, directory)
      Console.note("a change of the key is under way already: going on with it, and no new key is made")
    }
    if let store = try openStore(directory) {
      return try await reseal(next, store, directory)
    }
    return try await wait(directory) { status in
      status.keys == next.identifiers && status.state == .complete
    }
  }

  /// Throws unless something is left to be sealed again: who asks for a new key does not get the one before.
  private func requireUnfinished(
    _ ring: KeyEncryptionKeyRing,
    _ directory: DataDirectory
  ) async throws(CommandFailure) {
    guard let status = KeyEncryptionKeyStatus.read(directory.keyEncryptionKeyStatus),
      status.keys == ring.identifiers, status.state == .complete
    else { return }
    let lost = try await countLost(from: ring, to: ring.withoutOpeners, directory)
    guard lost == 0 else {
      // A store from before the change was put back. A server that runs believes the status.
      guard SQLiteStore.isInUse(at: directory.store) else { return }
      throw .failed(
        "\(lost) secrets in the store are sealed under an older key, though the last change was complete",
        hint: "stop the server, and run the command again"
      )
    }
    throw .failed(
      "no new key was made: the file still holds the old key of the last change, which is complete",
      hint:
        "drop the old key first, with --finish after \(status.sessionsEnd.rfc3339); --end-sessions does it at once"
    )
  }

  private func reseal(
    _ ring: KeyEncryptionKeyRing,
    _ store: SQLiteStore,
    _ directory: DataDirectory
  ) async throws(CommandFailure) -> KeyEncryptionKeyStatus {
    let keys = LocalKeys(ring: ring)
    let clock = Assembly.systemClock
    let before = KeyEncryptionKeyStatus.read(directory.keyEncryptionKeyStatus)
    let isSame = before?.keys.first?.utf8.elementsEqual(ring.current.identifier.utf8) == true
    do {
      var status = KeyEncryptionKeyStatus(
        keys: ring.identifiers,
        currentSince: isSame ? before?.currentSince ?? clock.now() : clock.now(),
        state: .complete,
        updated: clock.now()
      )
      try await store.running {
        let resealing = Resealing(
          directory: Directory(reader: store, writer: store, sealer: keys),
          progress: store,
          entropy: .system,
          clock: clock
        )
        status.note(try await resealing.run(with: keys))
      }
      status.updated = clock.now()
      try status.write(to: directory.keyEncryptionKeyStatus)
      return status
    } catch {
      throw CommandFailure(startError: error)
    }
  }

  // MARK: The second step

  private func drop(
    _ ring: KeyEncryptionKeyRing,
    _ source: KeyEncryptionKeySource,
    _ directory: DataDirectory
  ) async throws(CommandFailure) -> KeyEncryptionKeyStatus {
    guard !ring.openers.isEmpty else {
      throw .failed("there is one key only: nothing is to be dropped")
    }
    let next = ring.withoutOpeners
    let lost = try await countLost(from: ring, to: next, directory)
    guard lost == 0 else {
      throw .failed(
        "\(lost) secrets in the store are not sealed under the current key",
        hint: "run the command without --finish, and again when it is done"
      )
    }
    let now = Assembly.systemClock.now()
    let status = KeyEncryptionKeyStatus.read(directory.keyEncryptionKeyStatus)
    if !endSessions {
      guard let status, status.keys.first?.utf8.elementsEqual(ring.current.identifier.utf8) == true else {
        throw .failed(
          "nothing says since when the current key seals, and so whether sessions need the old one",
          hint: "--end-sessions drops it all the same"
        )
      }
      guard now >= status.sessionsEnd else {
        throw .failed(
          "sessions may need the old key until \(status.sessionsEnd.rfc3339)",
          hint: "try again then; --end-sessions drops it at once, and these sessions with it"
        )
      }
    }
    do throws(KeyEncryptionKeyError) {
      try next.replaceFile(at: source.path)
    } catch {
      throw .failed("--key-encryption-key: \(source.path) cannot be changed: \(error)")
    }
    if try openStore(directory) != nil {
      var dropped =
        status
        ?? KeyEncryptionKeyStatus(keys: [], currentSince: now, state: .complete, updated: now)
      dropped.keys = next.identifiers
      dropped.state = .complete
      dropped.updated = now
      try dropped.write(to: directory.keyEncryptionKeyStatus)
      return dropped
    }
    return try await wait(directory) { $0.keys == next.identifiers }
  }

  // MARK: What both need

  private func load(_ source: KeyEncryptionKeySource) async throws(CommandFailure) -> KeyEncryptionKeyRing {
    do throws(KeyEncryptionKeyError) {
      return try await source.load()
    } catch {
      throw .failed("--key-encryption-key: \(source.path) is not usable: \(error)")
    }
  }

  private func requireOpens(
    _ ring: KeyEncryptionKeyRing,
    _ directory: DataDirectory
  ) async throws(CommandFailure) {
    do {
      let reader = try SQLiteStore.openReadOnly(at: directory.store)
      guard try await SealInspection(reader).isOpened(by: LocalKeys(ring: ring)) else {
        throw CommandFailure.failed("--key-encryption-key: it does not open this store's secrets")
      }
    } catch {
      throw CommandFailure(startError: error)
    }
  }

  private func countLost(
    from ring: KeyEncryptionKeyRing,
    to next: KeyEncryptionKeyRing,
    _ directory: DataDirectory
  ) async throws(CommandFailure) -> Int {
    do {
      let reader = try SQLiteStore.openReadOnly(at: directory.store)
      return try await SealInspection(reader).countLost(
        from: LocalKeys(ring: ring),
        to: LocalKeys(ring: next)
      )
    } catch {
      throw CommandFailure(startError: error)
    }
  }

  /// The store, when no server runs on it.
  private func openStore(_ directory: DataDirectory) throws(CommandFailure) -> SQLiteStore? {
    do {
      return try SQLiteStore.open(at: directory.store)
    } catch {
      if SQLiteStore.isInUse(at: directory.store) { return nil }
      throw CommandFailure(startError: error)
    }
  }

  /// The status when `isDone`: what the server that runs on the store writes.
  private func wait(
    _ directory: DataDirectory,
    until isDone: (KeyEncryptionKeyStatus) -> Bool
  ) async throws(CommandFailure) -> KeyEncryptionKeyStatus {
    let began = ContinuousClock.now
    let asked = Assembly.systemClock.now().advanced(bySeconds: -1)
    while began.duration(to: .now) < .seconds(timeout.seconds) {
      if let status = KeyEncryptionKeyStatus.read(directory.keyEncryptionKeyStatus) {
        if isDone(status) { return status }
        // A refusal that stands for two looks of the server is of this file, and no longer of the one before.
        if status.state == .refused, status.updated >= asked, began.duration(to: .now) >= .seconds(5) {
          throw .failed(
            "the server refused the changed file: \(status.cause ?? "no cause"); it goes on with the keys that it had",
            hint:
              "nothing is lost: started with the same --key-encryption-key it goes on with the change by itself"
          )
        }
      }
      do {
        try await Task.sleep(for: .milliseconds(200))
      } catch {
        throw .failed("interrupted; the file is changed, and the server goes on with it")
      }
    }
    throw .failed(
      "the server did not report within \(timeout.seconds) s that it is done",
      hint:
        "it must run on this data directory and read the same key file; \(directory.keyEncryptionKeyStatus) says when it is done"
    )
  }

  private func report(_ status: KeyEncryptionKeyStatus) {
    guard !json else { return Console.out(status.json.text(isOneLine: true)) }
    guard !finish else {
      return Console.out("the old key-encryption key is dropped; \(status.keys[0]) is in use")
    }
    Console.out(
      """
      everything in the store is sealed under the key \(status.keys[0]): \(status.resealed) secrets sealed again
      sessions may need the old key until \(status.sessionsEnd.rfc3339): run this again with --finish then
      """
    )
    if status.unopened > 0 {
      Console.note("\(status.unopened) secrets open with none of the keys and were left as they are")
    }
  }
}
