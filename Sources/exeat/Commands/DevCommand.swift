// SPDX-License-Identifier: Apache-2.0
//
// `exeat dev`: everything on one machine, nothing kept.

import Agent
import ArgumentParser
import AuditTrail
import Federation
import FoundationEssentials
import HTTPServer
import IdentityModel
import LocalKeys
import Logging
import StoreSQLite

/// `exeat dev`.
struct DevCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dev",
    abstract: "Run everything on this machine and keep nothing.",
    discussion: """
      An in-memory store, a development CA, the account 000000000000 with the root access key test / test,
      outbound federation switched on. Not for production: anybody who reaches the port knows the key.
      """
  )

  @Option(help: "Where to listen; port 0 takes a free one.") var listen = "127.0.0.1:8443"
  @Option(help: "`development` or `off`.") var tls = "development"
  @Option(help: "Where the development CA lives.") var tlsDir: String?
  @Option(help: "`path` or `subdomain`.") var issuerStyle = "path"
  @Option(help: "A further host name that clients may use.") var acceptedHost: [String] = []
  @Option(help: "A network, CIDR, in which identity providers may lie besides loopback. May be repeated.")
  var identityProviderNetwork: [String] = []
  @Option(help: "Certification authorities to trust for identity providers besides the system's, PEM.")
  var identityProviderCa: String?
  @Option(help: "How long a signing key signs, such as 90d or 10s.") var keyLifetime: String?
  @Option(help: "How long its successor is published before that.") var keyOverlap: String?
  @Option(help: "How long it is published after its last signature.") var keyRetention: String?
  @Option(help: "Write the endpoint as JSON to this file when ready.") var readyFile: String?
  @Flag(help: "Print no line per call.") var quiet = false

  static let account = "000000000000"

  func run() async throws {
    ProcessMemory.begin()
    guard var address = ListenAddress(listen) else {
      throw CommandFailure.usage("--listen: `\(listen)` is not HOST:PORT")
    }
    guard let style = IssuerStyle(rawValue: issuerStyle) else {
      throw CommandFailure.usage("--issuer-style: `\(issuerStyle)` is not path or subdomain")
    }
    guard ["development", "off"].contains(tls) else {
      throw CommandFailure.usage("--tls: `\(tls)` is not development or off")
    }
    if address.port == 0 {
      guard let port = freePort() else { throw CommandFailure.failed("--listen: no port is free") }
      address = address.with(port: port)
    }
    let isSecure = tls == "development"
    let publicURL = try PublicURL("\(isSecure ? "https" : "http")://localhost:\(address.port)")
    let directory = tlsDir ?? Self.defaultTLSDirectory
    let certificateAuthority = isSecure ? directory + "/ca.pem" : nil
    let hosts = ["localhost", "127.0.0.1", "[::1]", "*.localhost"] + acceptedHost
    if isSecure { try Self.makeDirectory(directory) }
    guard let account = AccountID(Self.account), let region = Region("us-east-1") else { return }
    let logger = LogFormat.text.logger(level: .notice)
    let wildcard = style == .subdomain ? ["*.tokens.localhost"] : []
    let tlsSource: TLSSource =
      isSecure ? .development(directory: directory, hostNames: acceptedHost + wildcard) : .off
    let networks = ["127.0.0.0/8", "::1/128"] + identityProviderNetwork
    let identityProviders = try IdentityProviderSettings(
      networks: networks.map { ($0, "--identity-provider-network") },
      certificateAuthority: identityProviderCa
    )
    let printsCalls = !quiet
    let readyPath = readyFile
    let plan = ServerPlan(
      listen: address,
      publicURL: publicURL,
      issuerStyle: style,
      homeRegion: region,
      acceptedHosts: hosts,
      tls: tlsSource,
      keyEncryptionKeys: KeyEncryptionKeyRing(.ephemeral()),
      identityProviders: identityProviders,
      log: LogPlan.ephemeral(publicURL),
      keySchedule: try KeySchedule(lifetime: keyLifetime, overlap: keyOverlap, retention: keyRetention),
      actions: .development,
      withheldKeySets: WithheldKeySets(),
      onRecord: { record in
        guard printsCalls else { return }
        // What is kept nowhere is explained at once, in one piece: calls come side by side.
        let reasons = RefusedCall.reasons(record.json).map { Console.printable($0) }
        Console.note(([AuditLine.text(record.json)] + reasons).joined(separator: "\n"))
      },
      prepare: { house, now in
        try await Bootstrap.createAccount(
          account,
          accessKeyID: "test",
          secretAccessKey: Secret("test"),
          enablesFederation: true,
          house: house,
          now: now
        )
      },
      onReady: { _ in
        Console.out(Self.welcome(publicURL, certificateAuthority))
        if let readyPath {
          try ReadyFile(endpoint: publicURL.description, certificateAuthority: certificateAuthority)
            .write(to: readyPath)
        }
      }
    )
    do {
      try await Assembly.run(plan, store: try SQLiteStore.inMemory(), logger: logger)
    } catch {
      throw CommandFailure(startError: error)
    }
  }

  /// `$XDG_CACHE_HOME/exeat/dev-tls`, so that a terminal that trusts the CA still does after a restart.
  private static var defaultTLSDirectory: String {
    let environment = ProcessInfo.processInfo.environment
    let cache =
      environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
      ?? (environment["HOME"] ?? FileManager.default.currentDirectoryPath) + "/.cache"
    return cache + "/exeat/dev-tls"
  }

  private static func makeDirectory(_ path: String) throws(CommandFailure) {
    do {
      try FileManager.default.createDirectory(
        atPath: path,
        withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700]
      )
    } catch {
      throw .failed("--tls-dir: cannot make \(path)")
    }
  }

  private static func welcome(_ url: PublicURL, _ authority: String?) -> String {
    """
    exeat dev is ready at \(url), account \(account), outbound federation on. Nothing is kept; stop with Ctrl-C.

    In another terminal:
      export AWS_ENDPOINT_URL=\(url)
    \(authority.map { "  export AWS_CA_BUNDLE=\($0)\n" } ?? "")\
      export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1

    Then try:
      aws sts get-caller-identity
      aws sts get-web-identity-token --audience api://AzureADTokenExchange --signing-algorithm RS256
      exeat token --audience my-service --decode
    """
  }
}

extension ListenAddress {
  /// The same host with another port.
  func with(port: Int) -> ListenAddress { ListenAddress(host: host, port: port) }
}
