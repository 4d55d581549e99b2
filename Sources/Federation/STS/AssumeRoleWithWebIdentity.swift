// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, AssumeRoleWithWebIdentity: temporary credentials of a role, for whom a registered OIDC provider vouches.
// The token is the credential: the call needs no signature, and one that comes with it is not looked at.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// `sts:AssumeRoleWithWebIdentity`.
package struct AssumeRoleWithWebIdentity: FederatedAction {
  package static let service = ServiceName.sts
  package static let name = "AssumeRoleWithWebIdentity"

  private let durationSeconds: Int?
  private let policies: SessionPolicies
  private let providerID: String?
  private let roleARN: String
  private let roleSessionName: String
  private let token: Secret

  private static let defaultDurationSeconds = 3600

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    durationSeconds = parameters.optionalInteger("DurationSeconds", 900...43_200)
    policies = SessionPolicies(&parameters)
    providerID = parameters.optionalString("ProviderId", length: 4...2048)
    roleARN = parameters.requiredString("RoleArn", length: 20...2048)
    roleSessionName = parameters.requiredString("RoleSessionName", length: 2...64, pattern: .roleSessionName)
    let sent = parameters.requiredSecret("WebIdentityToken", length: 4...PresentedToken.maximumBytes)
    // SDKs send a token file as it is, with the line end that an editor or a shell put there.
    token = Secret(withoutLineEnd(sent))
    try parameters.check()
    guard let parts = ARN(roleARN)?.parts, !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty else {
      throw .validationError("\(roleARN) is invalid")
    }
    try policies.requireLength()
    // AWS takes OAuth 2.0 access tokens of two shops under this name; they are no JWTs and have no issuer to ask.
    if let providerID {
      throw .validationError(
        "The provider `\(providerID)` is not supported: leave ProviderId out for OpenID Connect"
      )
    }
  }

  package var claimedParameters: JSONValue? { .object(JSONObject(claimedMembers)) }

  package var requestParameters: JSONValue? { .object(JSONObject(claimedMembers + policies.recorded)) }

  private var claimedMembers: [JSONObject.Member] {
    var members = [
      JSONObject.Member("roleArn", .string(roleARN)),
      JSONObject.Member("roleSessionName", .string(roleSessionName)),
    ]
    if let durationSeconds { members.append(.init("durationSeconds", .integer(durationSeconds))) }
    return members
  }

  package func subject(
    _ call: UnsignedCall,
    _ house: House
  ) async throws(ServiceError) -> WebIdentitySubject {
    let presented: PresentedToken
    do {
      presented = try PresentedToken(token.withBytes { String(decoding: $0, as: UTF8.self) })
    } catch {
      throw ServiceError(webIdentity: error, now: call.now)
    }
    let role = try await house.roleToAssume(roleARN)
    guard let account = role.account,
      let provider = try await house.oidcProvider(presented.issuer, of: account)
    else {
      throw .invalidIdentityToken("No OpenIDConnect provider found in your account for \(presented.issuer)")
    }
    let identity = try await house.webIdentity(
      presented,
      of: RegisteredProvider(provider.record),
      now: call.now
    )
    // A token of this server stands for a principal of it: to assume a role with one is to go on along a chain, and
    // what AssumeRole keeps along a chain is kept here.
    let isChained = house.issuers.issuerID(of: presented.issuer) != nil
    let inherited = isChained ? identity.token.claims["https://sts.amazonaws.com/"]?.object : nil
    return WebIdentitySubject(
      webIdentity: identity,
      account: account,
      role: role,
      provider: provider,
      isChained: isChained,
      claims: try SessionRequest(
        identity.token.sessionClaims,
        for: roleARN,
        inheriting: inherited?["source_identity"]?.string
      )
    )
  }

  package func questions(_ subject: WebIdentitySubject) -> [Question] {
    let claims = subject.claims
    var context = subject.webIdentity.contextEntries
    context.append(.init("sts:RoleSessionName", roleSessionName))
    context.append(.init("sts:RoleAuthorizedByIdp", claims.isRoleAuthorized ? "true" : "false"))
    context += claims.tags.requestContext
    if !claims.transitiveTagKeys.isEmpty {
      context.append(.init("sts:TransitiveTagKeys", values: claims.transitiveTagKeys))
    }
    if let sourceIdentity = claims.sourceIdentity {
      context.append(.init("sts:SourceIdentity", sourceIdentity))
    }
    var actions = ["sts:AssumeRoleWithWebIdentity"]
    if !claims.tags.isEmpty { actions.append("sts:TagSession") }
    if claims.sourceIdentity != nil { actions.append("sts:SetSourceIdentity") }
    return actions.map { subject.role.question($0, context: context) }
  }

  package func perform(
    _ call: AuthorizedFederatedCall<AssumeRoleWithWebIdentity>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let subject = call.subject
    guard let role = subject.role.role?.record else {
      throw house.diagnostics.serviceError(
        "assume a role",
        StoreError.corrupted("policy allows the role `\(roleARN)`, which does not exist")
      )
    }
    let duration = durationSeconds ?? Self.defaultDurationSeconds
    guard !subject.isChained || duration <= 3600 else {
      throw .validationError(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
      )
    }
    guard duration <= role.maxSessionDuration else {
      throw .validationError(
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
      )
    }
    try await policies.requireUsable(
      in: role.account,
      for: "the session `\(roleSessionName)` of \(roleARN)",
      house
    )
    let token = subject.webIdentity.token
    let provider = subject.webIdentity.provider.arn
    var session = Session(
      role: role,
      sessionName: roleSessionName,
      issuedAt: call.now,
      durationSeconds: duration
    )
    session.policy = policies.policy
    session.policyARNs = policies.policyARNs
    session.tags = subject.claims.tags
    session.transitiveTagKeys = subject.claims.transitiveTagKeys
    session.sourceIdentity = subject.claims.sourceIdentity
    session.webIdentity = Session.WebIdentity(
      provider: provider,
      subject: token.subject,
      audience: token.clientID
    )
    let credentials = try house.credentials(for: session)
    let id = "\(role.uniqueID):\(roleSessionName)"
    let arn = RoleSessionIdentity(role: role.identity, sessionName: roleSessionName, tags: []).arn.description
    let size = session.packedPolicySize
    var elements = [credentials.recorded]
    elements.append(.init("subjectFromWebIdentityToken", .string(token.subject)))
    elements.append(.init("assumedRoleUser", .strings(["assumedRoleId": id, "arn": arn]) ?? .null))
    if let size { elements.append(.init("packedPolicySize", .integer(size))) }
    elements.append(.init("provider", .string(provider)))
    elements.append(.init("audience", .string(token.clientID)))
    elements += JSONObject.Member.ifPresent("sourceIdentity", session.sourceIdentity)
    return Proposal(
      result: ResponseStructure([
        "Credentials": credentials.response,
        "SubjectFromWebIdentityToken": .string(token.subject),
        "AssumedRoleUser": .structure(
          ResponseStructure(["AssumedRoleId": .string(id), "Arn": .string(arn)])
        ),
        "PackedPolicySize": size.map { .integer(Int64($0)) },
        "Provider": .string(provider),
        "Audience": .string(token.clientID),
        "SourceIdentity": session.sourceIdentity.map { .string($0) },
      ]),
      responseElements: .object(JSONObject(elements))
    )
  }
}

/// Whom a provider vouches for, and the role that is to be assumed.
package struct WebIdentitySubject: FederatedSubject {
  /// The caller.
  let webIdentity: WebIdentity
  package let account: AccountID
  let role: RoleToAssume
  let provider: Stored<OIDCProviderRecord>
  /// Whether the token is one of this server's own.
  let isChained: Bool
  /// What the token asks of the session.
  let claims: SessionRequest

  package var identity: FederatedIdentity {
    FederatedIdentity(
      type: "WebIdentityUser",
      provider: webIdentity.provider.arn,
      principalID: webIdentity.principalID,
      userName: webIdentity.token.subject
    )
  }

  package var membership: OrganizationMembership? { role.standing?.membership }
  package var quota: RequestQuota? { role.standing?.quota }

  package var requirements: [Change.Write] { role.requirements + [provider.isUnchanged] }
}

extension House {
  /// The provider that `account` has registered for exactly the URL `issuer`.
  fileprivate func oidcProvider(
    _ issuer: String,
    of account: AccountID
  ) async throws(ServiceError) -> Stored<OIDCProviderRecord>? {
    let scheme = "https://"
    // An id of the store has 1024 bytes at the most, and IAM allows a URL 255 characters.
    guard issuer.utf8.starts(with: scheme.utf8), issuer.utf8.count <= 512 else { return nil }
    let name = String(decoding: issuer.utf8.dropFirst(scheme.utf8.count), as: UTF8.self)
    let stored = try await read { directory in
      try await directory.record(OIDCProviderRecord.self, at: OIDCProviderRecord.id(account, name))
    }
    guard let stored, stored.record.issuer.utf8.elementsEqual(issuer.utf8) else { return nil }
    return stored
  }
}

extension RegisteredProvider {
  fileprivate init(_ record: OIDCProviderRecord) {
    self.init(arn: record.arn.description, issuer: record.issuer, clientIDs: record.clientIDs)
  }
}

/// `text` without the one line end, LF or CR LF, that it may have behind it.
private func withoutLineEnd(_ text: String) -> String {
  var bytes = text.utf8[...]
  if bytes.last == UInt8(ascii: "\n") {
    bytes.removeLast()
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
  }
  return String(decoding: bytes, as: UTF8.self)
}
