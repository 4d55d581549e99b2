// SPDX-License-Identifier: Apache-2.0
//
// Nothing is answered before it is on record. The only maker of `Recorded`, which is the only thing that the
// response writer takes.

package import AWSProtocols
import AuditTrail
package import IdentityModel

/// An answer whose audit record is durable.
///
/// Only this file makes one.
package struct Recorded: Sendable {
  /// The answer.
  package let answer: Answer
  /// The request id.
  package let requestID: String
  /// The service in whose namespace the answer is written.
  package let service: ServiceName

  fileprivate init(_ answer: Answer, _ trail: Trail) {
    self.answer = answer
    self.requestID = trail.requestID
    self.service = trail.service ?? .sts
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

  /// Appends to `sink`; changes go through `directory`.
  package init(sink: any AuditSink, directory: Directory) {
    self.sink = sink
    self.directory = directory
  }

  /// Records that `proposal` was done, and does it: the change and the record become durable together.
  package func commit(
    _ proposal: Proposal,
    of account: AccountID,
    action: String,
    _ trail: Trail
  ) async throws(StoreError) -> Recorded {
    let record = trail.record(.succeeded(responseElements: proposal.responseElements))
    if proposal.change.writes.isEmpty {
      try await sink.append(record)
    } else {
      try await directory.commit(proposal.change, of: account, recording: record)
    }
    return Recorded(.success(action: action, result: proposal.result), trail)
  }

  /// Records that the call was refused or failed with `error`.
  package func refuse(_ error: ServiceError, _ trail: Trail) async throws(StoreError) -> Recorded {
    try await sink.append(trail.record(.failed(code: error.code, message: error.message)))
    return Recorded(.failure(error), trail)
  }
}
