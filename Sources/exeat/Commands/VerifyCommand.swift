// SPDX-License-Identifier: Apache-2.0
//
// `exeat verify`: checks any JWT as a relying party would, and says which check failed.

import ArgumentParser
import Federation
import FederationClient
import FoundationEssentials
import IdentityModel

/// `exeat verify`.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a token as a relying party would: discovery, keys, signature, time, audience.",
    discussion: """
      Without --issuer the issuer that the token names is asked; private and loopback addresses are refused
      then, unless --allow-private-issuer, --issuer or --ca-file says that they are meant.
      """
  )

  @Argument(help: "The token; `-` or nothing reads standard input.") var token: String?
  @Option(help: "The only issuer to accept.") var issuer: String?
  @Option(help: "The audience that must be among the token's.") var audience: String?
  @Option(help: "How far clocks may differ, in seconds.") var leeway = 60
  @Option(help: "A PEM file of the CAs to trust. Default: AWS_CA_BUNDLE, SSL_CERT_FILE.") var caFile: String?
  @Flag(help: "Fetch from private and loopback addresses, and plain http on loopback.")
  var allowPrivateIssuer = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    guard (0...86_400).contains(leeway) else {
      throw CommandFailure.usage("--leeway: \(leeway) is not 0 to 86400")
    }
    let environment = ClientEnvironment.live()
    let report: VerificationReport
    do {
      let bundle = EndpointSettings.caBundle(.init(caFile: caFile), environment: environment)
      let roots = try bundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
      let http = FederationHTTPClient(trustRoots: roots)
      let isMeant = allowPrivateIssuer || issuer != nil || caFile != nil
      report = await TokenInspection(
        http: http,
        policy: IssuerPolicy(allowPrivateAddresses: isMeant, allowHTTPOnLoopback: isMeant)
      ).verifyToken(
        try input(),
        expectedIssuer: issuer,
        expectedAudience: audience,
        now: Assembly.systemClock.now(),
        leewaySeconds: Int64(leeway)
      )
      await http.shutdown()
    } catch {
      throw CommandFailure(clientError: error)
    }
    Console.out(json ? String(decoding: report.json, as: UTF8.self) : report.text)
    guard let failure = report.failure else { return }
    let mayBePrivate = issuer == nil && caFile == nil && !allowPrivateIssuer
    throw CommandFailure.failed(
      "the token is not acceptable: `\(failure.check.rawValue)` failed: \(failure.reason)",
      hint: failure.check == .discovery && mayBePrivate
        ? "if a private or loopback issuer is meant, say so with --issuer URL or --allow-private-issuer" : nil
    )
  }

  private func input() throws(CommandFailure) -> String {
    if let token, token != "-" { return token }
    let limit = 1 << 20
    guard let data = try? StandardInput.read(limit: limit) else {
      throw .failed("cannot read standard input")
    }
    return String(decoding: data, as: UTF8.self).trimmingCharacters()
  }
}

extension String {
  fileprivate func trimmingCharacters() -> String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\n" || $0 == "\r\n" || $0 == "\t" }
    var text = self[...]
    while let first = text.first, isSpace(first) { text = text.dropFirst() }
    while let last = text.last, isSpace(last) { text = text.dropLast() }
    return String(text)
  }
}
