// SPDX-License-Identifier: Apache-2.0
//
// What the tests of this target share: two accounts, a judge of signatures by other hands, and the numbers inside a
// PKCS#8 RSA key.

import Crypto
import CryptoExtras
import Federation
import Foundation
import IdentityModel
import LocalKeys
import Testing

enum Fixtures {
  static func account(_ digits: String = "111122223333") throws -> AccountID {
    try #require(AccountID(digits))
  }

  /// Whether `signature` verifies under `key`, asked of swift-crypto directly.
  static func verifies(_ signature: [UInt8], _ message: [UInt8], _ key: PublicKey) throws -> Bool {
    switch key {
    case .rsa(let modulus, let exponent):
      return try _RSA.Signing.PublicKey(n: modulus, e: exponent).isValidSignature(
        _RSA.Signing.RSASignature(rawRepresentation: signature),
        for: SHA256.hash(data: message),
        padding: .insecurePKCS1v1_5
      )
    case .p384(let x, let y):
      return try P384.Signing.PublicKey(rawRepresentation: x + y).isValidSignature(
        P384.Signing.ECDSASignature(rawRepresentation: signature),
        for: SHA384.hash(data: message)
      )
    }
  }

  /// A path in a new, empty directory.
  static func withTemporaryPath(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appendingPathComponent("kek").path)
  }

  /// Where the integers of a PKCS#8 RSA key stand in its DER: version, n, e, d, p, q, dP, dQ, qInv.
  static func rsaIntegers(_ pkcs8: [UInt8]) throws -> [Range<Int>] {
    func content(at start: Int) throws -> Range<Int> {
      var length = Int(pkcs8[start + 1])
      var body = start + 2
      if length >= 0x80 {
        let octets = length & 0x7F
        length = pkcs8[body..<body + octets].reduce(0) { $0 << 8 | Int($1) }
        body += octets
      }
      try #require(body + length <= pkcs8.count)
      return body..<body + length
    }
    let info = try content(at: 0)
    let version = try content(at: info.lowerBound)
    let algorithm = try content(at: version.upperBound)
    let wrapped = try content(at: algorithm.upperBound)
    var position = try content(at: wrapped.lowerBound).lowerBound
    var integers: [Range<Int>] = []
    while position < wrapped.upperBound {
      let integer = try content(at: position)
      integers.append(integer)
      position = integer.upperBound
    }
    try #require(integers.count == 9)
    return integers
  }
}
