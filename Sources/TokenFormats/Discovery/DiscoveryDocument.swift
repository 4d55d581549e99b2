// SPDX-License-Identifier: Apache-2.0
//
// The OpenID provider metadata of an issuer: exactly the six members that AWS publishes, behind them what the account has
// switched on, and a strict reader for clients. Refuses to know URLs: which may be fetched, and whether `issuer` is the
// one that was asked, is for the client to decide. Source: contract §3; OpenID Connect Discovery 1.0 §3.

package import StrictJSON

/// Why a discovery document is refused.
package enum DiscoveryDocumentError: Error, Hashable, Sendable {
  /// It is not JSON, or larger than 64 KiB.
  case json(JSONReaderError)
  /// It is JSON, but not an object.
  case notAnObject
  /// A member that must stand is missing.
  case memberMissing(String)
  /// A member has the wrong type or is empty.
  case memberMalformed(String)
}

/// OpenID provider metadata, as far as a verifier of tokens needs it.
package struct DiscoveryDocument: Hashable, Sendable {
  /// `issuer`: must be compared, byte for byte, with the issuer that was asked and with `iss`.
  package let issuer: String
  /// `jwks_uri`: where the JWK set is.
  package let jwksURI: String
  /// `id_token_signing_alg_values_supported`; empty when the member is absent.
  package let signingAlgorithms: [String]

  /// Reads a document that a stranger wrote.
  ///
  /// Members that are not named here may stand and are not looked at.
  package init(json: [UInt8]) throws(DiscoveryDocumentError) {
    let document: JSONValue
    do {
      document = try JSONReader.read(json, maximumBytes: 1 << 16)
    } catch {
      throw .json(error)
    }
    guard let object = document.object else { throw .notAnObject }
    self.issuer = try DiscoveryDocument.string("issuer", in: object)
    self.jwksURI = try DiscoveryDocument.string("jwks_uri", in: object)
    let name = "id_token_signing_alg_values_supported"
    guard let value = object[name] else {
      self.signingAlgorithms = []
      return
    }
    guard let elements = value.array else { throw .memberMalformed(name) }
    self.signingAlgorithms = elements.compactMap(\.string)
    guard signingAlgorithms.count == elements.count else { throw .memberMalformed(name) }
  }

  private static func string(
    _ name: String,
    in object: JSONObject
  ) throws(DiscoveryDocumentError) -> String {
    guard let value = object[name] else { throw .memberMissing(name) }
    guard let string = value.string, !string.isEmpty else { throw .memberMalformed(name) }
    return string
  }

  /// The document as it is published: AWS's six members, in AWS's order.
  ///
  /// - Parameters:
  ///   - issuer: the issuer.
  ///   - jwksURI: where its keys are.
  ///   - statusAggregation: where its status lists are named (draft-ietf-oauth-status-list §9.1); `nil` for none.
  ///   - tokenEndpoint: where tokens are exchanged (RFC 8693; RFC 8414 §2); `nil` for nowhere.
  /// - Returns: one JSON object, UTF-8.
  package static func render(
    issuer: String,
    jwksURI: String,
    statusAggregation: String? = nil,
    tokenEndpoint: String? = nil
  ) -> [UInt8] {
    var writer = JSONWriter(capacity: 512)
    writer.object { writer in
      writer.member("issuer", issuer)
      writer.member("jwks_uri", jwksURI)
      strings("response_types_supported", ["id_token"], to: &writer)
      strings("subject_types_supported", ["public"], to: &writer)
      strings("id_token_signing_alg_values_supported", ["RS256", "ES384"], to: &writer)
      strings(
        "claims_supported",
        ["sub", "iss", "aud", "exp", "iat", "jti", "https://sts.amazonaws.com/"],
        to: &writer
      )
      if let tokenEndpoint {
        writer.member("token_endpoint", tokenEndpoint)
        strings("grant_types_supported", ["urn:ietf:params:oauth:grant-type:token-exchange"], to: &writer)
      }
      if let statusAggregation { writer.member("status_list_aggregation_endpoint", statusAggregation) }
    }
    return writer.bytes
  }

  private static func strings(_ name: String, _ values: [String], to writer: inout JSONWriter) {
    writer.name(name)
    writer.array { writer in for value in values { writer.string(value) } }
  }
}
