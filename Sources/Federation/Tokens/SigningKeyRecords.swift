// SPDX-License-Identifier: Apache-2.0
//
// The keys of tokens as the directory holds them, from record to ring, and which of them are believed. Reads only.

package import IdentityModel
import TokenFormats

extension SigningKeyRecord {
  /// What the voucher of the key is bound to.
  var voucherContext: String { Self.voucherContext(account, KeyID(keyID)) }

  /// What the voucher of the key `keyID` is bound to.
  fileprivate static func voucherContext(_ account: AccountID, _ keyID: KeyID) -> String {
    "signing-key-voucher/\(account)/\(keyID)"
  }

  /// The key, with or without its private half; `nil` when the algorithm is not one that we know.
  var signingKey: OutboundSigningKey? {
    guard let publicKey else { return nil }
    return OutboundSigningKey(
      account: account,
      keyID: KeyID(keyID),
      publicKey: publicKey,
      sealed: key,
      createDate: createDate,
      signsFrom: signsFrom ?? createDate,
      revokeDate: revokeDate,
      voucher: voucher?.bytes
    )
  }
}

extension OutboundSigningKey {
  /// Whether `id` is the id of the key's own record.
  ///
  /// SECURITY: the seal of a key holds for the account that the record names, wherever the record stands. Another
  /// account's key that was copied here would be published here, and would sign.
  func stands(at id: String) -> Bool {
    id.utf8.elementsEqual(SigningKeyRecord.id(account, keyID).utf8)
  }

  /// What the voucher of the key is bound to.
  private var voucherContext: String { SigningKeyRecord.voucherContext(account, keyID) }

  /// The voucher for the public half of a key that `signer` vouches for; `nil` for any other.
  func voucher(
    by signer: any TokenSigner,
    _ sealer: any SecretSealer
  ) throws(TokenSignerError) -> [UInt8]? {
    guard try isVouchedFor(by: signer, sealer) else { return nil }
    return try sealer.seal(Secret(""), context: voucherContext)
  }

  /// Whether the key is one of the house's: its private half is sealed beside it, or was when it was destroyed.
  ///
  /// SECURITY: a public key that anybody else put into the store is one that nobody here signs with, and whoever put it
  /// there does.
  func isVouchedFor(
    by signer: any TokenSigner,
    _ sealer: any SecretSealer
  ) throws(TokenSignerError) -> Bool {
    if let sealed { return try signer.vouches(for: sealed) }
    // The voucher binds the key id, and the key id is the hash of the public key.
    guard let voucher, keyID.description.utf8.elementsEqual(publicKey.thumbprint.description.utf8) else {
      return false
    }
    do {
      _ = try sealer.open(voucher, context: voucherContext)
      return true
    } catch .sealBroken {
      return false
    }
  }
}

extension SigningKeyRing {
  /// The keys that the house vouches for, and the ids of the others; those that were revoked are not looked at.
  func vouched(
    by signer: any TokenSigner,
    _ sealer: any SecretSealer
  ) throws(TokenSignerError) -> (ring: SigningKeyRing, strangers: [KeyID]) {
    var own: [OutboundSigningKey] = []
    var strangers: [KeyID] = []
    for key in keys {
      let isOurs = key.revokeDate != nil ? true : try key.isVouchedFor(by: signer, sealer)
      if isOurs {
        own.append(key)
      } else {
        strangers.append(key.keyID)
      }
    }
    return (SigningKeyRing(own), strangers)
  }
}

extension Directory {
  /// The keys that sign the tokens of `account`, or did.
  package func signingKeys(of account: AccountID) async throws(StoreError) -> SigningKeyRing {
    SigningKeyRing(try await storedSigningKeys(of: account).own.compactMap(\.record.signingKey))
  }

  /// The records of the keys of `account`, and the `kid`s of keys that stand among them and belong elsewhere.
  func storedSigningKeys(
    of account: AccountID
  ) async throws(StoreError) -> (own: [Stored<SigningKeyRecord>], strangers: [KeyID]) {
    var own: [Stored<SigningKeyRecord>] = []
    var strangers: [KeyID] = []
    let prefix = SigningKeyRecord.prefix(account)
    for stored in try await allRecords(SigningKeyRecord.self, prefix: prefix) {
      guard let key = stored.record.signingKey else { throw .corrupted("SigningKey `\(stored.key.id)`") }
      if key.stands(at: stored.key.id) { own.append(stored) } else { strangers.append(key.keyID) }
    }
    return (own, strangers)
  }
}
