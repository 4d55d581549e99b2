// SPDX-License-Identifier: Apache-2.0
//
// The words for what failed: every error that a verification can meet, by exhaustive switches, so that a new case
// stops the build. Texts are lower case, one line, values in backticks; whoever prints them removes control
// characters.

import IdentityModel
import RelyingParty
import StrictJSON
import TokenFormats

/// The check that `error` fails, in the order in which `JWTVerifier` makes them.
func check(of error: JWTVerificationError) -> VerificationReport.Check {
  switch error {
  case .tooLong, .notCompact, .notBase64URL, .notJSON(.header, _), .notJSON(.signature, _),
    .notAnObject(.header), .notAnObject(.signature), .algorithmMissing, .algorithmNotAllowed, .keyIDMissing:
    .parse
  case .extensionNotUnderstood(let name): name.utf8.elementsEqual("cty".utf8) ? .claims : .parse
  case .keyUnknown, .keyAmbiguous, .algorithmOfAnotherKey, .keyDoesNotFit, .keyNotDetermined: .key
  case .signatureInvalid: .signature
  case .typeMismatch, .notJSON(.payload, _), .notAnObject(.payload), .claimMissing, .issuerMismatch: .claims
  case .claimMalformed(let name): name.utf8.elementsEqual("nbf".utf8) ? .notBefore : .claims
  case .expired, .tooOld: .expiration
  case .notYetValid, .issuedInTheFuture, .lifetimeTooLong: .notBefore
  case .audienceMismatch, .authorizedPartyMismatch, .severalAudiences: .audience
  }
}

/// What to say of a check of `JWTVerifier` that held.
func detail(_ check: VerificationReport.Check, claims: JSONObject?) -> String {
  func time(_ name: String) -> String {
    (claims?[name]?.int64).map { Instant(seconds: $0).rfc3339 } ?? "present"
  }
  return switch check {
  case .key: "one key of the set has the `kid` and signs with the `alg`"
  case .signature: "made by that key"
  case .claims: "sub `\(claims?["sub"]?.string ?? "")`"
  case .expiration: "expires \(time("exp"))"
  case .notBefore:
    claims?["nbf"] == nil ? "issued \(time("iat"))" : "issued \(time("iat")), valid from \(time("nbf"))"
  case .parse, .issuer, .discovery, .jwks, .audience, .status, .transparency, .inclusion: ""
  }
}

func reason(_ error: JWTVerificationError) -> String {
  switch error {
  case .tooLong(let limit): "the token is longer than \(limit) bytes"
  case .notCompact: "a token is three parts joined by dots: header, payload, signature"
  case .notBase64URL(let part): "the \(part) is not base64url without padding"
  case .notJSON(let part, let error): "the \(part) is not JSON: \(reason(error))"
  case .notAnObject(let part): "the \(part) is not a JSON object"
  case .algorithmMissing: "the header holds no `alg`"
  case .algorithmNotAllowed(let name): "the `alg` is `\(name)`; RS256 and ES384 are accepted"
  case .extensionNotUnderstood(let name): "the header holds `\(name)`, which changes how a token is read"
  case .keyIDMissing: "the header holds no `kid`"
  case .keyUnknown(let id): "no usable key of the set has the kid `\(id)`"
  case .keyAmbiguous(let id): "more than one key of the set has the kid `\(id)`"
  case .algorithmOfAnotherKey(let algorithm):
    "the key with this `kid` does not sign with \(algorithm.rawValue)"
  case .keyDoesNotFit(let algorithm): "the key with this `kid` is not for \(algorithm.rawValue)"
  case .keyNotDetermined(let algorithm):
    "the header holds no `kid`, and the set has not exactly one key for \(algorithm.rawValue)"
  case .typeMismatch: "the `typ` is that of another kind of token"
  case .signatureInvalid: "the signature is not that key's over this header and payload"
  case .claimMissing(let name): "there is no `\(name)`"
  case .claimMalformed(let name): "`\(name)` has the wrong type or an impossible value"
  case .issuerMismatch(let issuer): "`iss` is `\(issuer)`"
  case .audienceMismatch(let audiences): "`aud` is \(audiences.map { "`\($0)`" }.joined(separator: ", "))"
  case .authorizedPartyMismatch(let party): "`azp` is `\(party)`, which is not an accepted client"
  case .severalAudiences: "`aud` names several audiences"
  case .tooOld(let instant): "the token was issued too long ago, at \(instant.rfc3339)"
  case .expired(let instant): "the token expired at \(instant.rfc3339)"
  case .notYetValid(let instant): "the token is not valid before \(instant.rfc3339)"
  case .issuedInTheFuture(let instant): "the token was issued in the future, at \(instant.rfc3339)"
  case .lifetimeTooLong(let limit): "the token lives longer than \(limit) s"
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

func reason(_ error: StatusListError) -> String {
  switch error {
  case .claimMissing(let name): "there is no `\(name)`"
  case .claimMalformed(let name): "`\(name)` has the wrong type or an impossible value"
  case .notAStatusList: "the `typ` is not `\(StatusListToken.type)`"
  case .token(let error): reason(error)
  case .otherList(let uri): "it is the list `\(uri)`"
  case .expired(let instant): "the list expired at \(instant.rfc3339)"
  case .issuedInTheFuture(let instant): "the list was issued in the future, at \(instant.rfc3339)"
  case .notCompressed: "`lst` is no zlib data, or is too long"
  case .indexOutOfBounds(let index): "the list has no place \(index)"
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
