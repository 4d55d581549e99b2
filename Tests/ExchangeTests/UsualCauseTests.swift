// SPDX-License-Identifier: Apache-2.0

import Exchange
import Testing

struct UsualCauseTests {
  private func cause(_ service: ExchangeService, _ code: String, _ message: String? = nil) -> String? {
    ExchangeRefusal(
      service: service,
      status: 400,
      code: code,
      message: message,
      address: "https://a.example/t"
    )
    .usualCause
  }

  @Test(arguments: [
    (ExchangeService.entra, "AADSTS5002738", nil as String?, "RS256"),
    (.entra, "AADSTS700213", nil, "upper and lower case"),
    (.entra, "AADSTS70021", nil, "some minutes"),
    (.google, "invalid_target", nil, "--provider"),
    (.google, "invalid_grant", "Error connecting to the given credential's issuer.", "public"),
    (.google, "PERMISSION_DENIED", nil, "workloadIdentityUser"),
    (
      .aws, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider",
      "five seconds"
    ),
    (.aws, "InvalidIdentityToken", "No OpenIDConnect provider found", "registered"),
    (.vault, "HTTP 403", "permission denied", "--mount"),
    (.vault, "HTTP 400", "role \"x\" could not be found", "--role"),
    (.oauth, "invalid_grant", nil, "expired"),
  ])
  func `a known code comes with what usually causes it`(
    service: ExchangeService,
    code: String,
    message: String?,
    words: String
  ) throws {
    let hint = try #require(cause(service, code, message))
    #expect(hint.contains(words))
  }

  @Test func `Entra and Google speak OAuth where they say nothing of their own`() {
    #expect(cause(.entra, "invalid_client") == cause(.oauth, "invalid_client"))
    #expect(cause(.google, "invalid_grant", "another reason") == cause(.oauth, "invalid_grant"))
  }

  @Test func `an unknown code has no hint`() {
    #expect(cause(.entra, "AADSTS1") == nil)
    #expect(cause(.aws, "invalid_grant") == nil)
    #expect(cause(.vault, "HTTP 500", "internal error") == nil)
    #expect(cause(.oauth, "invalid_grant2") == nil)
  }

  @Test func `what the other side says cannot steer a terminal`() {
    let refusal = ExchangeRefusal(
      service: .oauth,
      status: 400,
      code: "a\u{1B}[31m",
      message: "b\nc",
      address: "https://a.example/\u{1B}"
    )
    #expect(refusal.code == "a [31m" && refusal.message == "b c")
  }
}
