// SPDX-License-Identifier: Apache-2.0
//
// What the threads that sign ask of the kernel, so that whoever carries requests and commits need not wait for them.
// Source: docs/decisions/0033-requests-in-turn.md.

import CProcess

/// How a thread is scheduled.
enum ThreadSchedule {
  /// The longest slice that Linux knows: 100 ms.
  private static let longNanoseconds: UInt64 = 100_000_000
  private static let ordinary: UInt64 = 0

  /// Runs `work` so that threads with little to do, like an event loop, run at once when they wake, where they would
  /// otherwise wait until the calling thread's slice has ended.
  ///
  /// Its share of the cores stays what it was. A kernel that does not know this, or does not allow it, serves as before.
  static func givingWay(_ work: () -> Void) {
    _ = exeat_set_slice(longNanoseconds)
    work()
    // The thread may be used for something else.
    _ = exeat_set_slice(ordinary)
  }
}
