// SPDX-License-Identifier: Apache-2.0
//
// The files that this process may have open, which bound its connections, and the cores that it may run on.
// Source: getrlimit(2), proc_pid_status(5).

import Glibc

/// Limits that the system sets.
package enum ProcessLimits {
  /// How many cores this process may run on, at least one; fewer than the machine has when it was pinned.
  package static var cores: Int {
    let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    guard let file = fopen("/proc/self/status", "r") else { return online }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      // `Cpus_allowed:`, a tab, and a bit for each core in hexadecimal, a comma after every 32 of them.
      guard text.hasPrefix("Cpus_allowed:") else { continue }
      let count = text.dropFirst(13).reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
      return count > 0 ? min(count, online) : online
    }
    return online
  }

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
