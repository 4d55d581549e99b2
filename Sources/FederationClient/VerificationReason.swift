// SPDX-License-Identifier: Apache-2.0
//
// The words for what failed: every error that the client can meet, by exhaustive switches, so that a new case stops the
// build. Texts are lower case, one line, values in backticks; whoever prints them removes control characters.

import IdentityModel
import RelyingParty
import TokenFormats

/// The library's words for `failure`, with what was expected where it cannot know how that came about.
func reason(
  _ failure: VerificationFailure,
  expectedIssuer: String,
  expectedAudience: String
) -> String {
  switch failure {
  case .algorithmNotAllowed(let name): "the `alg` is `\(name)`; RS256 and ES384 are accepted"
  case .issuerNotTrusted(let issuer): "the issuer is `\(issuer)`, expected `\(expectedIssuer)`"
  case .keysUnavailable(let reason): reason.description
  case .audienceMismatch: "the audience `\(expectedAudience)` was expected; \(failure)"
  default: failure.description
  }
}

func reason(_ error: TransparencyPromiseError) -> String {
  switch error {
  case .malformed: "the `tlog` of the header is no promise"
  case .otherLog: "the promise is another log's"
  case .signatureInvalid: "the promise is not signed by the log for this token"
  case .madeInTheFuture(let instant): "the promise was made in the future, at \(instant.rfc3339Milliseconds)"
  }
}

func reason(_ error: HTTPURLError) -> String {
  switch error {
  case .scheme: "it does not begin with `https://`"
  case .userInformation: "it holds user information"
  case .fragment: "it holds a fragment"
  case .host: "its host is malformed"
  case .port: "its port is malformed"
  case .path: "it holds a byte that must be escaped"
  }
}

func reason(_ error: IssuerFetchError) -> String {
  switch error {
  case .insecure: "an issuer must use https"
  case .unresolved(let host): "the host `\(host)` has no address"
  case .addressRefused(let host, let address):
    "the host `\(host)` has the address \(address) (\(describe(address.reach))), which is not contacted"
  case .http(.tlsFailed): FederationHTTPError.untrusted
  case .http(let error): reason(error)
  case .redirected(let status): "answered with a redirect (\(status)), which is not followed"
  case .status(let status): "answered with status \(status)"
  }
}

func reason(_ error: FederationHTTPError) -> String {
  switch error {
  case .unreachable(let reason): "no connection: \(reason)"
  case .connectionLost: "the connection was closed before the answer was whole"
  case .tlsFailed(let reason): "TLS failed: \(reason)"
  case .timedOut(let seconds): "no whole answer within \(seconds) s"
  case .bodyTooLarge(let limit): "the answer is longer than \(limit) bytes"
  case .notHTTP(let reason): "no acceptable HTTP message: \(reason)"
  }
}

private func describe(_ reach: IPAddress.Reach) -> String {
  switch reach {
  case .global: "public"
  case .loopback: "loopback"
  case .privateNetwork: "private network"
  case .linkLocal: "link-local"
  case .special: "special purpose"
  }
}
