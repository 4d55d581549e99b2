// SPDX-License-Identifier: Apache-2.0
//
// New SAML keys: made with the first config that needs one of their kind, and with each rotation. Each brings the
// certificate that it signed itself.

import IdentityModel
import TokenFormats

extension House {
  /// The change that makes the key which `config` needs; `nil` when its account has one, or when the config is for OIDC.
  ///
  /// Throws OutboundWebIdentityFederationDisabledException when the account has no issuer: there is nobody whose key it
  /// could be; LimitExceeded when it has as many as may be published.
  func samlKeys(for config: FederationConfigRecord, now: Instant) async throws(ServiceError) -> Change? {
    guard config.tokenType == .saml else { return nil }
    guard let algorithm = XMLSignatureAlgorithm(rawValue: config.signingAlgorithm) else {
      throw diagnostics.serviceError("make a SAML key", StoreError.corrupted("`\(config.arn)`"))
    }
    guard let issuer = try await issuerSubject(of: config.account).issuer else {
      throw ServiceError(
        code: "OutboundWebIdentityFederationDisabledException",
        httpStatus: 403,
        message: "OutboundWebIdentityFederation is disabled."
      )
    }
    guard issuer.samlKeys.signingKey(algorithm.family, at: now) == nil else { return nil }
    try issuer.samlKeys.requireRoom(for: 1, at: now)
    var change = Change()
    _ = try await newSAMLKey(algorithm.family, of: issuer, to: &change, now: now, signsFrom: now)
    do {
      try meet(at: issuer, in: &change)
    } catch {
      throw diagnostics.serviceError("encode a change", error)
    }
    return change
  }

  /// Adds the write at which two makers of keys of one account meet: the second finds another revision, and looks again
  /// at what there is.
  func meet(at issuer: Issuer, in change: inout Change) throws(StoreError) {
    try change.replace(issuer.stored, with: issuer.stored.record, account: issuer.stored.record.account)
  }

  /// Adds to `change` a new key of `family` that signs from `signsFrom` on.
  func newSAMLKey(
    _ family: SigningAlgorithm,
    of issuer: Issuer,
    to change: inout Change,
    now: Instant,
    signsFrom: Instant
  ) async throws(ServiceError) -> SAMLKey {
    let account = issuer.stored.record.account
    do {
      let sealed = try await signer.makeKey(family, for: account, purpose: .saml)
      let certificate = try await certificate(of: sealed, issuer, now: now)
      let record = SAMLSigningKeyRecord(
        sealed,
        certificate: certificate,
        createDate: now,
        signsFrom: signsFrom
      )
      try change.create(record, id: SAMLSigningKeyRecord.id(account, sealed.keyID), account: account)
      return SAMLKey(sealed: sealed, certificate: certificate, createDate: now, signsFrom: signsFrom)
    } catch {
      throw diagnostics.serviceError("make a SAML key", error)
    }
  }

  private func certificate(
    of key: SealedSigningKey,
    _ issuer: Issuer,
    now: Instant
  ) async throws(TokenSignerError) -> EncodedCertificate {
    let record = issuer.stored.record
    let input = SelfSignedCertificate(
      of: key.publicKey,
      uri: samlEntityID(of: record),
      shortName: record.issuerID,
      serialNumber: entropy.octets(16),
      // For whoever's clock is behind.
      notBefore: now.advanced(bySeconds: -3600),
      notAfter: now.advanced(bySeconds: 3652 * 24 * 3600)
    )
    guard let input else { throw .failed("the certificate of a SAML key") }
    let signature = try await signer.sign(input.octets, with: key, algorithm: input.algorithm)
    guard let certificate = input.signed(signature) else { throw .signatureCheckFailed }
    return certificate
  }
}

/// The entity id of the identity provider that `issuer` is: where its metadata stands.
func samlEntityID(of issuer: IssuerRecord) -> String { issuer.issuer + IssuerDocument.samlMetadata.path }
