// SPDX-License-Identifier: Apache-2.0
//
// The signer: the other side of the same canonical request. Refuses to send anything.
// Source: AWS IAM User Guide, Signature Version 4 and Signature Version 4A.

package import IdentityModel

/// Signs requests.
///
/// The request holds `Host`, and in its target `%20` for a space and `%2B` for a plus sign. It holds none of the
/// headers or parameters that signing adds.
package enum RequestSigner {
  /// Signs with SigV4 in header form.
  ///
  /// For Amazon S3 both `normalizesPath` and `encodesPath` are `false`: it takes the path as it is on the wire.
  ///
  /// - Returns: the header lines to add: `X-Amz-Date`, `X-Amz-Security-Token` when there is one, `Authorization`.
  package static func sign(
    _ request: SignableRequest,
    credential: SigningCredential,
    region: Region,
    service: String,
    now: Instant,
    normalizesPath: Bool = true,
    encodesPath: Bool = true
  ) -> [HTTPField] {
    let scope = CredentialScope(date: now.basicDate, region: region, service: service)
    let draft = HeaderDraft(
      request,
      credential: credential,
      algorithm: .hmacSHA256,
      scope: scope,
      regionSet: nil,
      now: now,
      normalizesPath: normalizesPath,
      encodesPath: encodesPath
    )
    let key = SigningKeyV4(secretAccessKey: credential.secretAccessKey, scope: scope)
    return draft.fields(signature: key.signature(over: draft.stringToSign))
  }

  /// Signs with SigV4A in header form, for the regions of `regionSet`, for example `us-east-1,eu-*` or `*`.
  ///
  /// - Returns: as `sign`, and `X-Amz-Region-Set`. The signature holds chance: two of them differ.
  /// - Throws: `signingKeyUnusable` when the secret yields no key.
  package static func signV4A(
    _ request: SignableRequest,
    credential: SigningCredential,
    regionSet: String,
    service: String,
    now: Instant,
    normalizesPath: Bool = true
  ) throws(SigV4Error) -> [HTTPField] {
    let draft = HeaderDraft(
      request,
      credential: credential,
      algorithm: .ecdsaP256SHA256,
      scope: CredentialScope(date: now.basicDate, region: nil, service: service),
      regionSet: regionSet,
      now: now,
      normalizesPath: normalizesPath
    )
    return draft.fields(signature: try credential.keyV4A().signature(over: draft.stringToSign))
  }

  /// Signs with SigV4 in query form.
  ///
  /// `expiresSeconds` is 1…604800; STS honours a presigned request for 15 minutes whatever it says.
  ///
  /// - Returns: the target with the signature in its query.
  package static func presign(
    _ request: SignableRequest,
    credential: SigningCredential,
    region: Region,
    service: String,
    expiresSeconds: Int,
    now: Instant,
    normalizesPath: Bool = true
  ) -> String {
    let scope = CredentialScope(date: now.basicDate, region: region, service: service)
    let draft = QueryDraft(
      request,
      credential: credential,
      algorithm: .hmacSHA256,
      scope: scope,
      regionSet: nil,
      expiresSeconds: expiresSeconds,
      now: now,
      normalizesPath: normalizesPath
    )
    let key = SigningKeyV4(secretAccessKey: credential.secretAccessKey, scope: scope)
    return draft.target(signature: key.signature(over: draft.stringToSign))
  }

  /// Signs with SigV4A in query form, for the regions of `regionSet`; `expiresSeconds` is 1…604800.
  ///
  /// - Returns: the target with the signature in its query. The signature holds chance: two of them differ.
  /// - Throws: `signingKeyUnusable` when the secret yields no key.
  package static func presignV4A(
    _ request: SignableRequest,
    credential: SigningCredential,
    regionSet: String,
    service: String,
    expiresSeconds: Int,
    now: Instant,
    normalizesPath: Bool = true
  ) throws(SigV4Error) -> String {
    let draft = QueryDraft(
      request,
      credential: credential,
      algorithm: .ecdsaP256SHA256,
      scope: CredentialScope(date: now.basicDate, region: nil, service: service),
      regionSet: regionSet,
      expiresSeconds: expiresSeconds,
      now: now,
      normalizesPath: normalizesPath
    )
    return draft.target(signature: try credential.keyV4A().signature(over: draft.stringToSign))
  }
}

extension SigningCredential {
  fileprivate func keyV4A() throws(SigV4Error) -> SigningKeyV4A {
    guard let key = SigningKeyV4A(secretAccessKey: secretAccessKey, accessKeyID: accessKeyID) else {
      throw .signingKeyUnusable
    }
    return key
  }
}

// MARK: - Header form

/// A request in header form that lacks the signature alone.
private struct HeaderDraft {
  private let added: [HTTPField]
  private let authorization: String
  let stringToSign: [UInt8]

  init(
    _ request: SignableRequest,
    credential: SigningCredential,
    algorithm: SigV4Algorithm,
    scope: CredentialScope,
    regionSet: String?,
    now: Instant,
    normalizesPath: Bool,
    encodesPath: Bool = true
  ) {
    var added = [HTTPField("X-Amz-Date", now.basicFormat)]
    if let token = credential.sessionToken { added.append(HTTPField("X-Amz-Security-Token", token)) }
    if let regionSet { added.append(HTTPField("X-Amz-Region-Set", regionSet)) }
    let complete = SignableRequest(
      method: request.method,
      target: request.target,
      headers: request.headers + added,
      body: request.body
    )
    let signedHeaders = signedHeaderList(complete.headers)
    self.added = added
    self.stringToSign = CanonicalRequest.stringToSign(
      CanonicalRequest.bytes(
        of: complete,
        signedHeaders: signedHeaders,
        normalizesPath: normalizesPath,
        encodesPath: encodesPath
      ),
      algorithm: algorithm,
      timestamp: now.basicFormat,
      scope: scope
    )
    self.authorization =
      "\(algorithm.rawValue) Credential=\(credential.accessKeyID)/\(scope), SignedHeaders=\(signedHeaders), "
      + "Signature="
  }

  func fields(signature: [UInt8]) -> [HTTPField] {
    added + [HTTPField("Authorization", authorization + String(decoding: signature, as: UTF8.self))]
  }
}

// MARK: - Query form

/// A request in query form that lacks the signature alone.
private struct QueryDraft {
  private let target: String
  let stringToSign: [UInt8]

  init(
    _ request: SignableRequest,
    credential: SigningCredential,
    algorithm: SigV4Algorithm,
    scope: CredentialScope,
    regionSet: String?,
    expiresSeconds: Int,
    now: Instant,
    normalizesPath: Bool
  ) {
    let signedHeaders = signedHeaderList(request.headers)
    var parameters: [(CanonicalQuery.Name, String)] = [
      (.algorithm, algorithm.rawValue), (.credential, "\(credential.accessKeyID)/\(scope)"),
      (.date, now.basicFormat), (.signedHeaders, signedHeaders), (.expires, String(expiresSeconds)),
    ]
    if let token = credential.sessionToken { parameters.append((.securityToken, token)) }
    if let regionSet { parameters.append((.regionSet, regionSet)) }
    var target = Array(request.target.utf8)
    for (name, value) in parameters {
      target.append(target.contains(UInt8(ascii: "?")) ? UInt8(ascii: "&") : UInt8(ascii: "?"))
      target += "\(name.rawValue)=".utf8
      target += [UInt8](percentEncoding: value)
    }
    self.target = String(decoding: target, as: UTF8.self)
    let complete = SignableRequest(
      method: request.method,
      target: self.target,
      headers: request.headers,
      body: request.body
    )
    self.stringToSign = CanonicalRequest.stringToSign(
      CanonicalRequest.bytes(of: complete, signedHeaders: signedHeaders, normalizesPath: normalizesPath),
      algorithm: algorithm,
      timestamp: now.basicFormat,
      scope: scope
    )
  }

  func target(signature: [UInt8]) -> String {
    "\(target)&\(CanonicalQuery.Name.signature.rawValue)=\(String(decoding: signature, as: UTF8.self))"
  }
}

// MARK: - Signed headers

/// The names of all headers that the way to the server leaves alone, in lower case, sorted, joined by `;`.
private func signedHeaderList(_ headers: [HTTPField]) -> String {
  let names = headers.map { asciiLowercased($0.name) }.filter { name in
    !changedOnTheWay.contains { name.hasSameBytes(as: $0) }
  }
  return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    .reduce(into: []) { list, name in
      if !(list.last?.hasSameBytes(as: name) ?? false) { list.append(name) }
    }
    .joined(separator: ";")
}

/// Headers of one hop, and those that a proxy or a client library may rewrite or add after signing.
private let changedOnTheWay = [
  "authorization", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
  "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
]
