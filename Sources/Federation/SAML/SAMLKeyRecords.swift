// SPDX-License-Identifier: Apache-2.0
//
// The keys that sign an account's SAML, as the directory holds them: apart from those of tokens, each with the
// certificate in which it is published. Shapes and ids only.

package import IdentityModel
package import TokenFormats

/// A key that signs SAML.
///
/// Id: `account/kid`.
package struct SAMLSigningKeyRecord: DirectoryRecord {
  package static let kind = RecordKind("SAMLSigningKey")

  /// The public half, the sealed private half, and when the key was made.
  var signingKey: SigningKeyRecord
  /// The certificate by the key itself, in DER.
  package let certificate: Octets
  /// From when the key signs; it is published before.
  package private(set) var signsFrom: Instant

  /// The record of `key`, which must be one for SAML.
  package init(
    _ key: SealedSigningKey,
    certificate: EncodedCertificate,
    createDate: Instant,
    signsFrom: Instant
  ) {
    self.signingKey = SigningKeyRecord(key, createDate: createDate)
    self.certificate = Octets(certificate.der)
    self.signsFrom = signsFrom
  }

  /// The key; `nil` when what stands there is none.
  ///
  /// SECURITY: whatever the record says, the key is taken for one of SAML: a key of tokens does not open as one.
  package var key: SAMLKey? {
    guard let key = signingKey.key, let certificate = EncodedCertificate(der: certificate.bytes) else {
      return nil
    }
    return SAMLKey(
      sealed: SealedSigningKey(
        purpose: .saml,
        account: key.account,
        keyID: key.keyID,
        publicKey: key.publicKey,
        version: key.version,
        sealed: key.sealed
      ),
      certificate: certificate,
      createDate: signingKey.createDate,
      signsFrom: signsFrom
    )
  }

  /// The record of the same key, which signs from `date` on.
  func signing(from date: Instant) -> SAMLSigningKeyRecord {
    var record = self
    record.signsFrom = date
    return record
  }

  /// The id under which the key `keyID` stands.
  package static func id(_ account: AccountID, _ keyID: KeyID) -> String {
    SigningKeyRecord.id(account, keyID)
  }

  /// The prefix of the ids of the keys of `account`.
  package static func prefix(_ account: AccountID) -> String { SigningKeyRecord.prefix(account) }
}

extension Stored<SAMLSigningKeyRecord> {
  /// The key; throws `corrupted` when what stands there is none.
  func samlKey() throws(StoreError) -> SAMLKey {
    guard let samlKey = record.key else { throw .corrupted("SAMLSigningKey `\(key.id)`") }
    return samlKey
  }
}

extension SAMLKey {
  /// Whether `id` is the id of the key's own record.
  func stands(at id: String) -> Bool {
    id.utf8.elementsEqual(SAMLSigningKeyRecord.id(sealed.account, sealed.keyID).utf8)
  }
}

extension Directory {
  /// The keys that sign the SAML of `account`.
  package func samlKeys(of account: AccountID) async throws(StoreError) -> SAMLKeyRing {
    var keys: [SAMLKey] = []
    for stored in try await allRecords(
      SAMLSigningKeyRecord.self,
      prefix: SAMLSigningKeyRecord.prefix(account)
    ) {
      let key = try stored.samlKey()
      // SECURITY: as with keys of tokens, one that was copied from elsewhere is none of the account's.
      if key.stands(at: stored.key.id) { keys.append(key) }
    }
    return SAMLKeyRing(keys)
  }

  /// The ids of SAML keys that stand among those of `account` and belong elsewhere.
  func misplacedSAMLKeys(of account: AccountID) async throws(StoreError) -> [KeyID] {
    var misplaced: [KeyID] = []
    for stored in try await allRecords(
      SAMLSigningKeyRecord.self,
      prefix: SAMLSigningKeyRecord.prefix(account)
    ) {
      let key = try stored.samlKey()
      if !key.stands(at: stored.key.id) { misplaced.append(key.sealed.keyID) }
    }
    return misplaced
  }
}
