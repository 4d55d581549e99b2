// SPDX-License-Identifier: Apache-2.0
//
// Keeps what a process knows from others of its uid: no ptrace, no /proc/PID/environ or mem, no core file. Refuses
// nothing to root. Source: prctl(2), PR_SET_DUMPABLE; ptrace(2), ptrace access mode checking.

import CProcess

/// What others may see of this process.
enum ProcessSecrecy {
  /// Closes the process's memory to every process without CAP_SYS_PTRACE.
  static func begin() throws(CommandFailure) {
    // SECURITY: keys lie in memory for as long as they are used.
    guard exeat_set_undumpable() == 0 else {
      throw .failed("the system does not close this process's memory to others (prctl)")
    }
  }
}
