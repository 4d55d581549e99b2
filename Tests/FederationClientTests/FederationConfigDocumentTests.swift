// SPDX-License-Identifier: Apache-2.0
//
// The document of a federation config: what is taken, and what is refused by which name.

import FederationClient
import StrictJSON
import Testing

struct FederationConfigDocumentTests {
  private func read(_ text: String, metadata: String? = nil) throws -> FederationConfigDocument {
    try FederationConfigDocument(Array(text.utf8), serviceProviderMetadata: metadata)
  }

  private func config(_ members: String) -> String { #"{"OutboundFederationConfig": {\#(members)}}"# }

  private let needed = #""TargetService":"https://a.example","TokenType":"SAML","Audience":"a""#

  @Test func `takes the document of the contract as it stands`() throws {
    let document = try read(
      """
      { "OutboundFederationConfig": { "TargetService": "https://api.example.com", "TokenType": "OIDC", \
      "Audience": "example-service", "Duration": 3600 } }
      """
    )
    #expect(document.members.count == 4)
    #expect(document.members[.targetService]?.json == .string("https://api.example.com"))
    #expect(document.members[.tokenType]?.json == .string("OIDC"))
    #expect(document.members[.audience]?.json == .string("example-service"))
    #expect(document.members[.duration]?.json == .number(JSONNumber(3600)))
  }

  @Test func `takes every member that a config has, as it is spelled`() throws {
    let members = """
      \(needed),"Duration":60,"SigningAlgorithm":"RSA-SHA384","Description":"d","SamlForm":"Assertion",\
      "SamlSignResponse":true,"NameIdFormat":"urn:x","NameIdValue":"${aws:username}","SamlAttributes":[\
      {"Name":"n","NameFormat":"urn:f","FriendlyName":"N","Values":["1","2"]},{"Name":"m","Values":[]}],\
      "OneTimeUse":false,"AssertionEncryption":"AES256-GCM","EncryptionCertificate":"PEM",\
      "ServiceProviderMetadata":"<x/>","Tags":[{"Key":"k","Value":""}]
      """
    let document = try read(config(members))
    #expect(Set(document.members.keys) == Set(FederationConfigMember.allCases))
    let given = try #require(
      try JSONReader.read(config(members).utf8).object?["OutboundFederationConfig"]?.object
    )
    for member in FederationConfigMember.allCases {
      #expect(document.members[member]?.json == given[member.rawValue], "\(member)")
    }
  }

  @Test(
    arguments: [
      (#""Duraton":60"#, "Duraton"), (#""duration":60"#, "duration"), (#""Name":"x""#, "Name"),
      (#""Tags":[{"Key":"k","Value":"v","Colour":"red"}]"#, "Tags[0].Colour"),
      (
        #""SamlAttributes":[{"Name":"n","Values":[]},{"Name":"n","Values":[],"Value":"v"}]"#,
        "SamlAttributes[1].Value"
      ),
    ])
  func `a member that no config has is refused by its name`(member: String, path: String) {
    #expect(throws: FederationConfigDocumentError.unknown(path: path)) {
      try read(config("\(needed),\(member)"))
    }
  }

  @Test(
    arguments: [
      (#""Duration":"60""#, "Duration", "a whole number"),
      (#""Duration":60.0"#, "Duration", "a whole number"),
      (#""Duration":null"#, "Duration", "a whole number"),
      (#""OneTimeUse":"true""#, "OneTimeUse", "true or false"),
      (#""Description":null"#, "Description", "a string"),
      (#""SigningAlgorithm":1"#, "SigningAlgorithm", "a string"),
      (#""Tags":{}"#, "Tags", "a list"), (#""Tags":[1]"#, "Tags[0]", "an object"),
      (#""Tags":[{"Key":1,"Value":"v"}]"#, "Tags[0].Key", "a string"),
      (#""SamlAttributes":[{"Name":"n","Values":"v"}]"#, "SamlAttributes[0].Values", "a list"),
      (#""SamlAttributes":[{"Name":"n","Values":["v",2]}]"#, "SamlAttributes[0].Values[1]", "a string"),
    ])
  func `a member of another type is refused by its name`(member: String, path: String, expected: String) {
    #expect(throws: FederationConfigDocumentError.wrongType(path: path, expected: expected)) {
      try read(config("\(needed),\(member)"))
    }
  }

  @Test(
    arguments: [
      (#"{"OutboundFederationConfig":{}}"#, "TokenType"),
      (#"{"OutboundFederationConfig":{"TokenType":"OIDC","Audience":"a"}}"#, "TargetService"),
      (#"{"OutboundFederationConfig":{"TokenType":"OIDC","TargetService":"https://a.example"}}"#, "Audience"),
      (
        #"{"OutboundFederationConfig":{"TargetService":"https://a.example","TokenType":"SAML","Audience":"a","#
          + #""AssertionEncryption":"AES256-GCM"}}"#, "EncryptionCertificate"
      ),
      (
        #"{"OutboundFederationConfig":{"TargetService":"https://a.example","TokenType":"SAML","Audience":"a","#
          + #""Tags":[{"Key":"k"}]}}"#, "Tags[0].Value"
      ),
    ])
  func `what has no default must be said`(text: String, path: String) {
    #expect(throws: FederationConfigDocumentError.missing(path: path)) { try read(text) }
  }

  @Test func `what is in the metadata need not be said, and metadata is given once`() throws {
    let document = try read(
      config(#""TokenType":"SAML","AssertionEncryption":"AES256-GCM""#),
      metadata: "<x/>"
    )
    #expect(document.members[.serviceProviderMetadata]?.json == .string("<x/>"))
    #expect(throws: FederationConfigDocumentError.givenTwice(path: "ServiceProviderMetadata")) {
      try read(config(#""TokenType":"SAML","ServiceProviderMetadata":"<y/>""#), metadata: "<x/>")
    }
  }

  @Test func `what two readers could read in two ways is refused`() {
    #expect(throws: FederationConfigDocumentError.self) { try read(config(#"\#(needed),"Audience":"b""#)) }
    #expect(throws: FederationConfigDocumentError.self) { try read(config(needed) + "{}") }
    for text in ["[]", "{}", "{\(needed)}", #"{"outboundFederationConfig":{\#(needed)}}"#] {
      #expect(throws: FederationConfigDocumentError.notWrapped) { try read(text) }
    }
    #expect(throws: FederationConfigDocumentError.unknown(path: "Version")) {
      try read(#"{"OutboundFederationConfig":{\#(needed)},"Version":1}"#)
    }
  }
}
