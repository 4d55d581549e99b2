// SPDX-License-Identifier: Apache-2.0
//
// `exeat verify`: checks any JWT as a relying party would, and says which check failed.

import ArgumentParser
import Federation
import FederationClient
import IdentityModel

/// `exeat verify`.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a token as a relying party would: discovery, keys, signature, audience, time, status.",
    discussion: """
      Without --issuer the issuer that the token names is asked; private and loopback addresses are refused
      then, unless --allow-private-issuer, --issuer or --ca-file says that they are meant.

      A token that names a status list is looked up in it, and refused when it was revoked or the list cannot be had.

      --require-transparency demands that the issuer's log has promised the token (header member `tlog`), so that a
      token which was minted with a stolen key and stands in no log is refused. --proof demands its record too.
      """
  )

  @Argument(help: "The token; `-` or nothing reads standard input.") var token: String?
  @Option(help: "A file with the token.") var file: String?
  @Option(help: "The only issuer to accept.") var issuer: String?
  @Option(help: "The audience that must be among the token's.") var audience: String?
  @Option(help: "How far clocks may differ, in seconds.") var leeway = 60
  @Option(help: "A PEM file of the CAs to trust. Default: AWS_CA_BUNDLE, SSL_CERT_FILE.") var caFile: String?
  @Flag(help: "Fetch from private and loopback addresses, and plain http on loopback.")
  var allowPrivateIssuer = false
  @Flag(help: "Demand that the token is in the issuer's log.") var requireTransparency = false
  @Option(
    help: ArgumentHelp("The verifier key of that log, or a file with it.", valueName: "key|file")
  )
  var logKey: String?
  @Option(help: ArgumentHelp("A proof that the token's record is in the log.", valueName: "file")) var proof:
    String?
  @Option(
    help: ArgumentHelp(
      "The log, as a URL or a folder: its checkpoint must fit that of the proof; a folder with records needs no proof.",
      valueName: "url|folder"
    )
  )
  var log: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let demand = try TransparencyDemand(
      isMade: requireTransparency,
      logKey: logKey,
      proof: proof,
      log: log,
      caFile: caFile
    )
    guard (0...86_400).contains(leeway) else {
      throw CommandFailure.usage("--leeway: \(leeway) is not 0 to 86400")
    }
    guard audience != "" else { throw CommandFailure.usage("--audience is empty") }
    guard file == nil || token == nil else {
      throw CommandFailure.usage("a token and --file exclude each other")
    }
    let environment = ClientEnvironment.live()
    var report: VerificationReport
    do {
      let bundle = EndpointSettings.caBundle(.init(caFile: caFile), environment: environment)
      let roots = try bundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
      let http = FederationHTTPClient(trustRoots: roots)
      let isMeant = allowPrivateIssuer || issuer != nil || caFile != nil
      report = try await TokenInspection(
        http: http,
        policy: IssuerPolicy(allowPrivateAddresses: isMeant, allowHTTPOnLoopback: isMeant)
      ).verifyToken(
        try input(),
        expectedIssuer: issuer,
        expectedAudience: audience,
        log: demand?.promisingLog,
        now: Assembly.systemClock.now(),
        leewaySeconds: Int64(leeway)
      )
      await http.shutdown()
    } catch {
      throw CommandFailure(clientError: error)
    }
    if let promised = report.promised,
      let outcome = try await demand?.inclusion(of: promised, claims: report.claims)
    {
      report.conclude(inclusion: outcome)
    }
    Console.out(json ? String(decoding: report.json, as: UTF8.self) : report.text)
    guard !report.isAccepted else { return }
    guard let failure = report.failure else { throw CommandFailure.failed("the token is not acceptable") }
    throw CommandFailure.failed(
      "the token is not acceptable: `\(failure.check.rawValue)` failed: \(failure.reason)",
      hint: hint(failure.check, failure.reason)
    )
  }

  private func hint(_ check: VerificationReport.Check, _ reason: String) -> String? {
    guard check == .discovery || check == .jwks else { return nil }
    if reason.hasSuffix(FederationHTTPError.untrusted) { return CommandFailure.trustHint }
    let mayBePrivate = issuer == nil && caFile == nil && !allowPrivateIssuer
    return check == .discovery && mayBePrivate
      ? "if a private or loopback issuer is meant, say so with --issuer URL or --allow-private-issuer" : nil
  }

  // SECURITY: the argument is never a path, since scripts pass what a stranger sent.
  private func input() throws(CommandFailure) -> String {
    let limit = 1 << 20
    let data: [UInt8]
    if let file {
      data = try StandardInput.read(regularFile: file, limit: limit)
    } else if let token, token != "-" {
      return token
    } else {
      guard let read = try? StandardInput.read(limit: limit) else {
        throw .failed("cannot read standard input")
      }
      data = read
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
