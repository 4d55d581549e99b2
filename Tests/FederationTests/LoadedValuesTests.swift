// SPDX-License-Identifier: Apache-2.0
//
// Values that are loaded when they are asked for: once for everybody, bounded, and never older than the last change.

import Federation
import IdentityModel
import Synchronization
import Testing

/// Counts loads, and holds them until a test lets them go on.
private final class Source: Sendable {
  private struct State {
    var value: Int? = 1
    var loads = 0
    var fails = false
    var held: [CheckedContinuation<Void, Never>] = []
    var holds = false
  }

  private let state = Mutex(State())

  var loads: Int { state.withLock { $0.loads } }
  var heldCount: Int { state.withLock { $0.held.count } }

  func set(_ value: Int?) { state.withLock { $0.value = value } }
  func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }
  func hold() { state.withLock { $0.holds = true } }

  func release() {
    let held = state.withLock { state in
      defer { state.held = [] }
      state.holds = false
      return state.held
    }
    for continuation in held { continuation.resume() }
  }

  func load() async throws -> LoadedValues<Int>.Loaded {
    let (value, fails) = state.withLock { state in
      state.loads += 1
      return (state.value, state.fails)
    }
    await withCheckedContinuation { continuation in
      let isHeld = state.withLock { state in
        if state.holds { state.held.append(continuation) }
        return state.holds
      }
      if !isHeld { continuation.resume() }
    }
    if fails { throw StoreError.unavailable("gone") }
    return .init(value, due: value == 7 ? Instant(seconds: 100) : nil)
  }

  /// Waits until so many loads are held.
  func holding(_ count: Int) async {
    while heldCount < count { await Task.yield() }
  }
}

@Suite struct LoadedValuesTests {
  @Test func `what is asked for by many at once is loaded once`() async throws {
    let values = LoadedValues<Int>(capacity: 4)
    let source = Source()
    source.hold()
    let found = try await withThrowingTaskGroup(of: Int?.self) { group in
      for _ in 0..<20 { group.addTask { try await values.value(of: "a") { try await source.load() } } }
      await source.holding(1)
      source.release()
      return try await group.reduce(into: [Int?]()) { $0.append($1) }
    }
    #expect(found == Array(repeating: 1, count: 20))
    #expect(source.loads == 1)
    #expect(try await values.value(of: "a") { try await source.load() } == 1)
    #expect(source.loads == 1)
  }

  @Test func `that there is nothing is kept too, until it changes`() async throws {
    let values = LoadedValues<Int>(capacity: 4)
    let source = Source()
    source.set(nil)
    for _ in 0..<3 { #expect(try await values.value(of: "a") { try await source.load() } == nil) }
    #expect(source.loads == 1)
    source.set(5)
    try await values.changed("a") { try await source.load() }
    // Nobody has asked since: it is not loaded for nobody.
    #expect(source.loads == 1 && values.count == 0)
    #expect(try await values.value(of: "a") { try await source.load() } == 5)
  }

  @Test func `values and names without one are bounded, and what was used lately stays`() async throws {
    let values = LoadedValues<Int>(capacity: 8)
    let source = Source()
    for index in 0..<8 { _ = try await values.value(of: "\(index)") { try await source.load() } }
    guard case .value(1) = values.known("0") else { return #expect(Bool(false)) }
    _ = try await values.value(of: "8") { try await source.load() }
    #expect(values.count == 7)
    guard case .value(1) = values.known("0") else { return #expect(Bool(false)) }
    guard case .unknown = values.known("1") else { return #expect(Bool(false)) }
    source.set(nil)
    for index in 0..<1000 { _ = try await values.value(of: "no\(index)") { try await source.load() } }
    #expect(values.absentCount <= 16 && values.count == 7)
  }

  @Test func `a change while a load goes on makes it load again, and nobody gets what was before`()
    async throws
  {
    let values = LoadedValues<Int>(capacity: 4)
    let source = Source()
    source.hold()
    async let first = values.value(of: "a") { try await source.load() }
    await source.holding(1)
    source.set(2)
    // Runs at once until it waits for the load that it has overtaken.
    let change = Task.immediate { try await values.changed("a") { try await source.load() } }
    source.release()
    try await change.value
    #expect(try await first == 2)
    guard case .value(2) = values.known("a") else { return #expect(Bool(false)) }
    #expect(source.loads == 2)
  }

  @Test func `a failure is not kept, and a failed change leaves nothing old behind`() async throws {
    let values = LoadedValues<Int>(capacity: 4)
    let source = Source()
    source.fail(true)
    await #expect(throws: StoreError.self) { _ = try await values.value(of: "a") { try await source.load() } }
    source.fail(false)
    #expect(try await values.value(of: "a") { try await source.load() } == 1)
    source.fail(true)
    // With the store gone, what is there is served.
    #expect(try await values.value(of: "a") { try await source.load() } == 1)
    await #expect(throws: StoreError.self) { try await values.changed("a") { try await source.load() } }
    guard case .unknown = values.known("a") else { return #expect(Bool(false)) }
  }

  @Test func `what falls due is renewed, and stays as it was when that fails`() async throws {
    let values = LoadedValues<Int>(capacity: 4)
    let source = Source()
    source.set(7)
    _ = try await values.value(of: "a") { try await source.load() }
    #expect(values.due(at: Instant(seconds: 99)).isEmpty)
    #expect(values.due(at: Instant(seconds: 100)) == ["a"])
    source.fail(true)
    await #expect(throws: StoreError.self) {
      try await values.renew("a", retry: Instant(seconds: 160)) { try await source.load() }
    }
    guard case .value(7) = values.known("a") else { return #expect(Bool(false)) }
    #expect(values.due(at: Instant(seconds: 159)).isEmpty && values.due(at: Instant(seconds: 160)) == ["a"])
    source.fail(false)
    source.set(8)
    try await values.renew("a", retry: Instant(seconds: 200)) { try await source.load() }
    guard case .value(8) = values.known("a") else { return #expect(Bool(false)) }
    #expect(values.due(at: Instant(seconds: 1_000_000)).isEmpty)
  }

  @Test func `everything can be dropped, also what is just being loaded`() async throws {
    let values = LoadedValues<Int>(capacity: 4)
    let source = Source()
    source.hold()
    async let found = values.value(of: "a") { try await source.load() }
    await source.holding(1)
    source.set(3)
    values.removeAll()
    while source.loads == 1 {
      source.release()
      await Task.yield()
    }
    source.release()
    #expect(try await found == 3)
  }
}
