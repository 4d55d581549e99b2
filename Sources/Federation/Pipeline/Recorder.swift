// SPDX-License-Identifier: Apache-2.0
//
// Nothing is answered before it is on record. The only maker of `Recorded`, which is the only thing that the
// response writer takes.

package import AWSProtocols
package import AuditTrail
package import IdentityModel
import Synchronization

/// An answer whose audit record is durable.
///
/// Only this file makes one.
package struct Recorded: Sendable {
  /// The answer.
  package let answer: Answer
  /// The request id.
  package let requestID: String
  /// The service in whose protocol the answer is written.
  package let service: ServiceName

  fileprivate init(_ answer: Answer, _ trail: Trail) {
    self.answer = answer
    self.requestID = trail.requestID
    self.service = trail.service ?? .sts
  }

  private init(_ answer: Answer, of recorded: Recorded) {
    self.answer = answer
    self.requestID = recorded.requestID
    self.service = recorded.service
  }

  /// The same call, answered with `result`: what could come into being only after the record.
  func answering(_ result: ResponseStructure, action: String) -> Recorded {
    Recorded(.success(action: action, result: result), of: self)
  }
}

/// How a call is answered.
package enum Answer: Sendable {
  /// Done: the action's name and its result, if the operation has one.
  case success(action: String, result: ResponseStructure?)
  /// Refused or failed.
  case failure(ServiceError)
}

/// Writes records, and changes together with their records.
package struct Recorder: Sendable {
  private let sink: any AuditSink
  private let directory: Directory
  private let health = AuditHealth()

  /// Appends to `sink`; changes go through `directory`.
  package init(sink: any AuditSink, directory: Directory) {
    self.sink = sink
    self.directory = directory
  }

  /// Records that `proposal` was done, and does it: the change and the record become durable together, and only
  /// while `requirements` hold.
  package func commit(
    _ proposal: Proposal,
    provided requirements: [Change.Write],
    of account: AccountID,
    action: String,
    _ trail: Trail
  ) async throws(StoreError) -> Recorded {
    var trail = trail
    trail.issuance = proposal.promised?.issuance.recorded
    let record = trail.record(.succeeded(responseElements: proposal.responseElements))
    let change = Change(requirements + proposal.change.writes)
    try await health.watch { () async throws(StoreError) in
      if change.writes.isEmpty {
        try await sink.append(record)
      } else {
        try await directory.commit(change, of: account, recording: record)
      }
    }
    return Recorded(.success(action: action, result: proposal.result), trail)
  }

  /// Records that the call was refused or failed with `error`.
  package func refuse(_ error: ServiceError, _ trail: Trail) async throws(StoreError) -> Recorded {
    let record = trail.record(.failed(code: error.code, message: error.message))
    try await health.watch { () async throws(StoreError) in try await sink.append(record) }
    return Recorded(.failure(error), trail)
  }

  /// Whether records can be written.
  ///
  /// After a failure the answer is found by writing `probe`, so that a server that nobody calls any more finds out
  /// that its disk is back.
  package func isHealthy(probe: @autoclosure @Sendable () -> AuditRecord) async -> Bool {
    if health.isHealthy { return true }
    let record = probe()
    try? await health.watch { () async throws(StoreError) in try await sink.append(record) }
    return health.isHealthy
  }
}

/// Whether the last write to the audit log succeeded.
private final class AuditHealth: Sendable {
  private let state = Mutex(true)

  var isHealthy: Bool { state.withLock { $0 } }

  func watch(_ body: () async throws(StoreError) -> Void) async throws(StoreError) {
    do {
      try await body()
      state.withLock { $0 = true }
    } catch {
      if case .unavailable = error { state.withLock { $0 = false } }
      throw error
    }
  }
}
