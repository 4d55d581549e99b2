// SPDX-License-Identifier: Apache-2.0
//
// The discovery document, byte for byte, and its reader.

import StrictJSON
import Testing
import TokenFormats

@Suite struct DiscoveryDocumentTests {
  @Test func `the document has exactly AWS's six members in AWS's order`() throws {
    let json = DiscoveryDocument.render(
      issuer: "https://id.example.com/u",
      jwksURI: "https://id.example.com/u/.well-known/jwks.json"
    )
    let expected: String = #"""
      {"issuer":"https://id.example.com/u","jwks_uri":"https://id.example.com/u/.well-known/jwks.json",\#
      "response_types_supported":["id_token"],"subject_types_supported":["public"],\#
      "id_token_signing_alg_values_supported":["RS256","ES384"],\#
      "claims_supported":["sub","iss","aud","exp","iat","jti","https://sts.amazonaws.com/"]}
      """#
    #expect(String(decoding: json, as: UTF8.self) == expected)
    let read = try DiscoveryDocument(json: json)
    #expect(read.issuer == "https://id.example.com/u")
    #expect(read.jwksURI == "https://id.example.com/u/.well-known/jwks.json")
    #expect(read.signingAlgorithms == ["RS256", "ES384"])
  }

  @Test func `members that we do not know may stand, and the algorithms may be absent`() throws {
    let read = try DiscoveryDocument(json: Array(#"{"issuer":"a","jwks_uri":"b","x":{"issuer":"c"}}"#.utf8))
    #expect(read.issuer == "a")
    #expect(read.signingAlgorithms.isEmpty)
  }

  @Test(arguments: [
    ("[]", DiscoveryDocumentError.notAnObject), (#"{"jwks_uri":"b"}"#, .memberMissing("issuer")),
    (#"{"issuer":"a"}"#, .memberMissing("jwks_uri")),
    (#"{"issuer":"","jwks_uri":"b"}"#, .memberMalformed("issuer")),
    (#"{"issuer":"a","jwks_uri":["b"]}"#, .memberMalformed("jwks_uri")),
    (
      #"{"issuer":"a","jwks_uri":"b","id_token_signing_alg_values_supported":["RS256",1]}"#,
      .memberMalformed("id_token_signing_alg_values_supported")
    ),
    (#"{"issuer":"a","issuer":"b"}"#, .json(.duplicateName("issuer", offset: 22))),
    ("", .json(.unexpectedEnd)),
  ])
  func `anything less is refused with the member`(json: String, error: DiscoveryDocumentError) {
    #expect(throws: error) { try DiscoveryDocument(json: Array(json.utf8)) }
  }

  @Test func `a document of more than 64 KiB is not read`() {
    let json = #"{"issuer":"a","jwks_uri":"b","x":""# + String(repeating: "x", count: 1 << 16) + #""}"#
    #expect(throws: DiscoveryDocumentError.json(.tooLarge(limit: 1 << 16))) {
      try DiscoveryDocument(json: Array(json.utf8))
    }
  }
}
