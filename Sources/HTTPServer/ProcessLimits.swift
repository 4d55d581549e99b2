// SPDX-License-Identifier: Apache-2.0
//
// The files that this process may have open, which bound its connections. Source: getrlimit(2).

import Glibc

/// Limits that the system sets.
enum ProcessLimits {
  /// What is left for the store, certificates, event loops and logs.
  private static let reserved = 64

  /// Raises the soft limit of open files to the hard one, which needs no privilege; how many connections
  /// fit below it, at least one.
  static func raiseOpenFiles() -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return .max }
    if limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = limit.rlim_max
      if setrlimit(resource, &raised) == 0 { limit = raised }
    }
    return max(1, Int(clamping: limit.rlim_cur) - reserved)
  }
}
