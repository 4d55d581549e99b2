// SPDX-License-Identifier: Apache-2.0
//
// A credential as JSON: what a `credential_process` prints and what a container endpoint answers.
// Source: AWS SDKs and Tools Reference Guide, process credential provider and container credential provider.

import IdentityModel
import SigV4
package import StrictJSON

/// Why a JSON text is no credential.
///
/// Nothing of its content is told, for it may be a secret.
package enum CredentialDocumentError: Error, Hashable, Sendable {
  /// It is not JSON.
  case json(JSONReaderError)
  /// It is not an object.
  case notAnObject
  /// A member that must stand is missing.
  case memberMissing(String)
  /// A member has the wrong type or an impossible value.
  case memberMalformed(String)
  /// `Version` is not 1.
  case unsupportedVersion
}

/// A credential and its end.
struct CredentialDocument: Sendable {
  let credential: SigningCredential
  let expiration: Instant?

  /// Reads the output of a `credential_process`: `Version` 1, `SessionToken` and `Expiration` optional.
  static func process(_ json: [UInt8]) throws(CredentialDocumentError) -> CredentialDocument {
    let object = try read(json)
    guard let version = object["Version"] else { throw .memberMissing("Version") }
    guard version.int64 == 1 else { throw .unsupportedVersion }
    return try document(object, tokenMember: "SessionToken")
  }

  /// Reads the answer of a container endpoint: no `Version`, and the token is in `Token`.
  static func container(_ json: [UInt8]) throws(CredentialDocumentError) -> CredentialDocument {
    try document(try read(json), tokenMember: "Token")
  }

  private static func read(_ json: [UInt8]) throws(CredentialDocumentError) -> JSONObject {
    let value: JSONValue
    do {
      value = try JSONReader.read(json, maximumBytes: 65_536)
    } catch {
      throw .json(error)
    }
    guard let object = value.object else { throw .notAnObject }
    return object
  }

  private static func document(
    _ object: JSONObject,
    tokenMember: String
  ) throws(CredentialDocumentError) -> CredentialDocument {
    guard let id = try text("AccessKeyId", object) else { throw .memberMissing("AccessKeyId") }
    guard isFitForHeader(id) else { throw .memberMalformed("AccessKeyId") }
    guard let secret = try text("SecretAccessKey", object) else { throw .memberMissing("SecretAccessKey") }
    let token = try text(tokenMember, object)
    guard isFitForHeader(token ?? "-") else { throw .memberMalformed(tokenMember) }
    var expiration: Instant?
    if let written = try text("Expiration", object) {
      guard let instant = expirationInstant(written) else { throw .memberMalformed("Expiration") }
      expiration = instant
    }
    return CredentialDocument(
      credential: SigningCredential(accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: token),
      expiration: expiration
    )
  }

  /// The string; `nil` when the member is absent, `null` or empty.
  private static func text(_ name: String, _ object: JSONObject) throws(CredentialDocumentError) -> String? {
    switch object[name] {
    case nil, .null?: return nil
    case .string(let text)?: return text.isEmpty ? nil : text
    default: throw .memberMalformed(name)
    }
  }
}

/// RFC 3339, in UTC or with an offset `±hh:mm`, as helpers of all kinds print it.
func expirationInstant(_ text: String) -> Instant? {
  if let instant = Instant(rfc3339: text) { return instant }
  let offset = Array(text.utf8.suffix(6))
  guard offset.count == 6, offset[0] == UInt8(ascii: "+") || offset[0] == UInt8(ascii: "-"),
    offset[3] == UInt8(ascii: ":"),
    let hours = Int64(String(decoding: offset[1...2], as: UTF8.self)), (0...23).contains(hours),
    let minutes = Int64(String(decoding: offset[4...5], as: UTF8.self)), (0...59).contains(minutes),
    let local = Instant(rfc3339: text.dropLast(6) + "Z")
  else { return nil }
  let seconds = hours * 3600 + minutes * 60
  return local.advanced(bySeconds: offset[0] == UInt8(ascii: "+") ? -seconds : seconds)
}
