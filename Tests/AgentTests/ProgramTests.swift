// SPDX-License-Identifier: Apache-2.0

import Agent
import Foundation
import Testing

struct ProgramTests {
  private func run(_ script: String, in slot: ProgramSlot = ProgramSlot()) async throws -> Int32? {
    try await Program(words: ["sh", "-c", script], environment: ["PATH": "/usr/bin:/bin", "X": "1"]).run(
      in: slot
    )
  }

  @Test func `the status of a program is the result`() async throws {
    let zero = try await run("exit 0")
    let seven = try await run("exit 7")
    let killed = try await run("kill -KILL $$")
    #expect(zero == 0 && seven == 7 && killed == 128 + 9)
  }

  @Test func `a program sees its environment and nothing else`() async throws {
    let status = try await run(#"test "$X" = 1 && test -z "$HOME""#)
    #expect(status == 0)
  }

  @Test func `a program inherits the standard streams and no other file`() async throws {
    let first = open("/dev/null", O_RDONLY)
    let high = fcntl(first, F_DUPFD, 200)
    defer { for descriptor in [first, high] { close(descriptor) } }
    #expect(first >= 3 && high >= 200 && fcntl(high, F_GETFD) == 0)
    // Number 3 is what `ls` reads the folder by.
    let status = try await run(#"set -- $(ls /proc/self/fd); test "$*" = "0 1 2 3""#)
    #expect(status == 0)
  }

  @Test func `a signal reaches the program`() async throws {
    let slot = ProgramSlot()
    #expect(!slot.send(SIGTERM))
    let path = NSTemporaryDirectory() + "exeat-program-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    async let status = run("trap 'exit 3' USR1; : >\(path); while :; do sleep 0.05; done", in: slot)
    let deadline = ContinuousClock.now.advanced(by: .seconds(30))
    while !FileManager.default.fileExists(atPath: path), ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(!slot.close())
    #expect(slot.send(SIGUSR1))
    let ended = try await status
    #expect(ended == 3)
    #expect(!slot.send(SIGUSR1))
  }

  @Test func `what the agent ignores is not handed on`() async throws {
    signal(SIGUSR2, SIG_IGN)
    defer { signal(SIGUSR2, SIG_DFL) }
    let status = try await run("kill -USR2 $$; exit 0")
    #expect(status == 128 + SIGUSR2)
  }

  @Test func `after the slot was closed nothing starts`() async throws {
    let slot = ProgramSlot()
    #expect(slot.close())
    let status = try await run("exit 0", in: slot)
    #expect(status == nil)
  }

  @Test func `a program that is not there is told`() async throws {
    await #expect(throws: ProgramError(program: "/nonexistent", errno: ENOENT)) {
      try await Program(words: ["/nonexistent"], environment: [:]).run(in: ProgramSlot())
    }
  }
}
