// SPDX-License-Identifier: Apache-2.0
//
// A role for whom an identity provider vouches, through the whole house: who gets in, who does not and with which words,
// and what is on record.

import Federation
import IdentityModel
import StrictJSON
import Testing

struct AssumeRoleWithWebIdentityTests {
  @Test func `a service account gets the role, and its own token says by whose word`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole(
        "app",
        trust: providerTrust(
          #"""
          "StringEquals":{"oidc.test/cluster:sub":"system:serviceaccount:ns:app",
          "oidc.test/cluster:aud":"sts.amazonaws.com"}
          """#
        )
      )
      let token = try await server.providerToken(key)
      let answer = await server.assumeWithToken(role, token)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:ns:app")
      #expect(answer["Provider"] == TestServer.clusterARN && answer["Audience"] == "sts.amazonaws.com")
      #expect(answer["Arn"] == "arn:aws:sts::123456789012:assumed-role/app/app-1")
      #expect(answer["AssumedRoleId"] == "AROAAAAAAAAAAAAAAROLE:app-1")
      #expect(answer["PackedPolicySize"] == nil && answer["SourceIdentity"] == nil)
      let session = try #require(answer.credentials)
      #expect(await server.call("GetCallerIdentity", as: session)["Arn"] == answer["Arn"])
      let out = try #require(await server.token(as: session)["WebIdentityToken"])
      let claims = try #require(try payloadOfToken(out)["https://sts.amazonaws.com/"]?.object)
      #expect(claims["federated_provider"] == .string(TestServer.clusterARN))

      let records = try await server.records()
      let record = try #require(records.first { $0.contains("AssumeRoleWithWebIdentity") })
      #expect(
        record.contains(
          #""userIdentity":{"type":"WebIdentityUser","principalId":"\#(TestServer.clusterARN):sts.amazonaws.com:"#
            + #"system:serviceaccount:ns:app","userName":"system:serviceaccount:ns:app","#
            + #""identityProvider":"\#(TestServer.clusterARN)"}"#
        ),
        "\(record)"
      )
      #expect(record.contains(#""recipientAccountId":"123456789012""#))
      // Neither the token nor what was made of it is in the log.
      let signature = try #require(token.split(separator: ".").last)
      let secret = session.secret, sessionToken = try #require(session.sessionToken)
      #expect(
        records.allSatisfy { !$0.contains(signature) && !$0.contains(secret) && !$0.contains(sessionToken) }
      )
    }
  }

  @Test(arguments: [
    (#""StringEquals":{"oidc.test/cluster:sub":"system:serviceaccount:ns:other"}"#, false),
    (#""StringLike":{"oidc.test/cluster:sub":"system:serviceaccount:ns:*"}"#, true),
    (#""StringEquals":{"other.test:sub":"system:serviceaccount:ns:app"}"#, false),
    (#""StringEquals":{"oidc.test/cluster:repository_id":"42"}"#, true),
    (#""StringEquals":{"sts:RoleSessionName":"app-1"}"#, true),
    (#""StringEquals":{"sts:RoleSessionName":"app-2"}"#, false),
    (
      #""StringEquals":{"aws:FederatedProvider":"arn:aws:iam::123456789012:oidc-provider/oidc.test/cluster"}"#,
      true
    ),
    (#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#, true),
    (#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#, false),
    (#""Bool":{"aws:SecureTransport":"true"}"#, false),
    (#""Bool":{"sts:RoleAuthorizedByIdp":"true"}"#, false),
    (#""DateLessThan":{"aws:CurrentTime":"2000-01-01T00:00:00Z"}"#, false),
  ])
  func `the trust policy decides by the claims and the request`(condition: String, isAllowed: Bool)
    async throws
  {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust(condition))
      let token = try await server.providerToken(key, #","repository_id":"42""#)
      let answer = await server.assumeWithToken(role, token)
      #expect(answer.status == (isAllowed ? 200 : 403), "\(answer.text)")
      if !isAllowed {
        #expect(answer.code == "AccessDenied")
        #expect(answer["Message"] == "Not authorized to perform sts:AssumeRoleWithWebIdentity")
      }
    }
  }

  @Test func `a role that trusts others, or does not exist, refuses in the same words`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let token = try await server.providerToken(key)
      let roles = [
        try await server.storeRole("accounts"),
        try await server.storeRole("others", trust: providerTrust(provider: TestServer.clusterARN + "2")),
        try await server.storeRole(
          "wrong-action",
          trust: providerTrust(actions: #""sts:AssumeRole","sts:AssumeRoleWithSAML""#)
        ),
        "arn:aws:iam::123456789012:role/nobody", "arn:aws:iam::123456789012:role/path/accounts",
      ]
      var answers: Set<String> = []
      for role in roles {
        let answer = await server.assumeWithToken(role, token)
        #expect(answer.status == 403 && answer.code == "AccessDenied", "\(role): \(answer.text)")
        answers.insert(answer["Message"] ?? "")
      }
      #expect(answers == ["Not authorized to perform sts:AssumeRoleWithWebIdentity"])
    }
  }

  @Test func `why a trust policy refused is on record, and the caller does not read it`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let token = try await server.providerToken(key)
      let role = try await server.storeRole(
        "app",
        trust: providerTrust(#""StringEquals":{"oidc.test/cluster:sub":"system:serviceaccount:ns:other"}"#)
      )
      let refused = await server.assumeWithToken(role, token)
      #expect(refused.code == "AccessDenied" && !refused.text.contains("ns:other"))
      let record = try #require(try await server.records().last)
      #expect(
        record.contains(
          #""policyDecision":{"action":"sts:AssumeRoleWithWebIdentity","resource":"\#(role)","#
            + #""decision":"implicitDeny","#
        ),
        "\(record)"
      )
      #expect(
        record.contains(
          #""key":"oidc.test/cluster:sub","policyValues":["system:serviceaccount:ns:other"],"#
            + #""requestValues":["system:serviceaccount:ns:app"]"#
        ),
        "\(record)"
      )
      #expect(record.contains(#""recipientAccountId":"123456789012""#) && !record.contains(token))
    }
  }

  @Test func `a statement that denies is named, and a stranger cannot make the record long`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let statements = (0..<40).map { number in
        #"{"Sid":"Other\#(number)","Effect":"Allow","Principal":{"Federated":"\#(TestServer.clusterARN)"},"#
          + #""Action":"sts:AssumeRoleWithWebIdentity","#
          + #""Condition":{"StringEquals":{"oidc.test/cluster:sub":"\#(String(repeating: "x", count: 200))"}}}"#
      }
      let deny =
        #"{"Sid":"NotHere","Effect":"Deny","Principal":{"Federated":"\#(TestServer.clusterARN)"},"#
        + #""Action":"sts:*"}"#
      let role = try await server.storeRole(
        "app",
        trust: #"{"Version":"2012-10-17","Statement":[\#((statements + [deny]).joined(separator: ","))]}"#
      )
      let refused = await server.assumeWithToken(role, try await server.providerToken(key))
      #expect(refused["Message"] == "Not authorized to perform sts:AssumeRoleWithWebIdentity")
      let record = try #require(try await server.records().last)
      let data = try #require(try JSONReader.read(Array(record.utf8)).object?["additionalEventData"])
      let decision = try #require(data.object?["policyDecision"]?.object)
      #expect(decision["decision"]?.string == "explicitDeny" && decision["sid"]?.string == "NotHere")
      var writer = JSONWriter(isOneLine: true)
      writer.value(data)
      #expect(writer.bytes.count < 2560, "\(writer.bytes.count)")
      let long = "arn:aws:iam::123456789012:role/\(String(repeating: "ä", count: 1900))/x"
      _ = await server.assumeWithToken(long, try await server.providerToken(key))
      let again = try #require(try await server.records().last)
      let longData = try #require(try JSONReader.read(Array(again.utf8)).object?["additionalEventData"])
      let resource = longData.object?["policyDecision"]?.object?["resource"]?.string
      #expect(resource == String(long.prefix(256)))
      let unspeakable = await server.assumeWithToken(role + "\u{1}", try await server.providerToken(key))
      #expect(unspeakable.code == "ValidationError")
    }
  }

  @Test func `a provider is one of the role's own account, by its exact URL`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let other = try #require(AccountID("210987654321"))
      let foreign = try await server.storeRole("app", trust: providerTrust(), account: other)
      for (role, name) in [
        (foreign, TestServer.cluster), (role, "OIDC.test/cluster"), (role, "oidc.test/cluster/"),
      ] {
        let answer = await server.assumeWithToken(role, try await server.providerToken(key, name: name))
        #expect(answer.status == 400 && answer.code == "InvalidIdentityToken", "\(name): \(answer.text)")
        #expect(answer["Message"] == "No OpenIDConnect provider found in your account for https://\(name)")
      }
      #expect(server.providers.count == 0)
    }
  }

  @Test func `a token that fails a check gets nothing, whatever the role trusts`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let stranger = try await server.house.signer.makeKey(.es384, for: try #require(TestServer.account))
      let good = try await server.providerToken(key)
      func refusal(_ token: String) async -> String {
        let answer = await server.assumeWithToken(role, token)
        return "\(answer.status) \(answer.code ?? "")"
      }
      #expect(await refusal(good) == "200 ")
      #expect(await refusal(try await server.providerToken(stranger)) == "400 InvalidIdentityToken")
      #expect(
        await refusal(try await server.providerToken(key, audience: "x")) == "400 InvalidIdentityToken"
      )
      #expect(await refusal("abcd") == "400 InvalidIdentityToken")
      server.clock.advance(seconds: 3661)
      #expect(await refusal(good) == "400 ExpiredTokenException")
      let lost = try await server.registerProvider("lost.test", isKnown: false)
      #expect(
        await refusal(try await server.providerToken(lost, name: "lost.test")) == "400 IDPCommunicationError"
      )
    }
  }

  @Test func `parameters are checked before the token, which no message shows`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let token = try await server.providerToken(key)
      func refusal(
        _ role: String,
        _ token: String,
        session: String = "app-1",
        _ more: [(String, String)] = []
      ) async -> String {
        let answer = await server.assumeWithToken(role, token, session: session, more)
        #expect(answer.status == 400 && answer.code == "ValidationError", "\(answer.text)")
        return answer["Message"] ?? ""
      }
      let long = String(repeating: "s", count: 20_001)
      #expect(
        await refusal(role, long)
          == "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: "
          + "Member must have length less than or equal to 20000"
      )
      #expect(
        await refusal(role, "abc")
          == "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: "
          + "Member must have length greater than or equal to 4"
      )
      #expect(await refusal("not an arn, but twenty", token) == "not an arn, but twenty is invalid")
      #expect(await refusal(role, token, session: "a b").contains("roleSessionName"))
      #expect(await refusal(role, token, [("DurationSeconds", "899")]).contains("'899' at 'durationSeconds'"))
      #expect(await refusal(role, token, [("DurationSeconds", "43201")]).contains("43200"))
      #expect(
        await refusal(role, token, [("DurationSeconds", "3601")])
          == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
      )
      #expect(await refusal(role, token, [("ProviderId", "www.amazon.com")]).contains("`www.amazon.com`"))
      #expect(
        await refusal(role, token, [("PolicyArns.member.1.arn", "arn:aws:iam::123456789012:policy/no")])
          .contains("does not exist")
      )
      let broken = await server.assumeWithToken(role, token, [("Policy", "{}")])
      #expect(broken.code == "MalformedPolicyDocument")
      #expect(try await server.records().allSatisfy { !$0.contains(long.prefix(300)) })
    }
  }

  @Test(arguments: [("", true), ("\n", true), ("\r\n", true), ("\n\n", false), (" ", false), ("\nx", false)])
  func `a token may have the line end of its file behind it, and nothing else`(_ end: String, isTaken: Bool)
    async throws
  {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let answer = await server.assumeWithToken(role, try await server.providerToken(key) + end)
      #expect(answer.code == (isTaken ? nil : "InvalidIdentityToken"))
    }
  }

  @Test func `a signature that comes with the call is not looked at`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let token = try await server.providerToken(key)
      let nonsense = HTTPField("Authorization", "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=y, Signature=z")
      #expect(await server.assumeWithToken(role, token, headers: [nonsense]).status == 200)
      // And it opens nothing else: another action still needs its own.
      let other = await server.assumeWithToken(role, token, [], headers: [])
      #expect(other.status == 200)
      let unsigned = await server.site.respond(
        to: APIRequest(
          method: "POST",
          target: "/",
          headers: [
            HTTPField("Host", "sts.example.test"),
            HTTPField("Content-Type", "application/x-www-form-urlencoded"),
          ],
          body: Array("Action=GetCallerIdentity&Version=2011-06-15&WebIdentityToken=\(token)".utf8),
          sourceIPAddress: "192.0.2.7",
          tls: nil
        )
      )
      #expect(unsigned.status == 403)
      // The name is IAM's nowhere.
      let wrongService = await server.site.respond(
        to: APIRequest(
          method: "POST",
          target: "/",
          headers: [
            HTTPField("Host", "sts.example.test"),
            HTTPField("Content-Type", "application/x-www-form-urlencoded"),
          ],
          body: Array("Action=AssumeRoleWithWebIdentity&Version=2010-05-08&WebIdentityToken=\(token)".utf8),
          sourceIPAddress: "192.0.2.7",
          tls: nil
        )
      )
      #expect(wrongService.status == 403)
    }
  }

  @Test func `a token of this server opens a role only where its issuer is registered, and for one audience`()
    async throws
  {
    try await TestServer.run { server in
      let issuer = try #require(
        await server.call("GetOutboundWebIdentityFederationInfo")["IssuerIdentifier"]
      )
      let name = String(issuer.dropFirst("https://".count))
      let role = try await server.storeRole(
        "app",
        trust: providerTrust(provider: "arn:aws:iam::123456789012:oidc-provider/\(name)")
      )
      let token = try #require(await server.token(audience: "exeat")["WebIdentityToken"])
      #expect(await server.assumeWithToken(role, token).code == "InvalidIdentityToken")
      _ = try await server.registerProvider(name, clientIDs: ["exeat"], isKnown: false)
      #expect(await server.assumeWithToken(role, token).status == 200)
      let two = await server.call(
        "GetWebIdentityToken",
        ["Audience.member.1": "exeat", "Audience.member.2": "b", "SigningAlgorithm": "ES384"]
      )
      let refused = await server.assumeWithToken(role, try #require(two["WebIdentityToken"]))
      #expect(refused["Message"] == "A token of this server must have a single audience")
      #expect(server.providers.count == 0)
    }
  }

  @Test func `strangers with tokens fill the log no further than strangers without`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole(
        "app",
        trust: providerTrust(#""StringEquals":{"oidc.test/cluster:sub":"x"}"#)
      )
      let token = try await server.providerToken(key)
      var throttled = 0
      for _ in 0..<2100 {
        if await server.assumeWithToken(role, token).code == "Throttling" { throttled += 1 }
      }
      #expect(throttled == 100)
      // Whoever is let in is recorded all the same.
      let open = try await server.storeRole("open", trust: providerTrust())
      #expect(await server.assumeWithToken(open, token).status == 200)
    }
  }
}
