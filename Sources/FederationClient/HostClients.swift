// SPDX-License-Identifier: Apache-2.0
//
// The library's clients, one for each host and address that is connected to: an address override and a certificate
// check belong to a client there, and both depend on the host. Owns the TLS settings and the check that a certificate
// is for the name that was asked. Source: RFC 9525 §6.

import AsyncHTTPClient
import IdentityModel
import NIOCore
import NIOSSL
import Synchronization

/// The clients that have been needed so far.
final class HostClients: Sendable {
  private struct Key: Hashable {
    let scheme: HTTPURL.Scheme
    let host: String
    let address: IPAddress?
  }

  private let trustRoots: TrustRoots
  /// `nil` after `removeAll`.
  private let clients = Mutex<[Key: HTTPClient]?>([:])

  init(_ trustRoots: TrustRoots) {
    self.trustRoots = trustRoots
  }

  /// The client for the host of `url`, connecting to `address` where there is one; `nil` after `removeAll`.
  func client(for url: HTTPURL, at address: IPAddress?) -> HTTPClient? {
    clients.withLock { clients in
      let key = Key(scheme: url.scheme, host: url.host, address: address)
      if let client = clients?[key] { return client }
      guard clients != nil else { return nil }
      let client = HTTPClient(configuration: configuration(for: key))
      clients?[key] = client
      return client
    }
  }

  /// Hands out every client, for the caller to shut down, and makes no more.
  func removeAll() -> [HTTPClient] {
    clients.withLock { clients in
      defer { clients = nil }
      return clients.map { Array($0.values) } ?? []
    }
  }

  private func configuration(for key: Key) -> HTTPClient.Configuration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    tls.trustRoots = trustRoots.roots
    tls.additionalTrustRoots = trustRoots.additionalRoots
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls,
      redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(3)),
      decompression: .disabled
    )
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    // A host that is an address is connected to as it stands, and TLS checks the certificate against it.
    guard IPAddress(key.host) == nil else { return configuration }
    if let address = key.address { configuration.dnsOverride = [key.host: address.description] }
    guard key.scheme == .https else { return configuration }
    // SECURITY: the TLS library accepts a certificate for the peer's address although a name was asked: whoever
    // forges an answer of the DNS could then show a certificate for an address of their own. So the name is checked
    // here once more. The library runs this after the handshake and before it writes the first request.
    let host = key.host
    configuration.http1_1ConnectionDebugInitializer = { channel in
      channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
        guard let certificate, isCertificate(certificate, for: host) else {
          channel.close(promise: nil)
          throw CertificateNameMismatch(host: host)
        }
      }
    }
    return configuration
  }
}

/// The certificate of the peer is not for the host that was asked.
struct CertificateNameMismatch: Error, CustomStringConvertible {
  let host: String

  var description: String { "the certificate is not for \(host)" }
}

/// Whether a DNS name of the certificate is that of the host; the common name is not looked at (RFC 9525 §6.2).
///
/// RFC 9525 §6.3: label by label without regard to ASCII case; a whole leftmost label `*` stands for exactly one.
func isCertificate(_ certificate: NIOSSLCertificate, for host: String) -> Bool {
  let asked = labels(host.utf8)
  return certificate._subjectAlternativeNames().contains { name in
    guard name.nameType == .dnsName else { return false }
    let presented = labels(name.contents)
    guard presented.count == asked.count, let first = presented.first else { return false }
    let isWildcard = first == [UInt8(ascii: "*")] && asked.count > 1
    return (isWildcard || first == asked[0]) && presented.dropFirst() == asked.dropFirst()
  }
}

private func labels(_ name: some Collection<UInt8>) -> [[UInt8]] {
  name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { $0.map(asciiLowercase) }
}
