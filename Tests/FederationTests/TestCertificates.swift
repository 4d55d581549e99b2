// SPDX-License-Identifier: Apache-2.0
//
// Keys and certificates of services and of callers who prove a key: made once, by openssl, which is nobody's here.

import Foundation
import Testing
import TokenFormats

/// Certificates of keys that are made once.
enum TestCertificates {
  private static let keys = LocalKeysOfTests.shared

  static func rsa() throws -> EncodedCertificate { try keys.get().rsa }
  static func otherRSA() throws -> EncodedCertificate { try keys.get().otherRSA }
  static func p384() throws -> EncodedCertificate { try keys.get().p384 }
}

/// Made by openssl: whoever encrypts or proves a key with them is somebody else.
struct LocalKeysOfTests: Sendable {
  let rsa: EncodedCertificate
  let otherRSA: EncodedCertificate
  let p384: EncodedCertificate
  /// The private key of `rsa`, PEM.
  let rsaKey: String
  /// The private key of `p384`, PEM.
  let p384Key: String

  static let shared = Result { try LocalKeysOfTests() }

  private init() throws {
    (rsa, rsaKey) = try Self.make(["rsa:2048"])
    (otherRSA, _) = try Self.make(["rsa:2048"])
    (p384, p384Key) = try Self.make(["ec", "-pkeyopt", "ec_paramgen_curve:P-384"])
  }

  private static func make(_ kind: [String]) throws -> (EncodedCertificate, String) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "exeat-keys-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let key = folder.appending(path: "key.pem")
    let certificate = folder.appending(path: "certificate.pem")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments =
      ["req", "-x509", "-newkey"] + kind
      + ["-nodes", "-subj", "/CN=sp", "-days", "3650", "-keyout", key.path, "-out", certificate.path]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let pem = try String(contentsOf: certificate, encoding: .utf8)
    return (try #require(EncodedCertificate(pem: pem)), try String(contentsOf: key, encoding: .utf8))
  }
}
