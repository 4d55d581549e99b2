// SPDX-License-Identifier: Apache-2.0
//
// Where causes go that clients must not read. The assembly turns an incident into a log line.

import IdentityModel

/// Something that failed on our side, with its cause.
package struct Incident: Hashable, Sendable {
  /// How grave it is.
  package enum Severity: Hashable, Sendable {
    /// Something of ours does not work.
    case error
    /// A caller was refused, and the answer does not say all of the reason.
    case notice
  }

  /// How grave it is.
  package let severity: Severity
  /// What could not be done: `append to the audit log`.
  package let what: String
  /// The cause, for the operator.
  ///
  /// Holds no secret: the errors of the seams carry none.
  package let cause: String

  init(_ severity: Severity = .error, what: String, cause: String) {
    self.severity = severity
    self.what = what
    self.cause = cause
  }
}

/// Reports incidents.
package struct Diagnostics: Sendable {
  /// Called once for each incident.
  package var report: @Sendable (Incident) -> Void

  /// Wraps `report`.
  package init(report: @escaping @Sendable (Incident) -> Void) {
    self.report = report
  }

  /// Reports that `what` failed because of `error`, and gives the answer that the client reads.
  ///
  /// A full signing queue is no failure of ours: whoever filled it would fill the log too. The metrics count it.
  func serviceError(_ what: String, _ error: any Error) -> ServiceError {
    if let error = error as? TokenSignerError, case .overloaded = error { return ServiceError(error) }
    report(Incident(what: what, cause: String(describing: error)))
    switch error {
    case let error as ServiceError: return error
    case let error as StoreError: return ServiceError(error)
    case let error as TokenSignerError: return ServiceError(error)
    default: return .internalFailure
    }
  }
}
