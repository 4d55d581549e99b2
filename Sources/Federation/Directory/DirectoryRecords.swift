// SPDX-License-Identifier: Apache-2.0
//
// What the directory holds of an account besides its identities and policies: itself, access keys, its issuer and
// signing keys. Shapes and ids only; rules live in the actions.

package import IdentityModel

/// An account.
///
/// Id: the 12 digits.
package struct AccountRecord: DirectoryRecord {
  package static let kind = RecordKind("Account")

  /// The account.
  package let account: AccountID
  /// When it was made.
  package let createDate: Instant
  /// The issuer; set at the first enable and never changed after it.
  package var issuerID: String?
  /// The alias; it stands as an `AccountAliasRecord` too.
  package var alias: String?
  /// The organization that it is in; `nil` when it is in none.
  package var organizationID: String?
  /// The organization that made it, also when it has left it; `nil` for an account that the operator made.
  package var bornIn: String?
  /// When it was closed; `nil` while it may be used.
  ///
  /// It is never opened again.
  package var closeDate: Instant?
  /// How many calls it may make; `nil` for as many as the server allows any account.
  package var quota: RequestQuota?
}

/// How many calls an account may make.
package struct RequestQuota: Codable, Hashable, Sendable {
  /// Calls a second in the long run: none at all for 0, any number for `nil`.
  package let requestsPerSecond: Int?
  /// Calls at once after a rest, at least 1.
  package let burst: Int

  /// Any number of calls, whatever the server allows other accounts.
  package static let unlimited = RequestQuota(checked: nil, 1)

  /// The most of both.
  package static let maximum = 1_000_000

  /// The burst when nobody says another: what ten seconds allow.
  package static func ordinaryBurst(requestsPerSecond: Int) -> Int {
    max(1, min(maximum, 10 * requestsPerSecond))
  }

  /// `nil` unless the rate is from 0 and the burst from 1, both up to `maximum`.
  package init?(requestsPerSecond: Int, burst: Int) {
    guard (0...Self.maximum).contains(requestsPerSecond), (1...Self.maximum).contains(burst) else {
      return nil
    }
    self.init(checked: requestsPerSecond, burst)
  }

  private init(checked requestsPerSecond: Int?, _ burst: Int) {
    self.requestsPerSecond = requestsPerSecond
    self.burst = burst
  }
}

/// That an alias is an account's.
///
/// Id: the alias, unique in the whole store. Written and deleted together with a new revision of the account.
package struct AccountAliasRecord: DirectoryRecord {
  package static let kind = RecordKind("AccountAlias")

  /// The account.
  package let account: AccountID
}

/// An account's rules for passwords: kept and given back; nobody signs in with a password here.
///
/// Id: the account.
package struct PasswordPolicyRecord: DirectoryRecord {
  package static let kind = RecordKind("PasswordPolicy")

  /// 6–128 characters.
  package let minimumPasswordLength: Int
  /// Whether a password has a symbol.
  package let requireSymbols: Bool
  /// Whether it has a digit.
  package let requireNumbers: Bool
  /// Whether it has an upper-case letter.
  package let requireUppercaseCharacters: Bool
  /// Whether it has a lower-case letter.
  package let requireLowercaseCharacters: Bool
  /// Whether users may change their own.
  package let allowUsersToChangePassword: Bool
  /// In days, 1–1095; `nil` when passwords do not expire.
  package let maxPasswordAge: Int?
  /// How many former passwords are not used again, 1–24.
  package let passwordReusePrevention: Int?
  /// Whether an expired password is not to be renewed by its user; `nil` when it was not said.
  package let hardExpiry: Bool?
}

/// An access key.
///
/// Id: the access key id, unique in the whole store.
package struct AccessKeyRecord: DirectoryRecord {
  package static let kind = RecordKind("AccessKey")

  /// Whether the key may sign.
  package enum Status: String, Codable, Hashable, Sendable {
    /// It may.
    case active = "Active"
    /// It may not, for now.
    case inactive = "Inactive"
  }

  /// The access key id.
  package let accessKeyID: String
  /// The account.
  package let account: AccountID
  /// The user's name; `nil` for a key of the account's root.
  package var userName: String?
  /// The user's unique id, so that a key never passes to a later user of the same name.
  package let userID: String?
  /// Whether it may sign.
  package var status: Status
  /// When it was made.
  package let createDate: Instant
  /// The secret access key under the key-encryption key, bound to `sealContext`.
  package internal(set) var sealedSecret: Octets

  /// What the seal of the secret of `accessKeyID` is bound to.
  package static func sealContext(_ account: AccountID, _ accessKeyID: String) -> String {
    "secret-access-key/\(account)/\(accessKeyID)"
  }
}

/// Which access keys a user has.
///
/// Id: `account/user/access key id`; the root's keys stand under `account//`.
package struct UserAccessKeyRecord: DirectoryRecord {
  package static let kind = RecordKind("UserAccessKey")

  /// The access key id.
  package let accessKeyID: String

  /// The prefix of the ids of the keys of the user `name`, or of the root.
  package static func prefix(_ account: AccountID, _ name: String?) -> String {
    UserRecord.id(account, name ?? "") + "/"
  }
}

/// An issuer.
///
/// Id: its UUID.
package struct IssuerRecord: DirectoryRecord {
  package static let kind = RecordKind("Issuer")

  /// A random UUID: the issuer's name to the world, unrelated to the account id.
  package let issuerID: String
  /// The account.
  package let account: AccountID
  /// The issuer URL as it was first published: `iss`, and what relying parties trust.
  package let issuer: String
  /// Whether tokens are issued; the documents stay up either way.
  package var isEnabled: Bool
  /// When it was first enabled.
  package let createDate: Instant
  /// Whether its tokens carry the log's promise; `nil` when nobody ever said.
  package var promisesTransparency: Bool?
  /// Since when it issues no tokens, whether it is enabled or not; `nil` while it is not suspended.
  package var suspendDate: Instant?
  /// Whether a suspended issuer publishes no keys.
  package var isKeySetEmptied: Bool?
  /// Whether its tokens have a place in a status list; `nil` when nobody ever said.
  package var tokensHaveStatus: Bool?
}

/// A signing key of an issuer.
///
/// Id: `account/kid`.
package struct SigningKeyRecord: DirectoryRecord {
  package static let kind = RecordKind("SigningKey")

  /// The account.
  package let account: AccountID
  /// The `kid`.
  package let keyID: String
  /// `RS256` or `ES384`.
  package let algorithm: String
  /// RSA: modulus.
  ///
  /// P-384: x.
  package let first: Octets
  /// RSA: exponent.
  ///
  /// P-384: y.
  package let second: Octets
  /// How often the key was sealed, from 1.
  package internal(set) var version: Int
  /// The private half under the key-encryption key; `nil` when it was destroyed.
  package internal(set) var sealed: Octets?
  /// When it was made, or imported.
  package let createDate: Instant
  /// From when it signs; `nil` in records of old, whose keys sign from `createDate` on.
  package private(set) var signsFrom: Instant?
  /// When it was revoked; `nil` for a key that was not.
  package private(set) var revokeDate: Instant?
  /// What vouches for the public half when there is no private half to do it: nothing at all, sealed for this key.
  package internal(set) var voucher: Octets?

  /// The record of `key`, which signs from `signsFrom` on, or at once.
  package init(_ key: SealedSigningKey, createDate: Instant, signsFrom: Instant? = nil) {
    self.account = key.account
    self.keyID = key.keyID.description
    self.algorithm = key.publicKey.algorithm.rawValue
    switch key.publicKey {
    case .rsa(let modulus, let exponent):
      self.first = Octets(modulus)
      self.second = Octets(exponent)
    case .p384(let x, let y):
      self.first = Octets(x)
      self.second = Octets(y)
    }
    self.version = key.version
    self.sealed = Octets(key.sealed)
    self.createDate = createDate
    self.signsFrom = signsFrom
  }

  /// The public half; `nil` when the algorithm is not one that we know.
  package var publicKey: PublicKey? {
    switch SigningAlgorithm(rawValue: algorithm) {
    case .rs256: .rsa(modulus: first.bytes, exponent: second.bytes)
    case .es384: .p384(x: first.bytes, y: second.bytes)
    case nil: nil
    }
  }

  /// The key; `nil` when the algorithm is not one that we know, and when the private half was destroyed.
  package var key: SealedSigningKey? {
    guard let publicKey, let sealed else { return nil }
    return SealedSigningKey(
      account: account,
      keyID: KeyID(keyID),
      publicKey: publicKey,
      version: version,
      sealed: sealed.bytes
    )
  }

  /// The record of the same key, which signs from `date` on.
  func signing(from date: Instant) -> SigningKeyRecord {
    var record = self
    record.signsFrom = date
    return record
  }

  /// The record of the same key, revoked at `date`: without its private half.
  func revoked(at date: Instant) -> SigningKeyRecord {
    var record = self
    record.revokeDate = date
    record.sealed = nil
    record.voucher = nil
    return record
  }

  /// The record of the same key without its private half, for whose public one `voucher` vouches.
  func destroyed(voucher: [UInt8]) -> SigningKeyRecord {
    var record = self
    record.sealed = nil
    record.voucher = Octets(voucher)
    return record
  }

  /// The id under which the key `keyID` stands.
  package static func id(_ account: AccountID, _ keyID: KeyID) -> String { "\(account)/\(keyID)" }

  /// The prefix of the ids of the keys of `account`.
  package static func prefix(_ account: AccountID) -> String { "\(account)/" }
}
