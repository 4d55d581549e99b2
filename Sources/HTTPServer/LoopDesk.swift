// SPDX-License-Identifier: Apache-2.0
//
// Where one event loop and the tasks of its requests hand things to each other: many at a time, because every hand-over
// that wakes a thread costs more than reading the request did. Owns when it is done; refuses to know what is handed over.
// DEVIATION (style guide, concurrency): unstructured tasks outside the assembly. A channel handler has no task to be the
// parent. What structure would give is kept by hand, in ResponderBridge: the server does not end before the count of
// requests is zero or its grace is over. A task is not cancelled when its client goes away: a change that was asked for
// is carried out whole.

import Federation
import NIOCore
import Synchronization

/// Between an event loop and the tasks of its requests.
final class LoopDesk: Sendable {
  private struct Pile<Element> {
    var elements: [Element] = []
    /// Whether somebody is on the way to take what lies there.
    var isDue = false

    /// Adds `element`; true when somebody must be sent for it.
    mutating func add(_ element: Element) -> Bool {
      elements.append(element)
      defer { isDue = true }
      return !isDue
    }

    mutating func takeAll() -> [Element] {
      defer { self = Pile() }
      return elements
    }
  }

  /// A request that nobody works on yet.
  struct Request: Sendable {
    /// Whose turn it is.
    let flow: RequestFlow
    /// The length of its body.
    let octets: Int
    /// What is to be done in it.
    let work: @Sendable () async -> Void
    /// What is to be done instead, on the event loop, when too many wait.
    let refuse: @Sendable () -> Void
  }

  private let eventLoop: any EventLoop
  private let tasks: (any RequestExecutor)?
  private let requests = Mutex(Pile<Request>())
  private let answers = Mutex(Pile<@Sendable () -> Void>())

  init(_ eventLoop: any EventLoop, tasks: (any RequestExecutor)?) {
    self.eventLoop = eventLoop
    self.tasks = tasks
  }

  /// Has `request` wait for its turn when the event loop has read what there was to read.
  ///
  /// To be called on the event loop, whose own tasks come after the sockets that are ready.
  func take(_ request: Request) {
    guard let tasks else {
      Task { await request.work() }
      return
    }
    guard requests.withLock({ $0.add(request) }) else { return }
    eventLoop.execute {
      let all = self.requests.withLock { $0.takeAll() }
      var refused: [Request] = []
      tasks.together {
        for request in all {
          let waits = tasks.begin(request.flow, octets: request.octets) {
            Task(executorPreference: tasks) { await request.work() }
          }
          if !waits { refused.append(request) }
        }
      }
      for request in refused { request.refuse() }
    }
  }

  /// Runs `answer` on the event loop when the tasks that can run now have run.
  ///
  /// Their executor takes tasks in order of arrival: the one that takes the answers away comes after those that give
  /// theirs.
  func giveBack(_ answer: @escaping @Sendable () -> Void) {
    guard let tasks else { return eventLoop.execute(answer) }
    guard answers.withLock({ $0.add(answer) }) else { return }
    Task(executorPreference: tasks) {
      let all = self.answers.withLock { $0.takeAll() }
      self.eventLoop.execute { for answer in all { answer() } }
    }
  }
}
