// SPDX-License-Identifier: Apache-2.0

import Agent
import FederationClient
import IdentityModel
import Synchronization
import Testing

struct ServerAccessTests {
  @Test func `many that need a credential at once look for it once`() async throws {
    let runs = Runs(from: 0, awaiting: 32)
    try await withAccess(runs) { access in
      try await withThrowingTaskGroup { group in
        for _ in 0..<32 {
          group.addTask {
            runs.asked.add(1, ordering: .relaxed)
            _ = try await access.credential()
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(runs.count.load(ordering: .relaxed) == 1)
  }

  @Test func `a search that failed is not kept`() async throws {
    try await withAccess(Runs(from: -1)) { access in
      await #expect(throws: CredentialChainError.self) { try await access.credential() }
      await #expect(throws: Never.self) { try await access.credential() }
    }
  }

  @Test(arguments: [
    ("ExpiredToken", true), ("ExpiredTokenException", true), ("InvalidClientTokenId", true),
    ("UnrecognizedClientException", true), ("SignatureDoesNotMatch", true), ("AccessDenied", false),
    ("ValidationError", false),
  ])
  func `another credential helps where the code speaks of the credential`(code: String, helps: Bool) {
    let refusal = STSClientError.refused(code: code, message: nil, httpStatus: 403, requestID: nil)
    #expect(AccessRefused(source: "x", refusal: refusal).isOfTheCredential == helps)
    #expect(!AccessRefused(source: "x", refusal: .unusableCredential).isOfTheCredential)
  }

  /// How often the process ran; it does not end before `awaited` have begun to ask.
  private final class Runs: Sendable {
    let count: Atomic<Int>
    let asked = Atomic(0)
    let awaited: Int

    init(from first: Int, awaiting awaited: Int = 0) {
      count = Atomic(first)
      self.awaited = awaited
    }
  }

  /// Access with a credential process that gives another key each time, from `AKIA1` on; run for `AKIA0` it fails.
  private func withAccess(_ runs: Runs, _ body: (ServerAccess) async throws -> Void) async throws {
    let environment = ClientEnvironment(
      variables: [:],
      homeDirectory: "/home",
      readFile: { path throws(FileError) in
        guard path == "/home/.aws/config" else { throw .absent }
        return Array("[default]\ncredential_process = give\n".utf8)
      },
      runProcess: { _ async throws(ChildProcessError) in
        let run = runs.count.add(1, ordering: .relaxed).newValue
        guard run > 0 else { throw .notStarted(errno: 2) }
        while runs.asked.load(ordering: .relaxed) < runs.awaited { await Task.yield() }
        // Long enough for whoever has begun to be among those who wait.
        try? await Task.sleep(for: .milliseconds(200))
        return Array(#"{"Version":1,"AccessKeyId":"AKIA\#(run)","SecretAccessKey":"s"}"#.utf8)
      }
    )
    let yaml = "{listen: '127.0.0.1:0', credentials: {}, server: {endpoint-url: 'https://sts.example'}}"
    let plan = try AgentPlan(yaml: yaml, in: environment)
    let access = try ServerAccess(plan, environment: environment, clock: { Instant(seconds: 1_776_757_030) })
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(access))
    } catch {
      result = .failure(error)
    }
    await access.shutdown()
    try result.get()
  }
}
