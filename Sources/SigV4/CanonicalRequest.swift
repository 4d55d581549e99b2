// SPDX-License-Identifier: Apache-2.0
//
// The canonical request and the string to sign. Total: whatever the request, there is one canonical form; whether
// that form is acceptable is the verifier's business. Source: AWS IAM User Guide, "Create a signed AWS API request".

import Crypto
import IdentityModel

/// The canonical form of a request.
package enum CanonicalRequest {
  /// `METHOD LF path LF query LF headers LF LF signed-header list LF payload hash`.
  ///
  /// - Parameters:
  ///   - request: the request; its query's `X-Amz-Signature` stays out.
  ///   - signedHeaders: names in lower case, sorted, joined by `;`.
  ///   - normalizesPath: whether dot segments and empty segments are removed.
  ///   - encodesPath: whether the path is percent-encoded once more; without it, it is not normalised either.
  /// - Returns: the bytes that are hashed into the string to sign.
  package static func bytes(
    of request: SignableRequest,
    signedHeaders: String,
    normalizesPath: Bool,
    encodesPath: Bool = true
  ) -> [UInt8] {
    bytes(
      of: request,
      query: CanonicalQuery(target: request.target),
      omitting: [.signature],
      signedHeaders: signedHeaders.elements(separatedBy: UInt8(ascii: ";")),
      payloadHash: sha256Hexadecimal(request.body),
      normalizesPath: normalizesPath,
      encodesPath: encodesPath
    )
  }

  static func bytes(
    of request: SignableRequest,
    query: CanonicalQuery,
    omitting omitted: [CanonicalQuery.Name],
    signedHeaders: [String],
    payloadHash: [UInt8],
    normalizesPath: Bool,
    encodesPath: Bool = true
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    bytes += request.method.utf8
    bytes.append(lineFeed)
    if encodesPath {
      appendPath(of: request.target, normalizing: normalizesPath, to: &bytes)
    } else {
      bytes += request.target.utf8.prefix { $0 != UInt8(ascii: "?") }
    }
    bytes.append(lineFeed)
    query.append(omitting: omitted, to: &bytes)
    bytes.append(lineFeed)
    for name in signedHeaders { appendHeader(name, of: request.headers, to: &bytes) }
    bytes.append(lineFeed)
    for (index, name) in signedHeaders.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ";")) }
      bytes += name.utf8
    }
    bytes.append(lineFeed)
    bytes += payloadHash
    return bytes
  }

  /// The string to sign: `algorithm LF timestamp LF scope LF SHA-256 of the canonical request`.
  static func stringToSign(
    _ canonicalRequest: [UInt8],
    algorithm: SigV4Algorithm,
    timestamp: String,
    scope: CredentialScope
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(192)
    bytes += algorithm.rawValue.utf8
    bytes.append(lineFeed)
    bytes += timestamp.utf8
    bytes.append(lineFeed)
    bytes += scope.description.utf8
    bytes.append(lineFeed)
    bytes += sha256Hexadecimal(canonicalRequest)
    return bytes
  }
}

/// The SHA-256 digest of a body, as requests to Amazon S3 state it beside the signature.
package struct PayloadHash: Hashable, Sendable {
  /// The 32 octets.
  package let octets: [UInt8]

  /// Hashes `body`.
  package init(of body: [UInt8]) {
    octets = Array(SHA256.hash(data: body))
  }

  /// 64 lower-case hexadecimal digits: `x-amz-content-sha256`.
  package var hexadecimal: String {
    String(decoding: [UInt8](lowerCaseHexadecimalOf: octets), as: UTF8.self)
  }
}

/// The SHA-256 digest of `octets`, 64 lower-case hexadecimal digits.
func sha256Hexadecimal(_ octets: [UInt8]) -> [UInt8] {
  var hash = SHA256()
  octets.withUnsafeBytes { hash.update(bufferPointer: $0) }
  return hash.finalize().withUnsafeBytes { [UInt8](lowerCaseHexadecimalOf: $0) }
}

private let lineFeed = UInt8(ascii: "\n")

// MARK: - Path

/// Appends the path of `target`, encoded once more than it is in the target, so that `/%2e/` is not `/./`.
///
/// Normalising goes by segments: empty and `.` segments fall away, `..` takes the one before it along, and a slash
/// at the end stays unless nothing is left before it.
private func appendPath(of target: String, normalizing: Bool, to bytes: inout [UInt8]) {
  let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
  guard normalizing else {
    return appendEncodedPath(path.isEmpty ? "/".utf8[...] : path, to: &bytes)
  }
  var segments: [Substring.UTF8View] = []
  for segment in path.split(separator: slash) where !segment.elementsEqual(".".utf8) {
    if segment.elementsEqual("..".utf8) {
      _ = segments.popLast()
    } else {
      segments.append(segment)
    }
  }
  bytes.append(slash)
  for (index, segment) in segments.enumerated() {
    if index > 0 { bytes.append(slash) }
    appendEncodedPath(segment, to: &bytes)
  }
  if !segments.isEmpty, path.last == slash { bytes.append(slash) }
}

private func appendEncodedPath(_ path: Substring.UTF8View, to bytes: inout [UInt8]) {
  for byte in path {
    if byte == slash { bytes.append(byte) } else { bytes.appendPercentEncoded(byte) }
  }
}

private let slash = UInt8(ascii: "/")

// MARK: - Headers

/// Appends `name:value LF`: the values of every line of that name, in order, joined by `,`; outer white space gone,
/// inner white space one space.
private func appendHeader(_ name: String, of headers: [HTTPField], to bytes: inout [UInt8]) {
  bytes += name.utf8
  bytes.append(UInt8(ascii: ":"))
  var isFirst = true
  for field in headers where field.isNamed(name) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    isFirst = false
    appendCollapsed(field.value, to: &bytes)
  }
  bytes.append(lineFeed)
}

private func appendCollapsed(_ value: String, to bytes: inout [UInt8]) {
  let start = bytes.count
  let text = value.utf8.span
  var spaceIsPending = false
  for index in text.indices {
    let byte = text[index]
    if isWhiteSpace(byte) {
      spaceIsPending = bytes.count > start
    } else {
      if spaceIsPending { bytes.append(UInt8(ascii: " ")) }
      spaceIsPending = false
      bytes.append(byte)
    }
  }
}
