// SPDX-License-Identifier: Apache-2.0
//
// On which terms any token is issued, whatever its kind and whoever defined the call: not beyond the session that asks, and
// only while the account wants tokens. Source: contract §1.4–1.6.

import IdentityModel

extension AuthorizedCall {
  /// When a token ends that is issued now for `seconds`.
  ///
  /// Throws SessionDurationEscalationException when the session that asks ends before: nothing is shortened in silence.
  func tokenExpiration(afterSeconds seconds: Int) throws(ServiceError) -> Instant {
    let expiration = now.advanced(bySeconds: Int64(seconds))
    if let session = authenticated.caller.session, expiration > session.expiration {
      throw ServiceError(
        code: "SessionDurationEscalationException",
        httpStatus: 403,
        message: "Requested token expiry time must be before the original session's expiry time."
      )
    }
    return expiration
  }
}

extension IssuerSubject {
  /// The issuer that issues tokens.
  ///
  /// Throws OutboundWebIdentityFederationDisabledException when the account has none, it is off, or it is suspended.
  func issuing() throws(ServiceError) -> Issuer {
    guard let issuer, issuer.stored.record.isEnabled else {
      throw ServiceError(
        code: "OutboundWebIdentityFederationDisabledException",
        httpStatus: 403,
        message: "OutboundWebIdentityFederation is disabled."
      )
    }
    guard issuer.stored.record.suspendDate == nil else {
      throw ServiceError(
        code: "OutboundWebIdentityFederationDisabledException",
        httpStatus: 403,
        message: "The issuer of the account is suspended."
      )
    }
    return issuer
  }
}
