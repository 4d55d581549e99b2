// SPDX-License-Identifier: Apache-2.0
//
// Assertions for the holder of a key: only after a proof that holds for this issuer, config and caller and these minutes.
// The proofs are made as the documentation says, by openssl.

import Federation
import Foundation
import IdentityModel
import Testing
import TokenFormats

@Suite struct HolderOfKeyTests {
  /// What `openssl dgst -sign` makes of `text`, in base 64.
  private func signed(_ text: String, _ key: String, _ digest: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "exeat-hok-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (keyFile, textFile, result) = (
      folder.appending(path: "key"), folder.appending(path: "text"), folder.appending(path: "signature")
    )
    try Data(key.utf8).write(to: keyFile)
    try Data(text.utf8).write(to: textFile)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = ["dgst", digest, "-sign", keyFile.path, "-out", result.path, textFile.path]
    try process.run()
    process.waitUntilExit()
    return XMLBase64.encode(Array(try Data(contentsOf: result)))
  }

  private func text(
    issuer: String,
    config: String = "arn:aws:iam::123456789012:outbound-federation-config/sp",
    caller: String = "arn:aws:iam::123456789012:root",
    minute: String = "20270115T0800Z"
  ) -> String {
    "exeat-holder-of-key/v1\n\(issuer)\n\(config)\n\(caller)\n\(minute)\n"
  }

  private func entityID(_ server: TestServer) async throws -> String {
    try await "https://sts.example.test" + server.issuerPath() + "/saml/metadata"
  }

  private func ask(
    _ server: TestServer,
    _ certificate: EncodedCertificate,
    _ signature: String,
    as keys: Keys = .root,
    of config: String = "sp"
  ) async -> Answer {
    await server.call(
      "GetOutboundFederationToken",
      [
        "FederationConfigName": config, "HolderOfKeyCertificate": certificate.pem,
        "HolderOfKeySignature": signature,
      ],
      as: keys
    )
  }

  @Test func `a proven key is named, and the assertion is no bearer's`() async throws {
    let made = try LocalKeysOfTests.shared.get()
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let issuer = try await entityID(server)
      for (certificate, key, digest) in [
        (made.rsa, made.rsaKey, "-sha256"), (made.p384, made.p384Key, "-sha384"),
      ] {
        let answer = await ask(server, certificate, try signed(text(issuer: issuer), key, digest))
        #expect(answer.status == 200, "\(answer.text)")
        let received = try ReceivedAssertion(answer["Token"])
        let methods = received.all("SubjectConfirmation").map { $0.attribute("Method") }
        #expect(methods == ["urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"])
        let named = try #require(received.first("SubjectConfirmationData")).elements
        #expect(named.count == 1 && named[0].name.local == "KeyInfo")
        let text = try #require(named[0].elements.first?.elements.first?.text)
        #expect(XMLBase64.decode(text) == certificate.der)
        #expect(received.first("SubjectConfirmationData")?.attribute("Recipient") != nil)
      }
      let record = try #require(try await server.records().last)
      #expect(record.contains("holderOfKeyCertificate"))
    }
  }

  @Test func `a proof holds for five minutes, for its config, its caller and its key`() async throws {
    let made = try LocalKeysOfTests.shared.get()
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      #expect(await server.makeSAMLConfig("other").status == 200)
      let alice = try await server.user("alice", policy: allowsAll)
      let issuer = try await entityID(server)
      let proof = try signed(text(issuer: issuer), made.p384Key, "-sha384")
      func expectRefused(_ answer: Answer, _ location: SourceLocation = #_sourceLocation) {
        #expect(
          answer.status == 403 && answer.code == "AccessDenied",
          "\(answer.text)",
          sourceLocation: location
        )
      }
      // Another caller, another config, another key.
      expectRefused(await ask(server, made.p384, proof, as: alice))
      expectRefused(await ask(server, made.p384, proof, of: "other"))
      expectRefused(await ask(server, made.rsa, proof))
      // A minute that is far from coming, another issuer, and the text with anything else in it.
      for wrong in [
        text(issuer: issuer, minute: "20270115T0802Z"), text(issuer: issuer, minute: "20270115T080000Z"),
        text(issuer: issuer + "/"), text(issuer: issuer) + "\n", "x",
      ] {
        expectRefused(await ask(server, made.p384, try signed(wrong, made.p384Key, "-sha384")))
      }
      // A hash of another size than the curve's.
      expectRefused(await ask(server, made.p384, try signed(text(issuer: issuer), made.p384Key, "-sha256")))
      server.clock.advance(seconds: 299)
      #expect(await ask(server, made.p384, proof).status == 200)
      server.clock.advance(seconds: 1)
      expectRefused(await ask(server, made.p384, proof))
      let own = try signed(
        text(issuer: issuer, caller: "arn:aws:iam::123456789012:user/alice", minute: "20270115T0805Z"),
        made.p384Key,
        "-sha384"
      )
      #expect(await ask(server, made.p384, own, as: alice).status == 200)
    }
  }

  @Test func `the server's clock says how old a proof is, and the caller's only that it is a minute ahead`()
    async throws
  {
    let made = try LocalKeysOfTests.shared.get()
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let issuer = try await entityID(server)
      func ask(_ minute: String, signedAt date: Instant) async throws -> Answer {
        let proof = try signed(text(issuer: issuer, minute: minute), made.p384Key, "-sha384")
        let form = [
          ("Action", "GetOutboundFederationToken"), ("Version", "2010-05-08"), ("FederationConfigName", "sp"),
          ("HolderOfKeyCertificate", made.p384.pem), ("HolderOfKeySignature", proof),
        ]
        let body = form.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
        return await server.send(Array(body.utf8), to: .iam, signedAt: date)
      }
      let now = server.clock.now
      for date in [now, now.advanced(bySeconds: -120), now.advanced(bySeconds: 120)] {
        for (minute, status) in [
          ("20270115T0755Z", 403), ("20270115T0756Z", 200), ("20270115T0801Z", 200), ("20270115T0802Z", 403),
        ] {
          let answer = try await ask(minute, signedAt: date)
          #expect(answer.status == status, "\(minute) \(answer.text)")
        }
      }
    }
  }

  @Test func `a certificate without a signature, or what is neither, is refused by its name`() async throws {
    let pem = try TestCertificates.p384().pem
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      func refusal(_ certificate: String?, _ signature: String?) async -> String? {
        var form = [("FederationConfigName", "sp")]
        if let certificate { form.append(("HolderOfKeyCertificate", certificate)) }
        if let signature { form.append(("HolderOfKeySignature", signature)) }
        let answer = await server.call("GetOutboundFederationToken", form: form)
        #expect(answer.status == 400 && answer.code == "ValidationError", "\(answer.text)")
        return answer.message
      }
      let together = "HolderOfKeyCertificate and HolderOfKeySignature go together."
      #expect(await refusal(pem, nil) == together)
      #expect(await refusal(nil, "AAAA") == together)
      #expect(
        await refusal("x", "AAAA")
          == "The specified value for holderOfKeyCertificate is invalid. It must be one PEM certificate of an RSA key of "
          + "2048 bits or more, or of a key on P-256, P-384 or P-521"
      )
      #expect(
        await refusal(pem, "A!")
          == "The specified value for holderOfKeySignature is invalid. It must be base64"
      )
    }
  }
}
