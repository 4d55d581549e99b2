// SPDX-License-Identifier: Apache-2.0
//
// What an action may reach: the directory, the issuers, the keys and chance. No HTTP, no SQL, no clock.

import IdentityModel

/// What an action may reach.
package struct House: Sendable {
  /// Typed records.
  package let directory: Directory
  /// Issuers and their published documents.
  package let issuers: Issuers
  /// Signs tokens.
  package let tokenIssuer: TokenIssuer
  /// Promises that tokens are in the log.
  package let promiser: any TokenPromiser
  /// Makes signing keys.
  package let signer: any TokenSigner
  /// Seals secret access keys.
  package let sealer: any SecretSealer
  /// The keys of identity providers, our own issuers among them.
  package let identityProviders: any IdentityProviderKeys
  /// Ids and secrets.
  package let entropy: Entropy
  /// Takes the causes of failures.
  package let diagnostics: Diagnostics
  /// What the CloudTrail actions reach.
  package let trails: TrailServices
  /// Keeps signing keys in order.
  package let keyKeeping: KeyKeeping
  /// Publishes the documents of issuers.
  package let publication: IssuerPublication
  /// Gives tokens their places in status lists.
  package let statusIndexes: StatusIndexes
  /// Publishes status lists.
  package let statusLists: StatusListPublication
  /// Which key sets are not published for now; `nil` except for development.
  package let withheldKeySets: WithheldKeySets?
  let noticeLimit = NoticeLimit()

  /// Gathers the parts.
  package init(
    directory: Directory,
    issuers: Issuers,
    signer: any TokenSigner,
    sealer: any SecretSealer,
    entropy: Entropy,
    diagnostics: Diagnostics,
    identityProviders: any IdentityProviderKeys = NoIdentityProviders(),
    trails: TrailServices = .none,
    promiser: any TokenPromiser = NoPromiser(),
    keySchedule: KeySchedule = .standard,
    status: TokenStatusServices = .none,
    withheldKeySets: WithheldKeySets? = nil
  ) {
    self.withheldKeySets = withheldKeySets
    self.directory = directory
    self.issuers = issuers
    self.tokenIssuer = TokenIssuer(signer: signer, promiser: promiser)
    self.promiser = promiser
    self.signer = signer
    self.sealer = sealer
    self.entropy = entropy
    self.diagnostics = diagnostics
    self.trails = trails
    self.keyKeeping = KeyKeeping(
      directory: directory,
      signer: signer,
      entropy: entropy,
      schedule: keySchedule
    )
    self.publication = IssuerPublication(
      issuers,
      directory: directory,
      signer: signer,
      keeping: keyKeeping,
      saml: SAMLMetadataRendering(signer: signer, entropy: entropy),
      diagnostics: diagnostics
    )
    self.statusIndexes = StatusIndexes(progress: status.progress)
    self.statusLists = StatusListPublication(
      directory: directory,
      issuers: issuers,
      publication: publication,
      indexes: statusIndexes,
      signer: signer,
      tokenIssuer: tokenIssuer,
      zlib: status.zlib,
      diagnostics: diagnostics
    )
    self.identityProviders = HouseIdentityProviders(
      issuers: issuers,
      publication: publication,
      others: identityProviders
    )
  }
}
