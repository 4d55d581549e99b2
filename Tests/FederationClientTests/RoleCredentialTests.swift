// SPDX-License-Identifier: Apache-2.0

import FederationClient
import IdentityModel
import Testing

struct RoleCredentialTests {
  @Test func `takes on a role with the keys of the source profile`() async throws {
    let home = try TestHome(
      config: """
        [profile app]
        role_arn = arn:aws:iam::111122223333:role/app
        source_profile = base
        role_session_name = session
        external_id = a&b
        duration_seconds = 900
        """,
      credentials: "[base]\naws_access_key_id = BASE\naws_secret_access_key = secret\n"
    )
    try await withServer(answer: { _ in LoopbackSTS.role("AssumeRole", "ASIAROLE") }) { server in
      let found = try await home.resolve(profile: "app", endpoint: server.url())
      #expect(found.credential.exposed == ["ASIAROLE", "of ASIAROLE", "tok"])
      #expect(found.source == "role of profile app")
      #expect(found.expiration == Instant(rfc3339: "2026-04-21T08:37:10Z"))
      let request = try #require(server.requests.first)
      #expect(try LoopbackSTS.signer(of: request, secret: "secret") == "BASE")
      #expect(
        request.text
          == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fapp"
          + "&RoleSessionName=session&DurationSeconds=900&ExternalId=a%26b"
      )
    }
  }

  @Test func `takes on a role by way of another role`() async throws {
    let home = try TestHome(
      config: """
        [profile outer]
        role_arn = arn:aws:iam::1:role/outer
        source_profile = inner
        [profile inner]
        role_arn = arn:aws:iam::1:role/inner
        source_profile = inner
        aws_access_key_id = BASE
        aws_secret_access_key = secret
        [profile middle]
        role_arn = arn:aws:iam::1:role/middle
        credential_source = Environment
        [profile far]
        role_arn = arn:aws:iam::1:role/far
        source_profile = middle
        """
    )
    try await withServer(answer: { request in
      LoopbackSTS.role("AssumeRole", request.text.contains("middle") ? "MIDDLE" : "LAST")
    }) { server in
      // `inner` holds keys: as a source it gives those, as the profile itself it takes on its role with them.
      #expect(
        try await home.resolve(profile: "outer", endpoint: server.url()).credential.exposed.first == "LAST"
      )
      #expect(server.requests.count == 1)
      #expect(try LoopbackSTS.signer(of: server.requests[0], secret: "secret") == "BASE")
      _ = try await home.resolve(profile: "inner", endpoint: server.url())
      #expect(try LoopbackSTS.signer(of: server.requests[1], secret: "secret") == "BASE")

      let variables = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "env"]
      _ = try await home.resolve(variables, profile: "far", endpoint: server.url())
      #expect(try LoopbackSTS.signer(of: server.requests[2], secret: "env") == "ENV")
      #expect(try LoopbackSTS.signer(of: server.requests[3], secret: "of MIDDLE") == "MIDDLE")
      #expect(server.requests[3]["x-amz-security-token"] == "tok")
    }
  }

  @Test func `trades a web identity token, unsigned`() async throws {
    let home = try TestHome()
    let file = try home.write("header.payload.signature\n", to: "token")
    try home.write(
      "[profile wi]\nrole_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = \(file)\n",
      to: ".aws/config"
    )
    try await withServer(answer: { _ in LoopbackSTS.role("AssumeRoleWithWebIdentity", "ASIAWEB") }) {
      server in
      let byProfile = try await home.resolve(profile: "wi", endpoint: server.url())
      #expect(byProfile.credential.exposed.first == "ASIAWEB")
      let byVariables = try await home.resolve(
        [
          "AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:aws:iam::1:role/v",
          "AWS_ROLE_SESSION_NAME": "n",
        ],
        endpoint: server.url()
      )
      #expect(byVariables.source == "web identity role of the environment")
      #expect(server.requests.allSatisfy { $0["authorization"] == nil })
      #expect(
        server.requests[0].text
          == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
          + "&RoleSessionName=exeat-1776757030&WebIdentityToken=header.payload.signature"
      )
      #expect(server.requests[1].text.contains("role%2Fv&RoleSessionName=n&"))
    }
  }

  @Test func `a circle of source profiles ends`() async throws {
    let home = try TestHome(
      config: """
        [profile a]
        role_arn = arn:aws:iam::1:role/a
        source_profile = b
        [profile b]
        role_arn = arn:aws:iam::1:role/b
        source_profile = a
        [profile self]
        role_arn = arn:aws:iam::1:role/s
        source_profile = self
        [profile both]
        role_arn = arn:aws:iam::1:role/s
        source_profile = a
        credential_source = Environment
        [profile lost]
        role_arn = arn:aws:iam::1:role/s
        source_profile = nowhere
        [profile none]
        role_arn = arn:aws:iam::1:role/s
        """
    )
    let expected: [(String, CredentialChainError)] = [
      ("a", .sourceProfileLoop(["a", "b", "a"])),
      ("self", .sourceProfileLoop(["self", "self"])),
      ("both", .conflictingSettings(profile: "both", "source_profile", "credential_source")),
      ("lost", .sourceProfileUnusable(profile: "lost", source: "nowhere")),
      ("none", .incomplete(source: "role of profile none", missing: "source_profile")),
    ]
    for (name, error) in expected {
      await #expect(throws: error) { try await home.resolve(profile: name) }
    }
  }

  @Test func `a refusal of STS is passed on with code and message`() async throws {
    let home = try TestHome(
      config: "[profile app]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = base\n",
      credentials: "[base]\naws_access_key_id = BASE\naws_secret_access_key = secret\n"
    )
    try await withServer(answer: { _ in LoopbackSTS.error(403, "AccessDenied", "no") }) { server in
      await #expect(
        throws: CredentialChainError.roleRefused(
          source: "role of profile app",
          .refused(code: "AccessDenied", message: "no", httpStatus: 403, requestID: "r-2")
        )
      ) { try await home.resolve(profile: "app", endpoint: server.url()) }
    }
  }
}
