// SPDX-License-Identifier: Apache-2.0
//
// What is kept in memory because somebody asked for it: loaded once for all who ask at the same time, bounded, dropped
// when nobody has asked for long, and never older than the last change that was told of. That there is nothing is kept
// too, and bounded too. Knows nothing of what is kept.

package import IdentityModel
import Synchronization

/// Values by names, loaded when they are asked for.
///
/// Shape of a name: ASCII, checked by the caller.
package final class LoadedValues<Value: Sendable>: Sendable {
  /// What a load found.
  package struct Loaded: Sendable {
    /// The value; `nil` when there is none.
    package let value: Value?
    /// When it is to be loaded again; `nil` when it stays as it is until it is changed.
    package let due: Instant?

    /// Pairs `value` and `due`.
    package init(_ value: Value?, due: Instant? = nil) {
      self.value = value
      self.due = due
    }
  }

  fileprivate struct Entry {
    var value: Value
    var due: Instant?
    var lastUse: UInt64
  }

  // A load that goes on, and who waits for it.
  fileprivate struct Flight {
    // INVARIANT: what was read before a change is never kept: a flight that a change overtook reads again.
    var isOvertaken = false
    // After a change that could not be read nothing is kept: better no answer than an old one.
    var mustReplace = false
    var waiters: [CheckedContinuation<Result<Value?, any Error>?, Never>] = []
  }

  fileprivate struct State {
    var entries: [String: Entry] = [:]
    var absent: Set<String> = []
    var flights: [String: Flight] = [:]
    var uses: UInt64 = 0
  }

  /// What is known of a name.
  package enum Known: Sendable {
    /// Its value.
    case value(Value)
    /// That there is none.
    case absent
    /// Nothing.
    case unknown
  }

  private let capacity: Int
  private let absentCapacity: Int
  private let state = Mutex(State())

  /// Keeps at most `capacity` values, and twice as many names without one.
  package init(capacity: Int) {
    self.capacity = max(1, capacity)
    self.absentCapacity = 2 * max(1, capacity)
  }

  /// How many values are kept.
  package var count: Int { state.withLock { $0.entries.count } }

  /// How many names are known to have no value.
  package var absentCount: Int { state.withLock { $0.absent.count } }

  /// What is known of `name`, from memory, at once.
  package func known(_ name: String) -> Known {
    state.withLock { state in
      guard let index = state.entries.index(forKey: name) else {
        return state.absent.contains(name) ? .absent : .unknown
      }
      state.uses += 1
      state.entries.values[index].lastUse = state.uses
      return .value(state.entries.values[index].value)
    }
  }

  /// The value of `name`, from memory or else by `load`; `nil` when there is none.
  ///
  /// Throws what `load` throws; a failure is not kept.
  package func value(of name: String, load: () async throws -> Loaded) async throws -> Value? {
    switch known(name) {
    case .value(let value): return value
    case .absent: return nil
    case .unknown: return try await fly(name, isChange: false, load)
    }
  }

  /// Tells that what `load` reads has changed: on return nothing older is given out.
  ///
  /// What nobody has asked for is not loaded. When the new value cannot be loaded, the old one is dropped all the same.
  package func changed(_ name: String, load: () async throws -> Loaded) async throws {
    let isKnown = state.withLock { state in
      state.absent.remove(name)
      return state.entries[name] != nil || state.flights[name] != nil
    }
    if isKnown { _ = try await fly(name, isChange: true, load) }
  }

  /// The names whose values are to be loaded again at `now`.
  package func due(at now: Instant) -> [String] {
    state.withLock { state in
      state.entries.filter { entry in entry.value.due.map { $0 <= now } ?? false }.map(\.key)
    }
  }

  /// Loads `name` again; when that fails, the old value stays, and is due again at `retry`.
  package func renew(_ name: String, retry: Instant, load: () async throws -> Loaded) async throws {
    do {
      _ = try await fly(name, isChange: false, load)
    } catch {
      state.withLock { $0.entries[name]?.due = retry }
      throw error
    }
  }

  /// Drops everything, what is being loaded included.
  package func removeAll() {
    state.withLock { state in
      state.entries.removeAll()
      state.absent.removeAll()
      for name in state.flights.keys {
        state.flights[name]?.isOvertaken = true
        state.flights[name]?.mustReplace = true
      }
    }
  }

  private func fly(
    _ name: String,
    isChange: Bool,
    _ load: () async throws -> Loaded
  ) async throws -> Value? {
    while true {
      let isOurs = state.withLock { state in
        guard state.flights[name] != nil else {
          state.flights[name] = Flight(mustReplace: isChange)
          return true
        }
        if isChange {
          state.flights[name]?.isOvertaken = true
          state.flights[name]?.mustReplace = true
        }
        return false
      }
      guard !isOurs else { break }
      if let landed = await landing(of: name) { return try landed.get() }
      // It landed in between. One that was told of a change has read again, or has dropped what was there.
      guard !isChange else { return nil }
      switch known(name) {
      case .value(let value): return value
      case .absent: return nil
      case .unknown: continue
      }
    }
    var attempt = 1
    while true {
      let result: Result<Loaded, any Error>
      do {
        result = .success(try await load())
      } catch {
        result = .failure(error)
      }
      // Somebody who changes without end keeps nobody waiting: then nothing is kept.
      if land(name, result, isLast: attempt == 16) { return try result.get().value }
      attempt += 1
    }
  }

  /// What the flight of `name` brings; `nil` when there is none any more.
  private func landing(of name: String) async -> Result<Value?, any Error>? {
    await withCheckedContinuation { continuation in
      let flies = state.withLock { state in
        guard state.flights[name] != nil else { return false }
        state.flights[name]?.waiters.append(continuation)
        return true
      }
      if !flies { continuation.resume(returning: nil) }
    }
  }

  /// Keeps what the flight of `name` brought and ends it; false when it was overtaken and has to fly again.
  private func land(_ name: String, _ result: Result<Loaded, any Error>, isLast: Bool) -> Bool {
    let waiters: [CheckedContinuation<Result<Value?, any Error>?, Never>]? = state.withLock { state in
      guard let flight = state.flights[name] else { return [] }
      guard !flight.isOvertaken || isLast else {
        state.flights[name]?.isOvertaken = false
        return nil
      }
      state.flights[name] = nil
      switch result {
      case .success(let loaded) where !flight.isOvertaken: state.keep(loaded, name, capacity, absentCapacity)
      case .success: state.entries[name] = nil
      case .failure: if flight.mustReplace { state.entries[name] = nil }
      }
      return flight.waiters
    }
    guard let waiters else { return false }
    for waiter in waiters { waiter.resume(returning: result.map(\.value)) }
    return true
  }
}

extension LoadedValues.State {
  /// Keeps what was loaded; when there is no room, the quarter that was used least recently goes.
  fileprivate mutating func keep(
    _ loaded: LoadedValues.Loaded,
    _ name: String,
    _ capacity: Int,
    _ absentCapacity: Int
  ) {
    guard let value = loaded.value else {
      entries[name] = nil
      if absent.count >= absentCapacity { absent.removeAll(keepingCapacity: true) }
      absent.insert(name)
      return
    }
    if entries.count >= capacity, entries[name] == nil {
      let oldest = entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(max(1, capacity / 4))
      for (name, _) in oldest { entries[name] = nil }
    }
    uses += 1
    entries[name] = LoadedValues.Entry(value: value, due: loaded.due, lastUse: uses)
    absent.remove(name)
  }
}
