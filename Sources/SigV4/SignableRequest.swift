// SPDX-License-Identifier: Apache-2.0
//
// What is signed, with what, and for what: the request as bytes on the wire, the credential, the scope. Refuses to
// know who a key belongs to. Source: AWS IAM User Guide, Signature Version 4 for API requests.

package import IdentityModel

/// An HTTP request as far as a signature covers it: exactly as sent or received, nothing decoded or normalised.
package struct SignableRequest: Sendable {
  /// The method, as on the request line.
  package let method: String
  /// The request target in origin form, as on the request line: path, and `?` with the query when there is one.
  package let target: String
  /// The header lines in order; HTTP/2's `:authority` is the line `host`.
  package let headers: [HTTPField]
  /// The body.
  package let body: [UInt8]

  /// Gathers the parts.
  package init(method: String, target: String, headers: [HTTPField], body: [UInt8]) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
  }
}

/// A signature algorithm, by its name in the Authorization header.
package enum SigV4Algorithm: String, Hashable, Sendable, CaseIterable {
  /// SigV4: HMAC with a key that is derived for one day, region and service. The signature is 64 hexadecimal digits.
  case hmacSHA256 = "AWS4-HMAC-SHA256"
  /// SigV4A: ECDSA over P-256 with a key that is derived for all regions. The signature is DER in hexadecimal.
  case ecdsaP256SHA256 = "AWS4-ECDSA-P256-SHA256"

  /// Takes the name byte for byte.
  init?(named name: String) {
    guard let algorithm = SigV4Algorithm.allCases.first(where: { $0.rawValue.hasSameBytes(as: name) }) else {
      return nil
    }
    self = algorithm
  }
}

/// The scope of a credential: what a signature is good for.
///
/// Shape: `DATE/REGION/SERVICE/aws4_request`, and `DATE/SERVICE/aws4_request` under SigV4A.
package struct CredentialScope: Hashable, Sendable, CustomStringConvertible {
  /// The last element of every scope.
  static let terminator = "aws4_request"

  /// `YYYYMMDD`.
  package let date: String
  /// The region; `nil` under SigV4A, where a signed region set takes its place.
  package let region: Region?
  /// The signing name of the service.
  package let service: String

  /// Gathers the parts.
  package init(date: String, region: Region?, service: String) {
    self.date = date
    self.region = region
    self.service = service
  }

  package var description: String {
    if let region {
      "\(date)/\(region)/\(service)/\(CredentialScope.terminator)"
    } else {
      "\(date)/\(service)/\(CredentialScope.terminator)"
    }
  }
}

/// A credential to sign with.
package struct SigningCredential: Sendable {
  /// The access key id: public.
  package let accessKeyID: String
  /// The secret access key.
  package let secretAccessKey: Secret
  /// The session token of a temporary credential.
  package let sessionToken: String?

  /// Gathers the parts.
  package init(accessKeyID: String, secretAccessKey: Secret, sessionToken: String? = nil) {
    self.accessKeyID = accessKeyID
    self.secretAccessKey = secretAccessKey
    self.sessionToken = sessionToken
  }
}
