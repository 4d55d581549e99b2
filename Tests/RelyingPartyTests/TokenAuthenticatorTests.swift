// SPDX-License-Identifier: Apache-2.0
//
// The middleware in a real server that is asked over HTTP: who gets through, and what those who do not are told.

import Hummingbird
import HummingbirdTesting
import NIOCore
import RelyingParty
import RelyingPartyHummingbird
import Testing

private struct TestContext: TokenRequestContext {
  var coreContext: CoreRequestContextStorage
  var verifiedToken: VerifiedToken?

  init(source: Source) {
    coreContext = .init(source: source)
  }
}

struct TokenAuthenticatorTests {
  private let key = TestKey.es384()

  /// The answer to a request with these `Authorization` fields.
  private func answer(
    _ fields: [String],
    documents: TestDocuments? = nil
  ) async throws -> (status: Int, challenge: String?, retryAfter: String?, body: String) {
    let router = Router(context: TestContext.self)
    let verifier = try testVerifier(documents ?? TestDocuments([key]))
    router.add(middleware: TokenAuthenticator(verifier, realm: "te\"st"))
    router.get("/whoami") { _, context in context.verifiedToken?.subject ?? "nobody" }
    let application = Application(
      router: router,
      configuration: .init(address: .hostname("127.0.0.1", port: 0))
    )
    return try await application.test(.live) { client in
      var headers = HTTPFields()
      headers[values: .authorization] = fields
      return try await client.execute(uri: "/whoami", method: .get, headers: headers) { response in
        (
          response.status.code, response.headers[.wwwAuthenticate], response.headers[.retryAfter],
          String(buffer: response.body)
        )
      }
    }
  }

  @Test(arguments: ["Bearer", "bearer", "BEARER"])
  func `a good token gets through, and the handler sees whose it is`(scheme: String) async throws {
    let answer = try await answer(["\(scheme) \(try key.token(claims()))"])
    #expect(answer.status == 200)
    #expect(answer.body == "arn:aws:iam::111122223333:role/Worker")
  }

  @Test(arguments: [[], ["Basic dGVzdDp0ZXN0"], ["Bearerx"]])
  func `a request without a token is asked for one`(fields: [String]) async throws {
    let answer = try await answer(fields)
    #expect(answer.status == 401)
    #expect(answer.challenge == #"Bearer realm="test""#)
    #expect(answer.body.isEmpty)
  }

  @Test func `a token that does not hold is refused without saying why`() async throws {
    let expired = try key.token(claims([("exp", "\(testNow - 100)")]))
    for token in [expired, try TestKey.es384().token(claims()), "x", "a.b.c"] {
      let answer = try await answer(["Bearer \(token)"])
      #expect(answer.status == 401)
      #expect(answer.challenge == #"Bearer realm="test", error="invalid_token""#)
      #expect(answer.body.isEmpty)
    }
  }

  @Test func `a header that two readers could read in two ways is refused as such`() async throws {
    let good = "Bearer \(try key.token(claims()))"
    for fields in [[good, good], ["Bearer "], ["Bearer"], [good + " x"], [good + ", Basic x"]] {
      let answer = try await answer(fields)
      #expect(answer.status == 400, "\(fields)")
      #expect(answer.challenge == #"Bearer realm="test", error="invalid_request""#)
    }
  }

  @Test func `a token that cannot be checked just now is not called bad`() async throws {
    let documents = TestDocuments([key])
    documents.set { $0.failure = .unavailable("no connection") }
    let answer = try await answer(["Bearer \(try key.token(claims()))"], documents: documents)
    #expect(answer.status == 503)
    #expect(answer.retryAfter == "5")
    #expect(answer.challenge == nil)
  }
}
