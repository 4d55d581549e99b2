// SPDX-License-Identifier: Apache-2.0
//
// Where the published corpora are, and how a raw request in them becomes a `SignableRequest`. The corpora stay beside
// the checkout; a test that needs one is skipped, visibly, where they are not.

import Foundation
import IdentityModel
import SigV4
import StrictJSON
import Testing

/// The folder `shared/vectors` beside the checkout, found by walking up from this file.
enum Corpora {
  static let root: URL? = {
    var folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path() != "/" {
      let candidate = folder.appending(path: "shared/vectors")
      if FileManager.default.fileExists(atPath: candidate.path()) { return candidate }
      folder.deleteLastPathComponent()
    }
    return nil
  }()

  static let areHere = root != nil
  static let absence: Comment = "the published corpora (../shared/vectors) are not beside this checkout"

  static func folder(_ path: String) throws -> URL {
    try #require(root).appending(path: path)
  }

  static func bytes(_ file: URL) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: file))
  }

  static func text(_ file: URL) throws -> String {
    try #require(String(validating: bytes(file), as: UTF8.self))
  }

  static func subfolders(of folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter(\.hasDirectoryPath)
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
  }
}

/// The published example credential of the AWS documentation, which all three corpora use.
enum Example {
  static let accessKeyID = "AKIDEXAMPLE"
  static let secret = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
  static let otherSecret = Secret("0000000000000000000000000000000000000000")

  static func region() throws -> Region { try #require(Region("us-east-1")) }

  /// What the two published suites expect of a verifier: service `service` in us-east-1.
  static func suiteProfile(normalizesPath: Bool) throws -> VerificationProfile {
    let region = try region()
    return VerificationProfile(
      services: ["service"],
      homeRegion: region,
      regionIsAcceptable: { $0 == region },
      normalizesPath: normalizesPath
    )
  }
}

/// A raw HTTP/1.1 request as the corpora write it.
///
/// Lines end with LF or CRLF, a folded line continues the one before, the blank line and the body may be missing. Not
/// a parser for the network.
enum RawRequest {
  static func parse(_ raw: [UInt8]) -> SignableRequest? {
    var rest = raw[...]
    func line() -> ArraySlice<UInt8>? {
      guard !rest.isEmpty else { return nil }
      let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
      var line = rest[..<end]
      rest = rest[end...].dropFirst()
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      return line
    }
    guard let requestLine = line(), let methodEnd = requestLine.firstIndex(of: UInt8(ascii: " ")),
      let targetEnd = requestLine.lastIndex(of: UInt8(ascii: " ")), methodEnd < targetEnd,
      requestLine[targetEnd...].elementsEqual(" HTTP/1.1".utf8)
    else { return nil }
    var headers: [HTTPField] = []
    while let line = line(), !line.isEmpty {
      if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
        guard let last = headers.popLast() else { return nil }
        headers.append(HTTPField(last.name, last.value + " " + text(line)))
      } else {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        headers.append(HTTPField(text(line[..<colon]), text(line[colon...].dropFirst())))
      }
    }
    let length = headers.first { $0.hasName("content-length") }.flatMap { field in
      Int(field.value.trimmingCharacters(in: .whitespaces))
    }
    return SignableRequest(
      method: text(requestLine[..<methodEnd]),
      target: text(requestLine[methodEnd..<targetEnd].dropFirst()),
      headers: headers,
      body: Array(rest.prefix(max(0, length ?? rest.count)))
    )
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}

extension SignableRequest {
  func adding(_ fields: [HTTPField]) -> SignableRequest {
    SignableRequest(method: method, target: target, headers: headers + fields, body: body)
  }

  func removing(_ name: String) -> SignableRequest {
    SignableRequest(
      method: method,
      target: target,
      headers: headers.filter { !$0.hasName(name) },
      body: body
    )
  }

  func with(target: String) -> SignableRequest {
    SignableRequest(method: method, target: target, headers: headers, body: body)
  }

  func value(_ name: String) -> String? {
    headers.first { $0.hasName(name) }.map { $0.value.trimmingCharacters(in: .whitespaces) }
  }

  /// The names after `SignedHeaders=` in the Authorization header or after `X-Amz-SignedHeaders=` in the query.
  func signedHeaders() throws -> String {
    if let authorization = value("authorization") {
      let list = try #require(authorization.split(separator: "SignedHeaders=").last)
      return String(list.prefix { $0 != "," })
    }
    let list = try #require(target.split(separator: "X-Amz-SignedHeaders=").last)
    return String(list.prefix { $0 != "&" }).replacing("%3B", with: ";")
  }
}
