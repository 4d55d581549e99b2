// SPDX-License-Identifier: Apache-2.0
//
// JSON Web Signature in compact form: what is signed, how it is joined, and how its parts are read.
// Source: RFC 7515 §3.1, §4.1; RFC 8725 §3.10.

package import IdentityModel
package import StrictJSON

/// JSON Web Signature, compact serialisation.
package enum JWS {
  /// The longest token that is read.
  ///
  /// AWS's longest is about 20,400 bytes. Unit: bytes.
  package static let maximumBytes = 32_768

  /// What is signed: the header `{"kid":…,"typ":"JWT","alg":…}` in AWS's order, and the payload, both encoded.
  ///
  /// `type` is another `typ` for another kind of token. A `promise` that the token is in a log follows as the member
  /// `tlog`.
  package static func signingInput(
    keyID: KeyID,
    algorithm: SigningAlgorithm,
    payload: [UInt8],
    type: String = "JWT",
    promise: TransparencyPromise? = nil
  ) -> [UInt8] {
    var header = JSONWriter(capacity: 256)
    header.object { header in
      header.member("kid", keyID.description)
      header.member("typ", type)
      header.member("alg", algorithm.rawValue)
      if let promise { header.member(TransparencyPromise.headerMember, promise.text) }
    }
    var input: [UInt8] = []
    // Room for header, payload, a signature of 256 octets, and two dots.
    input.reserveCapacity((header.bytes.count + payload.count + 256) * 4 / 3 + 8)
    Base64URL.encode(header.bytes, into: &input)
    input.append(UInt8(ascii: "."))
    Base64URL.encode(payload, into: &input)
    return input
  }

  /// The token: signing input, a dot, the signature encoded.
  package static func compact(signingInput: [UInt8], signature: [UInt8]) -> String {
    var token = signingInput
    token.append(UInt8(ascii: "."))
    Base64URL.encode(signature, into: &token)
    return String(decoding: token, as: UTF8.self)
  }

  /// The object that `bytes`, the octets of `part`, spell, checked whole and read when asked.
  ///
  /// - Throws: `notJSON` or `notAnObject`.
  package static func members(
    _ bytes: [UInt8],
    part: JWTVerificationError.Part
  ) throws(JWTVerificationError) -> LazyJSONObject {
    let object: LazyJSONObject?
    do {
      object = try LazyJSONObject(bytes, maximumBytes: JWS.maximumBytes)
    } catch {
      throw .notJSON(part, error)
    }
    guard let object else { throw .notAnObject(part) }
    return object
  }

  /// The object that `bytes`, the octets of `part`, spell.
  ///
  /// - Throws: `notJSON` or `notAnObject`.
  package static func object(
    _ bytes: [UInt8],
    part: JWTVerificationError.Part,
    maximumBytes: Int = JWS.maximumBytes
  ) throws(JWTVerificationError) -> JSONObject {
    let value: JSONValue
    do {
      value = try JSONReader.read(bytes, maximumBytes: maximumBytes)
    } catch {
      throw .notJSON(part, error)
    }
    guard let object = value.object else { throw .notAnObject(part) }
    return object
  }
}
