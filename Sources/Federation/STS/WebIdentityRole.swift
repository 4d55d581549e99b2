// SPDX-License-Identifier: Apache-2.0
//
// The role for which somebody presents the token of an identity provider: how both are read and checked, what the trust
// policy is asked, and the session that comes of it. The part that AssumeRoleWithWebIdentity and the token endpoint have
// in common. Source: AWS STS API, AssumeRoleWithWebIdentity.

package import IdentityModel
import StrictJSON
import TokenFormats

/// A role, and the token that is to open it.
struct WebIdentityRole: Sendable {
  /// The ARN as it was sent.
  let arn: String
  private let token: Secret

  /// Pairs the ARN and the token, as they were sent.
  init(arn: String, token sent: String) {
    self.arn = arn
    // Clients send a token file as it is, with the line end that an editor or a shell put there.
    token = Secret(withoutLineEnd(sent))
  }

  /// How long a token may be.
  ///
  /// Unit: UTF-16 code units.
  static let tokenLength = 4...PresentedToken.maximumBytes

  /// Throws ValidationError for a text that is no ARN.
  func requireRole() throws(ServiceError) {
    guard let parts = ARN(arn)?.parts, !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty else {
      throw .validationError("\(arn) is invalid")
    }
  }

  /// The parameter that is recorded: never the token.
  var recorded: JSONObject.Member { .init("roleArn", .string(arn)) }

  /// Verifies the token and reads the role.
  ///
  /// Throws when nobody vouches for the caller.
  func subject(_ call: UnsignedCall, _ house: House) async throws(ServiceError) -> WebIdentitySubject {
    let presented: PresentedToken
    do {
      presented = try PresentedToken(token.withBytes { String(decoding: $0, as: UTF8.self) })
    } catch {
      throw ServiceError(webIdentity: error, now: call.now)
    }
    let role = try await house.roleToAssume(arn)
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
        for: arn,
        inheriting: inherited?["source_identity"]?.string
      )
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

extension WebIdentitySubject {
  /// What the role's trust policy must allow for a session of the name `sessionName`.
  func questions(sessionName: String) -> [Question] {
    var context = webIdentity.contextEntries
    context.append(.init("sts:RoleSessionName", sessionName))
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
    return actions.map { role.question($0, context: context) }
  }

  /// The session that the trust policy allows.
  ///
  /// Throws ValidationError when it would be too long for the role, or for a chain.
  func session(
    named sessionName: String,
    at now: Instant,
    durationSeconds: Int,
    _ house: House
  ) throws(ServiceError) -> Session {
    guard let record = role.role?.record else {
      throw house.diagnostics.serviceError(
        "assume a role",
        StoreError.corrupted("policy allows the role `\(role.arn)`, which does not exist")
      )
    }
    guard !isChained || durationSeconds <= 3600 else {
      throw .validationError(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
      )
    }
    guard durationSeconds <= record.maxSessionDuration else {
      throw .validationError(
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
      )
    }
    var session = Session(
      role: record,
      sessionName: sessionName,
      issuedAt: now,
      durationSeconds: durationSeconds
    )
    session.tags = claims.tags
    session.transitiveTagKeys = claims.transitiveTagKeys
    session.sourceIdentity = claims.sourceIdentity
    session.webIdentity = Session.WebIdentity(
      provider: webIdentity.provider.arn,
      subject: webIdentity.token.subject,
      audience: webIdentity.token.clientID
    )
    return session
  }

  /// `{"assumedRoleId":…,"arn":…}` of `session`.
  func assumedRoleUser(_ session: Session) -> JSONValue {
    guard let record = role.role?.record, let name = session.sessionName else { return .null }
    let arn = RoleSessionIdentity(role: record.identity, sessionName: name, tags: []).arn.description
    return .strings(["assumedRoleId": "\(record.uniqueID):\(name)", "arn": arn]) ?? .null
  }
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
