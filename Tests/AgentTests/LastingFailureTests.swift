// SPDX-License-Identifier: Apache-2.0

import Agent
import Exchange
import FederationClient
import IdentityModel
import Testing

struct LastingFailureTests {
  private let site = "https://vault.example/v1/auth/jwt/login"

  private func refused(_ code: String, _ status: Int, _ message: String? = nil) -> STSClientError {
    .refused(code: code, message: message, httpStatus: status, requestID: nil)
  }

  @Test(arguments: [
    ("AccessDenied", 403, true), ("ValidationError", 400, true), ("ExpiredToken", 403, true),
    ("InvalidClientTokenId", 403, true), ("OutboundWebIdentityFederationDisabledException", 403, true),
    ("Throttling", 400, false), ("ThrottlingException", 400, false), ("IDPCommunicationError", 400, false),
    ("InternalFailure", 500, false), ("ServiceUnavailable", 503, false), ("AccessDenied", 502, false),
  ])
  func `a refusal lasts unless the server has trouble of its own`(code: String, status: Int, lasts: Bool) {
    let refusal = refused(code, status)
    #expect(LastingFailure.isLasting(refusal) == lasts)
    #expect(LastingFailure.isLasting(AccessRefused(source: "environment", refusal: refusal)) == lasts)
    #expect(LastingFailure.isLasting(CredentialChainError.roleRefused(source: "x", refusal)) == lasts)
  }

  @Test func `what the network does passes`() {
    let errors: [FederationHTTPError] = [
      .unreachable(reason: ""), .connectionLost, .tlsFailed(reason: ""), .timedOut(seconds: 1),
      .bodyTooLarge(limit: 1), .notHTTP(reason: ""),
    ]
    for error in errors {
      #expect(!LastingFailure.isLasting(STSClientError.http(error, address: site)))
      #expect(!LastingFailure.isLasting(ExchangeError.http(error, address: site)))
      #expect(!LastingFailure.isLasting(CredentialChainError.containerEndpointUnreachable(error)))
    }
    #expect(!LastingFailure.isLasting(STSClientError.notAWSQuery(httpStatus: 404, address: site)))
    #expect(!LastingFailure.isLasting(STSClientError.malformedElement("a", requestID: nil)))
    #expect(LastingFailure.isLasting(STSClientError.unusableCredential))
  }

  @Test(arguments: [
    (400, true), (401, true), (403, true), (404, true), (408, false), (412, false), (425, false),
    (429, false),
    (500, false), (503, false),
  ])
  func `the other side's refusal lasts unless its status says otherwise`(status: Int, lasts: Bool) {
    let refusal = ExchangeRefusal(
      service: .vault,
      status: status,
      code: "HTTP \(status)",
      message: nil,
      address: site
    )
    #expect(LastingFailure.isLasting(ExchangeError.refused(refusal)) == lasts)
  }

  @Test func `an exchange passes where its own code or its answer says so`() {
    let busy = ExchangeRefusal(
      service: .aws,
      status: 400,
      code: "IDPCommunicationError",
      message: nil,
      address: site
    )
    #expect(!LastingFailure.isLasting(ExchangeError.refused(busy)))
    #expect(!LastingFailure.isLasting(ExchangeError.redirected(status: 302, address: site)))
    #expect(!LastingFailure.isLasting(ExchangeError.malformedAnswer(status: 200, what: "a", address: site)))
    #expect(!LastingFailure.isLasting(ExchangeError.askedToWait(seconds: 90, status: 429, address: site)))
    #expect(LastingFailure.isLasting(ExchangeError.tokenKind(wanted: "a", given: "b")))
    #expect(LastingFailure.isLasting(ExchangeError.endpoint(setting: "a", reason: "b")))
  }

  @Test(arguments: [
    (ExchangeService.vault, 400, "HTTP 400", "error verifying token: fetching keys oidc: get keys failed"),
    (.aws, 400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider"),
    (.google, 400, "invalid_grant", "Error connecting to the given credential's issuer."),
    (.entra, 400, "AADSTS70021", "No matching federated identity record found"),
  ])
  func `what the other side could not fetch, or does not know yet, passes`(
    service: ExchangeService,
    status: Int,
    code: String,
    message: String
  ) {
    func isLasting(_ code: String, _ message: String?) -> Bool {
      LastingFailure.isLasting(
        ExchangeError.refused(
          ExchangeRefusal(
            service: service,
            status: status,
            code: code,
            message: message,
            address: "https://sts.example/"
          )
        )
      )
    }
    #expect(!isLasting(code, message))
    #expect(isLasting(code + "1", "another"))
  }

  @Test func `a role's provider that could not be asked passes`() {
    let code = "InvalidIdentityToken"
    let passing = refused(code, 400, "Couldn't retrieve verification key from your identity provider")
    #expect(!LastingFailure.isLasting(CredentialChainError.roleRefused(source: "x", passing)))
    #expect(
      LastingFailure.isLasting(CredentialChainError.roleRefused(source: "x", refused(code, 400, "another")))
    )
    #expect(LastingFailure.isLasting(refused(code, 400)))
  }

  @Test func `one refusal may pass, two in a row do not`() {
    let status = AgentStatus([("a", nil), ("b", nil)])
    #expect(status.failed(0, "no", isLasting: true) == 1)
    #expect(status.failed(1, "no", isLasting: true) == 1)
    #expect(status.refused == [])
    #expect(status.failed(0, "away", isLasting: false) == 0)
    #expect(status.failed(0, "no", isLasting: true) == 1)
    #expect(status.refused == [])
    #expect(status.failed(0, "still no", isLasting: true) == 2)
    #expect(status.refused == ["a: still no"])
  }

  @Test func `a credential that is not there lasts, and one that was late or half written passes`() {
    #expect(LastingFailure.isLasting(CredentialChainError.noCredentials))
    #expect(LastingFailure.isLasting(CredentialChainError.profileNotFound("a")))
    #expect(!LastingFailure.isLasting(CredentialChainError.expired(source: "a", Instant(seconds: 1))))
    #expect(
      LastingFailure.isLasting(CredentialChainError.expired(source: "environment", Instant(seconds: 1)))
    )
    #expect(!LastingFailure.isLasting(CredentialChainError.incomplete(source: "a", missing: "b")))
    #expect(!LastingFailure.isLasting(CredentialChainError.containerEndpointStatus(500)))
    #expect(!LastingFailure.isLasting(CredentialChainError.processFailed(source: "a", .timedOut(seconds: 1))))
  }

  @Test(arguments: [(Int32(2), true), (13, true), (30, true), (28, false), (5, false), (24, false)])
  func `a folder that is not there lasts, and a full disk passes`(errno: Int32, lasts: Bool) {
    #expect(LastingFailure.isLasting(TokenFileError(path: "/a", errno: errno)) == lasts)
  }

  @Test func `what nobody knows passes`() {
    #expect(!LastingFailure.isLasting(CancellationError()))
    #expect(!LastingFailure.isLasting(DeadOnArrival()))
  }

  @Test func `the cause of a refusal is told where it is known`() {
    func cause(_ refusal: STSClientError, _ source: String = "environment") -> String? {
      AccessRefused(source: source, refusal: refusal).usualCause
    }
    let root = cause(refused("AccessDenied", 403, "Roles may not be assumed by root accounts."))
    #expect(root?.contains("the key of a user") == true)
    #expect(cause(refused("AccessDenied", 403))?.contains("trust policy") == true)
    #expect(cause(refused("ExpiredToken", 403))?.contains("AWS_SESSION_TOKEN") == true)
    #expect(cause(refused("ExpiredToken", 403), "profile a")?.contains("AWS_SESSION_TOKEN") == false)
    #expect(cause(refused("ExpiredToken", 403), "profile a")?.contains("into the profile") == true)
    #expect(cause(refused("ExpiredToken", 403), "container endpoint")?.contains("clocks") == true)
    #expect(cause(refused("SomethingElse", 400)) == nil)
    #expect(cause(.unusableCredential) == nil)
  }
}
