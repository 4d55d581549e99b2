// SPDX-License-Identifier: Apache-2.0
//
// `exeat rp-test`: sends good and bad tokens at a service and says which bad ones it let in and which good ones it
// refused.

import ArgumentParser
import Exchange
import Federation
import FederationClient
import FoundationEssentials
import IdentityModel

/// `exeat rp-test`.
struct RelyingPartyTestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rp-test",
    abstract: "Send good and bad tokens at a service that accepts tokens, and report what it does.",
    discussion: """
      The issuer is a running `exeat dev`, which the service under test must trust: it alone signs tokens that no
      issuer should sign. Ends with 0 when nothing was found, with 1 when a bad token was let in or a good one was
      refused, with 3 when that could not be found out: the issuer or the service is not there, or is another.

      With --change-keys the issuer's keys are rotated and revoked and its key set is withheld, as the last thing; only an
      `exeat dev` lets anybody do that.
      """
  )

  @Argument(help: "The service: an http or https URL that answers differently with and without a good token.")
  var url: String
  @Option(help: "The audience that the service expects.") var audience: String
  @Option(
    help: ArgumentHelp(
      "An algorithm that the service accepts. May be repeated. Default: both.",
      valueName: "name"
    )
  )
  var signingAlgorithm: [String] = []
  @Option(help: "Send the token alone in this header instead of `Authorization: Bearer`.") var header: String?
  @Option(help: "Post the token in this form field instead.") var form: String?
  @Option(help: "Statuses for a token that is let in.") var expectStatus = "2xx"
  @Option(help: "Statuses for a token that is refused.") var refuseStatus = "400,401,403,413,414,431"
  @Option(help: ArgumentHelp("A PEM file of the CAs to trust for the service.", valueName: "file"))
  var serviceCaFile: String?
  @Flag(help: "Speak http with a service beyond this machine.") var allowPlainHttp = false
  @Option(help: ArgumentHelp("Run this case alone. May be repeated.", valueName: "id")) var only: [String] =
    []
  @Flag(help: "Also try keys that are rotated, revoked and withheld. Changes the keys of `exeat dev`.")
  var changeKeys = false
  @Option(
    help: ArgumentHelp(
      "How long to wait for the service after each change of keys: 330 or 330s, 1h. Without this 330s: the key set may be kept for 300.",
      valueName: "time"
    )
  )
  var wait: SecondsOption?
  @Flag(help: "List the cases and end.") var list = false
  @Flag(help: "Print JSON.") var json = false
  @Option(help: ArgumentHelp("Write JUnit XML to this file.", valueName: "file")) var junit: String?
  @OptionGroup var client: ClientOptions

  func run() async throws {
    do {
      try await test()
    } catch let failure as CommandFailure where failure.status == 1 {
      // Status 1 says that something was found.
      throw CommandFailure(message: "could not test: \(failure.message)", hint: failure.hint, status: 3)
    }
  }

  private func test() async throws {
    let algorithms = try algorithms()
    let now = Assembly.systemClock.now()
    let changing = RelyingPartyCase.keyChangeCases
    let cases = RelyingPartyCase.all(algorithms, now: now) + (changeKeys || list ? changing : [])
    for id in only where !cases.contains(where: { $0.id == id }) {
      guard !changing.contains(where: { $0.id == id }) else {
        throw CommandFailure.usage(
          "--only: `\(id)` changes the issuer's keys",
          hint: "give --change-keys too"
        )
      }
      throw CommandFailure.usage("--only: there is no case `\(id)`", hint: "see `exeat rp-test --list`")
    }
    let seconds = try waitSeconds()
    let chosen = cases.filter { only.isEmpty || only.contains($0.id) }
    guard !list else {
      for test in chosen { Console.out("\(test.isGood ? "good" : "bad ") \(test.id): \(test.meaning)") }
      return
    }
    let target = try target()
    let result: Result<RelyingPartyReport, any Error>
    do {
      result = .success(try await report(target, chosen, algorithms, wait: seconds))
    } catch {
      result = .failure(error)
    }
    await target.http.shutdown()
    let report: RelyingPartyReport
    do {
      report = try result.get()
    } catch {
      throw CommandFailure(clientError: error)
    }
    if let junit {
      guard (try? Data(report.junit.utf8).write(to: URL(filePath: junit), options: .atomic)) != nil else {
        throw CommandFailure.failed("--junit: cannot write \(junit)")
      }
    }
    Console.out(json ? report.json : report.text)
    guard report.findings.isEmpty else { throw ExitCode(1) }
  }

  private func report(
    _ target: RelyingPartyTarget,
    _ cases: [RelyingPartyCase],
    _ algorithms: [SigningAlgorithm],
    wait: Int
  ) async throws -> RelyingPartyReport {
    try await client.calling(.sts) { sts, credential in
      try await client.calling(.iam) { iam, _ in
        let environment = ClientEnvironment.live()
        let bundle = EndpointSettings.caBundle(.init(caFile: client.caFile), environment: environment)
        let issuerHTTP = FederationHTTPClient(
          trustRoots: try bundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
        )
        let made: Result<TokenWorkshop, any Error>
        do {
          made = .success(
            try await TokenWorkshop(
              iam: iam,
              sts: STSClient(sts, credential: credential),
              credential: credential,
              http: issuerHTTP,
              audience: audience,
              algorithms: algorithms
            )
          )
        } catch {
          made = .failure(error)
        }
        await issuerHTTP.shutdown()
        let workshop = try made.get()
        guard let draft = workshop.drafts[algorithms[0]] else {
          throw CommandFailure.failed("the issuer gave no token")
        }
        var rows: [RelyingPartyReport.Row] = []
        for test in cases {
          guard let make = test.make else { continue }
          let row = await target.row(of: test, token: try await make(workshop, draft))
          if rows.isEmpty { try requireReached(target, row) }
          rows.append(row)
        }
        if changeKeys {
          if rows.isEmpty {
            let token = try await workshop.signed(draft)
            try requireReached(target, await target.row(of: .rotatedOldKey, token: token))
          }
          let trial = KeyChangeTrial(workshop: workshop, target: target, draft: draft, wait: wait)
          rows += try await trial.rows(Set(cases.map(\.id))) { Console.note($0) }
        }
        return RelyingPartyReport(url: target.url.description, rows: rows)
      }
    }
  }

  /// Throws with status 3 when the first token could not be sent at all: a hundred more would say the same.
  private func requireReached(
    _ target: RelyingPartyTarget,
    _ row: RelyingPartyReport.Row
  ) throws(CommandFailure) {
    let hint: String
    switch row.failure {
    case .unreachable: hint = "start the service under test first"
    case .tlsFailed: hint = "trust the service's CA with --service-ca-file"
    default: return
    }
    throw CommandFailure(
      message: "the service at \(target.url.address) cannot be reached: \(row.answer)",
      hint: hint,
      status: 3
    )
  }

  private func waitSeconds() throws(CommandFailure) -> Int {
    guard let wait = wait?.seconds else { return KeyChangeTrial.ordinaryWait }
    guard changeKeys else { throw .usage("--wait goes with --change-keys") }
    guard (1...43_200).contains(wait) else { throw .usage("--wait: `\(wait)` is not 1 to 43200 seconds") }
    return wait
  }

  private func algorithms() throws(CommandFailure) -> [SigningAlgorithm] {
    guard !signingAlgorithm.isEmpty else { return [.es384, .rs256] }
    var algorithms: [SigningAlgorithm] = []
    for name in signingAlgorithm {
      guard let algorithm = SigningAlgorithm(rawValue: name) else {
        throw .usage("--signing-algorithm: `\(name)` is not ES384 or RS256")
      }
      if !algorithms.contains(algorithm) { algorithms.append(algorithm) }
    }
    return algorithms
  }

  private func target() throws(CommandFailure) -> RelyingPartyTarget {
    let parsed: HTTPURL
    do throws(ExchangeError) {
      parsed = try exchangeURL(url, setting: "url", permitsPlainHTTP: allowPlainHttp)
    } catch {
      guard case .endpoint(_, let reason) = error else { throw CommandFailure(clientError: error) }
      throw .usage(reason, hint: "--allow-plain-http speaks http beyond this machine")
    }
    guard let accepted = RelyingPartyTarget.Statuses(expectStatus) else {
      throw .usage("--expect-status: `\(expectStatus)` is not a list such as 200,3xx")
    }
    guard let refused = RelyingPartyTarget.Statuses(refuseStatus) else {
      throw .usage("--refuse-status: `\(refuseStatus)` is not a list such as 401,4xx")
    }
    let place: RelyingPartyTarget.Place
    switch (header, form) {
    case (nil, nil): place = .bearer
    case (let header?, nil):
      guard !header.isEmpty, header.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") })
      else {
        throw .usage("--header: `\(header)` is no name of a header")
      }
      place = .header(header)
    case (nil, let form?): place = .form(form)
    case (_?, _?): throw .usage("--header and --form: a token is sent once")
    }
    let roots: TrustRoots
    do {
      roots = try serviceCaFile.map { try TrustRoots.systemAnd(file: $0, in: .live()) } ?? .system
    } catch {
      throw CommandFailure(clientError: error)
    }
    return RelyingPartyTarget(
      url: parsed,
      place: place,
      accepted: accepted,
      refused: refused,
      http: FederationHTTPClient(trustRoots: roots)
    )
  }
}
