// SPDX-License-Identifier: Apache-2.0
//
// `exeat exchange`: a token of ours for access at another service, in one step. What each target may be told is in
// ExchangeSettings; here are the options and what is printed.

import ArgumentParser
import Exchange
import Federation
import FederationClient
import FoundationEssentials
import IdentityModel
import StrictJSON

/// `exeat exchange`.
struct ExchangeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exchange",
    abstract: "Trade a token for access at another service.",
    discussion: """
      TARGET is oauth (RFC 8693), jwt-bearer (RFC 7523), saml-bearer (RFC 7522), entra, google, aws, aws-saml or
      vault (OpenBao too). Asks a server for a token as `exeat token` does, or takes one from --token-file, and
      trades it. With --output google or file nothing is traded: the other side's own client does it.
      """
  )

  @Argument(help: "Where to trade.") var target: String
  @OptionGroup(title: "The token") var token: SubjectOptions
  @OptionGroup(title: "The other side") var settings: ExchangeOptions
  @OptionGroup(title: "The answer") var answer: ExchangeOutput
  @OptionGroup(title: "The server that gives the token") var client: ClientOptions

  func run() async throws {
    guard let kind = ExchangeKind(rawValue: target) else {
      let known = ExchangeKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw CommandFailure.usage("`\(target)` is not a target", hint: "targets: \(known)")
    }
    let place: ExchangeTarget
    do {
      place = try ExchangeTarget(
        kind,
        ExchangeSettings(settings.values, for: kind),
        permitsPlainHTTP: settings.allowPlainHttp,
        environment: .live()
      )
    } catch {
      throw CommandFailure(clientError: error)
    }
    try answer.check(for: kind)
    switch answer.output {
    case .google:
      let google = GoogleAccountFile.content(
        try google(place),
        source: try token.googleSource(place.usualAudience, client)
      )
      try answer.deliver(Secret(google.text(isOneLine: false)))
    case .file:
      let text = try await subject(place).secret
      try answer.deliver(text)
      Console.out(fileExports(kind).joined(separator: "\n"), unlessEmpty: true)
    default:
      if let missing = place.missingToTrade {
        throw CommandFailure(clientError: ExchangeSettingsError.missing(missing))
      }
      let given = try await trade(try await subject(place), at: place)
      try answer.deliver(given, as: kind)
    }
  }

  private func subject(_ place: ExchangeTarget) async throws(CommandFailure) -> SubjectToken {
    if let found = try token.atHand() { return found }
    let request = try token.request(place.usualAudience, for: place.kind)
    return try await client.calling(request.service) { query, credential in
      try await request.ask(query, credential).token
    }
  }

  private func trade(
    _ subject: SubjectToken,
    at place: ExchangeTarget
  ) async throws(CommandFailure) -> ExchangedCredential {
    do {
      let roots = try settings.targetCaFile.map { try TrustRoots.systemAnd(file: $0, in: .live()) } ?? .system
      let http = FederationHTTPClient(trustRoots: roots)
      let result: Result<ExchangedCredential, any Error>
      do {
        let client = ExchangeClient(http: http, clock: Assembly.systemClock.now)
        result = .success(try await place.trade(subject, with: client))
      } catch {
        result = .failure(error)
      }
      await http.shutdown()
      return try result.get()
    } catch {
      throw CommandFailure(clientError: error)
    }
  }

  private func google(_ place: ExchangeTarget) throws(CommandFailure) -> GoogleExchange {
    guard let google = place.google else { throw .usage("--output google goes with the target google") }
    return google
  }

  /// What the other side's own client reads to find the file.
  private func fileExports(_ kind: ExchangeKind) -> [String] {
    let path = answer.absoluteFile
    switch kind {
    case .entra:
      return [
        exportLine("AZURE_FEDERATED_TOKEN_FILE", path),
        exportLine("AZURE_TENANT_ID", settings.tenant ?? ""),
        exportLine("AZURE_CLIENT_ID", settings.clientId ?? ""),
      ] + (settings.authority.map { [exportLine("AZURE_AUTHORITY_HOST", $0)] } ?? [])
    case .aws:
      return [
        exportLine("AWS_WEB_IDENTITY_TOKEN_FILE", path),
        exportLine("AWS_ROLE_ARN", settings.roleArn ?? ""),
      ] + (settings.sessionName.map { [exportLine("AWS_ROLE_SESSION_NAME", $0)] } ?? [])
    default:
      return []
    }
  }
}

extension Console {
  /// Writes `text` as a line, and nothing when it is empty.
  fileprivate static func out(_ text: String, unlessEmpty: Bool) {
    if !text.isEmpty { out(text) }
  }
}
