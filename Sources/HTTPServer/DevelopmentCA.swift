// SPDX-License-Identifier: Apache-2.0
//
// A private certificate authority for development, and the server certificate that it issues. The authority
// is made once and kept, because people have told their machines to trust it; the server certificate is
// renewed as needed. Refuses to know the clock. Source: RFC 5280 §4.2; CA/Browser Forum Baseline Requirements
// §6.3.2 (398 days).

import Crypto
import FoundationEssentials
import Glibc
package import IdentityModel
import SwiftASN1
import X509

/// Makes certificates for development.
package enum DevelopmentCA {
  /// The files.
  package struct Paths: Hashable, Sendable {
    /// The authority's certificate, what clients must trust: PEM, mode 0644.
    package let certificateAuthority: String
    /// The server's certificate: PEM, mode 0644.
    package let certificate: String
    /// The server's private key: PEM (PKCS #8), mode 0600.
    package let key: String
  }

  /// The same in memory, as PEM.
  struct Made {
    let certificateAuthority: [UInt8]
    let certificate: [UInt8]
    let key: [UInt8]
  }

  private struct Authority {
    let certificate: Certificate
    let key: P256.Signing.PrivateKey
  }

  private static let day: Int64 = 86_400
  private static let alwaysNamed = ["localhost", "127.0.0.1", "::1"]

  /// Makes what is missing or used up in `directory`: `ca.pem`, `ca-key.pem`, `server.pem`, `server-key.pem`.
  ///
  /// The server certificate is issued anew when it is missing, was issued by another authority, does not
  /// carry exactly `hostNames` and `localhost`, `127.0.0.1`, `::1`, does not belong to its key, or ends
  /// within 30 days.
  ///
  /// Errors: a file cannot be read or written, half of the authority is missing, the authority ends within 30
  /// days, the directory or the authority's key is open to other users, a name is neither a DNS name nor an IP address.
  package static func ensure(
    directory: String,
    hostNames: [String],
    now: Instant
  ) throws(HTTPServerError) -> Paths {
    let names = try generalNames(hostNames)
    try PrivateFile.makeDirectory(directory)
    // SECURITY: who can put files here can make an authority that this machine trusts.
    try PrivateFile.requireOwn(directory, forbidden: 0o022)
    let paths = Paths(
      certificateAuthority: "\(directory)/ca.pem",
      certificate: "\(directory)/server.pem",
      key: "\(directory)/server-key.pem"
    )
    let authority = try keptAuthority(
      certificatePath: paths.certificateAuthority,
      keyPath: "\(directory)/ca-key.pem",
      now: now
    )
    if isUsable(paths, authority: authority, names: names, now: now) { return paths }
    let issued = try issue(names, by: authority, now: now)
    // A reader between the two writes finds a pair that does not match, keeps what it has, and comes again.
    try PrivateFile.write(issued.key, to: paths.key, mode: 0o600)
    try PrivateFile.write(issued.certificate, to: paths.certificate, mode: 0o644)
    return paths
  }

  /// Makes an authority and a server certificate that live in memory.
  static func make(hostNames: [String], now: Instant) throws(HTTPServerError) -> Made {
    let authority = try makeAuthority(path: "", now: now)
    let issued = try issue(try generalNames(hostNames), by: authority, now: now)
    return Made(
      certificateAuthority: try pem(authority.certificate),
      certificate: issued.certificate,
      key: issued.key
    )
  }

  // MARK: - The authority

  private static func keptAuthority(
    certificatePath: String,
    keyPath: String,
    now: Instant
  ) throws(HTTPServerError) -> Authority {
    switch (PrivateFile.exists(certificatePath), PrivateFile.exists(keyPath)) {
    case (false, false):
      let authority = try makeAuthority(path: certificatePath, now: now)
      try PrivateFile.write(pem(authority.key), to: keyPath, mode: 0o600)
      try PrivateFile.write(try pem(authority.certificate), to: certificatePath, mode: 0o644)
      return authority
    case (true, false):
      throw .certificateAuthorityIncomplete(missing: keyPath)
    case (false, true):
      throw .certificateAuthorityIncomplete(missing: certificatePath)
    case (true, true):
      try PrivateFile.requireOwn(keyPath, forbidden: 0o077)
      guard let certificate = readCertificate(certificatePath) else {
        throw .cannotReadCertificate(path: certificatePath, reason: "not a PEM certificate")
      }
      guard let key = readKey(keyPath) else {
        throw .cannotReadKey(path: keyPath, reason: "not a PEM P-256 private key")
      }
      guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
        throw .keyDoesNotMatchCertificate(certificate: certificatePath, key: keyPath)
      }
      guard certificate.notValidAfter > date(now, plusDays: 30) else {
        throw .certificateAuthorityExpired(path: certificatePath)
      }
      return Authority(certificate: certificate, key: key)
    }
  }

  private static func makeAuthority(path: String, now: Instant) throws(HTTPServerError) -> Authority {
    let key = P256.Signing.PrivateKey()
    do {
      let name = try DistinguishedName {
        OrganizationName("Exeat development")
        // Two authorities on one machine keep apart by their names (RFC 5280 §4.1.2.4).
        CommonName("Exeat development CA \(identifier(of: key.publicKey).prefix(4).hexadecimal)")
      }
      let certificate = try Certificate(
        version: .v3,
        serialNumber: Certificate.SerialNumber(),
        publicKey: .init(key.publicKey),
        notValidBefore: date(now, plusDays: -1),
        notValidAfter: date(now, plusDays: 3652),
        issuer: name,
        subject: name,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
          SubjectKeyIdentifier(keyIdentifier: identifier(of: key.publicKey))
          AuthorityKeyIdentifier(keyIdentifier: identifier(of: key.publicKey))
        },
        issuerPrivateKey: .init(key)
      )
      return Authority(certificate: certificate, key: key)
    } catch {
      throw .cannotUseCertificate(path: path, reason: String(describing: error))
    }
  }

  // MARK: - The server certificate

  private static func issue(
    _ names: [GeneralName],
    by authority: Authority,
    now: Instant
  ) throws(HTTPServerError) -> (certificate: [UInt8], key: [UInt8]) {
    let key = P256.Signing.PrivateKey()
    do {
      let certificate = try Certificate(
        version: .v3,
        serialNumber: Certificate.SerialNumber(),
        publicKey: .init(key.publicKey),
        notValidBefore: date(now, plusDays: -1),
        notValidAfter: date(now, plusDays: 396),
        issuer: authority.certificate.subject,
        subject: try DistinguishedName { CommonName("Exeat development server") },
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([.serverAuth])
          SubjectAlternativeNames(names)
          SubjectKeyIdentifier(keyIdentifier: identifier(of: key.publicKey))
          AuthorityKeyIdentifier(keyIdentifier: identifier(of: authority.key.publicKey))
        },
        issuerPrivateKey: .init(authority.key)
      )
      return (try pem(certificate), pem(key))
    } catch let error as HTTPServerError {
      throw error
    } catch {
      throw .cannotUseCertificate(path: "server.pem", reason: String(describing: error))
    }
  }

  private static func isUsable(
    _ paths: Paths,
    authority: Authority,
    names: [GeneralName],
    now: Instant
  ) -> Bool {
    guard let certificate = readCertificate(paths.certificate), let key = readKey(paths.key) else {
      return false
    }
    let carried = try? certificate.extensions.subjectAlternativeNames
    return certificate.publicKey == Certificate.PublicKey(key.publicKey)
      && authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
      && certificate.notValidAfter > date(now, plusDays: 30)
      && certificate.notValidBefore <= date(now, plusDays: 0)
      && carried.map { Set($0) == Set(names) } == true
  }

  /// `names` and those that are always there, each once.
  private static func generalNames(_ names: [String]) throws(HTTPServerError) -> [GeneralName] {
    var seen: Set<[UInt8]> = []
    var result: [GeneralName] = []
    for name in (alwaysNamed + names).map(asciiLowercased) where seen.insert(Array(name.utf8)).inserted {
      result.append(try generalName(name))
    }
    return result
  }

  private static func generalName(_ name: String) throws(HTTPServerError) -> GeneralName {
    for (family, length) in [(AF_INET, 4), (AF_INET6, 16)] {
      var octets = [UInt8](repeating: 0, count: length)
      if inet_pton(family, name, &octets) == 1 {
        return .ipAddress(ASN1OctetString(contentBytes: octets[...]))
      }
    }
    // RFC 1123 §2.1 labels, and one `*` as the first (RFC 9525 §6.3).
    var labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if labels.count > 1, labels[0].elementsEqual("*".utf8) { labels.removeFirst() }
    let isName = name.utf8.count <= 253 && labels.allSatisfy(isLabel)
    guard isName else { throw .invalidHostName(name) }
    return .dnsName(name)
  }

  private static func isLabel(_ label: some BidirectionalCollection<UInt8>) -> Bool {
    (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
      && label.allSatisfy { byte in
        (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7A) || byte == UInt8(ascii: "-")
      }
  }

  // MARK: - Encodings

  private static func readCertificate(_ path: String) -> Certificate? {
    guard case .success(let octets) = PrivateFile.read(path) else { return nil }
    return try? Certificate(pemEncoded: String(decoding: octets, as: UTF8.self))
  }

  private static func readKey(_ path: String) -> P256.Signing.PrivateKey? {
    guard case .success(let octets) = PrivateFile.read(path) else { return nil }
    return try? P256.Signing.PrivateKey(pemRepresentation: String(decoding: octets, as: UTF8.self))
  }

  private static func pem(_ certificate: Certificate) throws(HTTPServerError) -> [UInt8] {
    do {
      return Array((try certificate.serializeAsPEM().pemString + "\n").utf8)
    } catch {
      throw .cannotUseCertificate(path: "", reason: String(describing: error))
    }
  }

  private static func pem(_ key: P256.Signing.PrivateKey) -> [UInt8] {
    Array((key.pemRepresentation + "\n").utf8)
  }

  /// RFC 7093 §2 method 1: the leftmost 160 bits of the SHA-256 hash of the public key.
  private static func identifier(of key: P256.Signing.PublicKey) -> ArraySlice<UInt8> {
    Array(SHA256.hash(data: key.x963Representation).prefix(20))[...]
  }

  private static func date(_ now: Instant, plusDays days: Int64) -> Date {
    Date(timeIntervalSince1970: Double(now.seconds + days * day))
  }
}

extension ArraySlice<UInt8> {
  fileprivate var hexadecimal: String {
    map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
