// SPDX-License-Identifier: Apache-2.0
//
// Identity providers as records: which URLs, client ids, thumbprints and metadata are taken, and what comes back.

import Federation
import Foundation
import IdentityModel
import Testing

private let metadata = """
  <?xml version="1.0"?>
  <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com">
  <!-- \(String(repeating: "x", count: 1000)) --></md:EntityDescriptor>
  """

private let prefix = "arn:aws:iam::123456789012:"

@Suite struct ProviderTests {
  @Test(arguments: [
    ("https://token.actions.githubusercontent.com", "token.actions.githubusercontent.com"),
    (
      "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE",
      "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"
    ),
    ("https://tenant.auth0.com/", "tenant.auth0.com/"),
    ("https://h/~a/b_c/d%20e/@x:y", "h/~a/b_c/d%20e/@x:y"),
    // With a port the scheme stays, or what is left is no URL.
    ("https://127.0.0.1:8443/i", "https://127.0.0.1:8443/i"), ("https://[::1]:8443", "https://[::1]:8443"),
    ("https://localhost:1", "https://localhost:1"),
  ])
  func `a provider's URL is its name and comes back`(_ url: String, _ answered: String) async throws {
    try await TestServer.run { server in
      let arn = "\(prefix)oidc-provider/\(url.dropFirst(8))"
      let created = await server.call("CreateOpenIDConnectProvider", ["Url": url])
      #expect(created["OpenIDConnectProviderArn"] == arn)
      let got = await server.call("GetOpenIDConnectProvider", ["OpenIDConnectProviderArn": arn])
      #expect(got["Url"] == answered)
      #expect(got.text.contains("<ThumbprintList/>") && got.text.contains("<ClientIDList/>"))
      #expect(await server.call("ListOpenIDConnectProviders").all("Arn") == [arn])
      let again = await server.call("CreateOpenIDConnectProvider", ["Url": url])
      #expect(again.code == "EntityAlreadyExists")
      #expect(again["Message"] == "Provider with url \(url) already exists.")
    }
  }

  @Test(arguments: [
    "http://a.example", "HTTPS://a.example", "https://", "https:///path", "https://a.example?q",
    "https://a.example/#f", "https://user@a.example", "https://a b", "https://a.example/ ", "https://a..b",
    "https://a.example:", "https://a.example:0", "https://a.example:65536", "https://a.example:080",
    "https://a.example:x", "https://[::1", "https://[a]", "https://[::1]x", "https://\u{FC}.example",
    "https://a\\b", "a.example", "https://a.example/\u{FF0F}",
  ])
  func `what is no issuer's URL is refused`(_ url: String) async throws {
    try await TestServer.run { server in
      let answer = await server.call("CreateOpenIDConnectProvider", ["Url": url])
      #expect(answer.code == "ValidationError")
      #expect(answer["Message"] == "Invalid Open ID Connect Provider URL")
      #expect(await server.call("ListOpenIDConnectProviders").all("Arn").isEmpty)
    }
  }

  @Test func `client ids and thumbprints change one by one and as a whole`() async throws {
    try await TestServer.run { server in
      let first = String(repeating: "a", count: 40)
      let second = String(repeating: "B", count: 40)
      let created = await server.call(
        "CreateOpenIDConnectProvider",
        [
          "Url": "https://a.example", "ClientIDList.member.1": "x", "ClientIDList.member.2": "x",
          "ThumbprintList.member.1": first, "Tags.member.1.Key": "k", "Tags.member.1.Value": "v",
        ]
      )
      let arn = try #require(created["OpenIDConnectProviderArn"])
      #expect(created.all("Key") == ["k"])
      let named: KeyValuePairs = ["OpenIDConnectProviderArn": arn]
      func provider() async -> Answer { await server.call("GetOpenIDConnectProvider", named) }
      #expect(await provider().all("member").prefix(2) == ["x", first])
      for _ in 0..<2 {
        let add: KeyValuePairs = ["ClientID": "y"]
        #expect(
          await server.call("AddClientIDToOpenIDConnectProvider", adding: add, to: named).status == 200
        )
        #expect(await provider().all("member").prefix(2) == ["x", "y"])
      }
      for _ in 0..<2 {
        let remove: KeyValuePairs = ["ClientID": "x"]
        #expect(
          await server.call("RemoveClientIDFromOpenIDConnectProvider", adding: remove, to: named).status
            == 200
        )
        #expect(await provider().all("member").first == "y")
      }
      let update = "UpdateOpenIDConnectProviderThumbprint"
      let thumbprints: KeyValuePairs = ["ThumbprintList.member.1": second, "ThumbprintList.member.2": first]
      #expect(await server.call(update, adding: thumbprints, to: named).status == 200)
      #expect(await provider().all("member").prefix(3) == ["y", second, first])
      let broken: KeyValuePairs = ["ThumbprintList.member.1": String(repeating: "g", count: 40)]
      #expect(await server.call(update, adding: broken, to: named).code == "InvalidInput")
      let short: KeyValuePairs = ["ThumbprintList.member.1": "ab"]
      #expect(await server.call(update, adding: short, to: named).code == "ValidationError")
      #expect(await server.call(update, named).code == "ValidationError")
      var six = "Action=\(update)&Version=2010-05-08&OpenIDConnectProviderArn=\(arn)"
      for number in 1...6 { six += "&ThumbprintList.member.\(number)=\(first)" }
      let many = await server.send(Array(six.utf8), to: .iam)
      #expect(many.code == "InvalidInput")
      #expect(many["Message"] == "Thumbprint list must contain fewer than 5 entries.")
      #expect(await provider().all("member").prefix(3) == ["y", second, first])
    }
  }

  @Test func `a provider has a hundred client ids, an account a hundred providers`() async throws {
    try await TestServer.run { server in
      for number in 0..<100 {
        let url = "https://p\(number).example"
        #expect(await server.call("CreateOpenIDConnectProvider", ["Url": url]).status == 200)
      }
      let more = await server.call("CreateOpenIDConnectProvider", ["Url": "https://more.example"])
      #expect(more.code == "LimitExceeded")
      let named: KeyValuePairs = ["OpenIDConnectProviderArn": "\(prefix)oidc-provider/p0.example"]
      for number in 0..<100 {
        let add: KeyValuePairs = ["ClientID": "c\(number)"]
        #expect(
          await server.call("AddClientIDToOpenIDConnectProvider", adding: add, to: named).status == 200
        )
      }
      let full = await server.call(
        "AddClientIDToOpenIDConnectProvider",
        adding: ["ClientID": "more"],
        to: named
      )
      #expect(full["Message"] == "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")
      // One that is there is no further one.
      let known: KeyValuePairs = ["ClientID": "c0"]
      #expect(await server.call("AddClientIDToOpenIDConnectProvider", adding: known, to: named).status == 200)
      #expect(await server.call("DeleteOpenIDConnectProvider", named).status == 200)
      var form = "Action=CreateOpenIDConnectProvider&Version=2010-05-08&Url=https://p0.example"
      for number in 1...101 { form += "&ClientIDList.member.\(number)=c\(number)" }
      #expect(await server.send(Array(form.utf8), to: .iam).code == "LimitExceeded")
    }
  }

  @Test func `a missing provider is named, deleted without complaint, and another's is refused`() async throws
  {
    try await TestServer.run { server in
      let arn = "\(prefix)oidc-provider/a.example"
      for (action, more) in [
        ("GetOpenIDConnectProvider", [:]), ("AddClientIDToOpenIDConnectProvider", ["ClientID": "x"]),
        ("RemoveClientIDFromOpenIDConnectProvider", ["ClientID": "x"]),
        (
          "UpdateOpenIDConnectProviderThumbprint",
          ["ThumbprintList.member.1": String(repeating: "a", count: 40)]
        ),
      ] as [(String, KeyValuePairs<String, String>)] {
        let answer = await server.call(action, adding: ["OpenIDConnectProviderArn": arn], to: more)
        #expect(answer.code == "NoSuchEntity", "\(action)")
        #expect(answer["Message"] == "OpenIDConnect Provider not found for arn \(arn)")
      }
      #expect(
        await server.call("DeleteOpenIDConnectProvider", ["OpenIDConnectProviderArn": arn]).status == 200
      )
      for text in [
        arn.replacing("oidc-provider", with: "saml-provider"), arn.replacing("a.example", with: ""),
        arn.replacing("123456789012", with: "aws1"),
      ] {
        #expect(
          await server.call("GetOpenIDConnectProvider", ["OpenIDConnectProviderArn": text]).code
            == "InvalidInput"
        )
      }
      let long = arn + String(repeating: "a", count: 1500)
      #expect(
        await server.call("GetOpenIDConnectProvider", ["OpenIDConnectProviderArn": long]).code
          == "NoSuchEntity"
      )
      #expect(await server.call("CreateOpenIDConnectProvider", ["Url": "https://a.example"]).status == 200)
      let other = Keys(id: "AKIAOTHEROTHEROTHER0", secret: "other-secret")
      try await server.addAccount(try #require(AccountID("999999999999")), other, enablesFederation: false)
      for action in ["GetOpenIDConnectProvider", "DeleteOpenIDConnectProvider"] {
        let answer = await server.call(action, ["OpenIDConnectProviderArn": arn], as: other)
        #expect(answer.code == "AccessDenied")
      }
      #expect(await server.call("ListOpenIDConnectProviders", as: other).all("Arn").isEmpty)
      #expect(await server.call("ListOpenIDConnectProviders").all("Arn") == [arn])
    }
  }

  @Test func `a SAML provider keeps its metadata byte for byte`() async throws {
    try await TestServer.run { server in
      let created = await server.call(
        "CreateSAMLProvider",
        ["Name": "My.Idp", "SAMLMetadataDocument": metadata + "\r\n"]
      )
      let arn = try #require(created["SAMLProviderArn"])
      #expect(arn == "\(prefix)saml-provider/My.Idp")
      let named: KeyValuePairs = ["SAMLProviderArn": arn]
      let got = await server.call("GetSAMLProvider", named)
      let text = got["SAMLMetadataDocument"]?.replacing("&lt;", with: "<").replacing("&gt;", with: ">")
        .replacing("&quot;", with: "\"").replacing("&#13;", with: "\r")
      #expect(text?.utf8.elementsEqual((metadata + "\r\n").utf8) == true)
      #expect(got["SAMLProviderUUID"]?.utf8.count == 34)
      #expect(
        await server.call("CreateSAMLProvider", ["Name": "my.idp", "SAMLMetadataDocument": metadata]).code
          == "EntityAlreadyExists"
      )
      #expect(
        await server.call("GetSAMLProvider", ["SAMLProviderArn": arn.replacing("My", with: "my")]).code
          == "NoSuchEntity"
      )
      let update: KeyValuePairs = ["SAMLMetadataDocument": metadata.replacing("idp.", with: "new.")]
      #expect(await server.call("UpdateSAMLProvider", adding: update, to: named)["SAMLProviderArn"] == arn)
      #expect(await server.call("GetSAMLProvider", named).text.contains("https://new.example.com"))
      #expect(await server.call("UpdateSAMLProvider", named).status == 200)
      #expect(await server.call("ListSAMLProviders").all("Arn") == [arn])
      #expect(await server.call("DeleteSAMLProvider", named).status == 200)
      for action in ["GetSAMLProvider", "UpdateSAMLProvider", "DeleteSAMLProvider"] {
        #expect(await server.call(action, named)["Message"] == "Manifest not found for arn \(arn)")
      }
    }
  }

  @Test func `what does not look like metadata, or asks for what is not served, is refused`() async throws {
    try await TestServer.run { server in
      func create(_ more: KeyValuePairs<String, String>, _ text: String = metadata) async -> Answer {
        await server.call("CreateSAMLProvider", adding: ["SAMLMetadataDocument": text], to: more)
      }
      for text in [
        metadata.replacing("EntityDescriptor", with: "EntityDescriptors"),
        metadata.replacing("<md:EntityDescriptor", with: "md:EntityDescriptor"), "x" + metadata,
        metadata.replacing("<!-- ", with: "<!DOCTYPE x>"), metadata.replacing("<!-- ", with: "<!doctype x>"),
        metadata.replacing("<!-- ", with: "<!ENTITY x 'y'>"), metadata + "\u{0}",
        // Not well-formed, an entity, another namespace, and an entity descriptor within something else.
        metadata.replacing("</md:", with: "</"), metadata.replacing("<!-- ", with: "&x;<!-- "),
        metadata.replacing("2.0:metadata", with: "1.0:metadata"), "<a>\(metadata.dropFirst(22))</a>",
        String(repeating: "x", count: 2000),
      ] {
        let answer = await create(["Name": "p"], text)
        #expect(answer.code == "InvalidInput")
        #expect(answer["Message"] == "Could not parse metadata")
      }
      #expect(await create(["Name": "p"], "<EntityDescriptor/>").code == "ValidationError")
      for name in ["", "a b", "a/b", "a+b", String(repeating: "a", count: 129)] {
        #expect(await create(["Name": name]).code == "ValidationError")
      }
      let key = "-----BEGIN PRIVATE KEY-----" + String(repeating: "k", count: 20_000)
      for more in [
        ["Name": "p", "AssertionEncryptionMode": "Required"], ["Name": "p", "AddPrivateKey": key],
      ]
        as [KeyValuePairs<String, String>]
      {
        let answer = await create(more)
        #expect(answer["Message"] == "Encrypted SAML assertions are not supported by this server.")
      }
      let records = try await server.records()
      #expect(!records.contains { $0.contains("PRIVATE KEY") })
      for number in 0..<100 { #expect(await create(["Name": "p\(number)"]).status == 200) }
      #expect(
        await create(["Name": "more"])["Message"] == "Cannot exceed quota for SAMLProvidersPerAccount: 100"
      )
    }
  }

  @Test func `making a provider with tags needs both permissions`() async throws {
    try await TestServer.run { server in
      func only(_ action: String) -> String {
        #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"\#(action)","Resource":"*"}}"#
      }
      let alice = try await server.user("alice", policy: only("iam:Create*"))
      let tags: KeyValuePairs = ["Tags.member.1.Key": "k", "Tags.member.1.Value": "v"]
      for (action, tag, more) in [
        ("CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider", ["Url": "https://a.example"]),
        ("CreateSAMLProvider", "iam:TagSAMLProvider", ["Name": "p", "SAMLMetadataDocument": metadata]),
      ] as [(String, String, KeyValuePairs<String, String>)] {
        let answer = await server.call(action, adding: tags, to: more, as: alice)
        #expect(answer["Message"]?.contains("is not authorized to perform: \(tag) on") == true)
        #expect(await server.call(action, more, as: alice).status == 200)
      }
    }
  }
}
