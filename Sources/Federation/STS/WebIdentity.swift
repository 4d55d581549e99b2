// SPDX-License-Identifier: Apache-2.0
//
// Whom does this token stand for? The token of a registered identity provider, verified with the provider's keys, and
// what policy may ask about it. Refuses to know roles and sessions. Source: AWS STS API, AssumeRoleWithWebIdentity; AWS
// IAM User Guide, condition keys for OIDC federation.

package import IdentityModel
import StrictJSON
package import TokenFormats

/// An identity provider as an account has registered it.
package struct RegisteredProvider: Hashable, Sendable {
  /// `arn:aws:iam::A:oidc-provider/host/path`.
  package let arn: String
  /// The URL, with its scheme: what `iss` must be, byte for byte.
  package let issuer: String
  /// The audiences that its tokens may have.
  package let clientIDs: [String]

  /// Gathers the parts.
  package init(arn: String, issuer: String, clientIDs: [String]) {
    self.arn = arn
    self.issuer = issuer
    self.clientIDs = clientIDs
  }

  /// The URL without its scheme, as ARN and condition keys have it: `host/path`.
  package var name: String {
    for scheme in ["https://", "http://"] where issuer.utf8.starts(with: scheme.utf8) {
      return String(decoding: issuer.utf8.dropFirst(scheme.utf8.count), as: UTF8.self)
    }
    return issuer
  }
}

/// A caller whom an identity provider vouches for.
package struct WebIdentity: Hashable, Sendable {
  /// The provider.
  package let provider: RegisteredProvider
  /// The verified token.
  package let token: ProviderToken

  /// `provider ARN:audience:subject`, as CloudTrail names such a caller.
  package var principalID: String { "\(provider.arn):\(token.clientID):\(token.subject)" }
}

extension House {
  /// Verifies `presented` as a token of `provider`.
  ///
  /// Throws InvalidIdentityToken, ExpiredTokenException or IDPCommunicationError. What the client need not know of the
  /// reason becomes an incident.
  package func webIdentity(
    _ presented: PresentedToken,
    of provider: RegisteredProvider,
    now: Instant
  ) async throws(ServiceError) -> WebIdentity {
    let keys: ProviderKeySet
    do {
      keys = try await identityProviders.keys(of: provider.issuer, holding: presented.keyID, now: now)
    } catch {
      // Whoever may send a token must not be able to fill the operator's log with it.
      if noticeLimit.admits(provider.issuer, at: now) {
        diagnostics.report(
          Incident(.notice, what: "get the keys of `\(provider.issuer)`", cause: String(describing: error))
        )
      }
      throw ServiceError(error)
    }
    let expectations = ProviderTokenExpectations(
      issuer: provider.issuer,
      clientIDs: provider.clientIDs,
      // A token of our own for several audiences can be presented by each of them (contract §6).
      allowsSeveralAudiences: issuers.issuerID(of: provider.issuer) == nil,
      now: now
    )
    let identity: WebIdentity
    do {
      identity = WebIdentity(
        provider: provider,
        token: try presented.verify(keys: keys, expectations: expectations)
      )
    } catch {
      throw ServiceError(webIdentity: error, now: now)
    }
    try await requireNotRevoked(identity)
    guard !identity.hasAmbiguousClaims else {
      throw .invalidIdentityToken("Two claims of the token differ in nothing but case")
    }
    return identity
  }
}

extension House {
  /// Throws InvalidIdentityToken for a token of this server that was revoked.
  ///
  /// The lists of other providers are not asked.
  private func requireNotRevoked(_ identity: WebIdentity) async throws(ServiceError) {
    guard let issuerID = issuers.issuerID(of: identity.provider.issuer) else { return }
    let isRevoked: Bool
    do {
      guard let status = try StatusListReference(identity.token.claims) else { return }
      isRevoked = try await self.isRevoked(status, of: identity.provider.issuer, issuerID: issuerID)
    } catch let error as StatusListError {
      throw diagnostics.serviceError("read a token's status", StoreError.corrupted("\(error)"))
    } catch {
      throw diagnostics.serviceError("read a status list", error)
    }
    guard !isRevoked else { throw .invalidIdentityToken("The token was revoked") }
  }
}

extension WebIdentity {
  /// The condition keys of the provider: `host/path:aud`, `…:sub` and the other claims of the token.
  ///
  /// `aud` is the client that the token was issued to (`azp`, or the audience that is registered), `oaud` the audiences.
  /// Every other claim that is a string, a truth value, an integer or an array of strings, and whose name is made of
  /// `[A-Za-z0-9_.-]`, is a key of its own name.
  ///
  /// SECURITY: policy reads keys without regard to case. A claim whose name differs from one of those above in nothing
  /// but case makes no key: nobody replaces `sub` by sending `SUB`. Of claims that differ among themselves in nothing
  /// but case none can be told apart: `hasAmbiguousClaims`.
  package var contextEntries: [Question.ContextEntry] {
    let key = { (claim: String) in "\(provider.name):\(claim)" }
    var entries: [Question.ContextEntry] = [
      .init(key("aud"), token.clientID),
      .init(key("sub"), token.subject),
      token.claims["aud"]?.array == nil
        ? .init(key("oaud"), token.audience) : .init(key("oaud"), values: token.audiences),
    ]
    for member in token.claims.members {
      let name = member.name.utf8.map(asciiLowercase)
      guard !Self.ownKeys.contains(name), isClaimKey(name) else { continue }
      switch member.value {
      case .string(let text): entries.append(.init(key(member.name), text))
      case .bool(let value): entries.append(.init(key(member.name), value ? "true" : "false"))
      case .number(let number):
        if let value = number.int64 { entries.append(.init(key(member.name), String(value))) }
      case .array(let elements):
        let texts = elements.compactMap(\.string)
        if texts.count == elements.count { entries.append(.init(key(member.name), values: texts)) }
      case .null, .object: break
      }
    }
    return entries
  }

  /// Whether the names of two claims differ in nothing but ASCII case: policy could not tell them apart, and a test
  /// that one of them meets would be met by leaving it out.
  package var hasAmbiguousClaims: Bool {
    var seen: Set<[UInt8]> = []
    return token.claims.members.contains { !seen.insert($0.name.utf8.map(asciiLowercase)).inserted }
  }

  private static let ownKeys: [[UInt8]] = ["aud", "oaud", "sub"].map { Array($0.utf8) }
}

/// 1–64 of `[a-z0-9_.-]`.
private func isClaimKey(_ folded: [UInt8]) -> Bool {
  (1...64).contains(folded.count)
    && folded.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
        UInt8(ascii: "."), UInt8(ascii: "-"):
        true
      default: false
      }
    }
}
