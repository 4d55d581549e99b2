// SPDX-License-Identifier: Apache-2.0
//
// Runs a program and takes its standard output: `credential_process`. No shell stands between the words and the
// program. Standard input and standard error are the user's own, so that a helper may ask for a code, and so that
// what it complains about reaches the user and never a message or a log of ours.

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

  /// Gathers the parts; `words` holds at least the program.
  package init(
    words: [String],
    environment: [String: String],
    timeoutSeconds: Int = 60,
    maximumOutputBytes: Int = 65_536
  ) {
    self.words = words
    self.environment = environment
    self.timeoutSeconds = timeoutSeconds
    self.maximumOutputBytes = maximumOutputBytes
  }

  /// Runs the program to its end and returns what it wrote to standard output.
  ///
  /// The wait happens on a thread of its own, never on one of the concurrency runtime.
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
      let bytes = try readToEnd(ends[0], until: deadline)
      try awaitSuccess(of: pid, until: deadline)
      return bytes
    } catch {
      switch error {
      case .notStarted, .exited, .signalled: break
      case .timedOut, .tooMuchOutput:
        // The child is ours and not yet waited for, so its id cannot have been given to another process.
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
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
    defer { for copy in arguments + variables { free(copy) } }
    arguments.append(nil)
    variables.append(nil)
    var pid: pid_t = 0
    let failure = posix_spawnp(&pid, program, &actions, nil, arguments, variables)
    guard failure == 0 else { throw .notStarted(errno: failure) }
    return pid
  }

  private func readToEnd(
    _ descriptor: Int32,
    until deadline: ContinuousClock.Instant
  ) throws(ChildProcessError) -> [UInt8] {
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let remaining = ContinuousClock.now.duration(to: deadline)
      guard remaining > .zero else { throw .timedOut(seconds: timeoutSeconds) }
      var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&watched, 1, Int32(remaining / .milliseconds(1)) + 1) > 0 else { continue }
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return output }
      output.append(contentsOf: chunk[..<count])
      guard output.count <= maximumOutputBytes else { throw .tooMuchOutput(limit: maximumOutputBytes) }
    }
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
