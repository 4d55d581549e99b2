// SPDX-License-Identifier: Apache-2.0
//
// How little memory a process holds that mostly waits. Refuses to know when it waits.

import CProcess
import FederationClient

/// The memory of this process.
package enum ProcessMemory {
  /// Holds what grows with the cores of the machine to one: arenas of the heap, threads of the clients.
  ///
  /// Has an effect before the first thread and the first client alone.
  package static func beFrugal() {
    // Where the heap does not take it, it stays as large as it is.
    _ = exeat_use_one_arena()
    FederationHTTPClient.useOneThread()
  }

  /// Gives back what is free on the heap, and the pages of code and constants.
  ///
  /// Whatever is needed again is mapped again from the kernel's cache, or read from the file where the cache needed the
  /// room.
  package static func giveBack() { exeat_give_back_memory() }
}
