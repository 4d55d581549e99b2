// SPDX-License-Identifier: Apache-2.0
//
// The threads on which requests are worked on and signatures made. Owns who runs next: what was begun goes on first, in
// order of arrival; when nothing can go on, requests are begun and signatures made in an order that is fair to accounts.
// Refuses to know what a request or a signature is.
// Source: SE-0417; docs/decisions/0029-signing-queue.md, 0033-requests-in-turn.md.

import Dispatch
package import Federation
package import IdentityModel
import Synchronization

/// Threads of their own for requests and signatures.
///
/// A task that prefers this executor goes on where its signature was made, without a switch of threads.
package final class SigningThreads: RequestExecutor {
  private struct State {
    var jobs = ArrivalLine<UnownedJob>()
    var order: TurnOrder
    /// Turns that were given and have not ended.
    var turns = 0
    /// Threads that wait for the bell and were not rung for.
    var sleeping = 0
    /// Threads that there are.
    var lanes: Set<Int> = []
    /// How many callers of `together` hold the bell.
    var holding = 0
    /// Jobs that ran since the last turn that was given.
    var jobsInARow = 0
  }

  private enum Step {
    case run(UnownedJob)
    case take(TurnOrder.Turn)
    case sleep
  }

  private enum Call {
    case nobody
    case ring
    case start(lane: Int)
  }

  /// Turns wait for jobs, but not for more than so many: who keeps the threads busy with what goes on for ever stops
  /// nobody.
  private static let jobsBeforeATurn = 16
  /// How long a thread without work stays.
  private static let linger = DispatchTimeInterval.seconds(5)

  private let count: Int
  private let start: @Sendable (@escaping @Sendable () -> Void) -> Void
  private let bell = DispatchSemaphore(value: 0)
  private let state: Mutex<State>

  /// Up to `count` threads, which come with the work and leave when there is none.
  ///
  /// At most `limit` requests and as many signatures wait, of one account at most `limitPerAccount` of each.
  /// `start` runs the work of a thread on a thread of its own.
  package init(
    count: Int,
    limit: Int,
    limitPerAccount: Int,
    start: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { work in
      DispatchQueue(label: "exeat.signing").async(execute: work)
    }
  ) {
    self.count = max(1, count)
    self.start = start
    self.state = Mutex(State(order: TurnOrder(limit: limit, limitPerAccount: limitPerAccount)))
  }

  /// How many signatures wait.
  package var waiting: Int { state.withLock { $0.order.signatures } }
  /// How many requests wait to be begun.
  package var waitingRequests: Int { state.withLock { $0.order.requests } }

  // MARK: - Jobs

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    call(
      state.withLock { state in
        state.jobs.append(job)
        return whom(&state)
      }
    )
  }

  /// Runs `body`, and only then wakes threads for what it enqueued: one switch of threads for many tasks.
  package func together(_ body: () -> Void) {
    state.withLock { $0.holding += 1 }
    body()
    call(
      state.withLock { state in
        state.holding -= 1
        return whom(&state)
      }
    )
  }

  // MARK: - Turns

  package func begin(
    _ flow: RequestFlow,
    octets: Int,
    _ start: @escaping @Sendable () -> Void
  ) -> Bool {
    let helper: Call? = state.withLock { state -> Call? in
      guard state.order.add(start, of: flow, octets: octets) else { return nil }
      return whom(&state)
    }
    guard let helper else { return false }
    call(helper)
    return true
  }

  /// Waits until `account` may make a signature of `cost`; `false`, at once, when too many wait already.
  ///
  /// `endTurn` must follow. A task that waits is not served earlier for being cancelled.
  package func takeTurn(of account: AccountID, cost: UInt64) async -> Bool {
    let isFree = state.withLock { state in
      // What goes on may want a signature too: only then is it known whose turn it is.
      guard state.order.signatures == 0, state.jobs.isEmpty, state.turns < count else { return false }
      state.turns += 1
      state.jobsInARow = 0
      state.order.passes(account, cost: cost)
      return true
    }
    if isFree { return true }
    var isRefused = false
    await withUnsafeContinuation { turn in
      let helper: Call? = state.withLock { state -> Call? in
        guard state.order.add(turn, of: account, cost: cost) else { return nil }
        return whom(&state)
      }
      if let helper {
        call(helper)
      } else {
        isRefused = true
        turn.resume()
      }
    }
    return !isRefused
  }

  /// Ends a turn that `takeTurn` gave.
  package func endTurn() {
    call(
      state.withLock { state in
        state.turns -= 1
        return whom(&state)
      }
    )
  }

  // MARK: - Threads

  /// Whom to call for what there is to do.
  private func whom(_ state: inout State) -> Call {
    guard state.holding == 0, hasWork(state) else { return .nobody }
    if state.sleeping > 0 {
      state.sleeping -= 1
      return .ring
    }
    // INVARIANT: a thread that is awake looks for work before it sleeps, so nothing is left lying.
    guard state.lanes.count < count, let lane = (0..<count).first(where: { !state.lanes.contains($0) }) else {
      return .nobody
    }
    state.lanes.insert(lane)
    return .start(lane: lane)
  }

  private func hasWork(_ state: borrowing State) -> Bool {
    !state.jobs.isEmpty || hasTurn(state)
  }

  private func hasTurn(_ state: borrowing State) -> Bool {
    state.order.requests > 0 || (state.order.signatures > 0 && state.turns < count)
  }

  private func call(_ whom: Call) {
    switch whom {
    case .nobody: break
    case .ring: bell.signal()
    case .start(let lane): start { self.serve(lane) }
    }
  }

  private func serve(_ lane: Int) {
    var hasBegun = false
    while true {
      let (next, helper) = state.withLock { (state: inout State) -> (Step, Call) in
        if hasBegun { state.holding -= 1 }
        let next = step(&state)
        // Where there is more to do than one thread takes, it calls the next one, and that one the next.
        return (next, whom(&state))
      }
      call(helper)
      hasBegun = false
      switch next {
      case .run(let job): job.runSynchronously(on: asUnownedTaskExecutor())
      case .take(.sign(let turn)): turn.resume()
      case .take(.begin(let start)):
        // The first job of its task is for this thread, which comes to it now: nobody is woken for it.
        start()
        hasBegun = true
      case .sleep:
        guard bell.wait(timeout: .now() + Self.linger) == .timedOut else { continue }
        let (isRung, leaves) = state.withLock { state in
          guard state.sleeping > 0 else { return (true, false) }
          state.sleeping -= 1
          guard !hasWork(state) else { return (false, false) }
          state.lanes.remove(lane)
          return (false, true)
        }
        // Counted as awake by whoever rings: the ring is there, or about to come.
        if isRung { bell.wait() }
        if leaves { return }
      }
    }
  }

  private func step(_ state: inout State) -> Step {
    let hasTurn = hasTurn(state)
    if !hasTurn || state.jobsInARow < Self.jobsBeforeATurn, let job = state.jobs.next() {
      state.jobsInARow += 1
      return .run(job)
    }
    // Asked also when nothing waits: the order learns that a thread has nothing to do.
    if let turn = state.order.next(maySign: state.turns < count) {
      switch turn {
      case .sign: state.turns += 1
      case .begin: state.holding += 1
      }
      state.jobsInARow = 0
      return .take(turn)
    }
    state.sleeping += 1
    return .sleep
  }
}
