// SPDX-License-Identifier: Apache-2.0
//
// The kinds of policy and the grammar of each: which elements a statement must, may and must not have. Refuses to
// know where a policy is attached. Source: IAM User Guide, policy grammar; Organizations User Guide, SCP and RCP
// syntax.

/// What a policy document is for; it decides which elements are legal.
package enum PolicyKind: Hashable, Sendable, CaseIterable {
  /// Attached to a user, a group or a role.
  case identity
  /// Attached to a resource: `Principal` or `NotPrincipal` is required.
  case resource
  /// A role's trust policy: principals and STS actions, no resource.
  case trust
  /// Passed when a session is made.
  case session
  /// A permissions boundary; always a managed policy.
  case boundary
  /// A service control policy of an organization.
  case serviceControl
  /// A resource control policy of an organization.
  case resourceControl
}

/// How an element stands in a kind of policy.
enum Presence: Hashable {
  case required
  case prohibited
}

extension PolicyKind {
  /// `Principal` and `NotPrincipal`.
  var principal: Presence {
    switch self {
    case .resource, .trust, .resourceControl: .required
    case .identity, .session, .boundary, .serviceControl: .prohibited
    }
  }

  /// `Resource` and `NotResource`.
  var resource: Presence { self == .trust ? .prohibited : .required }

  /// Whether `NotAction` may stand for `Action`, and `NotPrincipal` for `Principal`.
  func permits(_ element: StatementElement) -> Bool {
    switch element {
    case .notAction: self != .trust && self != .resourceControl
    case .notPrincipal: self == .resource || self == .trust
    default: true
    }
  }

  /// Whether `Version` must be there and say 2012-10-17: managed policies and the policies of an organization.
  var requiresCurrentVersion: Bool {
    switch self {
    case .boundary, .serviceControl, .resourceControl: true
    case .identity, .resource, .trust, .session: false
    }
  }

  /// Whether a `Sid` is held to `[0-9A-Za-z]*`; the services behind resource policies allow more.
  var requiresAlphanumericSid: Bool { self != .resource }
}

/// The elements of a policy document.
enum DocumentElement: String {
  case version = "Version"
  case id = "Id"
  case statement = "Statement"
}

/// The elements of a statement.
enum StatementElement: String {
  case sid = "Sid"
  case effect = "Effect"
  case principal = "Principal"
  case notPrincipal = "NotPrincipal"
  case action = "Action"
  case notAction = "NotAction"
  case resource = "Resource"
  case notResource = "NotResource"
  case condition = "Condition"
}

/// The versions of the policy language.
enum LanguageVersion: String {
  /// The first: `${…}` is literal text. The default.
  case literal = "2008-10-17"
  /// The current one: `${…}` is a policy variable.
  case variables = "2012-10-17"
}

extension RawRepresentable where RawValue == String {
  /// The case whose name has exactly these bytes.
  ///
  /// SECURITY: `String ==` is canonical equivalence (U+212A, the Kelvin sign, equals `K`), but two ASCII strings are equal only
  /// when their bytes are.
  init?(exactly name: String) {
    guard name.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    self.init(rawValue: name)
  }
}
