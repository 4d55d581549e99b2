// SPDX-License-Identifier: Apache-2.0
//
// The server refused what the agent asked with its own credential: with which one, and what usually lies behind the
// code. A row needs a source; a code without one has no row. Codes: botocore sts/2011-06-15; AWS STS API Reference,
// Common Error Types.

package import FederationClient

/// The server refused what the agent asked with its own credential.
package struct AccessRefused: Error, Hashable, Sendable {
  /// Where the credential was found, as `ResolvedCredential.source` says it.
  package let source: String
  /// What the server said.
  package let refusal: STSClientError

  /// Pairs both.
  package init(source: String, refusal: STSClientError) {
    self.source = source
    self.refusal = refusal
  }

  /// Whether another credential may help: the code speaks of the key or its session, not of what they may do.
  package var isOfTheCredential: Bool {
    guard case .refused(let code, _, _, _) = refusal else { return false }
    return [
      "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
      "SignatureDoesNotMatch",
    ].contains(code)
  }

  /// What usually causes it and what to do; `nil` where nobody said.
  package var usualCause: String? {
    guard case .refused(let code, let message, _, _) = refusal else { return nil }
    switch code {
    // The message is AWS's own, and Exeat's.
    case "AccessDenied" where message?.contains("assumed by root") == true:
      return "the agent signs as the account's root user: give it the key of a user or the session of a role"
    case "AccessDenied", "AccessDeniedException":
      return
        "a policy must allow the agent's identity this action, with the audience, lifetime and algorithm that the file"
        + " asks for; where a role is assumed, the role's trust policy must name the identity too"
    case "ExpiredToken", "ExpiredTokenException":
      return "the session of the agent's own credential (\(source)) has ended: \(renewal)"
    case "InvalidClientTokenId", "UnrecognizedClientException":
      return "the server does not know the key of \(source): it was deleted, or is for another server"
    case "SignatureDoesNotMatch":
      return
        "the secret key of \(source) belongs to another key, or the clocks differ by more than five minutes"
    case "ValidationError", "InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter":
      return
        "the server does not take what the agent's file asks for: audience, algorithm, duration, tags or role"
    case "SessionDurationEscalationException":
      return "a token may not outlive the session that asks for it: ask for a shorter `duration`"
    case "NoSuchEntity":
      return "what the agent's file names is not in this account"
    default:
      return nil
    }
  }

  /// Who gives a new session.
  private var renewal: String {
    if source.utf8.elementsEqual("environment".utf8) {
      return "start the agent again with new values of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and"
        + " AWS_SESSION_TOKEN, or give it a source that renews itself (a profile with role_arn, a web identity"
        + " token file)"
    }
    if source.utf8.starts(with: "profile ".utf8) {
      return "put a new session into the profile, which the agent reads again, or let it name a role_arn"
    }
    return "whatever gives it gave an old one: look there, and compare the clocks"
  }
}
