// SPDX-License-Identifier: Apache-2.0
//
// What an operator may set about the listener, and what keeps it from starting. Refuses to know what is
// served.

package import IdentityModel

/// Where the server listens, and what one client may take of it.
package struct HTTPServerConfiguration: Sendable {
  /// The address to bind: an IP address or a name that resolves to one.
  package var host: String
  /// The TCP port; 0 lets the system choose one.
  package var port: Int
  /// The largest request body, in octets.
  package var maximumBodyBytes = 65_536
  /// The largest request head: target, field names and field values together, in octets.
  package var maximumHeaderBytes = 16_384
  /// The most field lines in one request.
  package var maximumHeaderCount = 64
  /// The most connections at a time, lowered to what the process may have open.
  ///
  /// A further one takes the place of the connection that has been idle longest, and is closed at once when
  /// none is idle.
  package var maximumConnections = 4_096
  /// The same for one IPv4 address or one IPv6 /64.
  package var maximumConnectionsPerAddress = 256
  /// The same for an address of this machine, which may be a reverse proxy that speaks for many.
  package var maximumConnectionsPerLoopbackAddress = 1_024
  /// The most octets of request bodies that one connection holds at a time, over all of its requests.
  package var maximumBodyBytesPerConnection = 1_048_576
  /// The most octets of request bodies that all connections hold at a time, beside 16 KiB for each.
  package var maximumBufferedBodyBytes = 67_108_864
  /// The longest time for a TLS handshake, and again for a request head.
  package var headerTimeout: Duration = .seconds(10)
  /// The longest time for a request body; in HTTP/2 also for a peer to take a response.
  package var bodyTimeout: Duration = .seconds(30)
  /// The longest time between two requests on a connection; in HTTP/1.1 also for a peer to take a response.
  package var idleTimeout: Duration = .seconds(60)
  /// The most streams at a time on one HTTP/2 connection.
  package var maximumConcurrentStreams = 100
  /// The longest time that requests in flight are given when the server stops.
  package var shutdownGrace: Duration = .seconds(30)
  /// The networks of proxies whose `X-Forwarded-For` is believed; nobody's when there are none.
  package var trustedProxies: [IPRange] = []
  /// Event loops, a thread each.
  package var eventLoopThreads: Int

  /// Listens on `host` and `port` with the limits above.
  package init(host: String, port: Int, eventLoopThreads: Int) {
    self.host = host
    self.port = port
    self.eventLoopThreads = eventLoopThreads
  }
}

/// Where the certificate and its key come from.
package enum TLSSource: Sendable {
  /// No TLS: for use behind a proxy that ends TLS.
  case off
  /// Two PEM files: the certificate with its chain, and the private key. Read again when one of them changes;
  /// new files that cannot be used are logged and the old certificate stays.
  case files(certificate: String, key: String)
  /// A private certificate authority kept in `directory`, made at first start. `hostNames` are DNS names
  /// (`*.tokens.example.org` too) and IP addresses beside `localhost`, `127.0.0.1` and `::1`.
  case development(directory: String, hostNames: [String])
  /// A private certificate authority whose keys never leave memory; its certificate is written to a file, so
  /// that clients can be told to trust it.
  case developmentInMemory(certificateAuthorityPath: String, hostNames: [String])
}

/// The address that the server got.
package struct BoundAddress: Hashable, Sendable {
  /// The IP address: `127.0.0.1`, `::1`.
  package let host: String
  /// The TCP port.
  package let port: Int

  /// Pairs `host` and `port`.
  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }
}

/// Why the server did not start.
package enum HTTPServerError: Error, Hashable, Sendable {
  /// Another process listens there.
  case addressInUse(host: String, port: Int)
  /// The system does not let this user listen there: ports below 1024.
  case addressNotPermitted(host: String, port: Int)
  /// The address cannot be bound for another reason: it is not one of this machine, the name does not
  /// resolve.
  case cannotBind(host: String, port: Int, reason: String)
  /// The certificate file is missing, unreadable or not PEM.
  case cannotReadCertificate(path: String, reason: String)
  /// The key file is missing, unreadable, encrypted or not PEM.
  case cannotReadKey(path: String, reason: String)
  /// The two files were read, and the key is not that of the certificate.
  case keyDoesNotMatchCertificate(certificate: String, key: String)
  /// The TLS library refuses the pair for another reason.
  case cannotUseCertificate(path: String, reason: String)
  /// A file of the development certificate authority cannot be written.
  case cannotWrite(path: String, reason: String)
  /// A file or directory of the development certificate authority is not its user's alone.
  case unsafePermissions(path: String, reason: String)
  /// Only one of the certificate authority's two files is there. Clients trust the old one: nothing is made
  /// anew.
  case certificateAuthorityIncomplete(missing: String)
  /// The certificate authority has expired or is about to.
  case certificateAuthorityExpired(path: String)
  /// A name that no certificate can carry.
  case invalidHostName(String)
}

extension HTTPServerError: CustomStringConvertible {
  /// One line for the operator.
  package var description: String {
    switch self {
    case .addressInUse(let host, let port):
      "another process listens on `\(host)` port `\(port)`"
    case .addressNotPermitted(let host, let port):
      "this user may not listen on `\(host)` port `\(port)`"
    case .cannotBind(let host, let port, let reason):
      "cannot listen on `\(host)` port `\(port)`: \(reason)"
    case .cannotReadCertificate(let path, let reason):
      "cannot read the certificate file `\(path)`: \(reason)"
    case .cannotReadKey(let path, let reason):
      "cannot read the key file `\(path)`: \(reason)"
    case .keyDoesNotMatchCertificate(let certificate, let key):
      "the key in `\(key)` is not that of the certificate in `\(certificate)`"
    case .cannotUseCertificate(let path, let reason):
      "the certificate in `\(path)` cannot be used: \(reason)"
    case .cannotWrite(let path, let reason):
      "cannot write `\(path)`: \(reason)"
    case .unsafePermissions(let path, let reason):
      "`\(path)` is not safe for a certificate authority: \(reason)"
    case .certificateAuthorityIncomplete(let missing):
      "the development certificate authority lacks its file `\(missing)`"
    case .certificateAuthorityExpired(let path):
      "the development certificate authority in `\(path)` has expired or is about to"
    case .invalidHostName(let name):
      "`\(name)` is neither a DNS name nor an IP address"
    }
  }
}
