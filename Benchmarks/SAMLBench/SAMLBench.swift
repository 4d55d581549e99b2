// SPDX-License-Identifier: Apache-2.0
//
// How many assertions one core makes in a second: written, digested, signed by a sealed key of LocalKeys (each RSA signature
// verified), put into a response and into base 64; and encrypted besides. Prints a line for each, `name<TAB>rate`;
// Benchmarks/saml.py runs it beside the machine's own signing limit.

import Federation
import IdentityModel
import LocalKeys
import TokenFormats

@main
enum SAMLBench {
  private static let keys = LocalKeys(keyEncryptionKey: .ephemeral())
  private static let now = Instant(seconds: 1_800_000_000)

  static func main() async throws {
    let seconds = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 3
    let service = try await certificate(of: try await key(.rs256))
    for algorithm in XMLSignatureAlgorithm.allCases {
      let key = try await key(algorithm.family)
      let certificate = try await certificate(of: key)
      for encryptsFor in [nil, service] {
        let rate = try await rate(seconds) { number in
          try await response(number, key, certificate, algorithm, encryptedFor: encryptsFor)
        }
        print("\(algorithm.rawValue)\(encryptsFor == nil ? "" : " encrypted")\t\(rate)")
      }
    }
  }

  /// How often a second `body` is done, over `seconds` after a tenth of a second of warm-up.
  private static func rate(_ seconds: Int, _ body: (Int) async throws -> String) async throws -> Int {
    let clock = ContinuousClock()
    var count = 0
    let warm = clock.now.advanced(by: .milliseconds(100))
    while clock.now < warm { _ = try await body(count) }
    let start = clock.now
    let end = start.advanced(by: .seconds(seconds))
    while clock.now < end {
      guard try await !body(count).isEmpty else { return 0 }
      count += 1
    }
    return Int(Double(count) / (start.duration(to: clock.now) / .seconds(1)))
  }

  private static func key(_ family: SigningAlgorithm) async throws -> SealedSigningKey {
    guard let account = AccountID("123456789012") else { throw SAMLError.malformedCertificate }
    return try await keys.makeKey(family, for: account, purpose: .saml)
  }

  private static func certificate(of key: SealedSigningKey) async throws -> EncodedCertificate {
    let input = SelfSignedCertificate(
      of: key.publicKey,
      uri: "https://bench.example/saml/metadata",
      shortName: "bench",
      serialNumber: [1],
      notBefore: now,
      notAfter: now.advanced(bySeconds: 3600)
    )
    guard let input,
      let certificate = input.signed(try await keys.sign(input.octets, with: key, algorithm: input.algorithm))
    else { throw SAMLError.malformedCertificate }
    return certificate
  }

  /// A response with what the default attributes say of a role session with five tags.
  private static func response(
    _ number: Int,
    _ key: SealedSigningKey,
    _ certificate: EncodedCertificate,
    _ algorithm: XMLSignatureAlgorithm,
    encryptedFor service: EncodedCertificate?
  ) async throws -> String {
    let issuer = "https://bench.example/0f0e0d0c-0000-4000-8000-000000000000/saml/metadata"
    let attributes =
      [("aws_account", "123456789012"), ("principal_id", "arn:aws:iam::123456789012:role/ci")]
      + (0..<5).map { ("principal_tags/tag-\($0)", "value of \(number)") }
    let assertion = SAMLAssertion(
      id: try SAMLIdentifier(random: Entropy.system.octets(20)),
      issueInstant: now,
      issuer: issuer,
      nameID: SAMLNameID(
        format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        value: "arn:aws:iam::123456789012:role/ci"
      ),
      confirmation: SAMLSubjectConfirmation(
        method: .bearer,
        recipient: "https://sp.example.com/acs",
        notOnOrAfter: now.advanced(bySeconds: 3600)
      ),
      conditions: SAMLConditions(
        notBefore: now.advanced(bySeconds: -60),
        notOnOrAfter: now.advanced(bySeconds: 3600),
        audiences: ["https://sp.example.com/metadata"]
      ),
      authentication: SAMLAuthentication(
        instant: now,
        contextClass: "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
      ),
      attributes: attributes.map { name, value in
        SAMLAttribute(
          name: name,
          nameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
          values: [value]
        )
      }
    )
    let input = try assertion.signingInput(algorithm, certificate: certificate)
    let signed = try input.signed(
      try await keys.sign(input.octets, with: key, algorithm: input.algorithm.jws)
    )
    let content: SAMLResponse.Content =
      if let service {
        .encrypted(
          try signed.encrypted(
            for: service,
            contentKey: Secret(Entropy.system.octets(32)),
            nonce: Entropy.system.octets(12)
          )
        )
      } else {
        .signed(signed)
      }
    let response = SAMLResponse(
      id: try SAMLIdentifier(random: Entropy.system.octets(20)),
      issueInstant: now,
      issuer: issuer,
      destination: "https://sp.example.com/acs",
      content: content
    )
    return SAMLMessageText.postBinding(try response.octets())
  }
}
