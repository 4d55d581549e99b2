// SPDX-License-Identifier: Apache-2.0
//
// What the client says to the server so that a config becomes what a document says. The server here answers from a
// list; the real one is asked in Tests/EndToEnd.

import FederationClient
import IdentityModel
import SigV4
import StrictJSON
import Testing

struct FederationConfigClientTests {
  @discardableResult
  private func with<Value>(
    answer: @escaping @Sendable (String, ReceivedRequest) -> ServerAnswer,
    _ body: (FederationConfigClient, LoopbackServer) async throws -> Value
  ) async throws -> Value {
    try await withServer(answer: { answer(action(of: $0), $0) }) { server in
      try await withClient { http in
        let client = AWSQueryClient(
          endpoint: try HTTPURL(server.url()),
          region: try #require(Region("us-east-1")),
          service: .iam,
          http: http,
          clock: { testNow },
          retry: RetryPolicy(attempts: 1) { _ in .zero }
        )
        let credential = SigningCredential(
          accessKeyID: "AKIATEST",
          secretAccessKey: Secret("s"),
          sessionToken: nil
        )
        return try await body(FederationConfigClient(client, credential: credential), server)
      }
    }
  }

  private func document(_ members: String) throws -> FederationConfigDocument {
    let text = #"{"OutboundFederationConfig": {\#(members)}}"#
    return try FederationConfigDocument(Array(text.utf8))
  }

  private let oidc = #""TargetService":"https://a.example","TokenType":"OIDC","Audience":"a""#
  private let saml = #""TargetService":"https://a.example/acs","TokenType":"SAML","Audience":"sp""#

  private static let stored = """
    <Name>c</Name><Arn>arn:c</Arn><TargetService>https://a.example</TargetService><TokenType>OIDC</TokenType>
    <Audience>a</Audience><Duration>3600</Duration><SigningAlgorithm>RS256</SigningAlgorithm>
    <CreateDate>2026-04-21T07:42:10Z</CreateDate><LastUpdatedDate>2026-04-21T07:42:10Z</LastUpdatedDate>
    """
  private static let tags = """
    <Tags><member><Key>b</Key><Value>2</Value></member><member><Key>a</Key><Value>1</Value></member></Tags>
    """
  private static let storedSAML = """
    <Name>c</Name><Arn>arn:c</Arn><TargetService>https://a.example/acs</TargetService><TokenType>SAML</TokenType>
    <Audience>sp</Audience><Duration>3600</Duration><SigningAlgorithm>RSA-SHA256</SigningAlgorithm>
    <SamlForm>Response</SamlForm><SamlSignResponse>false</SamlSignResponse>
    <NameIdFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</NameIdFormat>
    <NameIdValue>${aws:PrincipalArn}</NameIdValue><OneTimeUse>false</OneTimeUse>
    <AssertionEncryption>AES256-GCM</AssertionEncryption>
    <EncryptionCertificate>-----BEGIN CERTIFICATE-----\u{A}QUJD\u{A}REVG\u{A}-----END CERTIFICATE-----\u{A}</EncryptionCertificate>
    <SamlAttributes><member><Name>n</Name><Values><member>1</member><member>2</member></Values></member>
    <member><Name>m</Name><FriendlyName>M</FriendlyName><Values><member>3</member></Values></member></SamlAttributes>
    <CreateDate>2026-04-21T07:42:10Z</CreateDate><LastUpdatedDate>2026-04-21T07:42:10Z</LastUpdatedDate>
    """

  @Test func `a config that is not there is created with what the document says and nothing else`()
    async throws
  {
    try await with { action, _ in
      action.hasPrefix("Get") ? absent : one(action, Self.stored)
    } _: { client, server in
      let document = try document(#"\#(oidc),"Tags":[{"Key":"k","Value":"v w"}],"SamlAttributes":[]"#)
      let (config, outcome) = try await client.apply(document, to: "c", now: testNow)
      #expect(outcome == .created && config.arn == "arn:c")
      let sent = server.requests.last?.text
      #expect(
        sent
          == "Action=CreateOutboundFederationConfig&Version=2010-05-08&Name=c&TargetService=https%3A%2F%2Fa.example"
          + "&TokenType=OIDC&Audience=a&Tags.member.1.Key=k&Tags.member.1.Value=v%20w"
      )
    }
  }

  @Test func `a config that is what the document says is only read`() async throws {
    try await with { action, _ in
      one(action, Self.stored + Self.tags)
    } _: { client, server in
      for members in [
        #"\#(oidc),"Tags":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]"#,
        #"\#(oidc),"Duration":3600,"SigningAlgorithm":"RS256","Description":"","Tags":[{"Key":"b","Value":"2"},"#
          + #"{"Key":"a","Value":"1"}]"#,
      ] {
        let (_, outcome) = try await client.apply(try document(members), to: "c", now: testNow)
        #expect(outcome == .unchanged)
      }
      let asked = server.requests.map { action(of: $0) }
      #expect(asked == ["GetOutboundFederationConfig", "GetOutboundFederationConfig"])
    }
    let certificate =
      #""EncryptionCertificate":"-----BEGIN CERTIFICATE-----\r\nQUJDREVG\r\n-----END CERTIFICATE-----""#
    let attributes =
      #""SamlAttributes":[{"Name":"n","Values":["1","2"]},{"Name":"m","FriendlyName":"M","Values":["3"]}]"#
    try await with { action, _ in
      one(action, Self.storedSAML)
    } _: { client, _ in
      let (_, outcome) = try await client.apply(
        try document("\(saml),\(certificate),\(attributes)"),
        to: "c",
        now: testNow
      )
      #expect(outcome == .unchanged)
      for other in [
        "\(saml),\(certificate)", "\(saml),\(attributes)",
        "\(saml),\(certificate),\(attributes),\"OneTimeUse\":true",
      ] {
        let (_, outcome) = try await client.apply(try document(other), to: "c", now: testNow)
        #expect(outcome == .updated, "\(other)")
      }
    }
  }

  @Test func `an update says the default of everything that the document leaves out`() async throws {
    try await with { action, _ in
      one(action, Self.stored)
    } _: { client, server in
      let (_, outcome) = try await client.apply(
        try document(#"\#(oidc),"Duration":60"#),
        to: "c",
        now: testNow
      )
      #expect(outcome == .updated)
      let sent = server.requests.map(\.text)[1]
      #expect(
        sent
          == "Action=UpdateOutboundFederationConfig&Version=2010-05-08&Name=c&TargetService=https%3A%2F%2Fa.example"
          + "&Audience=a&Duration=60&SigningAlgorithm=RS256&Description="
      )
    }
    try await with { action, _ in
      one(action, Self.storedSAML)
    } _: { client, server in
      _ = try await client.apply(try document(saml), to: "c", now: testNow)
      let sent = server.requests.map(\.text)[1]
      #expect(
        sent
          == "Action=UpdateOutboundFederationConfig&Version=2010-05-08&Name=c"
          + "&TargetService=https%3A%2F%2Fa.example%2Facs&Audience=sp&Duration=3600&SigningAlgorithm=RSA-SHA256"
          + "&Description=&SamlForm=Response&SamlSignResponse=false"
          + "&NameIdFormat=urn%3Aoasis%3Anames%3Atc%3ASAML%3A1.1%3Anameid-format%3Aunspecified"
          + "&NameIdValue=%24%7Baws%3APrincipalArn%7D&SamlAttributes=&OneTimeUse=false&AssertionEncryption=None"
      )
    }
  }

  @Test func `what the metadata says is not said beside it`() async throws {
    func metadata(_ content: String) -> String {
      #"<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://sp.example\">"#
        + #"<SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">"# + content
        + #"<AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" "#
        + #"Location=\"https://sp.example/acs\" index=\"0\"/></SPSSODescriptor></EntityDescriptor>"#
    }
    let format = "<NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>"
    for (content, isSaid) in [("", true), (format, false)] {
      try await with { action, _ in
        one(action, Self.storedSAML)
      } _: { client, server in
        let text = #""TokenType":"SAML","ServiceProviderMetadata":"\#(metadata(content))""#
        let (_, outcome) = try await client.apply(try document(text), to: "c", now: testNow)
        #expect(outcome == .updated)
        let sent = server.requests.map(\.text)[1]
        #expect(!sent.contains("TargetService=") && !sent.contains("Audience="))
        #expect(sent.contains("&ServiceProviderMetadata=%3CEntityDescriptor"))
        #expect(sent.contains("&NameIdFormat=") == isSaid)
        #expect(sent.contains("&AssertionEncryption=None"))
      }
    }
  }

  @Test func `tags are brought in line, and only those that differ`() async throws {
    try await with { action, _ in
      one(action, Self.stored + Self.tags)
    } _: { client, server in
      let wanted =
        #"\#(oidc),"Tags":[{"Key":"b","Value":"2"},{"Key":"A","Value":"1"},{"Key":"c","Value":"3"}]"#
      let (_, outcome) = try await client.apply(try document(wanted), to: "c", now: testNow)
      #expect(outcome == .updated)
      // A takes the place of a: to the server they are one key.
      let sent = server.requests.map(\.text)
      #expect(
        sent[2]
          == "Action=TagOutboundFederationConfig&Version=2010-05-08&Name=c&Tags.member.1.Key=A&Tags.member.1.Value=1"
          + "&Tags.member.2.Key=c&Tags.member.2.Value=3"
      )
      #expect(sent.count == 4 && sent[3] == "Action=GetOutboundFederationConfig&Version=2010-05-08&Name=c")
    }
    try await with { action, _ in
      one(action, Self.stored + Self.tags)
    } _: { client, server in
      _ = try await client.apply(try document(oidc), to: "c", now: testNow)
      let sent = server.requests.map(\.text)[2]
      #expect(
        sent
          == "Action=UntagOutboundFederationConfig&Version=2010-05-08&Name=c&TagKeys.member.1=b&TagKeys.member.2=a"
      )
    }
  }

  @Test func `a config for tokens of another kind is left as it is`() async throws {
    try await with { action, _ in
      one(action, Self.stored)
    } _: { client, server in
      await #expect(throws: FederationConfigError.tokenType(stored: "OIDC")) {
        try await client.apply(try document(saml), to: "c", now: testNow)
      }
      #expect(server.requests.count == 1)
    }
  }

  @Test func `a refusal of any step is told, and nothing is tried after it`() async throws {
    for (refused, count) in [("Get", 1), ("Update", 2), ("Untag", 3), ("Tag", 4)] {
      try await with { action, _ in
        action.hasPrefix(refused)
          ? LoopbackSTS.error(403, "AccessDenied", "no") : one(action, Self.stored + Self.tags)
      } _: { client, server in
        let other = #"\#(oidc),"Tags":[{"Key":"z","Value":"2"}]"#
        await #expect(
          throws: FederationConfigError.call(
            .refused(code: "AccessDenied", message: "no", httpStatus: 403, requestID: "r-2")
          )
        ) { try await client.apply(try document(other), to: "c", now: testNow) }
        #expect(server.requests.count == count, "\(refused)")
      }
    }
  }

  @Test func `what a config is, is a document that makes it again`() async throws {
    try await with { action, _ in
      one(action, Self.storedSAML + Self.tags)
    } _: { client, _ in
      let config = try await client.get("c")
      var writer = JSONWriter()
      writer.value(config.document)
      let again = try FederationConfigDocument(writer.bytes)
      let (_, outcome) = try await client.apply(again, to: "c", now: testNow)
      #expect(outcome == .unchanged)
      let names = config.json.object?.members.map(\.name) ?? []
      #expect(names.first == "Name" && names.dropFirst().first == "Arn")
    }
  }

  @Test(
    arguments: [
      "<Name>c</Name>", stored.replacing("<Duration>3600", with: "<Duration>soon"),
      stored.replacing("<TokenType>OIDC</TokenType>", with: ""), stored + "<OneTimeUse>maybe</OneTimeUse>",
      stored + "<Tags><member><Key>k</Key></member></Tags>",
      stored + "<SamlAttributes><member><Values/></member></SamlAttributes>", "<X/>",
    ])
  func `an answer that is no config is refused`(content: String) async throws {
    try await with { action, _ in
      one(action, content)
    } _: { client, _ in
      await #expect(throws: STSClientError.self) { try await client.get("c") }
    }
  }

  @Test func `a list is read to its end, and one without an end is not`() async throws {
    @Sendable func page(_ name: String, marker: String?) -> ServerAnswer {
      let entry = "<member>\(Self.stored.replacing("<Name>c", with: "<Name>\(name)"))</member>"
      let end = marker.map { "<IsTruncated>true</IsTruncated><Marker>\($0)</Marker>" }
      return result(
        "ListOutboundFederationConfigs",
        "<OutboundFederationConfigs>\(entry)</OutboundFederationConfigs>"
          + (end ?? "<IsTruncated>false</IsTruncated>")
      )
    }
    try await with { _, request in
      request.text.contains("Marker=m1") ? page("b", marker: nil) : page("a", marker: "m1")
    } _: { client, server in
      let names = try await client.list().map(\.name)
      #expect(names == ["a", "b"] && server.requests.count == 2)
    }
    try await with { _, _ in
      page("a", marker: "m1")
    } _: { client, server in
      await #expect(throws: STSClientError.self) { try await client.list() }
      #expect(server.requests.count == 2)
    }
    try await with { action, _ in
      result(action, "<OutboundFederationConfigs/>")
    } _: { client, _ in
      let configs = try await client.list()
      #expect(configs.isEmpty)
    }
  }

  @Test func `a token is asked for by name, and what could not be one is refused`() async throws {
    @Sendable func token(_ text: String) -> ServerAnswer {
      result(
        "GetOutboundFederationToken",
        "<Token>\(text)</Token><TokenType>SAML</TokenType><TargetService>https://a.example</TargetService>"
          + "<Audience>a</Audience><Expiration>2026-04-21T08:42:10Z</Expiration><SamlForm>Response</SamlForm>"
      )
    }
    try await with { _, _ in
      token("QUI+/w==")
    } _: { client, server in
      let token = try await client.token("c", durationSeconds: 90)
      #expect(token.token == "QUI+/w==" && token.samlForm == "Response")
      let sent = server.requests.first?.text
      #expect(
        sent
          == "Action=GetOutboundFederationToken&Version=2010-05-08&FederationConfigName=c&DurationSeconds=90"
      )
    }
    for text in ["", "a b", "a&#27;[31m", "&lt;Assertion/&gt;"] {
      try await with { _, _ in
        token(text)
      } _: { client, _ in
        await #expect(throws: STSClientError.self) { try await client.token("c") }
      }
    }
  }
}

private func action(of request: ReceivedRequest) -> String {
  String(request.text.prefix { $0 != "&" }.dropFirst("Action=".count))
}

private let absent = LoopbackSTS.error(404, "NoSuchEntity", "none")

/// An answer that holds one config.
private func one(_ action: String, _ config: String) -> ServerAnswer {
  result(action, "<OutboundFederationConfig>\(config)</OutboundFederationConfig>")
}

private func result(_ action: String, _ content: String) -> ServerAnswer {
  .text(
    """
    <\(action)Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><\(action)Result>\(content)</\(action)Result>
    <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></\(action)Response>
    """
  )
}
