// SPDX-License-Identifier: Apache-2.0
//
// The verifier. Making a `PresentedSignature` checks everything that can be checked without the secret; `verify`
// checks the rest. Refuses to know whose key it is, whether it is active, and whether the request was seen before.
// Source: AWS IAM User Guide, Signature Version 4; the order of refusals is AWS's own.

package import IdentityModel

/// A signature as it was presented, checked in every respect except the secret.
package struct PresentedSignature: Sendable {
  /// The access key id: 1 or more bytes without `/`; compare it byte for byte.
  ///
  /// SECURITY: in header form the signature does not cover it. It is proven by the secret that verifies, so that
  /// secret has to be the one of exactly this id.
  package let accessKeyID: String
  /// The session token, as received.
  ///
  /// SECURITY: not always covered by the signature, because some signers add it afterwards. Whoever accepts it
  /// checks that it belongs to `accessKeyID`.
  package let sessionToken: String?
  /// The algorithm.
  package let algorithm: SigV4Algorithm
  /// What the credential is scoped for.
  package let scope: CredentialScope
  /// When the request says that it was signed.
  package let requestDate: Instant
  /// Whether the signature stands in the query.
  package let isPresigned: Bool
  /// The region of the scope, or the home region under SigV4A.
  package let region: Region
  /// What is signed: four lines, the last of them a hash.
  ///
  /// Identifies the request, whichever signature it carries: what a memory against replay keeps.
  package let stringToSign: [UInt8]

  /// What is signed if a session token in the query was added after signing.
  private let stringToSignBeforeToken: [UInt8]?
  /// The octets of the signature.
  private let signature: [UInt8]

  /// Checks everything that can be checked without the secret, in AWS's order.
  ///
  /// - Throws: `SigV4Error`, the first refusal that applies; never `signatureDoesNotMatch`.
  package init(
    _ request: SignableRequest,
    now: Instant,
    profile: VerificationProfile
  ) throws(SigV4Error) {
    // 1 to 4: one form, a known algorithm, all the pieces.
    let query = CanonicalQuery(target: request.target)
    let claim = try AuthenticationClaim(request, query: query)
    // 5: the host is signed.
    let names = claim.signedHeaders.elements(separatedBy: UInt8(ascii: ";"))
    guard names.contains(where: { $0.hasSameBytes(as: "host") }) else { throw .hostNotSigned }
    // 6 to 8: the date.
    self.requestDate = try claim.requestDate(now: now, profile: profile)
    // 9, 10: the credential and its scope.
    let credential = try ScopedCredential(claim, profile: profile)
    // The rest is not in AWS's list: what is signed must be all that matters, and mean one thing.
    guard request.target.utf8.first == UInt8(ascii: "/"), query.isUnambiguous else { throw .ambiguousTarget }
    try request.checkSignedHeaders(names, of: claim, profile: profile)
    guard let signature = claim.signatureOctets else { throw .malformedSignature }
    let payloadHash = try request.payloadHash(profile: profile)

    func stringToSign(omitting omitted: [CanonicalQuery.Name]) -> [UInt8] {
      let canonicalRequest = CanonicalRequest.bytes(
        of: request,
        query: query,
        omitting: omitted,
        signedHeaders: names,
        payloadHash: payloadHash,
        normalizesPath: profile.normalizesPath
      )
      return CanonicalRequest.stringToSign(
        canonicalRequest,
        algorithm: claim.algorithm,
        timestamp: claim.date,
        scope: credential.scope
      )
    }
    self.stringToSign = stringToSign(omitting: [.signature])
    self.stringToSignBeforeToken =
      claim.isPresigned && claim.sessionToken != nil
      ? stringToSign(omitting: [.signature, .securityToken]) : nil
    self.accessKeyID = credential.accessKeyID
    self.sessionToken = claim.sessionToken
    self.algorithm = claim.algorithm
    self.scope = credential.scope
    self.region = credential.region
    self.isPresigned = claim.isPresigned
    self.signature = signature
  }

  // MARK: The secret

  /// Checks the signature against the secret.
  ///
  /// Costs the same whether it matches or not, and the same for every secret of one length: a caller that does not
  /// know the key verifies with a stand-in of 40 bytes and then refuses.
  ///
  /// - Throws: `signatureDoesNotMatch`, whatever the cause.
  package func verify(secretAccessKey: Secret) throws(SigV4Error) {
    switch algorithm {
    case .hmacSHA256:
      try verify(using: SigningKeyV4(secretAccessKey: secretAccessKey, scope: scope))
    case .ecdsaP256SHA256:
      guard let key = SigningKeyV4A(secretAccessKey: secretAccessKey, accessKeyID: accessKeyID) else {
        throw .signatureDoesNotMatch
      }
      try verify(using: key)
    }
  }

  /// Checks a SigV4 signature with a key that was derived for the same scope.
  ///
  /// - Throws: `signatureDoesNotMatch`; also when the key is for another scope or the signature is SigV4A's.
  package func verify(using key: SigningKeyV4) throws(SigV4Error) {
    guard algorithm == .hmacSHA256, key.scope == scope else { throw .signatureDoesNotMatch }
    // Both candidates are always computed: which one matches is nobody's business.
    let matches = candidates.map { key.isValidSignature(signature, over: $0) }
    guard matches.contains(true) else { throw .signatureDoesNotMatch }
  }

  /// Checks a SigV4A signature with a key that was derived for the same access key id.
  ///
  /// - Throws: `signatureDoesNotMatch`; also when the signature is SigV4's.
  package func verify(using key: SigningKeyV4A) throws(SigV4Error) {
    guard algorithm == .ecdsaP256SHA256 else { throw .signatureDoesNotMatch }
    let matches = candidates.map { key.isValidSignature(signature, over: $0) }
    guard matches.contains(true) else { throw .signatureDoesNotMatch }
  }

  private var candidates: [[UInt8]] {
    stringToSignBeforeToken.map { [stringToSign, $0] } ?? [stringToSign]
  }
}

// MARK: - Steps

extension AuthenticationClaim {
  /// Steps 6 to 8: the date is one, and now is within the window around it.
  ///
  /// The age of a presigned request is limited by the profile alone: STS looks at `X-Amz-Expires` no further than
  /// that it is sensible.
  fileprivate func requestDate(
    now: Instant,
    profile: VerificationProfile
  ) throws(SigV4Error) -> Instant {
    guard let requestDate = Instant(basicFormat: date) else { throw .malformedDate(date) }
    if let expires {
      let digits = expires.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard digits, let seconds = Int64(expires), (1...604_800).contains(seconds) else {
        throw .expiresOutOfRange(expires)
      }
    }
    let window = isPresigned ? profile.presignedMaximumAgeSeconds : profile.skewSeconds
    guard requestDate.seconds >= now.seconds - window else {
      throw .expired(requestDate: requestDate, now: now, windowSeconds: window)
    }
    guard requestDate.seconds <= now.seconds + profile.skewSeconds else {
      throw .notYetCurrent(requestDate: requestDate, now: now, windowSeconds: profile.skewSeconds)
    }
    return requestDate
  }

  /// The octets of the signature: 32 for HMAC-SHA256; for ECDSA a DER sequence of two integers of 1 to 33 octets.
  fileprivate var signatureOctets: [UInt8]? {
    guard let octets = [UInt8](lowerCaseHexadecimal: signature.utf8) else { return nil }
    switch algorithm {
    case .hmacSHA256: return octets.count == 32 ? octets : nil
    case .ecdsaP256SHA256: return (8...72).contains(octets.count) ? octets : nil
    }
  }
}

/// A credential whose scope is the expected one.
private struct ScopedCredential {
  let accessKeyID: String
  let scope: CredentialScope
  let region: Region

  /// Steps 9 and 10.
  init(_ claim: AuthenticationClaim, profile: VerificationProfile) throws(SigV4Error) {
    var elements = claim.credential.elements(separatedBy: UInt8(ascii: "/"))
    guard elements.count == (claim.algorithm == .hmacSHA256 ? 5 : 4), !elements[0].isEmpty else {
      throw .malformedCredential(claim.credential, algorithm: claim.algorithm)
    }
    let regionText = claim.algorithm == .hmacSHA256 ? elements.remove(at: 2) : claim.regionSet ?? ""
    let region =
      switch claim.algorithm {
      case .hmacSHA256: Region(regionText).flatMap { profile.regionIsAcceptable($0) ? $0 : nil }
      case .ecdsaP256SHA256: RegionSet(regionText).covers(profile.homeRegion) ? profile.homeRegion : nil
      }
    var faults: [SigV4Error.ScopeFault] = []
    if region == nil { faults.append(.region(regionText)) }
    if !profile.services.contains(where: { $0.hasSameBytes(as: elements[2]) }) {
      faults.append(.service(expected: profile.services))
    }
    if !elements[3].hasSameBytes(as: CredentialScope.terminator) { faults.append(.terminator(elements[3])) }
    if !elements[1].utf8.elementsEqual(claim.date.utf8.prefix(8)) {
      faults.append(.date(scope: elements[1], timestamp: claim.date))
    }
    guard faults.isEmpty, let region else { throw .scopeMismatch(faults) }
    self.accessKeyID = elements[0]
    self.region = region
    self.scope = CredentialScope(
      date: elements[1],
      region: claim.algorithm == .hmacSHA256 ? region : nil,
      service: elements[2]
    )
  }
}

extension SignableRequest {
  /// Checks that the list is in canonical order, that each header on it is there, and that nothing that selects
  /// the meaning of the request is off it.
  fileprivate func checkSignedHeaders(
    _ names: [String],
    of claim: AuthenticationClaim,
    profile: VerificationProfile
  ) throws(SigV4Error) {
    guard names.allSatisfy(isLowerCaseToken),
      zip(names, names.dropFirst()).allSatisfy({ $0.utf8.lexicographicallyPrecedes($1.utf8) })
    else {
      throw .malformedSignedHeaders(claim.signedHeaders)
    }
    for name in names where !headers.contains(where: { $0.isNamed(name) }) { throw .signedHeaderAbsent(name) }
    for field in headers where field.mustBeSigned(profile) && !names.contains(where: field.isNamed) {
      throw .headerNotSigned(asciiLowercased(field.name))
    }
  }

  /// The payload hash of the canonical request: always that of the body, whatever a header says.
  fileprivate func payloadHash(profile: VerificationProfile) throws(SigV4Error) -> [UInt8] {
    let claimed = header("x-amz-content-sha256")
    if profile.allowsUnsignedPayload, let claimed, claimed.hasSameBytes(as: "UNSIGNED-PAYLOAD") {
      return Array(claimed.utf8)
    }
    let computed = sha256Hexadecimal(body)
    guard claimed?.utf8.elementsEqual(computed) ?? true else { throw .payloadHashMismatch }
    return computed
  }
}

extension HTTPField {
  fileprivate func mustBeSigned(_ profile: VerificationProfile) -> Bool {
    if isAmazonHeader { return !isNamed("x-amz-security-token") }
    return isNamed("content-type") && !profile.allowsUnsignedContentType
  }
}

/// Whether `name` is a field name in lower case.
///
/// Source: RFC 9110 §5.6.2.
private func isLowerCaseToken(_ name: String) -> Bool {
  !name.isEmpty
    && name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
      }
    }
}
