// SPDX-License-Identifier: Apache-2.0
//
// Temporary credentials: an access key id, a secret, and the session token that holds the session and the secret under
// the key-encryption key. Nothing of it is stored. The only place that knows the form of a session token.

package import IdentityModel
import TokenFormats

/// Temporary credentials, as a client gets them.
package struct SessionCredentials: Sendable {
  /// `ASIA…`; holds the account as AWS's do.
  package let accessKeyID: String
  /// The secret access key.
  package let secretAccessKey: Secret
  /// The session token: base64url of the sealed session.
  package let sessionToken: Secret
  /// The session.
  package let session: Session

  /// Makes credentials for `session`.
  ///
  /// Throws `keyEncryptionKeyMissing` when the server is sealed.
  package init(_ session: Session, _ house: House) throws(TokenSignerError) {
    self.accessKeyID = house.entropy.accessKeyID(account: session.account, prefix: "ASIA")
    self.secretAccessKey = house.entropy.secretAccessKey()
    self.session = session
    let sealed = try house.sealer.sealSession(
      SessionContent(session, secretAccessKey: secretAccessKey).secret,
      accessKeyID: accessKeyID
    )
    self.sessionToken = Secret(Base64URL.encode(sealed))
  }

  /// Opens the session token that came with `accessKeyID`; `nil` when it is not one that was made here for that key.
  ///
  /// Throws `keyEncryptionKeyMissing` when the server is sealed.
  package static func open(
    sessionToken: String,
    accessKeyID: String,
    sealer: any SecretSealer
  ) throws(TokenSignerError) -> SessionContent? {
    guard let sealed = Base64URL.decode(sessionToken) else { return nil }
    let opened: Secret
    do {
      opened = try sealer.openSession(sealed, accessKeyID: accessKeyID)
    } catch .sealBroken {
      return nil
    }
    return SessionContent(opened)
  }
}

/// What a session token holds: the session and its secret access key.
package struct SessionContent: Sendable {
  /// The session.
  package let session: Session
  /// The secret access key.
  package let secretAccessKey: Secret

  init(_ session: Session, secretAccessKey: Secret) {
    self.session = session
    self.secretAccessKey = secretAccessKey
  }

  /// Reads what `secret` writes; `nil` for anything else.
  init?(_ content: Secret) {
    let read = content.withBytes { bytes -> SessionContent? in
      guard bytes.first == SessionContent.format, bytes.count > 1 + SessionContent.secretBytes else {
        return nil
      }
      let secret = bytes[1...SessionContent.secretBytes]
      let json = bytes[(1 + SessionContent.secretBytes)...]
      guard let session = HouseJSON.decode(Session.self, from: json) else { return nil }
      return SessionContent(session, secretAccessKey: Secret(secret))
    }
    guard let read else { return nil }
    self = read
  }

  /// The format, the 40 octets of the secret access key, and the session as JSON.
  fileprivate var secret: Secret {
    get throws(TokenSignerError) {
      guard let json = HouseJSON.encode(session) else { throw .failed("a session does not encode") }
      return Secret([SessionContent.format] + secretAccessKey.withBytes(\.self) + json)
    }
  }

  private static let format: UInt8 = 1
  private static let secretBytes = 40
}
