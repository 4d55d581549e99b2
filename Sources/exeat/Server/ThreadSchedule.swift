// SPDX-License-Identifier: Apache-2.0
//
// The threads that sign, and what they ask of the kernel so that whoever carries requests and commits need not wait for
// them. Source: docs/decisions/0033-requests-in-turn.md, 0036-signers-yield.md.

import CProcess
import Dispatch
import Glibc

/// A thread that gives way.
enum ThreadSchedule {
  /// The longest slice that Linux knows: 100 ms.
  private static let longNanoseconds: UInt64 = 100_000_000
  /// How much less urgent than an event loop: two fifths of its weight.
  private static let niceness: CInt = 4
  /// The most urgent that libdispatch makes a thread.
  private static let mostUrgent: CInt = -4
  private static let name = "exeat-sign"
  // A thread begins as urgent as the one that makes it: those of the pool differ, those of one level do not.
  private static let beginning = DispatchQueue(label: "exeat.signing.begin", qos: .default)

  private final class Work {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs `work` on a new thread, which ends with it.
  ///
  /// Threads with little to do, like an event loop or the one that commits, run at once when they wake, and are done
  /// before the new thread goes on. Where the kernel does not know or the process may not do this, it is a thread like the
  /// others; where there is none to be had, one of the pool.
  static func givingWay(_ work: @escaping @Sendable () -> Void) {
    beginning.async {
      if !begin(work) { DispatchQueue(label: name).async(execute: work) }
    }
  }

  /// Runs `work` on a new thread; `false` when there is none to be had.
  private static func begin(_ work: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    let passed = Unmanaged.passRetained(Work(work))
    var thread = pthread_t()
    let failure = pthread_create(
      &thread,
      &attributes,
      { argument in
        // INVARIANT: it is what was `passed`, and its reference is this thread's.
        guard let argument else { return nil }
        let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        exeat_name_thread(ThreadSchedule.name)
        ThreadSchedule.becomeLessUrgent()
        _ = exeat_set_slice(ThreadSchedule.longNanoseconds)
        work.body()
        return nil
      },
      passed.toOpaque()
    )
    if failure != 0 { passed.release() }
    return failure == 0
  }

  /// Makes the calling thread less urgent, if a thread of this process may become more urgent at all.
  ///
  /// INVARIANT: no other thread stays as it is: those that libdispatch makes for it begin so, and say then how urgent they
  /// are, which may be more only with CAP_SYS_NICE or RLIMIT_NICE (setpriority(2)).
  private static func becomeLessUrgent() {
    errno = 0
    // On Linux of the calling thread alone.
    let own = getpriority(thread, 0)
    guard errno == 0, own > mostUrgent, setpriority(thread, 0, mostUrgent) == 0 else { return }
    setpriority(thread, 0, own + niceness)
  }

  private static var thread: __priority_which_t { __priority_which_t(PRIO_PROCESS.rawValue) }
}
