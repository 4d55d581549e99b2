// SPDX-License-Identifier: Apache-2.0
//
// What the house signed, checked with the key set that it serves.

import IdentityModel
import StrictJSON
import Testing
import TokenFormats

/// A JWS that a key of a set signed.
struct VerifiedJWS {
  let keyID: String
  let algorithm: SigningAlgorithm
  let header: JSONObject
  let payload: [UInt8]

  init(_ token: String, _ jwks: [UInt8]) throws {
    let jws = try CompactJWS(token, maximumBytes: StatusListToken.maximumBytes)
    keyID = try #require(jws.header["kid"]?.string)
    let named = try #require(JWSAlgorithm(name: jws.algorithm))
    let key = try ProviderKeySet(json: jwks).key(withID: keyID, for: named)
    let isSigned = key.isValid(signature: jws.signature, for: jws.signed, algorithm: named)
    try #require(isSigned)
    algorithm = try #require(SigningAlgorithm(rawValue: jws.algorithm))
    header = jws.header
    payload = jws.payload
  }

  /// The status list that it is.
  func statusList(_ uri: String, at now: Instant, inflate: StatusListToken.Inflate) throws -> StatusListToken
  {
    try StatusListToken.read(
      header: header,
      claims: try JWS.object(payload, part: .payload, maximumBytes: StatusListToken.maximumBytes),
      uri: uri,
      now: now,
      inflate: inflate
    )
  }
}
