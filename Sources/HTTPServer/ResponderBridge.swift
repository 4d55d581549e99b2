// SPDX-License-Identifier: Apache-2.0
//
// The one place where an event loop, which cannot wait, hands a request to the responder, which may.
// DEVIATION (style guide, concurrency): an unstructured `Task` outside the assembly. A channel handler has no
// task to be the parent. What structure would give is kept by hand: every task is counted in before it starts
// and out when its answer was delivered, and the server does not end before the count is zero or its grace is
// over. A task is not cancelled when its client goes away: a change that was asked for is carried out whole.

import Federation
import Logging

/// Hands requests to the responder.
struct ResponderBridge: Sendable {
  /// What the server serves.
  let responder: any RequestResponder
  /// Where requests in flight are counted.
  let connections: Connections
  /// For responses that cannot be sent.
  let logger: Logger

  /// Answers `request` through `deliver`, which is called once, on an arbitrary thread.
  func answer(_ request: APIRequest, deliver: @escaping @Sendable (APIResponse) -> Void) {
    connections.requestStarted()
    Task {
      let response = await responder.respond(to: request)
      // The event loop may be gone.
      if connections.isAbandoned { return }
      if response.isWellFormed {
        deliver(response)
      } else {
        logger.error("a response cannot be sent as HTTP", metadata: ["status": "\(response.status)"])
        deliver(APIResponse(status: 500, headers: [], body: []))
      }
      connections.requestFinished()
    }
  }
}
