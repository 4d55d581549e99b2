// SPDX-License-Identifier: Apache-2.0
//
// Keys that others made: what is taken signs, and everything else is refused with its reason. The keys are made by the
// `openssl` program, or by swift-crypto and then damaged here.

import Crypto
import CryptoExtras
import Federation
import Foundation
import IdentityModel
import LocalKeys
import Testing
import TokenFormats

@Suite struct KeyImportTests {
  private let keys = LocalKeys(keyEncryptionKey: .ephemeral())

  /// What `openssl` prints for `arguments`.
  private func openssl(_ arguments: String..., input: String = "") throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    let (output, feed) = (Pipe(), Pipe())
    process.standardInput = feed
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    feed.fileHandleForWriting.write(Data(input.utf8))
    try feed.fileHandleForWriting.close()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "openssl \(arguments)")
    return String(decoding: data, as: UTF8.self)
  }

  private func pem(_ label: String, _ der: [UInt8]) -> String {
    let body = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
    return "-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n"
  }

  private func refusal(_ text: String) async throws -> String? {
    do {
      _ = try await keys.importKey(Secret(text), for: Fixtures.account())
      return nil
    } catch TokenSignerError.unsuitable(let reason) {
      return reason
    }
  }

  @Test(arguments: [2048, 3072, 4096])
  func `an RSA key of any allowed length is taken and signs`(bits: Int) async throws {
    let made = try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits))
    let numbers = try made.publicKey.getKeyPrimitives()
    for text in [made.pkcs8PEMRepresentation, made.pemRepresentation] {
      let key = try await keys.importKey(Secret(text), for: Fixtures.account())
      #expect(key.publicKey == .rsa(modulus: Array(numbers.modulus), exponent: [1, 0, 1]))
      #expect(key.version == 1 && key.purpose == .token)
      let signature = try await keys.sign([1, 2], with: key)
      #expect(signature.count == bits / 8)
      #expect(try Fixtures.verifies(signature, [1, 2], key.publicKey))
      #expect(try keys.vouches(for: key))
    }
  }

  @Test func `a P-384 key is taken and signs, also in the old form of OpenSSL`() async throws {
    let made = P384.Signing.PrivateKey()
    let point = Array(made.publicKey.rawRepresentation)
    let old = try openssl("ec", input: made.pemRepresentation)
    let parameters = try openssl("ecparam", "-name", "secp384r1")
    #expect(old.contains("BEGIN EC PRIVATE KEY"))
    for text in [made.pemRepresentation, old, parameters + old, "\n" + made.pemRepresentation + "\r\n \n"] {
      let key = try await keys.importKey(Secret(text), for: Fixtures.account())
      #expect(key.publicKey == .p384(x: Array(point[..<48]), y: Array(point[48...])))
      let signature = try await keys.sign([1], with: key)
      #expect(try Fixtures.verifies(signature, [1], key.publicKey))
    }
  }

  @Test func `a key of openssl itself is taken`() async throws {
    for arguments in [
      ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
      ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    ] {
      let process = try openssl(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4])
      #expect(try await refusal(process) == nil)
    }
  }

  @Test(arguments: [
    (
      ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
      "RSA of 1024 bits is too weak: at least 2048"
    ),
    (
      ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_pubexp:3"], "the public exponent is not 65537"
    ),
    (
      ["genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
      "a key of RSASSA-PSS does not sign with RS256"
    ),
    (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "the key is not on P-384"),
    (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "the key is not on P-384"),
    (
      ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP384r1"],
      "the key is not on P-384"
    ),
    (["genpkey", "-algorithm", "ED25519", "-outform", "PEM"], "the key is neither of RSA nor on P-384"),
    (
      ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_primes:3"],
      "the modulus is not the product of two primes of half its length"
    ),
  ])
  func `a key that is weak or of another kind is refused with the reason`(
    arguments: [String],
    reason: String
  ) async throws {
    let text = try openssl(
      arguments[0],
      arguments[1],
      arguments[2],
      arguments[3],
      arguments[4 % arguments.count]
    )
    #expect(try await refusal(text) == reason)
  }

  @Test func `an encrypted key is refused in both forms`() async throws {
    let plain = P384.Signing.PrivateKey().pemRepresentation
    let reason = "the key is encrypted: decrypt it first"
    #expect(try await refusal(openssl("pkcs8", "-topk8", "-passout", "pass:x", input: plain)) == reason)
    #expect(
      try await refusal(openssl("ec", "-aes128", "-passout", "pass:xxxx", input: plain)) == reason
    )
  }

  @Test func `primes that are too close to each other are refused`() async throws {
    #expect(try await refusal(CloseKey.pem) == CloseKey.reason)
  }

  @Test(arguments: 1...8)
  func `an RSA key with one changed number is refused`(number: Int) async throws {
    let der = Array(try _RSA.Signing.PrivateKey(keySize: .bits2048).pkcs8DERRepresentation)
    var damaged = der
    let integers = try Fixtures.rsaIntegers(der)
    damaged[integers[number].upperBound - 1] ^= 2
    let reason = try #require(try await refusal(pem("PRIVATE KEY", damaged)))
    #expect(reason == (number == 2 ? "the public exponent is not 65537" : Self.inconsistent))
  }

  private static let inconsistent = "the numbers of the key do not belong together, or its primes are none"

  @Test func `a P-384 key whose halves do not belong together, or whose scalar is out of range, is refused`()
    async throws
  {
    let (one, two) = (P384.Signing.PrivateKey(), P384.Signing.PrivateKey())
    let der = Array(one.derRepresentation)
    let scalar = Array(one.rawRepresentation)
    let start = try #require(der.indices.first { der[$0...].starts(with: scalar) })
    func with(_ other: [UInt8]) -> String {
      pem("PRIVATE KEY", Array(der[..<start]) + other + der[(start + 48)...])
    }
    #expect(
      try await refusal(with(Array(two.rawRepresentation)))
        == "the public half in the key does not belong to the private one"
    )
    for scalar in [[UInt8](repeating: 0, count: 48), [UInt8](repeating: 0xFF, count: 48)] {
      let reason = try #require(try await refusal(with(scalar)))
      #expect(
        ["the private scalar is out of range", "the octets are not a private key of RSA or on P-384"]
          .contains(reason)
      )
    }
  }

  @Test func `text that is not exactly one private key in PEM is refused`() async throws {
    let good = P384.Signing.PrivateKey().pemRepresentation
    let lines = good.split(separator: "\n")
    let texts: [(String, String)] = [
      ("", "there is no PEM private key"),
      ("hello", "there is something besides a PEM private key"),
      ("x\n" + good, "there is something besides a PEM private key"),
      (good + "\nx", "there is something besides a PEM private key"),
      (good + "\n" + good, "there is more than one key"),
      (lines.dropLast().joined(separator: "\n"), "the PEM text has no end line"),
      (good.replacing("END PRIVATE", with: "END RSA PRIVATE"), "the PEM text ends with another label"),
      (
        P384.Signing.PrivateKey().publicKey.pemRepresentation,
        "it is a public key, not a private one"
      ),
      (pem("RSA PUBLIC KEY", [0x30, 0]), "it is a public key, not a private one"),
      (pem("CERTIFICATE", [0x30, 0]), "it is a certificate, not a private key"),
      (
        good.replacing("PRIVATE", with: "OPENSSH PRIVATE"),
        "a PEM text with this label is not a private key in PKCS#8"
      ),
      ("-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n", "the PEM text is not base 64"),
      ("-----BEGIN PRIVATE KEY-----\n-_==\n-----END PRIVATE KEY-----\n", "the PEM text is not base 64"),
      (pem("PRIVATE KEY", [0x30, 0]), "the octets are not a private key of RSA or on P-384"),
      (pem("PRIVATE KEY", []), "the octets are not a private key of RSA or on P-384"),
      (
        pem("PRIVATE KEY", Array(P384.Signing.PrivateKey().derRepresentation) + [0]),
        "the octets are not a private key of RSA or on P-384"
      ),
      (String(repeating: "\n", count: 16_385), "the text is longer than 16 KiB"),
    ]
    for (text, reason) in texts { #expect(try await refusal(text) == reason, "\(text.prefix(200))") }
  }

  @Test func `a sealed server takes no key`() async throws {
    let sealed = LocalKeys(ring: nil)
    let pem = P384.Signing.PrivateKey().pemRepresentation
    await #expect(throws: TokenSignerError.keyEncryptionKeyMissing) {
      try await sealed.importKey(Secret(pem), for: Fixtures.account())
    }
  }

  @Test func `no other account and no other purpose has an imported key`() async throws {
    let key = try await keys.importKey(
      Secret(P384.Signing.PrivateKey().pemRepresentation),
      for: Fixtures.account()
    )
    for (account, purpose) in [("111122223333", SigningKeyPurpose.saml), ("999999999999", .token)] {
      let other = SealedSigningKey(
        purpose: purpose,
        account: try Fixtures.account(account),
        keyID: key.keyID,
        publicKey: key.publicKey,
        version: 1,
        sealed: key.sealed
      )
      #expect(try !keys.vouches(for: other))
    }
  }
}

/// An RSA-2048 key whose primes follow on each other: Fermat's method finds them at once.
///
/// Made for this test.
private enum CloseKey {
  static let reason = "the primes are so close to each other that the modulus can be factored"
  static let pem = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEowIBAAKCAQEAxodMpiMezqzgI2cWcTNWAJno050PukPSY8m+xwTsY6uKKz2b
    PEOU8Ch3ov0GK+1A7UTTW0Ha7N2KPZm+k0WKqD5jP7nq0F/ulT82D4VsvhP2YwNd
    VIJXjwn1TkEHXcavoQYzI3I+bWX9/3FUV4604jTQPHdI59mmx9vBgt3xgEgqtK0W
    7KnlucJ6PK9hOZOERYzTr/EK7MtKPE0YXn49dcKdwqh94Rq7039XOMWVvVowFu8i
    SDtUsFrL06xqEnN6n90WskdKnZpne6wjQrRSjI7Yq5WPz4ZDtGiclxvQ9E0QSkBr
    DH7B2uTutnsQfZes3myHONYrrjYgf8V8tozZMQIDAQABAoIBAGKs0R4qip9zMZyn
    GnJ9b5uw5BZ6FF0iZKoQlnBZNB1+H5jKcCQN+zM7CevLE4w1ynWkJeFP5D6jBpkD
    l8OfZwGksLP19o5HgFBSMM6aJKh9R5ODEpp0hoykCHcyvzSPErBYYoaVvA2oCg0z
    CRbT6Xgdg/rp1yTV+52Ozqn7IpP9apGKpihf30RA+wimWIFQe50z6n5SArb9xkMw
    NC5iwStiQmMiMUEyBN0J0YF5DLkw+tL29cG+BXKI10gmDxgEMBmOI/3UmwdEgUmC
    kXGdp3c+dV3w8oPuiDBJBGoQX7FYZJICwvZ93iEpdvFBX1PZCknxdWWHcnzipH0V
    G1jPrRkCgYEA4XCzODkmMFnyjBBdH7F8I5DBks/TrJSvDyHdtmytSiaNEW7OFzj3
    2T2cFyQR4guPaw1Um28DZ1oWAKNaCZlQ2Db2dcyB50716OJdlA7ZBHWVMZhdXZ3J
    +BgY6BGJL5Ar0j8IJBKLLzMMXH/QpqOkUGUTJw4mng038qdN5FLmtssCgYEA4XCz
    ODkmMFnyjBBdH7F8I5DBks/TrJSvDyHdtmytSiaNEW7OFzj32T2cFyQR4guPaw1U
    m28DZ1oWAKNaCZlQ2Db2dcyB50716OJdlA7ZBHWVMZhdXZ3J+BgY6BGJL5Ar0j8I
    JBKLLzMMXH/QpqOkUGUTJw4mng038qdN5FLmtHMCgYAkJXnW7fLdlc55/rWvuzl4
    SmF/NKtv5HcdKgTulwZB+WRtAyMwPgYfYu2AGFx1rfzU4VJLicU18Q/OEmMBXv/D
    ayyhPqUlfVeYe5MdhjPtrxy40wFFXWNg0BxOOWGRqsAb+ddIUWDXtIuq2SOPVHWo
    Hkyv2mj+tofd9E1c6p3reQKBgFWXZlPoTrl4zP+kjtajmhAeu3+z7BfP8475OqYy
    KLDIZjLCMPjcJi2SmJqolSmPXgo063R/93jb2RKw8lRGo00TwQsEdCWP8wlSOFko
    Mfjhc516zafnanEJJRum3MD0Kc8PI1YevD1VUlIkLOG3q4Difx0K4FqNhjpYjtgr
    KXBFAoGBANyOQhwgBIITu183QzZ5KM8rD0yk7Icih20ZBo/peAqtZVF7Vmzn8nqB
    0k71oo/rvIYsMDbJMdYt5OLB8h0EgCjdBnQZkdzABeo9CMcJZ/EppgO4ehARaQGm
    72gpDJ0KD5Ctc+lDop8+UMltr4siqAHaWf2s/ayMFCz4KMp4W73t
    -----END RSA PRIVATE KEY-----
    """
}
