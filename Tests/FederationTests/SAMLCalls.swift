// SPDX-License-Identifier: Apache-2.0
//
// Calls about SAML configs that many tests make, and what is in an answer: the assertion, with its signature verified by
// the certificate that metadata has.

import Federation
import Foundation
import IdentityModel
import Testing
import TokenFormats

/// An assertion as a service gets it.
struct ReceivedAssertion {
  let root: XMLElement
  let assertion: XMLElement
  /// The certificate whose key signed the assertion.
  let signer: EncodedCertificate?
  /// Whether the response has a signature of its own; xmlsec1 verifies it in the end-to-end tests.
  let responseIsSigned: Bool

  /// Reads the base 64 text of a response, or the base64url text of a bare assertion.
  init(_ token: String?, form: String = "Response") throws {
    let token = try #require(token)
    let octets =
      form == "Response" ? try #require(XMLBase64.decode(token)) : try #require(Base64URL.decode(token[...]))
    root = try XMLReader.read(octets)
    #expect(root.name.local == form)
    assertion = form == "Response" ? try #require(root.elements("Assertion", in: .saml).first) : root
    signer = try EnvelopedSignature.verify(assertion)
    responseIsSigned = form == "Response" && root.elements.contains { $0.name.local == "Signature" }
  }

  /// The first element with this name anywhere in the assertion.
  func first(_ name: String) -> XMLElement? { Self.all(name, assertion).first }

  /// All elements with this name in the assertion.
  func all(_ name: String) -> [XMLElement] { Self.all(name, assertion) }

  private static func all(_ name: String, _ element: XMLElement) -> [XMLElement] {
    element.elements.flatMap { ($0.name.local == name ? [$0] : []) + all(name, $0) }
  }

  /// The attributes by name, with the values of each.
  var attributes: [String: [String]] {
    Dictionary(
      uniqueKeysWithValues: all("Attribute").map { attribute in
        (attribute.attribute("Name") ?? "", attribute.elements.map { $0.text ?? "" })
      }
    )
  }
}

extension TestServer {
  /// Makes the SAML config `name` for `https://sp.example.com/acs`; `settings` take the places of these.
  func makeSAMLConfig(
    _ name: String = "sp",
    _ settings: KeyValuePairs<String, String> = [:],
    as keys: Keys = .root
  ) async -> Answer {
    var form = [
      ("Name", name), ("TokenType", "SAML"), ("TargetService", "https://sp.example.com/acs"),
      ("Audience", "https://sp.example.com/metadata"),
    ]
    for (name, value) in settings {
      form.removeAll { $0.0 == name }
      form.append((name, value))
    }
    return await call("CreateOutboundFederationConfig", form: form, as: keys)
  }

  /// Asks for a token of the config `name`.
  func samlToken(of name: String = "sp", seconds: Int? = nil, as keys: Keys = .root) async -> Answer {
    let form = [("FederationConfigName", name)] + (seconds.map { [("DurationSeconds", "\($0)")] } ?? [])
    return await call("GetOutboundFederationToken", form: form, as: keys)
  }

  /// How many assertions are on record.
  func recordedAssertions() async throws -> Int {
    try await records().count { $0.contains("webIdentityTokenId") }
  }

  /// Asks for a token of the config `name` and reads it.
  func assertion(
    of name: String = "sp",
    as keys: Keys = .root,
    form: String = "Response"
  ) async throws -> ReceivedAssertion {
    let answer = await samlToken(of: name, as: keys)
    #expect(answer.status == 200, "\(answer.text)")
    return try ReceivedAssertion(answer["Token"], form: form)
  }

  /// The path of the issuer of the account.
  func issuerPath() async throws -> String {
    let account = try #require(Self.account)
    let issuer = try #require(try await house.directory.issuer(of: account))
    return String(issuer.stored.record.issuer.dropFirst("https://sts.example.test".count))
  }

  /// The metadata that is published, read, and the certificate that signed it.
  func metadata() async throws -> (root: XMLElement, signer: EncodedCertificate?)? {
    let path = try await issuerPath() + "/saml/metadata"
    guard let document = await document(path) else { return nil }
    #expect(document.contentType == "application/samlmetadata+xml")
    let root = try XMLReader.read(document.body)
    return (root, try EnvelopedSignature.verify(root))
  }

  /// The certificates in the metadata that is published, in order.
  func publishedCertificates() async throws -> [[UInt8]] {
    guard let metadata = try await metadata() else { return [] }
    let role = try #require(metadata.root.elements("IDPSSODescriptor", in: .md).first)
    return try role.elements("KeyDescriptor", in: .md).map { descriptor in
      let text = try #require(descriptor.elements.first?.elements.first?.elements.first?.text)
      return try #require(XMLBase64.decode(text))
    }
  }

  /// Rotates the SAML keys, which must succeed; the answer.
  @discardableResult
  func rotate(_ parameters: KeyValuePairs<String, String> = [:]) async -> Answer {
    await done("RotateOutboundSamlKey", parameters)
  }
}

/// A trust policy for sessions of the principal `arn`, with tags and a source identity.
func trustOf(_ arn: String) -> String {
  #"""
  {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"\#(arn)"},
   "Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}}
  """#
}
