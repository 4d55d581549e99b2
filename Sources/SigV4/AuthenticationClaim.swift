// SPDX-License-Identifier: Apache-2.0
//
// What a request says about its own signature, in header form or in query form, in texts that nobody has checked
// yet. Owns the grammar of both forms and the first four refusals. Source: AWS IAM User Guide, "Authentication
// methods"; RFC 9110 §11.6.2.

import IdentityModel

/// What a request says about its own signature.
struct AuthenticationClaim {
  let algorithm: SigV4Algorithm
  let credential: String
  let signedHeaders: String
  let signature: String
  let date: String
  let sessionToken: String?
  /// Present under SigV4A.
  let regionSet: String?
  /// `X-Amz-Expires`, query form only.
  let expires: String?
  let isPresigned: Bool

  /// Reads the claim of `request`, whose parsed query is `query`.
  init(_ request: SignableRequest, query: CanonicalQuery) throws(SigV4Error) {
    // 1, 2: exactly one of the two forms.
    let authorization = try AuthenticationClaim.authorization(of: request)
    let isPresigned = query[.algorithm] != nil
    guard authorization == nil || !query.hasAuthenticationParameter else { throw .bothHeaderAndQuery }
    guard authorization != nil || isPresigned else { throw .missingAuthenticationToken }
    try request.refuseDuplicateHeaders()
    try query.refuseAmbiguousParameters()
    if let authorization {
      try self.init(header: authorization, of: request)
    } else {
      try self.init(query: query)
    }
  }

  /// The one Authorization header, when it speaks of a signature.
  ///
  /// Basic, Bearer and nothing at all are no attempt to sign; every other scheme is one with an unknown algorithm.
  private static func authorization(of request: SignableRequest) throws(SigV4Error) -> String? {
    var line: String?
    for field in request.headers where field.isNamed("authorization") {
      guard line == nil else { throw .duplicateHeader("authorization") }
      line = field.trimmedValue
    }
    guard let value = line else { return nil }
    // What nearly every request says, without a closer look.
    if value.utf8.starts(with: "AWS4-".utf8) { return value }
    let scheme = value.utf8.prefix { !isWhiteSpace($0) }
    let isOther = ["", "basic", "bearer"].contains { scheme.lazy.map(asciiLowercase).elementsEqual($0.utf8) }
    return isOther ? nil : value
  }
}

// MARK: - Header form

extension AuthenticationClaim {
  /// Reads `ALGORITHM Credential=…, SignedHeaders=…, Signature=…`; the three in any order, each once.
  private init(header authorization: String, of request: SignableRequest) throws(SigV4Error) {
    // 3: the algorithm.
    let line = Array(authorization.utf8)
    let word = line.prefix { !isWhiteSpace($0) }
    guard let algorithm = SigV4Algorithm(named: String(decoding: word, as: UTF8.self)) else {
      throw .unsupportedAlgorithm(String(decoding: word.prefix(32), as: UTF8.self))
    }
    // 4: the pieces.
    let parameters = try AuthorizationParameters(line[word.endIndex...])
    let date = request.header("x-amz-date") ?? request.header("date")
    let regionSet = algorithm == .ecdsaP256SHA256 ? request.header("x-amz-region-set") : nil
    var missing: [SigV4Error.HeaderPart] = []
    if parameters.credential == nil { missing.append(.credential) }
    if parameters.signature == nil { missing.append(.signature) }
    if parameters.signedHeaders == nil { missing.append(.signedHeaders) }
    if date == nil { missing.append(.date) }
    if algorithm == .ecdsaP256SHA256, regionSet == nil { missing.append(.regionSet) }
    // DEVIATION: AWS answers a missing date with IncompleteSignature. A date header that is named as signed and is
    // not there was taken out on the way: that is a broken signature, and said to be one.
    if missing == [.date],
      let names = parameters.signedHeaders?.elements(separatedBy: UInt8(ascii: ";")),
      let name = ["x-amz-date", "date"].first(where: { name in
        names.contains { $0.hasSameBytes(as: name) }
      })
    {
      throw .signedHeaderAbsent(name)
    }
    guard missing.isEmpty, let credential = parameters.credential, let signature = parameters.signature,
      let signedHeaders = parameters.signedHeaders, let date
    else {
      throw .incompleteAuthorizationHeader(missing, algorithm: algorithm)
    }
    self.algorithm = algorithm
    self.credential = credential
    self.signedHeaders = signedHeaders
    self.signature = signature
    self.date = date
    self.sessionToken = request.header("x-amz-security-token")
    self.regionSet = regionSet
    self.expires = nil
    self.isPresigned = false
  }
}

/// The parameters of an Authorization header; an empty one counts as missing.
private struct AuthorizationParameters {
  private(set) var credential: String?
  private(set) var signedHeaders: String?
  private(set) var signature: String?

  init(_ list: ArraySlice<UInt8>) throws(SigV4Error) {
    guard !list.allSatisfy(isWhiteSpace) else { return }
    for part in list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let pair = part.trimmingWhiteSpace
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { throw .malformedAuthorizationHeader }
      let name = pair[..<equals]
      let value = String(decoding: pair[equals...].dropFirst(), as: UTF8.self)
      if name.elementsEqual("Credential".utf8) {
        try AuthorizationParameters.set(&credential, "Credential", to: value)
      } else if name.elementsEqual("SignedHeaders".utf8) {
        try AuthorizationParameters.set(&signedHeaders, "SignedHeaders", to: value)
      } else if name.elementsEqual("Signature".utf8) {
        try AuthorizationParameters.set(&signature, "Signature", to: value)
      } else {
        throw .malformedAuthorizationHeader
      }
    }
    if credential?.isEmpty ?? false { credential = nil }
    if signedHeaders?.isEmpty ?? false { signedHeaders = nil }
    if signature?.isEmpty ?? false { signature = nil }
  }

  private static func set(
    _ parameter: inout String?,
    _ name: String,
    to value: String
  ) throws(SigV4Error) {
    guard parameter == nil else { throw .duplicateAuthorizationParameter(name) }
    parameter = value
  }
}

// MARK: - Query form

extension AuthenticationClaim {
  private init(query: CanonicalQuery) throws(SigV4Error) {
    // 3: the algorithm.
    let word = query[.algorithm] ?? ""
    guard let algorithm = SigV4Algorithm(named: word) else {
      throw .unsupportedAlgorithm(String(decoding: word.utf8.prefix(32), as: UTF8.self))
    }
    // 4: the pieces.
    var required: [CanonicalQuery.Name] = [.credential, .signature, .signedHeaders, .date]
    if algorithm == .ecdsaP256SHA256 { required.append(.regionSet) }
    let missing = required.filter { query[$0]?.isEmpty ?? true }
    guard missing.isEmpty, let credential = query[.credential], let signature = query[.signature],
      let signedHeaders = query[.signedHeaders], let date = query[.date]
    else {
      throw .incompleteQueryParameters(missing.map(\.rawValue))
    }
    self.algorithm = algorithm
    self.credential = credential
    self.signedHeaders = signedHeaders
    self.signature = signature
    self.date = date
    self.sessionToken = query[.securityToken]
    self.regionSet = algorithm == .ecdsaP256SHA256 ? query[.regionSet] : nil
    self.expires = query[.expires]
    self.isPresigned = true
  }
}
