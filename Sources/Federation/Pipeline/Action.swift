// SPDX-License-Identifier: Apache-2.0
//
// What an API action is to the house: it reads its own parameters, asks its questions of policy, and proposes. The
// pipeline does the rest, so that no action can forget a step.

package import AWSProtocols
package import IdentityModel
package import PolicyEngine
package import StrictJSON

/// An API action: one type, one file.
package protocol Action: Sendable {
  /// What the action is about, as it was when policy was asked.
  associatedtype Subject: ActionSubject = NoSubject

  /// The service.
  static var service: ServiceName { get }
  /// The name, as in `Action=`.
  static var name: String { get }
  /// Whether it only reads: the `readOnly` of its audit record.
  static var isReadOnly: Bool { get }

  /// Reads the parameters: their shape only. Violations are collected by the reader, whose `check()` comes after
  /// this; a rule that needs several parameters throws.
  init(_ parameters: inout ParameterReader) throws(ServiceError)

  /// The parameters as they may be recorded; `nil` when there are none.
  var requestParameters: JSONValue? { get }

  /// Reads what the action is about, once: policy judges it, and the action works on the same.
  func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> Subject

  /// What policy must allow, in this order. Empty: any authenticated caller may.
  func questions(_ subject: Subject, _ call: AuthenticatedCall) -> [Question]

  /// Works out the answer and the change. Writes nothing. Called again when the change met a concurrent one.
  func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal
}

/// What an action is about.
package protocol ActionSubject: Sendable {
  /// That the subject is still what policy was asked about.
  ///
  /// SECURITY: the pipeline adds these to every change, so that nobody is judged on one thing and acts on another.
  var requirements: [Change.Write] { get }
  /// The account whose log has a record of the call too, when it is done: the owner of what a caller of another account
  /// reached.
  var concernedAccount: AccountID? { get }
}

extension ActionSubject {
  package var concernedAccount: AccountID? { nil }
}

/// The subject of an action that is about nothing in the directory.
package struct NoSubject: ActionSubject {
  package var requirements: [Change.Write] { [] }
}

extension Action where Subject == NoSubject {
  package func subject(_ call: AuthenticatedCall, _ house: House) -> NoSubject { NoSubject() }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] { Self.oneQuestion }
}

extension Action {
  /// The question whether the caller may do this at all: what an action asks that is about nothing with a name.
  static var oneQuestion: [Question] { [Question(action: "\(service.rawValue):\(name)", resource: "*")] }
}

/// An action on one thing that its parameters name.
package protocol TargetedAction: Action where Subject == Target.Subject {
  /// How the parameters name it.
  associatedtype Target: ActionTarget

  /// What the parameters name.
  var target: Target { get }
}

/// What names the subject of an action.
package protocol ActionTarget: Sendable {
  /// What is named.
  associatedtype Subject: ActionSubject

  /// Reads the subject.
  func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> Subject

  /// What policy must allow.
  func questions(_ subject: Subject) -> [Question]
}

extension TargetedAction {
  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> Target.Subject
  {
    try await target.subject(call, house)
  }

  package func questions(_ subject: Target.Subject, _ call: AuthenticatedCall) -> [Question] {
    target.questions(subject)
  }
}

/// A question to policy.
package struct Question: Sendable {
  /// The action, with its service: `sts:GetWebIdentityToken`.
  package let action: String
  /// The ARN of the resource, or `*`.
  package let resource: String
  /// Condition keys of this action, besides the global ones.
  package let context: [ContextEntry]
  /// The trust policy of the role that is to be assumed; `nil` for other questions.
  package let trust: NamedPolicy?
  /// The account of the resource; `nil` when it is the caller's own.
  package let resourceAccount: AccountID?
  /// Where that account stands in which organization; not looked at when it is the caller's own.
  package let resourceMembership: OrganizationMembership?

  /// A condition key and its values.
  package struct ContextEntry: Hashable, Sendable {
    /// The key: `sts:DurationSeconds`.
    package let key: String
    /// The values; one for a single-valued key.
    package let values: [String]
    /// Whether the key is multi-valued, whatever the number of values.
    package let isMultivalued: Bool

    /// A single-valued key.
    package init(_ key: String, _ value: String) {
      self.key = key
      self.values = [value]
      self.isMultivalued = false
    }

    /// A multi-valued key.
    package init(_ key: String, values: [String]) {
      self.key = key
      self.values = values
      self.isMultivalued = true
    }
  }

  /// Gathers the parts.
  package init(
    action: String,
    resource: String,
    context: [ContextEntry] = [],
    trust: NamedPolicy? = nil,
    resourceAccount: AccountID? = nil,
    resourceMembership: OrganizationMembership? = nil
  ) {
    self.action = action
    self.resource = resource
    self.context = context
    self.trust = trust
    self.resourceAccount = resourceAccount
    self.resourceMembership = resourceMembership
  }
}

/// What an action proposes: the pipeline writes the change and the record, then answers.
package struct Proposal: Sendable {
  /// What to write; empty for actions that only read or issue.
  package let change: Change
  /// The answer; `nil` when the operation has no output shape.
  package let result: ResponseStructure?
  /// What of the answer may be recorded.
  ///
  /// Never a secret, never a token.
  package let responseElements: JSONValue?
  /// Whether the change is one of the account's issuer or of its keys, whose documents are then rendered anew.
  package let changesIssuer: Bool
  /// The signing keys that the change revokes.
  package let revokedKeys: [KeyID]
  /// The id of the issuer whose status lists the change makes others.
  package let changesStatusLists: String?
  /// The token that the answer lacks until its record is durable, and the answer with it.
  package let promised: (issuance: PromisedIssuance, result: @Sendable (String) -> ResponseStructure)?

  /// Gathers the parts.
  package init(
    change: Change = Change(),
    result: ResponseStructure?,
    responseElements: JSONValue? = nil,
    changesIssuer: Bool = false,
    revokedKeys: [KeyID] = [],
    changesStatusLists: String? = nil,
    promised: (issuance: PromisedIssuance, result: @Sendable (String) -> ResponseStructure)? = nil
  ) {
    self.promised = promised
    self.changesIssuer = changesIssuer
    self.revokedKeys = revokedKeys
    self.changesStatusLists = changesStatusLists
    self.change = change
    self.result = result
    self.responseElements = responseElements
  }

  /// The same proposal, after which the documents of the account's issuer are others.
  func changingIssuer() -> Proposal {
    Proposal(
      change: change,
      result: result,
      responseElements: responseElements,
      changesIssuer: true,
      revokedKeys: revokedKeys,
      changesStatusLists: changesStatusLists,
      promised: promised
    )
  }
}
