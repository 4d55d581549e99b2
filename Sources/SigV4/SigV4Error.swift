// SPDX-License-Identifier: Apache-2.0
//
// Why a signed request is refused: one case for each refusal, with the values that AWS's texts need and no prose.
// Owns no wire code and no message: the house maps them. Source: order and causes of authentication errors as
// calibrated on AWS; the cases after the credential scope are this verifier's own strictness.

package import IdentityModel

/// Why a request is not accepted as signed.
package enum SigV4Error: Error, Hashable, Sendable {
  /// Both an Authorization header and query parameters claim to authenticate the request.
  case bothHeaderAndQuery
  /// Nothing claims to authenticate the request.
  case missingAuthenticationToken
  /// The algorithm is not one of `SigV4Algorithm`; at most 32 bytes of its name, because what stands there may be
  /// a secret in the wrong place.
  case unsupportedAlgorithm(String)
  /// The Authorization header is not a list of `name=value` with the three names that are defined.
  case malformedAuthorizationHeader
  /// A name stands twice in the Authorization header.
  case duplicateAuthorizationParameter(String)
  /// The header form lacks these parts, in this order.
  case incompleteAuthorizationHeader([HeaderPart], algorithm: SigV4Algorithm)
  /// The query form lacks these parameters, in this order.
  case incompleteQueryParameters([String])
  /// `host` is not among the signed headers.
  case hostNotSigned
  /// The date is not `YYYYMMDDTHHMMSSZ`, or no such date exists.
  case malformedDate(String)
  /// `X-Amz-Expires` is not a whole number of seconds from 1 to 604800.
  case expiresOutOfRange(String)
  /// The request was signed longer ago than `windowSeconds`.
  case expired(requestDate: Instant, now: Instant, windowSeconds: Int64)
  /// The request was signed further in the future than `windowSeconds`.
  case notYetCurrent(requestDate: Instant, now: Instant, windowSeconds: Int64)
  /// The credential has not the elements that the algorithm needs.
  case malformedCredential(String, algorithm: SigV4Algorithm)
  /// The credential is scoped for something else; every fault, in AWS's order.
  case scopeMismatch([ScopeFault])
  /// A header that may stand once stands twice; its name in lower case.
  case duplicateHeader(String)
  /// An `X-Amz-` query parameter stands twice, or in another case than its own.
  case ambiguousQueryParameter(String)
  /// The target is not in origin form, or its query holds a `+` or a broken escape that two readers may read as
  /// two things.
  case ambiguousTarget
  /// The list of signed headers is not lower case, sorted and free of duplicates.
  case malformedSignedHeaders(String)
  /// A header is named as signed and does not stand in the request.
  case signedHeaderAbsent(String)
  /// A header that has to be signed is not; its name in lower case.
  case headerNotSigned(String)
  /// `x-amz-content-sha256` is not the hash of the body.
  case payloadHashMismatch
  /// The signature has not the form that the algorithm gives it.
  case malformedSignature
  /// The signature is not that of the credential over this request.
  case signatureDoesNotMatch
  /// The secret yields no P-256 key to sign with. Never on verification, where it is `signatureDoesNotMatch`.
  case signingKeyUnusable
}

extension SigV4Error {
  /// A part that the header form cannot do without.
  package enum HeaderPart: Hashable, Sendable {
    /// `Credential=` in the Authorization header.
    case credential
    /// `Signature=` in the Authorization header.
    case signature
    /// `SignedHeaders=` in the Authorization header.
    case signedHeaders
    /// The header X-Amz-Date, or Date.
    case date
    /// The header X-Amz-Region-Set, which SigV4A needs.
    case regionSet
  }

  /// One way in which a credential scope is not the expected one.
  package enum ScopeFault: Hashable, Sendable {
    /// The region, or under SigV4A the region set, is not one that is served here.
    case region(String)
    /// The service is not one of these.
    case service(expected: [String])
    /// The last element is not `aws4_request`.
    case terminator(String)
    /// The date of the scope is not the day of the request's timestamp.
    case date(scope: String, timestamp: String)
  }
}
