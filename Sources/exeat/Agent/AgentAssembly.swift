// SPDX-License-Identifier: Apache-2.0
//
// The agent's parts, started together and ended together: a keeper for each file and for the credentials, the listener,
// the signals, the program. The first of program, signal and failure ends all.

import Agent
import Exchange
import Federation
import FederationClient
import HTTPServer
import IdentityModel
import Logging
import StrictJSON
import UnixSignals

/// A running agent.
struct AgentAssembly: Sendable {
  private let plan: AgentPlan
  private let environment: ClientEnvironment
  private let program: [String]
  private let startTimeoutSeconds: Int
  private let readyFile: String?
  private let logger: Logger
  private let access: ServerAccess
  private let status: AgentStatus
  private let world: AgentWorld
  private let slot = ProgramSlot()
  /// The ways to the other sides, one for each CA file.
  private let clients: [String?: FederationHTTPClient]

  /// Why all ends.
  private enum End: Sendable {
    case program(Int32)
    case signal
    case notReady([String])
    case refused([String])
    /// A part that had nothing more to do.
    case nothing
  }

  /// Puts the parts together; nothing is asked of anybody yet.
  ///
  /// - Parameters:
  ///   - plan: what to keep.
  ///   - environment: the surroundings.
  ///   - program: the program and its arguments; empty for none.
  ///   - startTimeoutSeconds: how long the program waits for what is kept.
  ///   - readyFile: where the address is written; `nil` for nowhere.
  ///   - expectsPermission: whether what is refused for good at the start is waited for.
  ///   - logger: where it is told what happens.
  /// - Throws: what is wrong with settings or CA files.
  init(
    plan: AgentPlan,
    environment: ClientEnvironment,
    program: [String],
    startTimeoutSeconds: Int,
    readyFile: String?,
    expectsPermission: Bool,
    logger: Logger
  ) throws {
    self.plan = plan
    self.environment = environment
    self.program = program
    self.startTimeoutSeconds = startTimeoutSeconds
    self.readyFile = readyFile
    self.logger = logger
    access = try ServerAccess(plan, environment: environment, clock: Assembly.systemClock.now)
    var things: [(name: String, path: String?)] = plan.files.map { ($0.name, $0.path) }
    if plan.credentials != nil { things.append(("credentials", nil)) }
    status = AgentStatus(things)
    world = AgentWorld(
      now: Assembly.systemClock.now,
      chance: { Double.random(in: 0..<1) },
      words: { error in
        let failure = CommandFailure(agentError: error)
        return failure.hint.map { "\(failure.message) (\($0))" } ?? failure.message
      },
      logger: logger,
      expectsPermission: expectsPermission
    )
    var clients: [String?: FederationHTTPClient] = [:]
    for file in plan.files where clients[file.exchange?.caFile] == nil {
      let roots = try file.exchange?.caFile.map { try TrustRoots.systemAnd(file: $0, in: environment) }
      clients[file.exchange?.caFile] = FederationHTTPClient(trustRoots: roots ?? .system)
    }
    self.clients = clients
  }

  /// Runs until the program ends or a signal comes; returns the exit status.
  func run() async throws -> Int32 {
    let result: Result<Int32, any Error>
    do {
      result = .success(try await runParts())
    } catch {
      result = .failure(error)
    }
    await access.shutdown()
    for client in clients.values { await client.shutdown() }
    return try result.get()
  }

  private func runParts() async throws -> Int32 {
    let keeper = plan.credentials.map { credentials in
      CredentialKeeper(
        credentials,
        index: plan.files.count,
        access: access,
        status: status,
        world: world
      )
    }
    let site = AgentSite(
      plan: plan.credentials,
      credentials: keeper,
      status: status,
      entropy: .system,
      now: world.now
    )
    try writeWhatStays(site)
    // Signals are caught before anything is started that could miss one.
    let signals = await UnixSignalsSequence(
      trapping: .sigterm,
      .sigint,
      .sighup,
      .sigquit,
      .sigusr1,
      .sigusr2,
      .sigwinch
    )
    let (addresses, bound) = AsyncStream<BoundAddress?>.makeStream(bufferingPolicy: .bufferingNewest(1))
    return try await withThrowingTaskGroup(of: End.self) { group in
      defer { group.cancelAll() }
      for (index, file) in plan.files.enumerated() {
        guard let http = clients[file.exchange?.caFile] else { continue }
        let keeper = FileKeeper(
          file,
          index: index,
          access: access,
          http: http,
          status: status,
          program: slot,
          world: world
        )
        group.addTask {
          await keeper.run()
          return .nothing
        }
      }
      if let keeper {
        group.addTask {
          await keeper.run()
          return .nothing
        }
      }
      group.addTask {
        try await listen(site) { bound.yield($0) }
        return .nothing
      }
      group.addTask {
        await staySmall()
        return .nothing
      }
      group.addTask { await passOn(signals) }
      group.addTask { try await start(addresses, site) }
      while let end = try await group.next() {
        switch end {
        case .nothing: continue
        case .signal: return 0
        case .program(let status): return status
        case .notReady(let names):
          throw CommandFailure.failed(
            "not there after \(startTimeoutSeconds) s: \(names.joined(separator: ", "))",
            hint: "the log says why; --start-timeout waits longer"
          )
        case .refused(let names):
          throw CommandFailure.failed(
            names.joined(separator: "; "),
            hint: "trying again will not help until something is changed; --keep-trying waits for that"
          )
        }
      }
      return 0
    }
  }

  /// The files that are written once: account files of Google's libraries, the authorization token.
  private func writeWhatStays(_ site: AgentSite) throws {
    for file in plan.files {
      guard let google = file.google else { continue }
      let content = GoogleAccountFile.content(google.exchange, source: .file(file.path))
      try TokenFile.replace(google.path, with: Secret(content.text(isOneLine: false)))
    }
    if let path = plan.credentials?.authorizationTokenFile {
      try TokenFile.replace(path, with: site.authorizationToken)
    }
  }

  private func listen(_ site: AgentSite, onBound: @escaping @Sendable (BoundAddress?) -> Void) async throws {
    guard let listen = plan.listen else { return onBound(nil) }
    var configuration = HTTPServerConfiguration(host: listen.host, port: listen.port, eventLoopThreads: 1)
    configuration.maximumConnections = 256
    configuration.shutdownGrace = .seconds(2)
    let server = HTTPServer(configuration: configuration, tls: .off, responder: site, logger: logger)
    try await server.run(onBound: onBound)
  }

  /// Runs the program once everything is there; without a program, says so.
  private func start(_ addresses: AsyncStream<BoundAddress?>, _ site: AgentSite) async throws -> End {
    var address: BoundAddress?
    for await bound in addresses {
      address = bound
      break
    }
    let deadline = ContinuousClock.now.advanced(by: .seconds(startTimeoutSeconds))
    while !status.missing.isEmpty {
      if let refused = hopeless { return .refused(refused) }
      guard program.isEmpty || ContinuousClock.now < deadline else { return .notReady(status.missing) }
      guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return .nothing }
    }
    logger.notice("everything is there")
    if let readyFile {
      let endpoint = address.map { "http://\($0.host):\($0.port)" } ?? ""
      try ReadyFile(endpoint: endpoint, certificateAuthority: nil).write(to: readyFile)
    }
    guard !program.isEmpty else { return .nothing }
    let variables = plan.programEnvironment(
      environment.variables,
      access: access,
      bound: address.map { ($0.host, $0.port) },
      authorizationToken: site.authorizationToken
    )
    guard !Task.isCancelled else { return .nothing }
    let ended = try await Program(words: program, environment: variables).run(in: slot)
    return ended.map { .program($0) } ?? .nothing
  }

  /// What was refused for good, when there is nothing to be done without it; `nil` while there is.
  ///
  /// A program needs everything. Without one the agent goes on for what it can keep.
  private var hopeless: [String]? {
    guard !world.expectsPermission else { return nil }
    let refused = status.refused
    return !refused.isEmpty && (!program.isEmpty || refused.count == status.count) ? refused : nil
  }

  /// Gives memory back a second after something was renewed: until the next time is nothing but waiting.
  private func staySmall() async {
    for await _ in status.changes {
      guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
      ProcessMemory.giveBack()
    }
  }

  /// With a program every signal is the program's; without one, those that end a service end the agent.
  private func passOn(_ signals: UnixSignalsSequence) async -> End {
    // A terminal's keys reach the program by themselves: it is in the group of the terminal as the agent is.
    let isOnTerminal = hasTerminal()
    for await signal in signals {
      let isEnd = signal == .sigterm || signal == .sigint || signal == .sigquit
      if program.isEmpty {
        if isEnd { return .signal }
      } else if isEnd, slot.close() {
        return .program(128 + signal.rawValue)
      } else if !isOnTerminal || signal == .sigterm || signal == .sigusr1 || signal == .sigusr2 {
        slot.send(signal.rawValue)
      }
    }
    return .nothing
  }
}
