// SPDX-License-Identifier: Apache-2.0
//
// Runs a program and takes its standard output: `credential_process`. No shell stands between the words and the
// program. Standard input and standard error are the user's own, so that a helper may ask for a code, and so that
// what it complains about reaches the user and never a message or a log of ours. Where no terminal is, the program
// leads a process group, so that nothing of it outlives a timeout; on a terminal it stays in ours, because the kernel
// stops another group that reads from it. Source: POSIX.1 XBD §11.1.4, posix_spawn, waitid.

import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why a program gave no output.
package enum ChildProcessError: Error, Hashable, Sendable {
  /// The program could not be started; `errno` as POSIX numbers it.
  case notStarted(errno: Int32)
  /// The program ended with a status other than 0.
  case exited(status: Int32)
  /// A signal ended the program.
  case signalled(Int32)
  /// The program did not end in time and was killed.
  case timedOut(seconds: Int)
  /// The program wrote more than the cap, in bytes, and was killed.
  case tooMuchOutput(limit: Int)
}

/// A program to run once.
package struct ChildProcess: Sendable {
  /// The program, searched in `PATH` when it holds no slash, and its arguments.
  package let words: [String]
  /// The whole environment of the program.
  package let environment: [String: String]
  /// How long it may run, in seconds.
  ///
  /// The AWS SDK for Go grants one minute as well.
  package let timeoutSeconds: Int
  /// How much it may write, in bytes.
  package let maximumOutputBytes: Int
  /// Whether the program leads a process group of its own, all of which is killed when the program is.
  package let leadsGroup: Bool

  /// Gathers the parts; `words` holds at least the program.
  package init(
    words: [String],
    environment: [String: String],
    timeoutSeconds: Int = 60,
    maximumOutputBytes: Int = 65_536,
    leadsGroup: Bool = !hasTerminal()
  ) {
    self.words = words
    self.environment = environment
    self.timeoutSeconds = timeoutSeconds
    self.maximumOutputBytes = maximumOutputBytes
    self.leadsGroup = leadsGroup
  }

  /// Runs the program to its end and returns what it wrote to standard output.
  ///
  /// The wait happens on a thread of its own, never on one of the concurrency runtime. Another process that got the
  /// standard output of the program and keeps it is waited for no longer than `afterlife`.
  ///
  /// - Throws: `ChildProcessError` when it cannot be started, fails, writes too much or takes too long.
  package func output() async throws(ChildProcessError) -> [UInt8] {
    let result: Result<[UInt8], ChildProcessError> = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: Result { () throws(ChildProcessError) in try blockingOutput() })
      }
    }
    return try result.get()
  }

  private func blockingOutput() throws(ChildProcessError) -> [UInt8] {
    guard let program = words.first else { throw .notStarted(errno: ENOENT) }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .notStarted(errno: errno) }
    defer { close(ends[0]) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let pid: pid_t
    do throws(ChildProcessError) {
      pid = try spawn(program, standardOutput: ends[1])
    } catch {
      close(ends[1])
      throw error
    }
    close(ends[1])

    let deadline = ContinuousClock.now.advanced(by: .seconds(timeoutSeconds))
    do throws(ChildProcessError) {
      let bytes = try readToEnd(ends[0], of: pid, until: deadline)
      try awaitSuccess(of: pid, until: deadline)
      return bytes
    } catch {
      switch error {
      case .notStarted, .exited, .signalled: break
      case .timedOut, .tooMuchOutput:
        // The child is ours and not yet waited for, so neither its id nor its group's can have been given away.
        if leadsGroup { kill(-pid, SIGKILL) }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      }
      throw error
    }
  }

  private func spawn(_ program: String, standardOutput: Int32) throws(ChildProcessError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, standardOutput, STDOUT_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    if leadsGroup {
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
      posix_spawnattr_setpgroup(&attributes, 0)
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
    defer { for copy in arguments + variables { free(copy) } }
    arguments.append(nil)
    variables.append(nil)
    var pid: pid_t = 0
    let failure = posix_spawnp(&pid, program, &actions, &attributes, arguments, variables)
    guard failure == 0 else { throw .notStarted(errno: failure) }
    return pid
  }

  // Reads until every writer is gone. What the program wrote is in the pipe when it ends, so from then on only
  // what is there already, or comes within `afterlife`, is read.
  private func readToEnd(
    _ descriptor: Int32,
    of pid: pid_t,
    until deadline: ContinuousClock.Instant
  ) throws(ChildProcessError) -> [UInt8] {
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    var end: ContinuousClock.Instant?
    while true {
      let now = ContinuousClock.now
      if end == nil, hasEnded(pid) { end = now.advanced(by: afterlife) }
      guard end != nil || now < deadline else { throw .timedOut(seconds: timeoutSeconds) }
      let patience = min(.milliseconds(50), max(.zero, now.duration(to: end ?? deadline)))
      var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&watched, 1, Int32((patience / .milliseconds(1)).rounded(.up))) > 0 else {
        if let end, now >= end { return output }
        continue
      }
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return output }
      output.append(contentsOf: chunk[..<count])
      guard output.count <= maximumOutputBytes else { throw .tooMuchOutput(limit: maximumOutputBytes) }
    }
  }

  // Looks without taking the status, so that the id stays the child's.
  private func hasEnded(_ pid: pid_t) -> Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0
      && information.si_signo == SIGCHLD
  }

  // A program may close its output and go on, so the wait has the same deadline; it is polled because POSIX has no
  // wait with a timeout.
  private func awaitSuccess(
    of pid: pid_t,
    until deadline: ContinuousClock.Instant
  ) throws(ChildProcessError) {
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) != pid {
      guard ContinuousClock.now < deadline else { throw .timedOut(seconds: timeoutSeconds) }
      usleep(2000)
    }
    let signal = status & 0x7F
    guard signal == 0 else { throw .signalled(signal) }
    let code = status >> 8 & 0xFF
    guard code == 0 else { throw .exited(status: code) }
  }
}

/// How long the output of a program that has ended is read on.
private let afterlife = Duration.milliseconds(150)

/// Whether this process has a controlling terminal.
package func hasTerminal() -> Bool {
  let terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
  guard terminal >= 0 else { return false }
  close(terminal)
  return true
}

/// Splits a command line into words by the quoting rules of the POSIX shell, without expanding anything.
///
/// White space separates; `'…'` is literal; in `"…"` a backslash escapes `"` and `\`; elsewhere a backslash escapes
/// the next character. Returns `nil` when a quotation does not end. Source: POSIX.1 XCU §2.2, as the AWS CLI splits
/// `credential_process`.
package func shellWords(_ line: String) -> [String]? {
  var words: [String] = []
  var word: String.UnicodeScalarView?
  var scalars = line.unicodeScalars.makeIterator()
  while let scalar = scalars.next() {
    switch scalar {
    case " ", "\t", "\r", "\n":
      if let complete = word { words.append(String(complete)) }
      word = nil
    case "'", "\"":
      var quoted = word ?? String.UnicodeScalarView()
      var closed = false
      while let inner = scalars.next() {
        if inner == scalar {
          closed = true
          break
        }
        guard inner == "\\", scalar == "\"" else {
          quoted.append(inner)
          continue
        }
        guard let escaped = scalars.next() else { return nil }
        if escaped != "\"", escaped != "\\" { quoted.append(inner) }
        quoted.append(escaped)
      }
      guard closed else { return nil }
      word = quoted
    case "\\":
      guard let escaped = scalars.next() else { return nil }
      word = (word ?? String.UnicodeScalarView()) + [escaped]
    default:
      word = (word ?? String.UnicodeScalarView()) + [scalar]
    }
  }
  if let complete = word { words.append(String(complete)) }
  return words
}
