// SPDX-License-Identifier: Apache-2.0
//
// `exeat trust`: what to configure at a service outside, and here, so that it takes this account's tokens; and whether it
// can. Asks the server for what nobody said: the issuer, and who is calling.

import ArgumentParser
import FederationClient
import IdentityModel
import StrictJSON

/// `exeat trust`.
struct TrustCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trust",
    abstract: "Print what to configure so that a service takes this account's tokens.",
    discussion: """
      Both sides: a policy and a federation config here, commands, Terraform and files there. Issuer and principal are
      asked of the server unless --issuer and --role-arn say them, or --placeholders leaves them open; whatever else
      nobody said is a placeholder, and named as one.
      --lint looks for what the service is known not to take; exit status 1 when there is an error.

      Services: \(TrustService.all.map(\.name).joined(separator: ", ")).
      """
  )

  @Argument(help: "The service.") var service: String
  @Option(help: "The issuer. Default: that of the caller's account.") var issuer: String?
  @Option(help: "The ARN of the role that gets the tokens, `sub`. Default: the caller's.") var roleArn:
    String?
  @Option(help: "The audience; may be repeated. Default: the service's own.") var audience: [String] = []
  @Option(help: "`ES384` or `RS256`. Default: what the service takes.") var algorithm: String?
  @Option(help: "The tokens' life, 60s to 12h; 900 is 900s. Default: 1h.") var duration: SecondsOption?
  @Option(help: ArgumentHelp("One of the service's own names; may be repeated.", valueName: "NAME=VALUE"))
  var set: [String] = []
  @Option(help: "The file on the service's machine with the authority of the issuer's certificate.")
  var trustedCa = TrustTerms.systemAuthorities
  @Option(help: "Print one part alone: cli, terraform, config, policy, federation-config.") var output:
    TrustPart?
  @Flag(help: "Ask no server: a placeholder stands for whatever no option says.") var placeholders = false
  @Flag(help: "Look for what the service does not take.") var lint = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    guard let service = TrustService.named(self.service) else {
      throw CommandFailure.usage(
        "there is no service `\(self.service)` here",
        hint:
          "one of: \(TrustService.all.map(\.name).joined(separator: ", ")); `oidc` and `saml` are for any other"
      )
    }
    if let algorithm, SigningAlgorithm(rawValue: algorithm) == nil {
      throw CommandFailure.usage("--algorithm: `\(algorithm)` is not ES384 or RS256")
    }
    let known = try await asked()
    let terms = try terms(service, known)
    let facts = try await facts(terms, fetches: lint)
    if lint {
      try report(TrustLint.findings(service, terms, facts))
      return
    }
    if let facts, let finding = TrustLint.reachability(service, facts) {
      Console.note("exeat: warning: \(finding.sentence)")
    }
    let printout = TrustPrintout(service: service, terms: terms)
    if let output {
      guard let text = printout.part(output) else {
        throw CommandFailure.usage(
          "there is no \(output.rawValue) for \(service.title)",
          hint:
            "it has: \(TrustPart.allCases.filter { printout.part($0) != nil }.map(\.rawValue).joined(separator: ", "))"
        )
      }
      if !terms.placeholders.isEmpty { Console.note("exeat: note: \(printout.placeholderLine)") }
      try Console.out(text.utf8)
    } else {
      try Console.out((json ? printout.json : printout.text).utf8)
    }
  }

  // MARK: values

  /// Issuer and principal by flags or by the server; `nil` only where `--placeholders` asks for that.
  private func asked() async throws(CommandFailure) -> (issuer: String?, subject: String?) {
    guard !placeholders, issuer == nil || roleArn == nil else { return (issuer, roleArn) }
    var known = (issuer: issuer, subject: roleArn)
    do throws(CommandFailure) {
      if known.issuer == nil {
        known.issuer = try await client.calling(.iam) { query, credential in
          try await TrustQuestions(query, credential: credential).issuer()
        }
      }
      if known.subject == nil {
        let arn = try await client.calling(.sts) { query, credential in
          try await STSClient(query, credential: credential).getCallerIdentity().arn
        }
        known.subject = TrustQuestions.principal(ofCaller: arn)
      }
    } catch {
      let hint = "--issuer and --role-arn say what the server would; --placeholders leaves it open"
      throw CommandFailure(
        message: error.message,
        hint: error.hint.map { "\($0); \(hint)" } ?? hint,
        status: error.status
      )
    }
    return known
  }

  private func terms(
    _ service: TrustService,
    _ known: (issuer: String?, subject: String?)
  ) throws(CommandFailure) -> TrustTerms {
    var settings: [(name: String, value: String)] = []
    for text in set {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw .usage("--set: `\(text)` is not NAME=VALUE") }
      settings.append((String(parts[0]), String(parts[1])))
    }
    do throws(TrustTermsError) {
      return try TrustTerms(
        for: service,
        issuer: known.issuer,
        subject: known.subject,
        audiences: audience,
        algorithm: algorithm,
        durationSeconds: duration?.seconds,
        settings: settings,
        authorities: trustedCa
      )
    } catch {
      throw .usage(Self.sentence(error, service))
    }
  }

  private static func sentence(_ error: TrustTermsError, _ service: TrustService) -> String {
    let plain = "only letters, digits and -._~:/?@+=, can go into configurations of every kind"
    return switch error {
    case .issuer(let text): "--issuer: `\(text)` is not an issuer: an https URL without a slash at its end"
    case .subject(let text): "--role-arn: `\(text)` is not the ARN of a role, a user or an account's root"
    case .audience(let text): "--audience: `\(text)`: \(plain)"
    case .unknownSetting(let name):
      "--set: `\(service.name)` has no `\(name)`; it has: \(service.settings.map(\.name).joined(separator: ", "))"
    case .setting(let name): "the value of `\(name)`: \(plain)"
    case .duration(let seconds): "--duration: \(seconds) is not 60 to 43200"
    }
  }

  private func facts(_ terms: TrustTerms, fetches: Bool) async throws -> IssuerFacts? {
    guard terms.knowsIssuer else { return nil }
    do {
      let environment = ClientEnvironment.live()
      let bundle = EndpointSettings.caBundle(.init(caFile: client.caFile), environment: environment)
      let roots = try bundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
      let http = FederationHTTPClient(trustRoots: roots)
      let facts = await IssuerFacts.of(terms.issuer, http: http, fetches: fetches)
      await http.shutdown()
      return facts
    } catch {
      throw CommandFailure(clientError: error)
    }
  }

  private func report(_ findings: [TrustFinding]) throws {
    if json {
      var writer = JSONWriter(isOneLine: true)
      writer.array { writer in
        for finding in findings {
          writer.object { writer in
            writer.member("severity", finding.severity.rawValue)
            writer.member("code", finding.code.rawValue)
            writer.member("sentence", finding.sentence)
          }
        }
      }
      Console.out(String(decoding: writer.bytes, as: UTF8.self))
    } else {
      for finding in findings { Console.out(Console.printable(finding.text)) }
    }
    guard !findings.contains(where: { $0.severity == .error }) else { throw ExitCode(1) }
  }
}
