// SPDX-License-Identifier: Apache-2.0
//
// Why an exchange gave nothing. What the other side said is kept in its own words, without control characters and
// without the token that it was shown.

package import FederationClient

/// Whose words an error code is.
package enum ExchangeService: String, Hashable, Sendable {
  /// Any authorization server: RFC 6749 §5.2, RFC 8693 §2.2.2.
  case oauth = "the authorization server"
  /// Microsoft Entra ID.
  case entra = "Microsoft Entra ID"
  /// Google Cloud.
  case google = "Google Cloud"
  /// AWS STS, or a server with its API.
  case aws = "AWS STS"
  /// HashiCorp Vault or OpenBao.
  case vault = "Vault"
}

/// What the other side said when it refused.
package struct ExchangeRefusal: Hashable, Sendable {
  /// Who.
  package let service: ExchangeService
  /// The HTTP status.
  package let status: Int
  /// Its error code: `invalid_grant`, `AADSTS700213`, `PERMISSION_DENIED`, `InvalidIdentityToken`.
  ///
  /// Vault has none: `HTTP 403`.
  package let code: String
  /// Its message; `nil` without one.
  package let message: String?
  /// The address that answered, without a query.
  package let address: String

  /// Gathers the parts; texts are made printable.
  package init(service: ExchangeService, status: Int, code: String, message: String?, address: String) {
    self.service = service
    self.status = status
    self.address = printable(address)
    self.code = printable(code)
    self.message = message.map(printable)
  }

  /// What usually causes it; `nil` where nobody said.
  package var usualCause: String? { UsualCause.of(self)?.words }

  /// Whether its usual cause may pass by itself: keys that could not be fetched, what was made a moment ago.
  package var mayPass: Bool { UsualCause.of(self)?.mayPass ?? false }
}

/// Why an exchange gave nothing.
package enum ExchangeError: Error, Hashable, Sendable {
  /// A URL is none, or is plain http beyond this machine: the setting and why.
  case endpoint(setting: String, reason: String)
  /// The target takes another kind of token: what it takes and what it was given.
  case tokenKind(wanted: String, given: String)
  /// The file with the actor's token has none: why.
  case actorToken(reason: String)
  /// There was no whole answer from the address, which has no query, here and below.
  case http(FederationHTTPError, address: String)
  /// The answer is a redirect, which is never followed: the token would go along.
  case redirected(status: Int, address: String)
  /// The other side refused.
  case refused(ExchangeRefusal)
  /// The answer is not in the form that its service promises: the member or element that is missing or malformed.
  case malformedAnswer(status: Int, what: String, address: String)
  /// The other side asked to be left alone for longer than anybody waits.
  case askedToWait(seconds: Int64, status: Int, address: String)
}
