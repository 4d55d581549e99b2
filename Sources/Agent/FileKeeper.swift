// SPDX-License-Identifier: Apache-2.0
//
// Keeps one file fresh for as long as the agent runs. A file is replaced by a new one that lives, or not at all: what
// fails leaves the old one where it is.

import Exchange
package import FederationClient
package import IdentityModel
package import Logging

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the agent's parts need of the world.
package struct AgentWorld: Sendable {
  /// The wall clock.
  package let now: @Sendable () -> Instant
  /// A number from 0 up to 1.
  package let chance: @Sendable () -> Double
  /// An error in words without secrets.
  package let words: @Sendable (any Error) -> String
  /// Where it is told.
  package let logger: Logger
  /// Whether somebody is about to permit what is refused: what never was there is then asked for soon again.
  package let expectsPermission: Bool

  /// Gathers the parts.
  package init(
    now: @escaping @Sendable () -> Instant,
    chance: @escaping @Sendable () -> Double,
    words: @escaping @Sendable (any Error) -> String,
    logger: Logger,
    expectsPermission: Bool = false
  ) {
    self.now = now
    self.chance = chance
    self.words = words
    self.logger = logger
    self.expectsPermission = expectsPermission
  }
}

/// What was given had ended already.
package struct DeadOnArrival: Error, CustomStringConvertible {
  /// Makes it.
  package init() {}

  package var description: String { "what was given has ended already; compare the clocks" }
}

/// Keeps a file.
package struct FileKeeper: Sendable {
  private let file: KeptFile
  private let index: Int
  private let access: ServerAccess
  private let client: ExchangeClient
  private let status: AgentStatus
  private let program: ProgramSlot
  private let world: AgentWorld

  /// Makes a keeper.
  ///
  /// - Parameters:
  ///   - file: what is kept.
  ///   - index: its place in `status`.
  ///   - access: the way to the server.
  ///   - http: the way to the other side.
  ///   - status: where it is noted how the file is.
  ///   - program: who is told when no pid file is named.
  ///   - world: clock, chance, words and log.
  package init(
    _ file: KeptFile,
    index: Int,
    access: ServerAccess,
    http: FederationHTTPClient,
    status: AgentStatus,
    program: ProgramSlot,
    world: AgentWorld
  ) {
    self.file = file
    self.index = index
    self.access = access
    self.client = ExchangeClient(http: http, clock: world.now, retry: RetryPolicy(attempts: 1) { _ in .zero })
    self.status = status
    self.program = program
    self.world = world
  }

  /// Keeps the file until the task is cancelled.
  package func run() async {
    await RefreshLoop(name: file.name, index: index, status: status, world: world).run { try await renew() }
  }

  /// Renews the file; returns how long to wait until the next time, in milliseconds.
  private func renew() async throws -> Int64 {
    let (content, expiration) = try await made()
    let now = world.now()
    let life = expiration.map { $0.milliseconds - now.milliseconds } ?? RefreshTimes.endlessLife
    guard life > 0 else { throw DeadOnArrival() }
    try TokenFile.replace(file.path, with: content)
    status.renewed(index, at: now, until: expiration)
    let pause = RefreshTimes.afterSuccess(life: life, chance: world.chance())
    world.logger.info(
      "renewed",
      metadata: [
        "name": "\(file.name)", "file": "\(file.path)", "expires": "\(expiration?.rfc3339 ?? "never")",
        "again in ms": "\(pause)",
      ]
    )
    if let signal = file.signal { notify(signal) }
    return pause
  }

  private func made() async throws -> (Secret, Instant?) {
    let request = file.request
    let (token, expiration) = try await access.call(request.service) {
      (client, credential) async throws(STSClientError) in
      try await request.ask(client, credential)
    }
    guard let exchange = file.exchange else { return (token.secret, expiration) }
    let given = try await exchange.target.trade(token, with: client)
    let content: Secret =
      switch exchange.form {
      case .raw: given.raw ?? given.json
      case .json, .aws: given.json
      case .env: given.shellExports(variable: exchange.target.kind.variable)
      }
    return (content, given.expiration)
  }

  private func notify(_ signal: KeptSignal) {
    guard let pidFile = signal.pidFile else {
      program.send(signal.number)
      return
    }
    guard let pid = pid(in: pidFile), kill(pid, signal.number) == 0 else {
      world.logger.warning(
        "nobody was told of the new file",
        metadata: ["name": "\(file.name)", "pid file": "\(pidFile)"]
      )
      return
    }
  }

  // SECURITY: digits and one line feed, or whoever wrote it meant something else. 0, 1 and negative numbers name groups, everybody or init.
  private func pid(in path: String) -> pid_t? {
    guard var bytes = try? ClientEnvironment.system(variables: [:]).readFile(path) else { return nil }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard bytes.count <= 10,
      bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = pid_t(String(decoding: bytes, as: UTF8.self)), number > 1
    else { return nil }
    return number
  }
}

func askedToWait(_ error: any Error) -> Int64? {
  if case .askedToWait(let seconds, _)? = error as? ExchangeError { seconds } else { nil }
}
