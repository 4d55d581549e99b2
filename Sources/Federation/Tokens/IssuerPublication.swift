// SPDX-License-Identifier: Apache-2.0
//
// Brings the documents of issuers into memory when somebody asks for them, and keeps those that are there as the directory
// has them: after each change, and whenever time changes what they say. Publishes no key that nobody vouches for.

package import IdentityModel
import TokenFormats

/// Loads and renders the documents of issuers.
package final class IssuerPublication: Sendable {
  /// What is at a place.
  package enum Finding: Sendable {
    /// A document.
    case document(PublishedDocument)
    /// Nothing.
    case nothing
    /// Something that cannot be rendered while the server is sealed.
    case awaitsUnsealing
    /// Nobody can tell: the store, or the key-encryption key, is of no help.
    case unavailable
  }

  /// How long a key set is used without asking when its issuer publishes no keys.
  ///
  /// Unit: seconds.
  static let emptiedMaxAgeSeconds = 60
  /// How long nothing is tried again after a failure.
  ///
  /// Unit: seconds.
  static let retrySeconds = 60

  private let issuers: Issuers
  private let directory: Directory
  private let signer: any TokenSigner
  private let keeping: KeyKeeping
  private let saml: SAMLMetadataRendering
  private let diagnostics: Diagnostics
  private let notices = NoticeLimit()

  init(
    _ issuers: Issuers,
    directory: Directory,
    signer: any TokenSigner,
    keeping: KeyKeeping,
    saml: SAMLMetadataRendering,
    diagnostics: Diagnostics
  ) {
    self.issuers = issuers
    self.directory = directory
    self.signer = signer
    self.keeping = keeping
    self.saml = saml
    self.diagnostics = diagnostics
  }

  /// The document `name` of the issuer `issuerID`, from memory or else from the directory.
  package func document(_ name: IssuerDocument, of issuerID: String, now: Instant) async -> Finding {
    if let document = issuers.known(name, of: issuerID) { return .document(document) }
    guard isIssuerID(issuerID[...].utf8) else { return .nothing }
    do {
      switch name {
      case .discovery, .keySet:
        guard let documents = try await tokenDocuments(of: issuerID, now) else { return .nothing }
        return .document(name == .discovery ? documents.discovery : documents.keySet)
      case .samlMetadata:
        switch try await issuers.samlDocuments.value(
          of: issuerID,
          load: { try await self.loadSAML(issuerID, now) }
        ) {
        case .metadata(let document)?: return .document(document)
        case .awaitsUnsealing?: return .awaitsUnsealing
        case nil: return .nothing
        }
      }
    } catch TokenSignerError.keyEncryptionKeyMissing {
      return .awaitsUnsealing
    } catch {
      report(issuerID, error, now)
      return .unavailable
    }
  }

  /// The documents about the tokens of the issuer `issuerID`, which has a key for each algorithm from then on.
  @discardableResult
  func tokenDocuments(of issuerID: String, _ now: Instant) async throws -> Issuers.TokenDocuments? {
    try await issuers.tokenDocuments.value(of: issuerID) { try await self.loadTokens(issuerID, now) }
  }

  /// Tells that the issuer of `account`, or its keys, have changed: on return nothing older is served.
  ///
  /// Returns the id of the issuer; `nil` when there is none, or it cannot be told.
  @discardableResult
  package func changed(_ account: AccountID, now: Instant) async -> String? {
    do {
      guard let issuerID = try await directory.issuer(of: account)?.stored.record.issuerID else { return nil }
      do {
        try await issuers.tokenDocuments.changed(issuerID) { try await self.loadTokens(issuerID, now) }
      } catch {
        report(issuerID, error, now)
      }
      do {
        try await issuers.samlDocuments.changed(issuerID) { try await self.loadSAML(issuerID, now) }
      } catch {
        report(issuerID, error, now)
      }
      return issuerID
    } catch {
      // Nobody knows whose documents are old now: all of them are read again.
      readAllAgain()
      diagnostics.report(
        Incident(what: "publish what changed in account `\(account)`", cause: String(describing: error))
      )
      return nil
    }
  }

  /// Drops every document: each is read again when it is asked for.
  package func readAllAgain() {
    issuers.tokenDocuments.removeAll()
    issuers.samlDocuments.removeAll()
  }

  /// Renders again what time has changed by `now`; what fails stays as it is, and is tried again a minute later.
  package func renewDue(now: Instant) async {
    let retry = now.advanced(bySeconds: Int64(Self.retrySeconds))
    for issuerID in issuers.tokenDocuments.due(at: now) {
      do {
        try await issuers.tokenDocuments.renew(issuerID, retry: retry) {
          try await self.loadTokens(issuerID, now)
        }
      } catch {
        report(issuerID, error, now)
      }
    }
    for issuerID in issuers.samlDocuments.due(at: now) {
      do {
        try await issuers.samlDocuments.renew(issuerID, retry: retry) {
          try await self.loadSAML(issuerID, now)
        }
      } catch {
        report(issuerID, error, now)
      }
    }
  }

  /// Renders whatever falls due, until the task is cancelled; `pause` waits between two looks and ends with the task.
  package func run(clock: WallClock, pause: @Sendable () async throws -> Void) async {
    while (try? await pause()) != nil { await renewDue(now: clock.now()) }
  }

  /// Throws `IssuerMismatch` when the first stored issuer URL does not follow from the configuration.
  ///
  /// Relying parties trust that URL, so it must not change by a changed flag. Every other issuer is checked when it is
  /// loaded, so that a start reads one.
  package func checkFirstIssuer() async throws {
    guard let first = try await directory.records(IssuerRecord.self, prefix: "", limit: 1).first else {
      return
    }
    try check(first.record)
  }

  private func check(_ record: IssuerRecord) throws(IssuerMismatch) {
    let expected = issuers.issuerURL(record.issuerID)
    guard record.issuer.utf8.elementsEqual(expected.utf8) else {
      throw IssuerMismatch(stored: record.issuer, configured: expected)
    }
  }

  /// The issuer `issuerID`; `nil` when no account has it.
  private func issuer(_ issuerID: String) async throws -> Issuer? {
    guard let record = try await directory.record(IssuerRecord.self, at: issuerID)?.record,
      let issuer = try await directory.issuer(of: record.account),
      issuer.stored.record.issuerID.utf8.elementsEqual(issuerID.utf8)
    else { return nil }
    try check(issuer.stored.record)
    return issuer
  }

  private func loadTokens(
    _ issuerID: String,
    _ now: Instant
  ) async throws -> LoadedValues<Issuers.TokenDocuments>.Loaded {
    guard let found = try await issuer(issuerID) else { return .init(nil) }
    let record = found.stored.record
    guard !record.publishesNoKeys else {
      return .init(
        record.documents(keys: [], exchangesTokens: false, maxAgeSeconds: Self.emptiedMaxAgeSeconds)
      )
    }
    var (ring, strangers) = try vouched(found)
    // SECURITY: a verifier that saw a set without a key would refuse its tokens for as long as it keeps the set.
    if !ring.missing.isEmpty, found.signingKeys.keys.isEmpty || ring.keys.contains(where: \.canSign) {
      try await keeping.completeKeys(of: record.account, now: now)
      guard let completed = try await issuer(issuerID) else { return .init(nil) }
      (ring, strangers) = try vouched(completed)
    }
    let (_, misplaced) = try await directory.storedSigningKeys(of: record.account)
    report(strangers: misplaced + strangers, of: record, now)
    let keys = ring.published(at: now, keeping.schedule)
    // Verifiers go on with what they have, where an empty set would turn them away.
    guard !keys.isEmpty else { return .init(nil) }
    return .init(
      record.documents(
        keys: keys.map(\.publicKey),
        exchangesTokens: try await directory.hasProvider(record.account)
      ),
      due: ring.nextStep(after: now, keeping.schedule)
    )
  }

  /// The keys that are published, and the ids of strangers among them.
  ///
  /// Without the key-encryption key nobody can vouch, and keys are published as they are stored.
  private func vouched(
    _ issuer: Issuer
  ) throws(TokenSignerError) -> (ring: SigningKeyRing, strangers: [KeyID]) {
    guard signer.isUnsealed else { return (issuer.signingKeys, []) }
    return try issuer.signingKeys.vouched(by: signer, directory.sealer)
  }

  private func loadSAML(
    _ issuerID: String,
    _ now: Instant
  ) async throws -> LoadedValues<Issuers.SAMLDocument>.Loaded {
    guard let issuer = try await issuer(issuerID), !issuer.samlKeys.keys.isEmpty,
      !issuer.stored.record.publishesNoKeys
    else { return .init(nil) }
    guard signer.isUnsealed else { return .init(.awaitsUnsealing) }
    let record = issuer.stored.record
    let (ring, strangers) = try issuer.samlKeys.vouched(by: signer)
    report(
      strangers: try await directory.misplacedSAMLKeys(of: record.account) + strangers,
      of: record,
      now
    )
    guard let document = try await saml.document(of: record, ring, now: now) else { return .init(nil) }
    let due = now.advanced(bySeconds: Int64(SAMLMetadataRendering.renewalSeconds))
    return .init(.metadata(document), due: min(due, ring.nextStep(after: now) ?? due))
  }

  // Strangers make the server load: one cause of a kind in a while tells enough.
  private func report(_ issuerID: String, _ error: any Error, _ now: Instant) {
    guard notices.admits(String(describing: type(of: error)), at: now) else { return }
    diagnostics.report(
      Incident(what: "publish the documents of issuer `\(issuerID)`", cause: String(describing: error))
    )
  }

  private func report(strangers: [KeyID], of record: IssuerRecord, _ now: Instant) {
    for keyID in strangers where notices.admits(keyID.description, at: now) {
      diagnostics.report(
        Incident(
          what: "publish the key `\(keyID)` of account `\(record.account)`",
          cause: "a key in the store that is not one of ours"
        )
      )
    }
  }
}

extension IssuerRecord {
  /// Whether it is suspended and publishes no keys until it is resumed.
  package var publishesNoKeys: Bool { suspendDate != nil && isKeySetEmptied == true }

  /// The documents with `keys`; `exchangesTokens` tells whether the account has a provider whose tokens the token
  /// endpoint takes.
  fileprivate func documents(
    keys: [PublicKey],
    exchangesTokens: Bool,
    maxAgeSeconds: Int = 300
  ) -> Issuers.TokenDocuments {
    let discovery = DiscoveryDocument.render(
      issuer: issuer,
      jwksURI: issuer + IssuerDocument.keySet.path,
      statusAggregation: tokensHaveStatus == true ? issuer + StatusLists.path : nil,
      tokenEndpoint: exchangesTokens ? issuer + Issuers.tokenPath : nil
    )
    return Issuers.TokenDocuments(
      discovery: PublishedDocument(json: discovery),
      keySet: PublishedDocument(json: JWKSet.render(keys: keys), maxAgeSeconds: maxAgeSeconds)
    )
  }
}

extension Directory {
  /// Whether `account` has registered a provider, whose tokens or assertions its token endpoint takes.
  func hasProvider(_ account: AccountID) async throws(StoreError) -> Bool {
    if try await count(of: OIDCProviderRecord.self, prefix: OIDCProviderRecord.id(account, ""), limit: 1) > 0
    {
      return true
    }
    return try await count(of: SAMLProviderRecord.self, prefix: SAMLProviderRecord.id(account, ""), limit: 1)
      > 0
  }
}

extension SigningKeyRing {
  /// The algorithms for which there is no key, and never was.
  var missing: [SigningAlgorithm] {
    SigningAlgorithm.allCases.filter { algorithm in !keys.contains { $0.algorithm == algorithm } }
  }
}

extension House {
  /// Tells that the issuer of `account`, or its keys, have changed: documents and status lists follow.
  func issuerChanged(_ account: AccountID, now: Instant) async {
    if let issuerID = await publication.changed(account, now: now) {
      statusLists.forget(issuerID)
    } else {
      statusLists.forgetAll()
    }
  }
}

extension PublishedDocument {
  init(json: [UInt8], maxAgeSeconds: Int = 300) {
    self.init(
      body: json,
      contentType: "application/json",
      entityTag: EntityTag.strong(for: json),
      maxAgeSeconds: maxAgeSeconds
    )
  }
}
