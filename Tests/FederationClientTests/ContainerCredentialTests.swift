// SPDX-License-Identifier: Apache-2.0

import FederationClient
import IdentityModel
import Testing

struct ContainerCredentialTests {
  private static let body =
    #"{"AccessKeyId":"K","SecretAccessKey":"s","Token":"t","Expiration":"2026-04-21T08:00:00Z","RoleArn":"r"}"#

  @Test func `asks the full URI with the token of the variable`() async throws {
    try await withServer(answer: { _ in .text(Self.body) }) { server in
      let found = try await TestHome().resolve([
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url(path: "/creds?a=b"),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer let me in",
      ])
      #expect(found.credential.exposed == ["K", "s", "t"] && found.source == "container endpoint")
      #expect(found.expiration == Instant(rfc3339: "2026-04-21T08:00:00Z"))
      let request = try #require(server.requests.first)
      #expect(server.requests.count == 1 && request.method == "GET" && request.target == "/creds?a=b")
      #expect(request["authorization"] == "Bearer let me in" && request["accept"] == "application/json")
    }
  }

  @Test func `the token file wins over the variable`() async throws {
    let home = try TestHome()
    let file = try home.write("from the file", to: "token")
    try await withServer(answer: { _ in .text(Self.body) }) { server in
      _ = try await home.resolve([
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url(host: "localhost"),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "variable",
      ])
      #expect(server.requests.first?["authorization"] == "from the file")
    }
  }

  @Test func `a token with a line break is refused before anything is sent`() async throws {
    let home = try TestHome()
    let file = try home.write("token\n", to: "token")
    try await withServer(answer: { _ in .text(Self.body) }) { server in
      let name = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
      await #expect(
        throws: CredentialChainError.malformedSetting(source: "container endpoint", setting: name)
      ) {
        try await home.resolve(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url(), name: file])
      }
      #expect(server.requests.isEmpty)
    }
  }

  @Test(
    arguments: [
      "http://192.0.2.1/", "http://example.com/", "http://127.0.0.1.example.com/", "http://169.254.169.254/",
      "http://user@127.0.0.1/", "ftp://127.0.0.1/", "http://0x7f.1/", "http://[::2]/", "127.0.0.1",
    ])
  func `without TLS only loopback and the agents' addresses are asked`(url: String) async throws {
    await #expect(throws: CredentialChainError.containerEndpointRefused(url)) {
      try await TestHome().resolve(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
    }
  }

  @Test func `a relative URI stays on the agent's address`() async throws {
    await #expect(throws: CredentialChainError.containerEndpointRefused("@evil.example/")) {
      try await TestHome().resolve(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@evil.example/"])
    }
  }

  @Test func `a redirect is not followed`() async throws {
    try await withServer(answer: { _ in
      .text("", status: 302, headers: [HTTPField("Location", "http://127.0.0.1:1/")])
    }) { server in
      await #expect(throws: CredentialChainError.containerEndpointStatus(302)) {
        try await TestHome().resolve(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url()])
      }
    }
  }

  @Test func `an answer that is no credential is refused`() async throws {
    try await withServer(answer: { _ in .text(#"{"AccessKeyId":"K"}"#) }) { server in
      await #expect(
        throws: CredentialChainError.malformedDocument(
          source: "container endpoint",
          .memberMissing("SecretAccessKey")
        )
      ) {
        try await TestHome().resolve(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url()])
      }
    }
  }

  @Test func `a profile without a credential falls through to the container, as in the AWS CLI`() async throws
  {
    let home = try TestHome(config: "[default]\nregion = eu-west-1\n")
    try await withServer(answer: { _ in .text(Self.body) }) { server in
      let found = try await home.resolve(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url()])
      #expect(found.source == "container endpoint")
    }
  }
}
