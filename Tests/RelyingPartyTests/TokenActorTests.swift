// SPDX-License-Identifier: Apache-2.0
//
// Who acts for the subject of a verified token, and that a claim which cannot be read is never nobody.

import RelyingParty
import Testing

struct TokenActorTests {
  private let key = TestKey.es384()

  private func verified(_ act: String?) async throws -> VerifiedToken {
    let token = try key.token(claims([("act", act)]))
    return try await testVerifier(TestDocuments([key])).verify(token)
  }

  @Test func `actors stand in their order, the current one first`() async throws {
    #expect(try await verified(nil).actors().isEmpty)
    let nested = #"{"sub":"agent","act":{"iss":"https://x.test","sub":"gateway"}}"#
    let actors = try await verified(nested).actors()
    #expect(actors.map(\.subject) == ["agent", "gateway"])
    #expect(actors.map(\.issuer) == [testIssuer, "https://x.test"])
  }

  @Test(arguments: [
    "null", "[]", "{}", #""agent""#, #"{"sub":1}"#, #"{"sub":"a","act":1}"#,
    #"{"sub":"1","act":{"sub":"2","act":{"sub":"3","act":{"sub":"4","act":{"sub":"5"}}}}}"#,
  ])
  func `a claim that cannot be read throws`(act: String) async throws {
    let token = try await verified(act)
    #expect(throws: VerificationFailure.claimMalformed("act")) { try token.actors() }
  }
}
