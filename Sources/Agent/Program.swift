// SPDX-License-Identifier: Apache-2.0
//
// The program that the agent runs: started with the agent's own standard streams and the environment that it is to
// see, told of signals, waited for. Source: POSIX.1 posix_spawn, waitpid; glibc
// posix_spawn_file_actions_addclosefrom_np.

import CProcess
import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The program that is told of signals: not yet started, running, or never to be started.
package final class ProgramSlot: Sendable {
  private enum State {
    case waiting
    case running(pid_t)
    case closed
  }

  private let state = Mutex(State.waiting)

  /// Begins with none.
  package init() {}

  /// Sends `signal` to the program; `false` when none runs.
  ///
  /// The id is held while the signal goes out: it is given away only after the program has been waited for.
  @discardableResult
  package func send(_ signal: Int32) -> Bool {
    state.withLock { state in
      guard case .running(let pid) = state else { return false }
      return kill(pid, signal) == 0
    }
  }

  /// Sees to it that no program starts any more; `false` when one runs.
  package func close() -> Bool {
    state.withLock { state in
      if case .running = state { return false }
      state = .closed
      return true
    }
  }

  /// Starts a program unless the slot was closed: then the result is `nil`.
  fileprivate func start(_ spawn: () -> Result<pid_t, ProgramError>) throws(ProgramError) -> pid_t? {
    let result: Result<pid_t, ProgramError>? = state.withLock { state in
      guard case .waiting = state else { return nil }
      let result = spawn()
      if case .success(let pid) = result { state = .running(pid) }
      return result
    }
    return try result?.get()
  }

  /// Waits for the end of the program without taking its status, then gives the id back and takes it.
  fileprivate func wait(for pid: pid_t) -> Int32 {
    var information = siginfo_t()
    while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    state.withLock { $0 = .closed }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

/// Why a program does not run.
package struct ProgramError: Error, Hashable, Sendable {
  /// The program.
  package let program: String
  /// `errno` as POSIX numbers it.
  package let errno: Int32

  /// Pairs `program` and `errno`.
  package init(program: String, errno: Int32) {
    self.program = program
    self.errno = errno
  }

  /// The system's words.
  package var reason: String { String(cString: strerror(errno)) }
}

/// A program and what it sees.
package struct Program: Sendable {
  /// The program, searched in `PATH` when it holds no slash, and its arguments.
  package let words: [String]
  /// Its whole environment.
  package let environment: [String: String]

  /// Pairs both; `words` holds at least the program.
  package init(words: [String], environment: [String: String]) {
    self.words = words
    self.environment = environment
  }

  /// Runs the program to its end.
  ///
  /// - Parameter slot: holds its id while it runs.
  /// - Returns: its exit status; 128 and the signal's number when a signal ended it, as shells have it; `nil` when the
  ///   slot was closed.
  /// - Throws: `ProgramError` when it does not start.
  package func run(in slot: ProgramSlot) async throws(ProgramError) -> Int32? {
    let started = try slot.start { Result { () throws(ProgramError) in try spawn() } }
    guard let pid = started else { return nil }
    let status = await withCheckedContinuation { continuation in
      // A thread of its own: the wait lasts as long as the program.
      DispatchQueue.global().async { continuation.resume(returning: slot.wait(for: pid)) }
    }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }

  private func spawn() throws(ProgramError) -> pid_t {
    guard let program = words.first else { throw ProgramError(program: "", errno: ENOENT) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // What the agent catches, ignores or blocks is not handed on: a program that ignored SIGTERM would never end.
    var all = sigset_t()
    sigfillset(&all)
    sigdelset(&all, SIGKILL)
    sigdelset(&all, SIGSTOP)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
    defer { for copy in arguments + variables { free(copy) } }
    arguments.append(nil)
    variables.append(nil)
    // SECURITY: the agent's listener and its connections are not the program's, whatever opened them.
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let unclosed = exeat_close_from(&actions, 3)
    guard unclosed == 0 else { throw ProgramError(program: program, errno: unclosed) }
    var pid: pid_t = 0
    let failure = posix_spawnp(&pid, program, &actions, &attributes, arguments, variables)
    guard failure == 0 else { throw ProgramError(program: program, errno: failure) }
    return pid
  }
}
