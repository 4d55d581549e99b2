// SPDX-License-Identifier: Apache-2.0
//
// Somebody for whom a registered provider vouches, whatever the form of its word: how the word is read, whose it is, and
// what policy and records are told of whom it is about. Source: AWS STS API, AssumeRoleWithWebIdentity, AssumeRoleWithSAML;
// RFC 7522 §3.

import IdentityModel
import StrictJSON
import TokenFormats

/// What somebody presents: the word of a provider, as it was sent.
struct PresentedCredential: Sendable {
  /// The forms.
  enum Form: String, CaseIterable, Sendable {
    /// A JWT of an OpenID Connect provider.
    case token = "Token"
    /// A SAML assertion, base64url.
    case assertion = "Assertion"
  }

  /// What was read of it; nothing of that is to be believed.
  enum Read: Sendable {
    case token(PresentedToken)
    case assertion(PresentedAssertion)
  }

  private let form: Form
  private let text: Secret

  /// Takes `text` as it was sent.
  init(_ form: Form, _ sent: String) {
    self.form = form
    // Clients send a file as it is, with the line end that an editor or a shell put there.
    text = Secret(withoutLineEnd(sent))
  }

  /// How long the text may be.
  ///
  /// Unit: UTF-16 code units.
  static func length(_ form: Form) -> ClosedRange<Int> {
    switch form {
    case .token: 4...PresentedToken.maximumBytes
    case .assertion: 4...PresentedAssertion.maximumBytes
    }
  }

  /// Reads its form.
  ///
  /// Throws InvalidIdentityToken.
  func read(_ now: Instant) throws(ServiceError) -> Read {
    let text = text.withBytes { String(decoding: $0, as: UTF8.self) }
    switch form {
    case .token:
      do { return .token(try PresentedToken(text)) } catch {
        throw ServiceError(webIdentity: error, now: now)
      }
    case .assertion:
      do { return .assertion(try PresentedAssertion(text)) } catch {
        throw ServiceError(saml: error, now: now)
      }
    }
  }
}

/// Somebody for whom a registered provider vouches.
enum VouchedParty: Sendable {
  /// By a token.
  case webIdentity(WebIdentity, Stored<OIDCProviderRecord>)
  /// By an assertion.
  case saml(SAMLIdentity, Stored<SAMLProviderRecord>)

  /// The ARN of the provider.
  var providerARN: String {
    switch self {
    case .webIdentity(let identity, _): identity.provider.arn
    case .saml(let identity, _): identity.providerARN
    }
  }

  /// The provider's own name for itself: a URL, or an entity id.
  var issuer: String {
    switch self {
    case .webIdentity(let identity, _): identity.token.issuer
    case .saml(let identity, _): identity.assertion.issuer
    }
  }

  /// The name of whom it is about.
  var subject: String {
    switch self {
    case .webIdentity(let identity, _): identity.token.subject
    case .saml(let identity, _): identity.assertion.subject
    }
  }

  /// For whom the provider gave its word: a client id, or an endpoint.
  var audience: String {
    switch self {
    case .webIdentity(let identity, _): identity.token.clientID
    case .saml(let identity, _): identity.assertion.recipient
    }
  }

  /// As audit and policy name it.
  var identity: FederatedIdentity {
    switch self {
    case .webIdentity(let identity, _):
      FederatedIdentity(
        type: "WebIdentityUser",
        provider: providerARN,
        principalID: identity.principalID,
        userName: subject
      )
    case .saml(let identity, _):
      FederatedIdentity(
        type: "SAMLUser",
        provider: providerARN,
        principalID: "\(identity.nameQualifier):\(subject)",
        userName: subject
      )
    }
  }

  /// The action that a trust policy allows to whoever comes with such a word.
  var action: String {
    switch self {
    case .webIdentity: "sts:AssumeRoleWithWebIdentity"
    case .saml: "sts:AssumeRoleWithSAML"
    }
  }

  /// The condition keys of the provider.
  var contextEntries: [Question.ContextEntry] {
    switch self {
    case .webIdentity(let identity, _): identity.contextEntries
    case .saml(let identity, _): identity.contextEntries
    }
  }

  /// The claims of the token; of an assertion, who it is about and by whose word.
  var claims: JSONObject {
    switch self {
    case .webIdentity(let identity, _): identity.token.claims
    case .saml: JSONObject([.init("iss", .string(issuer)), .init("sub", .string(subject))])
    }
  }

  /// That the provider is still registered as it was.
  var isUnchanged: Change.Write {
    switch self {
    case .webIdentity(_, let provider): provider.isUnchanged
    case .saml(_, let provider): provider.isUnchanged
    }
  }

  /// What the provider asks of a session of the role `roleARN`.
  func sessionClaims(for roleARN: String) throws(ServiceError) -> SessionClaims {
    switch self {
    case .webIdentity(let identity, _): identity.token.sessionClaims
    case .saml(let identity, _): try identity.assertion.attributes.sessionClaims(for: roleARN)
    }
  }

  /// The name that the provider gives the session; `nil` when it leaves that to the caller.
  func sessionName() throws(ServiceError) -> String? {
    switch self {
    case .webIdentity: nil
    case .saml(let identity, _): try identity.assertion.attributes.sessionName()
    }
  }

  /// When the session at the provider ends; `nil` when it does not say.
  var sessionEnd: Instant? {
    switch self {
    case .webIdentity: nil
    case .saml(let identity, _): identity.assertion.sessionEnd
    }
  }

  /// The source identity that an own token or assertion carries along a chain.
  var inheritedSourceIdentity: String? {
    switch self {
    case .webIdentity(let identity, _):
      identity.token.claims["https://sts.amazonaws.com/"]?.object?["source_identity"]?.string
    case .saml(let identity, _):
      identity.assertion.attributes.first {
        $0.name.utf8.elementsEqual(AuthenticatedCall.sourceIdentityAttribute.name.utf8)
      }?.values?.first
    }
  }
}

extension House {
  /// Whether `party` comes with a token or an assertion of this server's own.
  func isOwn(_ party: VouchedParty) -> Bool {
    isOwnIssuer(party.issuer)
  }

  /// Whether `name` is the URL or the entity id of an issuer of this server.
  func isOwnIssuer(_ name: String) -> Bool {
    issuers.issuerID(of: name) != nil || isOfOwnIssuer(name, IssuerDocument.samlMetadata.path)
  }

  /// Whether `url` is the token endpoint of an issuer of this server.
  func isTokenEndpoint(_ url: String) -> Bool {
    isOfOwnIssuer(url, Issuers.tokenPath)
  }

  /// Whether `url` is `path` below an issuer of this server.
  private func isOfOwnIssuer(_ url: String, _ path: String) -> Bool {
    guard url.utf8.suffix(path.utf8.count).elementsEqual(path.utf8) else { return false }
    return issuers.issuerID(of: String(decoding: url.utf8.dropLast(path.utf8.count), as: UTF8.self)) != nil
  }

  /// Verifies what was presented for the role, by a provider of the role's own account.
  ///
  /// `endpoint` is where an assertion was sent to; without one none is taken. Throws when nobody vouches.
  func party(
    _ presented: PresentedCredential.Read,
    for role: RoleToAssume,
    at endpoint: TokenEndpoint?,
    now: Instant
  ) async throws(ServiceError) -> VouchedParty {
    switch presented {
    case .token(let token):
      guard let account = role.account, let provider = try await oidcProvider(token.issuer, of: account)
      else {
        throw .invalidIdentityToken(
          "No OpenIDConnect provider found in your account for \(token.issuer)"
        )
      }
      return .webIdentity(
        try await webIdentity(token, of: RegisteredProvider(provider.record), now: now),
        provider
      )
    case .assertion(let assertion):
      let arn = try assertion.claimedAttributes.provider(forRole: role.arn).provider
      guard let endpoint, let account = role.account, let provider = try await samlProvider(arn, of: account)
      else { throw .noSAMLProvider(arn) }
      return .saml(try samlIdentity(assertion, of: provider.record, at: endpoint, now: now), provider)
    }
  }

  private func samlIdentity(
    _ presented: PresentedAssertion,
    of provider: SAMLProviderRecord,
    at endpoint: TokenEndpoint,
    now: Instant
  ) throws(ServiceError) -> SAMLIdentity {
    let authority: SAMLAuthority
    do {
      authority = try SAMLAuthority(metadata: Array(provider.metadataDocument.utf8), now: now)
    } catch {
      // Whoever may send an assertion must not be able to fill the operator's log with it.
      if noticeLimit.admits(provider.arn.description, at: now) {
        let what = "read the metadata of `\(provider.arn)`"
        diagnostics.report(Incident(.notice, what: what, cause: String(describing: error)))
      }
      throw .noSAMLProvider(provider.arn.description)
    }
    do {
      return SAMLIdentity(
        providerARN: provider.arn.description,
        account: provider.account,
        providerName: provider.name,
        assertion: try presented.verify(
          by: authority,
          expectations: PresentedAssertionExpectations(
            recipient: endpoint.url,
            audiences: [endpoint.issuer, endpoint.url],
            now: now
          )
        )
      )
    } catch {
      if case .signature = error { throw .noSAMLProvider(provider.arn.description) }
      throw ServiceError(saml: error, now: now)
    }
  }

  /// The provider that `account` has registered for exactly the URL `issuer`.
  private func oidcProvider(
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

  /// The provider `arn` of `account`.
  private func samlProvider(
    _ arn: String,
    of account: AccountID
  ) async throws(ServiceError) -> Stored<SAMLProviderRecord>? {
    guard let resource = ARN(arn)?.parts[5], resource.utf8.count <= 255,
      let name = resource.split(separator: "/", omittingEmptySubsequences: false).last
    else { return nil }
    let id = SAMLProviderRecord.id(account, String(name))
    let stored = try await read { try await $0.record(SAMLProviderRecord.self, at: id) }
    guard let stored, stored.record.arn.description.utf8.elementsEqual(arn.utf8) else { return nil }
    return stored
  }
}

extension ServiceError {
  /// SECURITY: the same words whether there is no such provider or it did not sign: whoever has no assertion of a
  /// provider does not learn which ones an account has.
  fileprivate static func noSAMLProvider(_ arn: String) -> ServiceError {
    .invalidIdentityToken("No SAML provider found in your account for \(arn) that signed the assertion")
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
