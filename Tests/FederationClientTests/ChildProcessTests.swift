// SPDX-License-Identifier: Apache-2.0

import FederationClient
import Testing

struct ChildProcessTests {
  private func run(
    _ words: [String],
    seconds: Int = 10,
    limit: Int = 65_536
  ) async throws(ChildProcessError) -> String {
    let process = ChildProcess(
      words: words,
      environment: ["EXEAT_X": "value of x", "PATH": "/usr/bin:/bin"],
      timeoutSeconds: seconds,
      maximumOutputBytes: limit
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
}
