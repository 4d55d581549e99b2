// SPDX-License-Identifier: Apache-2.0
//
// The documents of one issuer as files, for a web host that is not this server: the same bytes that the server would
// publish, made from the directory alone, beside a server that may be running. Publishes no key that the signer does not
// vouch for. Refuses to know where the files go. Source: OpenID Connect Discovery 1.0 §4; docs/relying-parties.

import AuditTrail
package import IdentityModel
package import TokenFormats

/// Why an issuer's documents cannot be made.
package enum IssuerDocumentsError: Error, Hashable, Sendable {
  /// There is no such account.
  case noSuchAccount
  /// Outbound federation was never enabled for the account.
  case noIssuer
  /// None of the issuer's keys is vouched for by the key-encryption key.
  case noVouchedKey
  /// The issuer lacks a key that is only made when somebody asks the server for its key set.
  case incomplete
  /// The store cannot be read.
  case store(StoreError)
  /// A certificate or the SAML metadata cannot be signed.
  case signer(TokenSignerError)
  /// The SAML metadata cannot be written; the text is for the operator.
  case metadata(String)
}

/// What an issuer publishes at some time.
package struct IssuerDocuments: Sendable {
  /// One document and where it stands below the issuer's URL.
  package struct File: Sendable {
    /// The path, without a slash at its beginning.
    package let path: String
    /// The document.
    package let document: PublishedDocument
  }

  /// The issuer's URL.
  package let issuer: String
  /// The keys of the JWK set, in its order.
  package let keys: [PublishedKey]
  /// The certificates in the JWK set; empty unless they were asked for.
  package let certificates: [PublicKey: EncodedCertificate]
  /// The ids of keys in the store that nobody vouches for, and that are left out.
  package let strangers: [KeyID]
  /// Until when the SAML metadata is valid; `nil` when there is none.
  package let metadataValidUntil: Instant?
  /// Since when the issuer is suspended; `nil` when it is not.
  package let suspendDate: Instant?
  /// Whether the issuer has status lists too, which only the server publishes: they are signed anew every few minutes.
  package let hasStatusLists: Bool
  /// JWK set, discovery, SAML metadata: what discovery points at stands before it.
  package let files: [File]

  /// Makes the documents of `account`.
  ///
  /// - Parameters:
  ///   - account: whose issuer.
  ///   - reader: the store, which may be open for reading only.
  ///   - signer: vouches for keys, and signs metadata and certificates; must be unsealed.
  ///   - sealer: the same key-encryption key.
  ///   - hasCertificates: whether RSA keys have an `x5c`.
  ///   - now: the time.
  /// - Throws: `IssuerDocumentsError` when there is nothing to publish, or it cannot be made.
  package init(
    of account: AccountID,
    reader: any RecordReader,
    signer: any TokenSigner,
    sealer: any SecretSealer,
    hasCertificates: Bool,
    now: Instant
  ) async throws(IssuerDocumentsError) {
    let directory = Directory(reader: reader, writer: NoWriter(), sealer: sealer)
    let issuer = try await Self.issuer(of: account, directory)
    let record = issuer.stored.record
    let (ring, strangers) = try Self.vouched(issuer, signer, sealer)
    let published = ring.published(at: now, .standard)
    guard !published.isEmpty else { throw .noVouchedKey }
    // SECURITY: a verifier that saw a set without a key would refuse its tokens for as long as it keeps the set.
    guard ring.missing.isEmpty else { throw .incomplete }
    // A suspended issuer whose key set is emptied publishes none here either.
    let keys = record.publishesNoKeys ? [] : published
    var certificates: [PublicKey: EncodedCertificate] = [:]
    if hasCertificates {
      // Without its private half a key signs no certificate any more.
      for key in keys.compactMap(\.sealed) where key.publicKey.algorithm == .rs256 {
        certificates[key.publicKey] = try await Self.certificate(of: key, record, signer)
      }
    }
    hasStatusLists = record.tokensHaveStatus == true
    suspendDate = record.suspendDate
    var files = [
      File(
        below: IssuerDocument.keySet.path,
        PublishedDocument(
          json: JWKSet.render(keys: keys.map(\.publicKey), certificates: certificates),
          maxAgeSeconds: keys.isEmpty ? IssuerPublication.emptiedMaxAgeSeconds : 300
        )
      ),
      File(
        below: IssuerDocument.discovery.path,
        PublishedDocument(
          json: DiscoveryDocument.render(
            issuer: record.issuer,
            jwksURI: record.issuer + IssuerDocument.keySet.path,
            statusAggregation: hasStatusLists ? record.issuer + StatusLists.path : nil
          )
        )
      ),
    ]
    let metadata = record.publishesNoKeys ? nil : try await Self.metadata(of: issuer, signer, now)
    if let metadata { files.append(File(below: IssuerDocument.samlMetadata.path, metadata)) }
    self.issuer = record.issuer
    self.keys = keys.map { PublishedKey($0.publicKey, signsFrom: $0.signsFrom) }
    self.certificates = certificates
    self.strangers = strangers
    metadataValidUntil = metadata.map { _ in
      now.advanced(bySeconds: Int64(SAMLMetadataRendering.validitySeconds))
    }
    self.files = files
  }

  private static func issuer(
    of account: AccountID,
    _ directory: Directory
  ) async throws(IssuerDocumentsError) -> Issuer {
    let issuer: Issuer?
    let isThere: Bool
    do throws(StoreError) {
      issuer = try await directory.issuer(of: account)
      isThere = try await directory.record(AccountRecord.self, at: account.description) != nil
    } catch {
      throw .store(error)
    }
    if let issuer { return issuer }
    throw isThere ? .noIssuer : .noSuchAccount
  }

  private static func vouched(
    _ issuer: Issuer,
    _ signer: any TokenSigner,
    _ sealer: any SecretSealer
  ) throws(IssuerDocumentsError) -> (ring: SigningKeyRing, strangers: [KeyID]) {
    do throws(TokenSignerError) {
      return try issuer.signingKeys.vouched(by: signer, sealer)
    } catch {
      throw .signer(error)
    }
  }

  // The same certificate each time, since services keep its fingerprint: nothing in it is of chance or of the day, and
  // a signature of PKCS #1 v1.5 has no nonce. RFC 5280 §4.1.2.5: "To indicate that a certificate has no well-defined
  // expiration date, the notAfter SHOULD be assigned the GeneralizedTime value of 99991231235959Z."
  private static func certificate(
    of key: SealedSigningKey,
    _ issuer: IssuerRecord,
    _ signer: any TokenSigner
  ) async throws(IssuerDocumentsError) -> EncodedCertificate {
    guard
      let input = SelfSignedCertificate(
        of: key.publicKey,
        uri: issuer.issuer,
        shortName: issuer.issuerID,
        serialNumber: Array((Base64URL.decode(utf8: key.keyID.description.utf8) ?? [1]).prefix(16)),
        notBefore: issuer.createDate,
        notAfter: Instant(seconds: 253_402_300_799)
      )
    else { throw .signer(.failed("the certificate of a signing key")) }
    do throws(TokenSignerError) {
      let signature = try await signer.sign(input.octets, with: key, algorithm: input.algorithm)
      guard let certificate = input.signed(signature) else { throw .signatureCheckFailed }
      return certificate
    } catch {
      throw .signer(error)
    }
  }

  private static func metadata(
    of issuer: Issuer,
    _ signer: any TokenSigner,
    _ now: Instant
  ) async throws(IssuerDocumentsError) -> PublishedDocument? {
    do {
      return try await SAMLMetadataRendering(signer: signer, entropy: .system).document(
        of: issuer.stored.record,
        issuer.samlKeys.vouched(by: signer).ring,
        now: now
      )
    } catch let error as TokenSignerError {
      throw .signer(error)
    } catch {
      throw .metadata(String(describing: error))
    }
  }
}

extension IssuerDocuments.File {
  // The paths of documents begin with a slash, those of files do not.
  fileprivate init(below path: String, _ document: PublishedDocument) {
    (self.path, self.document) = (String(path.dropFirst()), document)
  }
}

/// The directory of a store that is open for reading only.
private struct NoWriter: RecordWriter {
  func commit(_ change: Change, recording record: AuditRecord) throws(StoreError) {
    throw .unavailable("the store is open for reading only")
  }
}
