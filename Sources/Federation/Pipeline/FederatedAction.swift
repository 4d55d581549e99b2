// SPDX-License-Identifier: Apache-2.0
//
// Actions whose caller has no key: what an identity provider says of them is the credential, and the trust policy of a
// role alone decides. The only maker of `UnsignedCall` and of `AuthorizedFederatedCall`; everything after them is the
// pipeline's, as for every call. Source: AWS STS API, AssumeRoleWithWebIdentity, AssumeRoleWithSAML.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
package import StrictJSON

/// An action for callers whom an identity provider vouches for: one type, one file.
package protocol FederatedAction: Sendable {
  /// What the action is about: whom the provider vouches for, and the role.
  associatedtype Subject: FederatedSubject

  /// The service.
  static var service: ServiceName { get }
  /// The name, as in `Action=`.
  static var name: String { get }

  /// Reads the parameters: their shape only, as an `Action` does.
  init(_ parameters: inout ParameterReader) throws(ServiceError)

  /// Which of the parameters go on record also when the call is refused: a stranger's, so little of them.
  var claimedParameters: JSONValue? { get }
  /// The parameters as they may be recorded: never the provider's assertion.
  var requestParameters: JSONValue? { get }

  /// Verifies the provider's assertion and reads the role.
  ///
  /// `trail` learns of each who comes, as soon as somebody vouches. Throws when nobody vouches for the caller.
  func subject(
    _ call: UnsignedCall,
    _ house: House,
    _ trail: inout Trail
  ) async throws(ServiceError) -> Subject

  /// What the role's trust policy must allow, in this order; never empty.
  func questions(_ subject: Subject) -> [Question]

  /// What the role's trust policy must allow besides to whoever acts for the caller, in this order; empty when nobody
  /// presented a token as one who does.
  func actorQuestions(_ subject: Subject) -> [Question]

  /// Works out the answer. Writes nothing. Called again when the record met a concurrent change.
  ///
  /// `trail` learns why policy refused, when another policy than the trust policy is asked.
  func perform(
    _ call: AuthorizedFederatedCall<Self>,
    _ house: House,
    _ trail: inout Trail
  ) async throws(ServiceError) -> Proposal
}

extension FederatedAction {
  package func actorQuestions(_ subject: Subject) -> [Question] { [] }
}

/// What a federated action is about.
package protocol FederatedSubject: ActionSubject {
  /// Whom the provider vouches for.
  var identity: FederatedIdentity { get }
  /// Who presented a token as one who acts for the caller; `nil` when nobody did.
  var actor: FederatedIdentity? { get }
  /// The account of the role.
  var account: AccountID { get }
  /// Where that account stands; `nil` when it is in no organization.
  var membership: OrganizationMembership? { get }
  /// How many calls that account may make; `nil` for as many as the server allows any account.
  var quota: RequestQuota? { get }
}

/// A caller whom an identity provider vouches for, as audit and policy name them.
package struct FederatedIdentity: Hashable, Sendable {
  /// `WebIdentityUser` or `SAMLUser`.
  ///
  /// Source: CloudTrail `userIdentity.type`.
  package let type: String
  /// The ARN of the provider.
  package let provider: String
  /// `provider ARN:audience:subject`.
  package let principalID: String
  /// The subject.
  package let userName: String

  /// Gathers the parts.
  package init(type: String, provider: String, principalID: String, userName: String) {
    self.type = type
    self.provider = provider
    self.principalID = principalID
    self.userName = userName
  }
}

/// A call that nobody signed, or whose signature nobody looked at.
///
/// Only this file makes one.
package struct UnsignedCall: Sendable {
  /// The server's own region: no scope names another.
  package let region: Region
  /// When the request arrived: the one `now` of the call.
  package let now: Instant
  /// The client's address.
  package let sourceIPAddress: String
  /// The `User-Agent` header, its beginning.
  package let userAgent: String?
  /// Whether the connection has TLS.
  package let isSecureTransport: Bool

  init(_ request: APIRequest, region: Region, now: Instant) {
    self.region = region
    self.now = now
    self.sourceIPAddress = request.sourceIPAddress
    self.userAgent = request.userAgentOfPolicy
    self.isSecureTransport = request.tls != nil
  }
}

/// A call that the trust policy of a role allows, with its action.
///
/// Only this file makes one.
package struct AuthorizedFederatedCall<A: FederatedAction>: Sendable {
  /// What the action is about, as policy saw it.
  package let subject: A.Subject
  /// The call.
  package let unsigned: UnsignedCall

  /// When the request arrived.
  package var now: Instant { unsigned.now }

  fileprivate init(_ subject: A.Subject, _ call: UnsignedCall) {
    self.subject = subject
    self.unsigned = call
  }
}

/// Decides for callers without a key.
enum FederatedAuthorizer {
  /// Asks the role's trust policy, and the resource control policies of its account, every question of `action`; all
  /// must be allowed.
  ///
  /// Throws AccessDenied in AWS's words, which tell neither whether the role exists nor why: `trail` learns that.
  static func authorize<A: FederatedAction>(
    _ action: A,
    _ call: UnsignedCall,
    _ subject: A.Subject,
    _ trail: inout Trail
  ) throws(ServiceError) -> AuthorizedFederatedCall<A> {
    let questions = action.questions(subject).map { (subject.identity, $0) }
    let actorQuestions = action.actorQuestions(subject)
    // INVARIANT: a federated action asks something, and of an actor too; one that asked nothing would be open to everybody.
    guard !questions.isEmpty, actorQuestions.isEmpty == (subject.actor == nil) else { throw .internalFailure }
    let further = subject.actor.map { identity in actorQuestions.map { (identity, $0) } } ?? []
    for (identity, question) in questions + further {
      let request = PolicyRequest(
        action: question.action,
        resource: question.resource,
        resourceAccount: subject.account,
        principal: .federated(provider: identity.provider),
        context: RequestContext(call, subject, identity, question.context)
      )
      let policies = PolicySet(
        resource: question.trust,
        resourceControl: subject.membership?.policies.resourceControl ?? []
      )
      // SECURITY: a question without a trust policy is decided by no policy at all, and that is a no.
      guard PolicyEvaluator.decide(request, policies).isAllowed else {
        // SECURITY: for the record of the role's own account, which is the only one that the call has.
        trail.refusal = {
          let explanation = PolicyEvaluator.explain(request, policies, locating: false)
          let level = explanation.refusingLevel.flatMap { place in
            subject.membership?.place.levelID(place, of: subject.account)
          }
          return explanation.refusal(of: request, at: level, isOfStranger: true)
        }
        throw ServiceError(
          code: "AccessDenied",
          httpStatus: 403,
          message: "Not authorized to perform \(question.action)"
        )
      }
    }
    return AuthorizedFederatedCall(subject, call)
  }
}

extension RequestContext {
  /// The keys of the connection and the time, the provider, and those of the question.
  fileprivate init(
    _ call: UnsignedCall,
    _ subject: some FederatedSubject,
    _ identity: FederatedIdentity,
    _ entries: [Question.ContextEntry]
  ) {
    self.init(capacity: 16 + entries.count)
    set(.federatedProvider, identity.provider)
    set(.sourceIP, call.sourceIPAddress)
    set(.secureTransport, call.isSecureTransport ? "true" : "false")
    set(.currentTime, call.now.rfc3339)
    set(.epochTime, String(call.now.seconds))
    set(.requestedRegion, call.region.description)
    set(.resourceAccount, subject.account.description)
    if let membership = subject.membership { setResourceOrganization(membership.place) }
    set(.viaAWSService, "false")
    set(.principalIsAWSService, "false")
    if let userAgent = call.userAgent { set(.userAgent, userAgent) }
    for entry in entries {
      if entry.isMultivalued {
        set(entry.key, values: entry.values)
      } else {
        set(entry.key, entry.values[0])
      }
    }
  }
}
