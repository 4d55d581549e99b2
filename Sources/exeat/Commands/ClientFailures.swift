// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong on the client's side, as one line and a hint.

import Agent
import FederationClient
import IdentityModel

extension CommandFailure {
  /// The line for an error of a client command.
  init(clientError error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as EndpointSettingsError: self = Self.settings(error)
    case let error as CredentialChainError: self = Self.credentials(error)
    case let error as STSClientError: self = Self.call(error)
    case let error as FederationConfigError: self = Self.config(error)
    case let error as TrustRootsError: self = Self.trust(error)
    case let error as ClientCertificateError: self = Self.certificate(error)
    case let error as ProfileFilesError: self = Self.files(error)
    default: self = Self.exchange(error) ?? .failed(String(describing: error))
    }
  }

  /// The line for an error of the agent, which also knows whose credential was refused.
  init(agentError error: any Error) {
    let cause: String?
    switch error {
    case let error as AccessRefused:
      self.init(clientError: error.refusal)
      cause = error.usualCause
    case CredentialChainError.roleRefused(let source, let refusal):
      self.init(clientError: error)
      cause = AccessRefused(source: source, refusal: refusal).usualCause
    default:
      self.init(clientError: error)
      cause = nil
    }
    if let cause { self = .failed(message, hint: cause) }
  }

  private static func settings(_ error: EndpointSettingsError) -> CommandFailure {
    switch error {
    case .noEndpoint:
      .usage("no endpoint is named", hint: "give --endpoint-url or set AWS_ENDPOINT_URL")
    case .malformedEndpoint(let source, let problem):
      .usage("\(source): not an acceptable endpoint: \(problem.words)")
    case .endpointWithQuery(let source):
      .usage("\(source): an endpoint has no query")
    case .malformedRegion(let source):
      .usage("\(source): not a region name")
    case .servicesNotFound(let profile, let services):
      .failed("profile `\(profile)` names the services section `\(services)`, which is not there")
    }
  }

  private static func config(_ error: FederationConfigError) -> CommandFailure {
    switch error {
    case .call(let error): call(error)
    case .tokenType(let stored):
      .failed(
        "the config is there and gives \(stored) tokens; the kind of tokens never changes",
        hint: "delete it first, or give the new one another name"
      )
    }
  }

  private static func call(_ error: STSClientError) -> CommandFailure {
    let hint: String? =
      switch error {
      case .refused("OutboundWebIdentityFederationDisabledException", let message?, _, _)
      where message.utf8.elementsEqual("The issuer of the account is suspended.".utf8):
        "somebody stopped it; whoever may lets it go on: exeat keys resume"
      case .refused("OutboundWebIdentityFederationDisabledException", _, _, _):
        "switch it on: aws iam enable-outbound-web-identity-federation"
      case .refused("InvalidClientTokenId", _, _, _), .refused("SignatureDoesNotMatch", _, _, _):
        "check the access key, and that the endpoint is the server that knows it"
      case .refused("AccessDenied", _, _, let requestID?):
        "whoever runs the server sees why: exeat policy explain --data-dir DIR --request-id \(requestID)"
      case .http(.tlsFailed, _): trustHint
      case .http(.unreachable, _), .http(.connectionLost, _), .notAWSQuery: "check --endpoint-url"
      default: nil
      }
    return .failed(text(error), hint: hint)
  }

  /// What to do about a certificate that is not trusted.
  static let trustHint = "trust the server's CA with --ca-file or AWS_CA_BUNDLE"

  static func text(_ error: STSClientError) -> String {
    switch error {
    case .http(let error, let address): "no answer from \(address): \(text(error))"
    case .refused(let code, let message, _, let requestID):
      code + (message.map { ": \($0)" } ?? "") + (requestID.map { " (request id \($0))" } ?? "")
    case .notAWSQuery(let status, let address):
      "the answer of \(address) (status \(status)) is not that of an AWS Query service"
    case .malformedElement(let path, _): "the answer lacks a usable `\(path)`"
    case .unusableCredential: "the credentials hold characters that cannot be sent"
    }
  }

  static func text(_ error: FederationHTTPError) -> String {
    switch error {
    case .unreachable(let reason): reason
    case .connectionLost: "the connection was closed (does the server speak https?)"
    case .tlsFailed: FederationHTTPError.untrusted
    case .timedOut(let seconds): "nothing came within \(seconds) s"
    case .bodyTooLarge(let limit): "the answer is longer than \(limit) octets"
    case .notHTTP(let reason): "the answer is not HTTP: \(reason)"
    }
  }
}
