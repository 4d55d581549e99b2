// SPDX-License-Identifier: Apache-2.0
//
// Whom an answer names as the caller, so that the server knows whose turn the next request is; and what those read whose
// request was never looked at.

import Federation
import IdentityModel
import Testing

@Suite struct ProvenCallerTests {
  @Test func `an answer names the account whose key signed, also when the call was refused then`()
    async throws
  {
    try await TestServer.run { server in
      let account = try #require(TestServer.account)
      #expect(await server.token().caller == account)
      let nobody = try await server.user("nobody")
      let denied = await server.token(as: nobody)
      #expect(denied.code == "AccessDenied")
      #expect(denied.caller == account)
      let quota = try #require(RequestQuota(requestsPerSecond: 0, burst: 1))
      try await OperatorAccounts.setQuota(quota, of: account, house: server.house, now: server.clock.now)
      let throttled = await server.token()
      #expect(throttled.code == "Throttling")
      #expect(throttled.caller == account)
    }
  }

  @Test func `without a right signature nobody is named, whatever key is claimed`() async throws {
    try await TestServer.run { server in
      let forged = await server.token(as: Keys(id: Keys.root.id, secret: "another secret"))
      #expect(forged.code == "SignatureDoesNotMatch")
      #expect(forged.caller == nil)
      let unknown = await server.token(as: Keys(id: "AKIANOBODYNOBODYNOBO", secret: "a secret"))
      #expect(unknown.code == "InvalidClientTokenId")
      #expect(unknown.caller == nil)
      #expect(await server.get("/health/live").caller == nil)
    }
  }

  @Test func `a request that is not looked at gets 503 in the protocol that it speaks, and no record`()
    async throws
  {
    try await TestServer.run { server in
      let before = try await server.records().count
      let cases: [(String?, String)] = [
        (nil, "text/xml"),
        ("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.ListTrails", "application/x-amz-json-1.1"),
      ]
      for (target, contentType) in cases {
        let response = server.site.overloaded(
          APIRequest(
            method: "POST",
            target: "/",
            headers: target.map { [HTTPField("X-Amz-Target", $0)] } ?? [],
            body: [],
            sourceIPAddress: "192.0.2.7",
            tls: nil
          )
        )
        #expect(response.status == 503)
        #expect(response.caller == nil)
        #expect(response.headers.contains { $0.hasName("retry-after") && $0.value == "1" })
        #expect(response.headers.contains { $0.hasName("content-type") && $0.value.hasPrefix(contentType) })
        #expect(String(decoding: response.body, as: UTF8.self).contains("ServiceUnavailable"))
      }
      let elsewhere = server.site.overloaded(
        APIRequest(
          method: "GET",
          target: "/metrics",
          headers: [],
          body: [],
          sourceIPAddress: "192.0.2.7",
          tls: nil
        )
      )
      #expect(elsewhere.status == 503)
      #expect(elsewhere.headers.contains { $0.hasName("retry-after") })
      let exchange = server.site.overloaded(
        APIRequest(
          method: "POST",
          target: "/01234567-89ab-cdef-0123-456789abcdef/token",
          headers: [],
          body: [],
          sourceIPAddress: "192.0.2.7",
          tls: nil
        )
      )
      #expect(exchange.status == 503)
      #expect(exchange.headers.contains { $0.hasName("retry-after") && $0.value == "1" })
      #expect(exchange.headers.contains { $0.hasName("content-type") && $0.value == "application/json" })
      #expect(String(decoding: exchange.body, as: UTF8.self).contains(#""error":"temporarily_unavailable""#))
      #expect(try await server.records().count == before)
      // The page and the call that speaks XML, where the error is so named; the exchange has an action's name.
      let counts = String(decoding: await server.get("/metrics").body, as: UTF8.self)
      #expect(counts.contains(#"exeat_calls_total{action="Unknown",code="ServiceUnavailable"} 2"#))
      #expect(
        counts.contains(#"exeat_calls_total{action="ExchangeOutboundToken",code="ServiceUnavailable"} 1"#)
      )
    }
  }

  @Test func `whether the server lives is said at once, and nothing else is`() async throws {
    try await TestServer.run { server in
      let live = try #require(server.site.immediateAnswer(method: "GET", path: "/health/live"))
      #expect(live.status == 200)
      #expect(live.body == Array("live\n".utf8))
      let posted = try #require(server.site.immediateAnswer(method: "POST", path: "/health/live"))
      #expect(posted.status == 405)
      for path in ["/", "/health/ready", "/metrics", "/health/live/"] {
        #expect(server.site.immediateAnswer(method: "GET", path: path[...])?.status == nil)
      }
    }
  }
}
