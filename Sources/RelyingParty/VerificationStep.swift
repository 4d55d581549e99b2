// SPDX-License-Identifier: Apache-2.0
//
// The steps of a verification, for those who show each of them: what is told of a step that held, and what a token says
// of itself before any did. Nothing here decides anything: `TokenVerifier` does.

package import IdentityModel
package import StrictJSON
package import TokenFormats

/// A step of a verification that held.
///
/// `TokenVerifier` tells of each once and in this order; what it throws is the failure of the step after the last one.
package enum VerificationStep: Sendable {
  /// The token has the form of a signed one, and its header and claims can be read.
  case form
  /// The `iss` is on the list of trusted issuers.
  case issuer
  /// The `typ` and the `alg` are those that the issuer is trusted with.
  case header
  /// The keys of the issuer are at hand: these.
  case keys(ProviderKeySet)
  /// One of them has the `kid` and is for the `alg`.
  case key
  /// The signature is that key's.
  case signature
  /// The claims that must stand do, and every registered claim and AWS's are what they should be.
  case claims
  /// An expected audience is in `aud`, or any may be.
  case audience
  /// The `exp` has not passed.
  case expiration
  /// `nbf` and `iat` are not in the future, and `exp` is not too long after `iat`.
  case notBefore
  /// What else is demanded of the token holds.
  case requirements
  /// The status list that the token names says that it is valid, as of then; `nil` when the token names none.
  case status(asOf: Instant?)
  /// The token may be used again, or was not used before.
  case use
}

/// What a token says of itself before anything of it is verified: to show, and to ask the issuer it names.
package struct UnverifiedToken: Sendable {
  /// The header, where it can be read.
  package let header: JSONObject?
  /// The claims, where they can be read.
  package let claims: JSONObject?
  /// The `iss`, or the failure of `VerificationStep.form`.
  package let issuer: Result<String, VerificationFailure>

  /// Reads `token`.
  package init(_ token: String, maximumBytes: Int = VerifierSettings().maximumTokenBytes) {
    let parts = try? CompactParts(token, maximumBytes: maximumBytes)
    func object(_ octets: [UInt8]?, _ part: JWTVerificationError.Part) -> JSONObject? {
      octets.flatMap { try? JWS.object($0, part: part) }
    }
    header = object(try? parts?.header(), .header)
    claims = object(try? parts?.payload(), .payload)
    do throws(VerificationFailure) {
      issuer = .success(try ReadToken(token, maximumBytes: maximumBytes).issuer)
    } catch {
      issuer = .failure(error)
    }
  }
}
