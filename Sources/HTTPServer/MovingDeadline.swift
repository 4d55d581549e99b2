// SPDX-License-Identifier: Apache-2.0
//
// A deadline that moves with every request and seldom passes: to move it away costs one assignment. Refuses
// to know what happens when it passes.

import NIOCore

/// A deadline on an event loop.
final class MovingDeadline {
  private let eventLoop: any EventLoop
  private let passed: () -> Void
  private var timer: (task: Scheduled<Void>, deadline: NIODeadline)?
  /// When `passed` is called, unless the deadline moves.
  private(set) var deadline: NIODeadline

  /// Calls `passed` at `deadline`, and again whenever a deadline that was set later passes.
  init(_ deadline: NIODeadline, on eventLoop: any EventLoop, passed: @escaping () -> Void) {
    self.eventLoop = eventLoop
    self.passed = passed
    self.deadline = deadline
    arm()
  }

  /// Moves the deadline.
  func move(to deadline: NIODeadline) {
    self.deadline = deadline
    // A timer that fires too early finds out then.
    if let timer, timer.deadline <= deadline { return }
    timer?.task.cancel()
    arm()
  }

  /// Stops; `passed` is not called any more.
  func cancel() {
    timer?.task.cancel()
    timer = nil
  }

  private func arm() {
    let task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.fired() }
    timer = (task, deadline)
  }

  private func fired() {
    timer = nil
    if NIODeadline.now() < deadline { arm() } else { passed() }
  }
}
