// SPDX-License-Identifier: Apache-2.0
//
// From `--audit-export` to sinks: fits the client's ways to the network to the sinks, which know none. What cannot be
// used stops the start.

import AuditSinks
import AuditTrail
import Federation
import FederationClient
import IdentityModel

#if canImport(Glibc)
  import Glibc
#endif

/// The sinks of a server.
struct AuditExportSettings: Sendable {
  let sinks: [any AuditExportSink]
  private let clients: [FederationHTTPClient]

  /// None.
  static let none = AuditExportSettings(sinks: [], clients: [])

  private init(sinks: [any AuditExportSink], clients: [FederationHTTPClient]) {
    self.sinks = sinks
    self.clients = clients
  }

  /// The sinks that `value` names between commas; none when there is no value.
  init(_ value: Settings.Value?) throws(CommandFailure) {
    var sinks: [any AuditExportSink] = []
    var clients: [FederationHTTPClient] = []
    for text in value?.text.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
      let origin = "\(value?.origin ?? ""): `\(Self.withoutQueries(text))`"
      do {
        let sink = try Self.sink(try ExportSpecification(text), &clients)
        guard !sinks.contains(where: { $0.name.utf8.elementsEqual(sink.name.utf8) }) else {
          throw CommandFailure.usage(
            "\(origin): another sink is called `\(Self.withoutQueries(sink.name))` too",
            hint: "give one of them a name of its own with name=NAME"
          )
        }
        sinks.append(sink)
      } catch let failure as CommandFailure {
        throw .usage("\(origin): \(failure.message)", hint: failure.hint)
      } catch let error as ExportSpecificationError {
        throw .usage("\(origin): \(Self.words(error))", hint: Self.hint)
      } catch let error as FederationHTTPError {
        throw .usage("\(origin): \(error.words)")
      } catch {
        throw .usage("\(origin): \(CommandFailure(clientError: error).message)")
      }
    }
    self.init(sinks: sinks, clients: clients)
  }

  /// Lets go of files and of the network; no sink is used afterwards.
  func shutDown() async {
    for case let file as FileSink in sinks { file.close() }
    for client in clients { await client.shutdown() }
  }

  // SECURITY: what stands behind a URL's `?` is often a secret, and messages end up in logs.
  private static func withoutQueries(_ text: some StringProtocol) -> String {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    return words.map { word in word.firstIndex(of: "?").map { "\(word[...$0])…" } ?? String(word) }
      .joined(separator: " ")
  }

  private static let hint =
    "for example file:/var/log/exeat/audit.jsonl, syslog+tls://HOST:6514, https://HOST/PATH secret-file=FILE"

  private static func sink(
    _ specification: ExportSpecification,
    _ clients: inout [FederationHTTPClient]
  ) throws -> any AuditExportSink {
    switch specification.target {
    case .file(let path):
      return FileSink(
        name: specification.name,
        path: path,
        format: specification.format,
        rotation: FileRotation(
          maximumBytes: specification.maximumBytes,
          periodSeconds: specification.maximumAgeSeconds
        ),
        clock: Assembly.systemClock
      )
    case .syslog(let authority, let isSecure):
      return try syslog(specification, authority, isSecure: isSecure)
    case .webhook(let text):
      let url = try url(text)
      let address = url.scheme == .https ? nil : try loopback(url, secure: "https")
      let client = FederationHTTPClient(trustRoots: try trustRoots(specification))
      clients.append(client)
      return WebhookSink(
        name: specification.name,
        format: specification.format,
        key: try DeliveryKey.load(from: specification.secretFile ?? ""),
        userAgent: "exeat/\(exeatVersion)",
        clock: Assembly.systemClock
      ) { (headers, body) async throws(AuditExportError) in
        do throws(FederationHTTPError) {
          return try await client.send(
            HTTPCall(method: "POST", url: url, headers: headers, body: body),
            connectingTo: address,
            timeoutSeconds: 30
          ).status
        } catch {
          throw .unavailable(error.words)
        }
      }
    }
  }

  private static func syslog(
    _ specification: ExportSpecification,
    _ authority: String,
    isSecure: Bool
  ) throws -> SyslogSink {
    // The grammar of an authority is the same; a port must be named, for 6514 and 601 are both in use.
    let url = try url("\(isSecure ? "https" : "http")://\(authority)")
    guard authority.utf8.last.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true,
      authority.utf8.last != UInt8(ascii: "]"), url.target.utf8.elementsEqual("/".utf8),
      authority.utf8.contains(UInt8(ascii: ":"))
    else { throw CommandFailure.usage("a syslog receiver is HOST:PORT") }
    let delivery =
      isSecure
      ? try StreamDelivery(
        host: url.host,
        port: url.port,
        trustRoots: try trustRoots(specification),
        identity: try identity(specification)
      )
      : StreamDelivery(withoutTLS: try loopback(url, secure: "syslog+tls"), port: url.port)
    let sender = try SyslogSender(
      hostName: specification.hostName ?? hostName,
      processID: String(getpid()),
      softwareVersion: exeatVersion
    )
    return SyslogSink(name: specification.name, format: specification.format, sender: sender) {
      (bytes) async throws(AuditExportError) in
      do throws(FederationHTTPError) {
        try await delivery.send(bytes, timeoutSeconds: 30)
      } catch {
        throw .unavailable(error.words)
      }
    }
  }

  private static func url(_ text: String) throws(CommandFailure) -> HTTPURL {
    do {
      return try HTTPURL(text)
    } catch {
      switch error {
      case .userInformation: throw .usage("user information stands in the URL", hint: "batches are signed")
      case .scheme, .fragment, .host, .port, .path: throw .usage("not an acceptable URL: \(error.words)")
      }
    }
  }

  /// The address of a host on this machine, which alone is spoken to in the clear.
  private static func loopback(_ url: HTTPURL, secure: String) throws(CommandFailure) -> IPAddress {
    let name = url.host.utf8.elementsEqual("localhost".utf8) ? "127.0.0.1" : url.host
    guard let address = IPAddress(name), address.reach == .loopback else {
      throw .usage("records leave this machine in the clear", hint: "use \(secure)://")
    }
    return address
  }

  private static func trustRoots(_ specification: ExportSpecification) throws(CommandFailure) -> TrustRoots {
    guard let path = specification.certificateAuthorities else { return .system }
    do {
      return try TrustRoots(file: path, in: .live())
    } catch {
      switch error {
      case .unreadable(let path, _): throw .usage("cannot read \(path)")
      case .notCertificates(let path): throw .usage("\(path) holds no certificates in PEM form")
      }
    }
  }

  private static func identity(
    _ specification: ExportSpecification
  ) throws(CommandFailure) -> ClientCertificate? {
    guard let files = specification.clientCertificate else { return nil }
    do {
      return try ClientCertificate(certificateFile: files.certificate, keyFile: files.key, in: .live())
    } catch {
      switch error {
      case .unreadable(let path, _): throw .usage("cannot read \(path)")
      case .notCertificates(let path): throw .usage("\(path) holds no certificates in PEM form")
      case .notPrivateKey(let path): throw .usage("\(path) holds no unencrypted private key in PEM form")
      }
    }
  }

  /// The machine's name; RFC 5424's `-` when it has none that a message could carry.
  private static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "-" }
    let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    guard !name.isEmpty, name.allSatisfy({ (0x21...0x7E).contains($0) }) else { return "-" }
    return String(decoding: name, as: UTF8.self)
  }

  private static func words(_ error: ExportSpecificationError) -> String {
    switch error {
    case .scheme: "neither a file, nor syslog, nor a URL"
    case .path: "not an absolute path"
    case .notAnOption(let word): "`\(word)` is not name=value"
    case .unknownOption(let name): "there is no option `\(name)` here"
    case .repeatedOption(let name): "`\(name)` stands twice"
    case .malformedValue(let option): "the value of `\(option)` cannot be used"
    case .missingOption(let name): "`\(name)` is missing"
    }
  }
}
