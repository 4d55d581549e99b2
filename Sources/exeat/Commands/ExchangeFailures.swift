// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong in an exchange, as one line with the other side's own code, and a hint where its usual cause is
// known.

import Exchange
import FederationClient

extension CommandFailure {
  /// The line for an error of an exchange; `nil` for any other.
  static func exchange(_ error: any Error) -> CommandFailure? {
    switch error {
    case let error as ExchangeError: exchangeError(error)
    case let error as ExchangeSettingsError: settingsError(error)
    case let error as SubjectTokenError: tokenError(error)
    case let error as TokenFileError: .failed("cannot write `\(error.path)`: \(error.reason)")
    default: nil
    }
  }

  private static func exchangeError(_ error: ExchangeError) -> CommandFailure {
    switch error {
    case .endpoint(let setting, let reason):
      .usage("--\(setting): \(reason)", hint: "--allow-plain-http speaks http beyond this machine")
    case .tokenKind(let wanted, let given):
      .failed("the target takes a \(wanted), and this is a \(given)", hint: "see --federation-config")
    case .actorToken(let reason):
      .failed("--actor-token: \(reason)")
    case .http(let error, let address):
      .failed(
        "no answer from \(address): \(text(error))",
        hint: error.isTrust ? "trust its CA with --target-ca-file" : nil
      )
    case .redirected(let status, let address):
      .failed("\(address) redirects (status \(status)), and the token is not sent along")
    case .refused(let refusal):
      .failed(
        "\(refusal.service.rawValue) at \(refusal.address) refused with \(refusal.code)"
          + (refusal.message.map { ": \($0)" } ?? ""),
        hint: refusal.usualCause
      )
    case .malformedAnswer(let status, let what, let address):
      .failed(
        "the answer of \(address) (status \(status)) lacks a usable `\(what)`",
        hint: "is this the service's address?"
      )
    case .askedToWait(let seconds, let status, let address):
      .failed("\(address) asks to wait \(seconds) s (status \(status))")
    }
  }

  private static func settingsError(_ error: ExchangeSettingsError) -> CommandFailure {
    switch error {
    case .unknown(let setting): .usage("--\(setting.rawValue) means nothing to this target")
    case .missing(let setting): .usage("--\(setting.rawValue) is missing")
    case .malformed(let setting, let reason): .usage("--\(setting.rawValue): \(reason)")
    }
  }

  private static func tokenError(_ error: SubjectTokenError) -> CommandFailure {
    switch error {
    case .empty: .failed("--token-file: there is no token in it")
    case .tooLarge(let limit): .failed("--token-file: it is longer than \(limit) octets")
    case .unknownKind: .failed("--token-file: it is neither a JWT nor SAML in base 64")
    }
  }
}

extension FederationHTTPError {
  fileprivate var isTrust: Bool {
    if case .tlsFailed = self { true } else { false }
  }
}
