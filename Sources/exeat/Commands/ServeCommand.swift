// SPDX-License-Identifier: Apache-2.0
//
// `exeat serve`: the server. Flags, environment and configuration file say the same things.

import Agent
import ArgumentParser
import Federation
import FoundationEssentials
import HTTPServer
import IdentityModel
import LocalKeys
import Logging
import PKCS11
import StoreSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// `exeat serve`.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the server.",
    discussion: """
      Every setting is a flag, an environment variable (--public-url is EXEAT_PUBLIC_URL) or a line of the YAML
      file that --config names (public-url: https://…); a flag wins over the environment, and that over the file.
      """
  )

  @Option(help: "The data directory that `exeat init` made.") var dataDir: String?
  @Option(help: "Where to listen, HOST:PORT. Default 127.0.0.1:8443.") var listen: String?
  @Option(help: "The origin that the world sees, https://HOST[:PORT]: issuers live below it.")
  var publicUrl: String?
  @Option(help: "`files` (default with --tls-cert), `development` or `off`.") var tls: String?
  @Option(help: "The certificate chain, PEM. Read again when it changes.") var tlsCert: String?
  @Option(help: "The certificate's private key, PEM.") var tlsKey: String?
  @Option(help: "`path` (default) or `subdomain`.") var issuerStyle: String?
  @Option(help: "The region of this server. Default us-east-1.") var region: String?
  @Option(help: "Host names beside the public one that clients may use, comma-separated.")
  var acceptedHosts: String?
  @Option(
    help: """
      A network (CIDR) of proxies whose X-Forwarded-For names the client. May be repeated; comma-separated elsewhere.
      """
  )
  var trustedProxy: [String] = []
  @Option(
    help: """
      The file of the key-encryption key, or the pkcs11: URI of the key that wraps it. Default \
      DATA-DIR/key-encryption-key.
      """
  )
  var keyEncryptionKey: String?
  @Option(help: "How long a signing key signs, such as 90d (the default).") var keyLifetime: String?
  @Option(help: "How long its successor is published before that, 24h to 30d. Default 7d.")
  var keyOverlap: String?
  @Option(
    help: "The pkcs11: URI of a token in which signing keys are made and stay. Default: in the store, sealed."
  )
  var signingKeys: String?
  @Option(help: "The file of the audit log's key. Default DATA-DIR/log/key.") var logKey: String?
  @Option(help: "Seal audit records into files when they are so many days old. Default: keep them.")
  var auditRetention: String?
  @Option(
    help: """
      Go on, under a new name, with an audit log that the server refuses to continue. The value is the sentence \
      \"\(LogPlan.forkSentence)\".
      """
  )
  var acceptAuditFork: String?
  @Option(help: "A network, CIDR, in which identity providers may lie besides the internet. May be repeated.")
  var identityProviderNetwork: [String] = []
  @Option(help: "Certification authorities to trust for identity providers besides the system's, PEM.")
  var identityProviderCa: String?
  @Option(
    help: """
      Where records go besides the store: file:/PATH, syslog+tls://HOST:PORT or https://HOST/PATH, and options between
      spaces. May be repeated; comma-separated elsewhere.
      """
  )
  var auditExport: [String] = []
  @Option(
    help: "A bucket for trails, NAME=DIRECTORY or NAME=URL; NAME@ACCOUNT for one account's. May be repeated."
  )
  var trailBucket: [String] = []
  @Option(help: "Certification authorities to trust for buckets besides the system's, PEM.")
  var trailBucketCa: String?
  @Option(help: "Seconds between a trail's log files. Default 300.") var trailDeliveryInterval: String?
  @Option(help: "Seconds between a trail's digests. Default 3600.") var trailDigestInterval: String?
  @Option(help: "Calls a second that an account without a quota of its own may make. Default: any number.")
  var requestsPerSecond: String?
  @Option(help: "Calls that such an account may make at once. Default: as many as in ten seconds.")
  var burst: String?
  @Option(help: "`text` (default) or `json`.") var logFormat: String?
  @Option(help: "`debug`, `info` (default), `warning` or `error`.") var logLevel: String?
  @Option(help: "Write the endpoint as JSON to this file when ready.") var readyFile: String?
  @Option(help: "A YAML file with settings.") var config: String?

  private static let names = [
    "data-dir", "listen", "public-url", "tls", "tls-cert", "tls-key", "issuer-style", "region",
    "accepted-hosts", "trusted-proxy", "key-encryption-key", "signing-keys", "key-lifetime", "key-overlap",
    "log-key",
    "audit-retention",
    "identity-provider-network", "identity-provider-ca", "audit-export", "trail-bucket", "trail-bucket-ca",
    "trail-delivery-interval", "trail-digest-interval", "requests-per-second", "burst", "log-format",
    "log-level",
    "ready-file",
  ]

  func run() async throws {
    try ProcessSecrecy.begin()
    ProcessMemory.begin()
    let settings = try Settings(
      names: Self.names,
      flags: [
        "data-dir": dataDir, "listen": listen, "public-url": publicUrl, "tls": tls, "tls-cert": tlsCert,
        "tls-key": tlsKey, "issuer-style": issuerStyle, "region": region, "accepted-hosts": acceptedHosts,
        "trusted-proxy": trustedProxy.isEmpty ? nil : trustedProxy.joined(separator: ","),
        "key-encryption-key": keyEncryptionKey, "signing-keys": signingKeys, "key-lifetime": keyLifetime,
        "key-overlap": keyOverlap,
        "log-key": logKey, "audit-retention": auditRetention,
        "identity-provider-network": identityProviderNetwork.isEmpty
          ? nil : identityProviderNetwork.joined(separator: ","),
        "identity-provider-ca": identityProviderCa,
        "audit-export": auditExport.isEmpty ? nil : auditExport.joined(separator: ","),
        "trail-bucket": trailBucket.isEmpty ? nil : trailBucket.joined(separator: ","),
        "trail-bucket-ca": trailBucketCa, "trail-delivery-interval": trailDeliveryInterval,
        "trail-digest-interval": trailDigestInterval, "requests-per-second": requestsPerSecond,
        "burst": burst, "log-format": logFormat, "log-level": logLevel,
        "ready-file": readyFile,
      ],
      environment: ProcessInfo.processInfo.environment,
      configFile: config
    )
    let logger = try Self.logger(settings)
    let directory = DataDirectory(
      try settings.required("data-dir", hint: "make one with `exeat init --data-dir DIR`")
    )
    let store = try directory.openStore()
    let log = try await LogPlan(settings, directory, store, acceptedFork: acceptAuditFork)
    let keys = try await Self.keyEncryptionKeys(settings, directory, logger)
    let plan = try Self.plan(settings, directory, log, keys, logger)
    do {
      try await Assembly.run(plan, store: store, logger: logger)
    } catch {
      throw CommandFailure(startError: error)
    }
  }

  private static func logger(_ settings: Settings) throws(CommandFailure) -> Logger {
    let format = try settings.parsed("log-format", expected: "text or json", LogFormat.init(rawValue:))
    let level: Logger.Level? = try settings.parsed(
      "log-level",
      expected: "debug, info, warning or error",
      { ["debug", "info", "warning", "error"].contains($0) ? Logger.Level(rawValue: $0) : nil }
    )
    return (format ?? .text).logger(level: level ?? .info)
  }

  private static func plan(
    _ settings: Settings,
    _ directory: DataDirectory,
    _ log: LogPlan,
    _ keys: KeyEncryptionKeyWatch,
    _ logger: Logger
  ) throws(CommandFailure) -> ServerPlan {
    let listen = try settings.parsed("listen", expected: "HOST:PORT", ListenAddress.init)
    let listenAddress = listen ?? ListenAddress(host: "127.0.0.1", port: 8443)
    guard listenAddress.port != 0 else { throw .usage("--listen: port 0 is for `exeat dev` only") }
    let publicURLText = try settings.required(
      "public-url",
      hint: "for example --public-url https://sts.example.org"
    )
    let publicURL: PublicURL
    do {
      publicURL = try PublicURL(publicURLText)
    } catch {
      throw .usage("--public-url: \(text(error, publicURLText))")
    }
    let style = try settings.parsed(
      "issuer-style",
      expected: "path or subdomain",
      IssuerStyle.init(rawValue:)
    )
    let region =
      try settings.parsed("region", expected: "a region name") { Region($0) } ?? Region("us-east-1")
    guard let region else { throw .usage("--region is missing") }
    let hosts = settings["accepted-hosts"]?.text.split(separator: ",").map(String.init) ?? []
    let proxies = try settings.parsed("trusted-proxy", expected: "a list of networks such as 192.0.2.0/24") {
      networks($0)
    }
    let tls = try tlsSource(settings, directory, publicURL, style ?? .path)
    guard publicURL.scheme == "https" || tls.name == "off" else {
      throw .usage("--public-url: \(publicURL) is plain http, and --tls \(tls.name) serves https")
    }
    let readyFile = settings["ready-file"]?.text
    return ServerPlan(
      listen: listenAddress,
      publicURL: publicURL,
      issuerStyle: style ?? .path,
      homeRegion: region,
      acceptedHosts: hosts,
      trustedProxies: proxies ?? [],
      tls: tls.source,
      keyEncryptionKeys: keys.ring,
      keyWatch: keys,
      signingToken: try signingToken(settings),
      identityProviders: try identityProviders(settings),
      log: log.named(publicURL),
      auditExport: try AuditExportSettings(settings["audit-export"]),
      keySchedule: try KeySchedule(settings),
      trails: try TrailDeliverySettings(settings, region: region),
      requestQuota: try requestQuota(settings),
      onRecord: nil,
      prepare: { _, _ in },
      onReady: { address in
        logger.info(
          "ready",
          metadata: [
            "listen": "\(address.host):\(address.port)", "publicURL": "\(publicURL)",
            "tls": "\(tls.name)", "version": "\(exeatVersion)",
          ]
        )
        if let readyFile {
          try ReadyFile(endpoint: publicURL.description, certificateAuthority: tls.certificateAuthority)
            .write(to: readyFile)
        }
      }
    )
  }

  /// What an account without a quota of its own may call; `nil` without --requests-per-second.
  private static func requestQuota(_ settings: Settings) throws(CommandFailure) -> RequestQuota? {
    let expected = "a whole number from 1 to \(RequestQuota.maximum)"
    func number(_ text: String) -> Int? {
      Int(text).flatMap { (1...RequestQuota.maximum).contains($0) ? $0 : nil }
    }
    let rate = try settings.parsed("requests-per-second", expected: expected, number)
    let burst = try settings.parsed("burst", expected: expected, number)
    guard let rate else {
      guard burst == nil else { throw .usage("--burst goes with --requests-per-second") }
      return nil
    }
    return RequestQuota(
      requestsPerSecond: rate,
      burst: burst ?? RequestQuota.ordinaryBurst(requestsPerSecond: rate)
    )
  }

  /// In the environment and in the file networks are separated by commas.
  private static func identityProviders(
    _ settings: Settings
  ) throws(CommandFailure) -> IdentityProviderSettings {
    let networks = settings["identity-provider-network"]
    return try IdentityProviderSettings(
      networks: networks?.text.split(separator: ",").map { (String($0), networks?.origin ?? "") } ?? [],
      certificateAuthority: settings["identity-provider-ca"]?.text
    )
  }

  /// The key-encryption keys and what follows their file; without keys, with a warning, when the file is not there: the
  /// server starts sealed.
  private static func keyEncryptionKeys(
    _ settings: Settings,
    _ directory: DataDirectory,
    _ logger: Logger
  ) async throws(CommandFailure) -> KeyEncryptionKeyWatch {
    let source = try KeyEncryptionKeySource(settings["key-encryption-key"]?.text, directory)
    let stamp = source.stamp
    let ring: KeyEncryptionKeyRing?
    do throws(KeyEncryptionKeyError) {
      ring = try await source.load()
    } catch {
      switch error {
      case .notFound, .wrapper:
        logger.warning(
          "sealed: the key-encryption key is missing; published documents are served, API calls are refused",
          metadata: ["file": "\(source.path)", "cause": "\(error)"]
        )
        ring = nil
      default: throw .failed("--key-encryption-key: \(source.path) is not usable: \(error)")
      }
    }
    return KeyEncryptionKeyWatch(
      source: source,
      statusPath: directory.keyEncryptionKeyStatus,
      ring: ring,
      stamp: stamp
    )
  }

  /// The token in which signing keys are made.
  private static func signingToken(_ settings: Settings) throws(CommandFailure) -> PKCS11Token? {
    guard let setting = settings["signing-keys"] else { return nil }
    let uri = try PKCS11URI(setting.text, option: setting.origin, requiresObject: false)
    guard uri.object == nil else {
      throw .usage("\(setting.origin): the URI names a token and no object: keys are made there")
    }
    return PKCS11Token(uri)
  }

  private static func tlsSource(
    _ settings: Settings,
    _ directory: DataDirectory,
    _ url: PublicURL,
    _ style: IssuerStyle
  ) throws(CommandFailure) -> (source: TLSSource, name: String, certificateAuthority: String?) {
    let certificate = settings["tls-cert"]?.text
    let key = settings["tls-key"]?.text
    guard let mode = settings["tls"]?.text ?? (certificate == nil ? nil : "files") else {
      throw .usage(
        "--tls is missing",
        hint: "give --tls-cert and --tls-key, or --tls development, or --tls off"
      )
    }
    guard mode == "files" || certificate == nil && key == nil else {
      throw .usage("--tls-cert and --tls-key do not go with --tls \(mode)")
    }
    switch mode {
    case "files":
      guard let certificate, let key else { throw .usage("--tls-cert and --tls-key belong together") }
      return (.files(certificate: certificate, key: key), mode, nil)
    case "development":
      let names = [url.host] + (style == .subdomain ? ["*.tokens.\(url.host)"] : [])
      return (.development(directory: directory.tls, hostNames: names), mode, directory.tls + "/ca.pem")
    case "off":
      return (.off, mode, nil)
    default:
      throw .usage("\(settings["tls"]?.origin ?? "--tls"): `\(mode)` is not files, development or off")
    }
  }

  /// Networks between commas; `nil` when one is none.
  private static func networks(_ text: String) -> [IPRange]? {
    let parts = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    let networks = parts.compactMap { part in IPRange(part.filter { $0 != UInt8(ascii: " ") }) }
    return networks.count == parts.count ? networks : nil
  }

  private static func text(_ problem: PublicURL.Problem, _ url: String) -> String {
    switch problem {
    case .scheme: "`\(url)` does not begin with https://"
    case .plainHTTP: "`\(url)` is plain http, which only loopback hosts may have"
    case .host: "`\(url)` has no usable host name"
    case .port: "`\(url)` has no usable port"
    case .notAnOrigin: "`\(url)` is more than an origin: no path, query or user info"
    }
  }
}
