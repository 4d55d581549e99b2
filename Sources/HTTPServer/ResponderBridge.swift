// SPDX-License-Identifier: Apache-2.0
//
// The one place where an event loop, which cannot wait, hands a request to the responder, which may.
// Every request is counted in before its task starts and out when its answer was delivered.

import Federation
import Logging
import NIOCore

/// Hands requests to the responder.
struct ResponderBridge: Sendable {
  /// What the server serves.
  let responder: any RequestResponder
  /// Where requests in flight are counted.
  let connections: Connections
  /// For responses that cannot be sent.
  let logger: Logger

  private let tasks: (any RequestExecutor)?
  private let desks: [ObjectIdentifier: LoopDesk]

  /// Answers on `tasks`, for connections on `eventLoops`.
  init(
    responder: any RequestResponder,
    tasks: (any RequestExecutor)?,
    eventLoops: some Sequence<any EventLoop>,
    connections: Connections,
    logger: Logger
  ) {
    self.responder = responder
    self.tasks = tasks
    self.connections = connections
    self.logger = logger
    self.desks = Dictionary(
      eventLoops.map { (ObjectIdentifier($0), LoopDesk($0, tasks: tasks)) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// Answers `request` through `deliver`, which is called once, on the event loop of `channel`; to be called there too.
  func answer(
    _ request: APIRequest,
    of callers: CallerMemory,
    on channel: any Channel,
    deliver: @escaping @Sendable (APIResponse) -> Void
  ) {
    connections.requestStarted()
    let eventLoop = channel.eventLoop
    let desk = desks[ObjectIdentifier(eventLoop)] ?? LoopDesk(eventLoop, tasks: tasks)
    let claim = CallerMemory.Claim(request)
    desk.take(
      LoopDesk.Request(flow: callers.flow(of: claim), octets: request.body.count) {
        // Nobody reads the answer, and nothing was begun: whoever goes away takes no more than the turn.
        guard channel.isActive else {
          return desk.giveBack { [connections] in
            deliver(APIResponse(status: 503, headers: [], body: []))
            connections.requestFinished()
          }
        }
        await answer(request, claim, callers, desk, deliver)
      } refuse: {
        // Nothing was proved and nothing disproved.
        deliver(responder.overloaded(request))
        connections.requestFinished()
      }
    )
  }

  private func answer(
    _ request: APIRequest,
    _ claim: CallerMemory.Claim,
    _ callers: CallerMemory,
    _ desk: LoopDesk,
    _ deliver: @escaping @Sendable (APIResponse) -> Void
  ) async {
    var response = await responder.respond(to: request)
    // The event loop may be gone.
    if connections.isAbandoned { return }
    callers.note(claim, proved: response.caller)
    if !response.isWellFormed {
      logger.error("a response cannot be sent as HTTP", metadata: ["status": "\(response.status)"])
      response = APIResponse(status: 500, headers: [], body: [])
    }
    desk.giveBack { [response, connections] in
      deliver(response)
      connections.requestFinished()
    }
  }
}
