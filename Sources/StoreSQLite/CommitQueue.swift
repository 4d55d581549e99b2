// SPDX-License-Identifier: Apache-2.0
//
// Where callers wait for their write to become durable: a bounded queue, a bell for the one thread that writes, and
// the gather window. Refuses to know what a write is.

package import Dispatch
import Federation
import Synchronization

/// How long to wait for company before a batch is written.
///
/// A flush to disk costs much the same for one record as for many. After a batch that had company the next one
/// begins a moment after it, so that more can join, and later the more company it had, up to twice as long: where
/// many come, each waits for the others' signatures anyway. Whoever comes alone, or later than that, is not delayed. Where
/// one account filled more than half of a batch, the wait is for that account's sake and at its expense: a write of
/// another one ends it.
package struct GatherWindow: Sendable {
  /// The wait after a batch of few, in microseconds.
  package let lengthMicroseconds: Int
  private var end: DispatchTime?
  /// The account of more than half of the last batch.
  private var majority: String?

  /// The size of a batch after which the wait is twice as long.
  private static let crowd = 4

  /// Starts with no company.
  package init(lengthMicroseconds: Int) {
    self.lengthMicroseconds = lengthMicroseconds
  }

  /// Notes that a batch with a write of each of `accounts` became durable at `now`; `nil` stands for none.
  package mutating func batchEnded(of accounts: [String?], at now: DispatchTime) {
    let count = accounts.count
    let longer = min(lengthMicroseconds, lengthMicroseconds * count / Self.crowd)
    end = count > 1 ? now + .microseconds(lengthMicroseconds + longer) : nil
    majority = Self.majority(of: accounts)
  }

  /// When the batch that waits at `now` may begin; `nil` for at once.
  package func opening(at now: DispatchTime) -> DispatchTime? {
    guard let end, now < end else { return nil }
    return end
  }

  /// Whether a write of `account` need not wait for company.
  package func isEnded(by account: String?) -> Bool {
    guard let majority else { return false }
    return account.map { !$0.utf8.elementsEqual(majority.utf8) } ?? true
  }

  /// The account that is more than half of `accounts`; `nil` when there is none.
  ///
  /// Source: Boyer, Moore: MJRTY, 1991.
  private static func majority(of accounts: [String?]) -> String? {
    var candidate: String?
    var lead = 0
    for account in accounts {
      if lead == 0 { candidate = account }
      lead += account == candidate ? 1 : -1
    }
    return accounts.count { $0 == candidate } * 2 > accounts.count ? candidate : nil
  }
}

final class CommitQueue: Sendable {
  /// A write and the caller who waits for it.
  struct Item: Sendable {
    let write: PendingWrite
    let done: CheckedContinuation<Result<Void, StoreError>, Never>
  }

  /// The most records in one transaction.
  static let batchLimit = 256
  /// The most callers that wait at once.
  static let limit = 10_000

  private enum Phase {
    case notStarted
    case running
    case stopped
  }

  private struct State {
    var phase = Phase.notStarted
    var waiting: [Item] = []
    var window: GatherWindow
    /// Ring the bell when so many wait.
    var bellAt = Int.max
    /// Whether the writer waits for company.
    var isGathering = false
  }

  private let state: Mutex<State>
  private let bell = DispatchSemaphore(value: 0)

  init(window: GatherWindow) {
    self.state = Mutex(State(window: window))
  }

  // MARK: - Callers

  /// Hands `write` over and waits for it, also when the task is cancelled: what was handed over is written.
  func submit(_ write: PendingWrite) async throws(StoreError) {
    let result = await withCheckedContinuation { done in
      if let refusal = enqueue(Item(write: write, done: done)) { done.resume(returning: .failure(refusal)) }
    }
    try result.get()
  }

  private func enqueue(_ item: Item) -> StoreError? {
    let (refusal, rings): (StoreError?, Bool) = state.withLock { state in
      guard state.phase != .stopped else { return (.unavailable("the store is shut down"), false) }
      guard state.waiting.count < CommitQueue.limit else {
        return (.unavailable("\(CommitQueue.limit) writes are waiting already"), false)
      }
      state.waiting.append(item)
      let endsWindow = state.isGathering && state.window.isEnded(by: item.write.account)
      guard state.waiting.count >= state.bellAt || endsWindow else { return (nil, false) }
      state.isGathering = false
      state.bellAt = .max
      return (nil, true)
    }
    if rings { bell.signal() }
    return refusal
  }

  // MARK: - Life

  /// Claims the queue for one writer.
  ///
  /// False when it was stopped before; throws when there is a writer.
  func start() throws(StoreError) -> Bool {
    try state.withLock { state throws(StoreError) in
      switch state.phase {
      case .notStarted:
        state.phase = .running
        return true
      case .running:
        throw .unavailable("the store runs already")
      case .stopped:
        return false
      }
    }
  }

  /// Takes no more writes.
  ///
  /// What waits is written by the writer, or fails when there never was one: then true.
  @discardableResult
  func stop() -> Bool {
    let abandoned: [Item]? = state.withLock { state in
      defer { state.phase = .stopped }
      guard state.phase == .notStarted else { return nil }
      defer { state.waiting = [] }
      return state.waiting
    }
    bell.signal()
    guard let abandoned else { return false }
    for item in abandoned {
      item.done.resume(returning: .failure(.unavailable("the store was shut down before it ran")))
    }
    return true
  }

  // MARK: - Writer

  private enum Step {
    case take([Item])
    case wait(until: DispatchTime)
    case end
  }

  /// The next batch, in order of arrival.
  ///
  /// Blocks the thread; `nil` once stopped and empty.
  func next() -> [Item]? {
    while true {
      switch step() {
      case .take(let batch): return batch
      // Rung or timed out, or a ring of an earlier wait: the state decides, not the bell.
      case .wait(let time): _ = bell.wait(timeout: time)
      case .end: return nil
      }
    }
  }

  /// Tells the gather window that `batch` was written.
  func batchEnded(_ batch: [Item]) {
    let now = DispatchTime.now()
    state.withLock { $0.window.batchEnded(of: batch.map(\.write.account), at: now) }
  }

  private func step() -> Step {
    let now = DispatchTime.now()
    return state.withLock { state in
      let stopped = state.phase == .stopped
      state.isGathering = false
      guard !state.waiting.isEmpty else {
        state.bellAt = 1
        return stopped ? .end : .wait(until: .distantFuture)
      }
      if !stopped, state.waiting.count < CommitQueue.batchLimit, let opening = state.window.opening(at: now),
        !state.waiting.contains(where: { state.window.isEnded(by: $0.write.account) })
      {
        state.bellAt = CommitQueue.batchLimit
        state.isGathering = true
        return .wait(until: opening)
      }
      state.bellAt = .max
      let batch = Array(state.waiting.prefix(CommitQueue.batchLimit))
      state.waiting.removeFirst(batch.count)
      return .take(batch)
    }
  }
}
