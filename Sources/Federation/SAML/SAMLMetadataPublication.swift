// SPDX-License-Identifier: Apache-2.0
//
// Keeps the SAML metadata of every account fresh in memory: rendered and signed when its keys change, when a step of a
// rotation falls due, and every day, long before it runs out. Reads the keys anew each time and publishes none that the
// signer does not vouch for. Source: SAML Metadata 2.0 §2.3.2, `validUntil`; docs/decisions/0022.

package import IdentityModel
import Synchronization
import TokenFormats

/// Renders and publishes metadata.
package final class SAMLMetadataPublication: Sendable {
  /// How long a document is valid.
  ///
  /// Unit: seconds.
  package static let validitySeconds = 7 * 24 * 3600
  /// How old a document becomes before it is rendered anew.
  ///
  /// Unit: seconds.
  package static let renewalSeconds = 24 * 3600
  /// How long nothing is tried again after a failure.
  ///
  /// Unit: seconds.
  static let retrySeconds = 60
  /// What subjects may be named with; a config can say any other too.
  static let nameIDFormats = [
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
  ]

  private struct State {
    /// When the metadata of an account is to be rendered again.
    var due: [AccountID: Instant] = [:]
    // INVARIANT: of two renderings that overlap the one that began to read later is published last.
    var begun: UInt64 = 0
    var published: [AccountID: UInt64] = [:]
  }

  private let directory: Directory
  private let issuers: Issuers
  private let signer: any TokenSigner
  private let entropy: Entropy
  private let diagnostics: Diagnostics
  private let state = Mutex(State())

  init(
    directory: Directory,
    issuers: Issuers,
    signer: any TokenSigner,
    entropy: Entropy,
    diagnostics: Diagnostics
  ) {
    self.directory = directory
    self.issuers = issuers
    self.signer = signer
    self.entropy = entropy
    self.diagnostics = diagnostics
  }

  /// Publishes the metadata of every account that has SAML keys; returns the ids of keys that nobody vouches for, and of
  /// those that were copied from elsewhere.
  ///
  /// A sealed server cannot sign: the documents are known to be there and are answered with 503 until it is unsealed.
  package func loadAll(now: Instant) async throws(StoreError) -> [KeyID] {
    var strangers: [KeyID] = []
    var accounts: Set<AccountID> = []
    for stored in try await directory.everyRecord(SAMLSigningKeyRecord.self, prefix: "") {
      let key = try stored.samlKey()
      if key.stands(at: stored.key.id) {
        accounts.insert(key.sealed.account)
      } else {
        strangers.append(key.sealed.keyID)
      }
    }
    for account in accounts.sorted(by: { $0.description < $1.description }) {
      strangers += await refresh(account, now: now)
    }
    return strangers
  }

  /// Renders the metadata of `account` and publishes it; returns the ids of its keys that nobody vouches for.
  ///
  /// What fails is reported and tried again by `refreshDue` a minute later; until then the last document stays.
  @discardableResult
  package func refresh(_ account: AccountID, now: Instant) async -> [KeyID] {
    let number = state.withLock { state in
      state.begun += 1
      return state.begun
    }
    do {
      guard let issuer = try await directory.issuer(of: account), !issuer.samlKeys.keys.isEmpty else {
        return []
      }
      let issuerID = issuer.stored.record.issuerID
      guard signer.isUnsealed else {
        issuers.awaitSAMLMetadata(of: issuerID)
        return []
      }
      let (ring, strangers) = try issuer.samlKeys.vouched(by: signer)
      let document = try await Self.render(issuer, ring, signer, entropy, now)
      let due = now.advanced(bySeconds: Int64(Self.renewalSeconds))
      state.withLock { state in
        guard state.published[account, default: 0] < number else { return }
        state.published[account] = number
        state.due[account] = min(due, ring.nextStep(after: now) ?? due)
        if let document { issuers.publish(samlMetadata: document, of: issuerID) }
      }
      return strangers
    } catch {
      diagnostics.report(
        Incident(what: "publish the SAML metadata of `\(account)`", cause: String(describing: error))
      )
      state.withLock { $0.due[account] = now.advanced(bySeconds: Int64(Self.retrySeconds)) }
      return []
    }
  }

  /// Renders what has fallen due by `now`.
  package func refreshDue(now: Instant) async {
    for account in state.withLock({ $0.due.filter { $0.value <= now }.map(\.key) }) {
      await refresh(account, now: now)
    }
  }

  /// Renders whatever falls due, until the task is cancelled; `pause` waits between two looks and ends with the task.
  package func run(clock: WallClock, pause: @Sendable () async throws -> Void) async {
    while (try? await pause()) != nil { await refreshDue(now: clock.now()) }
  }

  /// The metadata of `issuer` with the keys that `signer` vouches for; `nil` when there is none to publish.
  static func document(
    of issuer: Issuer,
    signer: any TokenSigner,
    entropy: Entropy,
    now: Instant
  ) async throws -> PublishedDocument? {
    try await render(issuer, issuer.samlKeys.vouched(by: signer).ring, signer, entropy, now)
  }

  /// The signed document; `nil` when no key is left to publish.
  private static func render(
    _ issuer: Issuer,
    _ ring: SAMLKeyRing,
    _ signer: any TokenSigner,
    _ entropy: Entropy,
    _ now: Instant
  ) async throws -> PublishedDocument? {
    guard let key = ring.signingKey(.rs256, at: now) ?? ring.signingKey(.es384, at: now) else { return nil }
    let record = issuer.stored.record
    let metadata = IdentityProviderMetadata(
      id: try SAMLIdentifier(random: entropy.octets(20)),
      entityID: samlEntityID(of: record),
      validUntil: now.advanced(bySeconds: Int64(validitySeconds)),
      signingCertificates: ring.published(at: now).map(\.certificate),
      nameIDFormats: nameIDFormats,
      singleSignOnLocation: record.issuer + Issuers.samlSignOnPath
    )
    let input = try metadata.signingInput(key.defaultAlgorithm, certificate: key.certificate)
    let signature = try await signer.sign(input.octets, with: key.sealed, algorithm: input.algorithm.jws)
    let octets = try input.signed(signature).octets
    return PublishedDocument(
      body: octets,
      contentType: "application/samlmetadata+xml",
      entityTag: EntityTag.strong(for: octets)
    )
  }
}
