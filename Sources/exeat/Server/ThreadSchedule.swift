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
  /// before the new thread goes on. A kernel that does not know this, or does not allow it, serves as before; where there
  /// is no thread to be had, one of the pool serves as before.
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
        // On Linux of the calling thread alone. It cannot be taken back without privileges, so no pool gets the thread.
        _ = nice(ThreadSchedule.niceness)
        _ = exeat_set_slice(ThreadSchedule.longNanoseconds)
        work.body()
        return nil
      },
      passed.toOpaque()
    )
    if failure != 0 { passed.release() }
    return failure == 0
  }
}
