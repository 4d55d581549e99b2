// SPDX-License-Identifier: Apache-2.0

import FederationClient
import Glibc
import Testing

struct ChildProcessTests {
  private func run(
    _ words: [String],
    seconds: Int = 10,
    limit: Int = 65_536,
    leadsGroup: Bool = true
  ) async throws(ChildProcessError) -> String {
    let process = ChildProcess(
      words: words,
      environment: ["EXEAT_X": "value of x", "PATH": "/usr/bin:/bin"],
      timeoutSeconds: seconds,
      maximumOutputBytes: limit,
      leadsGroup: leadsGroup
    )
    return String(decoding: try await process.output(), as: UTF8.self)
  }

  @Test func `gives arguments as they are, and exactly this environment`() async throws {
    #expect(try await run(["printf", "%s|", "a b", "$EXEAT_X", ";"]) == "a b|$EXEAT_X|;|")
    #expect(try await run(["sh", "-c", "printf %s \"$EXEAT_X\""]) == "value of x")
    #expect(try await run(["env"]).split(separator: "\n").count(where: { $0.hasPrefix("HOME=") }) == 0)
  }

  @Test func `says how a program failed`() async {
    await #expect(throws: ChildProcessError.exited(status: 3)) { try await run(["sh", "-c", "exit 3"]) }
    await #expect(throws: ChildProcessError.signalled(9)) { try await run(["sh", "-c", "kill -9 $$"]) }
    await #expect(throws: ChildProcessError.notStarted(errno: 2)) { try await run(["exeat-no-such-program"]) }
    await #expect(throws: ChildProcessError.notStarted(errno: 2)) { try await run([]) }
  }

  @Test func `kills a program that takes too long, also one that has closed its output`() async {
    await #expect(throws: ChildProcessError.timedOut(seconds: 1)) {
      try await run(["sleep", "30"], seconds: 1)
    }
    await #expect(throws: ChildProcessError.timedOut(seconds: 1)) {
      try await run(["sh", "-c", "exec >&-; exec sleep 30"], seconds: 1)
    }
  }

  @Test func `kills a program that writes too much`() async {
    await #expect(throws: ChildProcessError.tooMuchOutput(limit: 1000)) {
      try await run(["yes"], limit: 1000)
    }
  }

  @Test func `does not wait for a process that the program leaves behind with its output`() async throws {
    let clock = ContinuousClock()
    let start = clock.now
    for leadsGroup in [true, false] {
      let output = try await run(["sh", "-c", "sleep 60 & echo $!"], seconds: 50, leadsGroup: leadsGroup)
      let left = try #require(pid_t(output.dropLast()))
      // It outlives a program that ended well.
      #expect(kill(left, SIGKILL) == 0)
    }
    await #expect(throws: ChildProcessError.exited(status: 4)) {
      try await run(["sh", "-c", "sleep 60 & exit 4"], seconds: 50)
    }
    #expect(start.duration(to: clock.now) < .seconds(40))
  }

  @Test func `reads all that a program wrote before it ended, and what comes shortly after`() async throws {
    // What is left behind writes as soon as the program is no more its parent.
    let wait = "while read -r pid name state parent rest </proc/self/stat && [ $parent = $$ ]; do :; done"
    let script = "head -c 60000 /dev/zero | tr '\\0' x; (\(wait); printf late; exec sleep 20) & exit 0"
    let output = try await run(["sh", "-c", script], seconds: 15)
    #expect(output.utf8.count == 60_004)
    #expect(output.hasSuffix("late"))
  }

  @Test func `kills what a program started together with the program`() async throws {
    var name = Array("/tmp/exeat-child-XXXXXX".utf8CString)
    let file = mkstemp(&name)
    try #require(file >= 0)
    let path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer {
      close(file)
      unlink(path)
    }
    await #expect(throws: ChildProcessError.timedOut(seconds: 3)) {
      try await run(["sh", "-c", "sleep 30 & echo $! >\"$0\"; wait", path], seconds: 3)
    }
    var digits = [UInt8](repeating: 0, count: 16)
    let count = read(file, &digits, digits.count)
    let grandchild = try #require(pid_t(String(decoding: digits.prefix(max(0, count - 1)), as: UTF8.self)))
    #expect(await ends(grandchild))
  }

  @Test func `leads a process group, or stays in ours and may read from the terminal`() async throws {
    let group = ["sh", "-c", "read -r pid name state parent group rest </proc/self/stat; echo $group"]
    let own = try #require(pid_t(try await run(group).dropLast()))
    #expect(own != getpgrp())
    #expect(pid_t(try await run(group, leadsGroup: false).dropLast()) == getpgrp())
  }

  /// Whether the process is gone, or waits as a zombie for somebody else to take its status, within thirty seconds.
  private func ends(_ pid: pid_t) async -> Bool {
    for _ in 0..<3000 {
      var state = [UInt8](repeating: 0, count: 256)
      let descriptor = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return true }
      let count = read(descriptor, &state, state.count)
      close(descriptor)
      if String(decoding: state.prefix(max(0, count)), as: UTF8.self).contains(") Z ") { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }
}
