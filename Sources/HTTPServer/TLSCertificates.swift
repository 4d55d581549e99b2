// SPDX-License-Identifier: Apache-2.0
//
// The certificate in use, and its replacement while the server runs: connections that are open keep the old
// one. Refuses to know who may connect. Source: RFC 8446, RFC 9325 §4.

import Glibc
import IdentityModel
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// The TLS settings for new connections.
final class TLSCertificates: Sendable {
  /// Where the files are; `nil` when the certificate lives in memory.
  private struct Files {
    let certificate: String
    let key: String
    /// The names of a development certificate, which is renewed here; `nil` for an operator's files.
    let development: (directory: String, hostNames: [String])?
  }

  private let files: Files?
  private let current: Mutex<NIOSSLContext>
  private let logger: Logger

  /// Loads what `source` names, making it first in the development cases; `nil` when TLS is off.
  static func load(_ source: TLSSource, logger: Logger) throws(HTTPServerError) -> TLSCertificates? {
    let now = Instant(seconds: Int64(time(nil)))
    switch source {
    case .off:
      return nil
    case .files(let certificate, let key):
      return try TLSCertificates(
        Files(certificate: certificate, key: key, development: nil),
        logger: logger
      )
    case .development(let directory, let hostNames):
      let paths = try DevelopmentCA.ensure(directory: directory, hostNames: hostNames, now: now)
      logger.info(
        "clients must trust the development certificate authority",
        metadata: ["path": "\(paths.certificateAuthority)"]
      )
      let files = Files(
        certificate: paths.certificate,
        key: paths.key,
        development: (directory, hostNames)
      )
      return try TLSCertificates(files, logger: logger)
    case .developmentInMemory(let path, let hostNames):
      let made = try DevelopmentCA.make(hostNames: hostNames, now: now)
      try PrivateFile.write(made.certificateAuthority, to: path, mode: 0o644)
      let context = try makeContext(
        certificate: made.certificate,
        key: made.key,
        certificatePath: path,
        keyPath: path
      )
      return TLSCertificates(context, logger: logger)
    }
  }

  private init(_ files: Files, logger: Logger) throws(HTTPServerError) {
    self.files = files
    self.logger = logger
    self.current = Mutex(try Self.read(files))
  }

  private init(_ context: NIOSSLContext, logger: Logger) {
    self.files = nil
    self.logger = logger
    self.current = Mutex(context)
  }

  /// The settings for a connection that begins now.
  var context: NIOSSLContext { current.withLock { $0 } }

  /// Looks every `interval` whether the files changed, until the task is cancelled.
  func watch(every interval: Duration = .seconds(2)) async {
    guard let files else { return }
    var known = Self.stamps(files)
    var renewalCheck = ContinuousClock.now.advanced(by: .seconds(3600))
    while (try? await Task.sleep(for: interval)) != nil {
      if let development = files.development, ContinuousClock.now >= renewalCheck {
        renewalCheck = ContinuousClock.now.advanced(by: .seconds(3600))
        renew(development)
      }
      let found = Self.stamps(files)
      if found == known { continue }
      known = found
      do throws(HTTPServerError) {
        let context = try Self.read(files)
        current.withLock { $0 = context }
        logger.notice("certificate replaced", metadata: ["path": "\(files.certificate)"])
      } catch {
        logger.error("new certificate refused, the old one stays", metadata: ["reason": "\(error)"])
      }
    }
  }

  private func renew(_ development: (directory: String, hostNames: [String])) {
    do throws(HTTPServerError) {
      _ = try DevelopmentCA.ensure(
        directory: development.directory,
        hostNames: development.hostNames,
        now: Instant(seconds: Int64(time(nil)))
      )
    } catch {
      logger.error("the development certificate was not renewed", metadata: ["reason": "\(error)"])
    }
  }

  // Replaced by a rename, a write or a link that moves: one of these differs then.
  private static func stamps(_ files: Files) -> [[Int]] {
    [files.certificate, files.key].map { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return [] }
      return [
        Int(bitPattern: UInt(status.st_ino)), Int(status.st_size), status.st_mtim.tv_sec,
        status.st_mtim.tv_nsec,
      ]
    }
  }

  private static func read(_ files: Files) throws(HTTPServerError) -> NIOSSLContext {
    let certificate: [UInt8]
    switch PrivateFile.read(files.certificate) {
    case .success(let octets): certificate = octets
    case .failure(let failure): throw .cannotReadCertificate(path: files.certificate, reason: failure.reason)
    }
    let key: [UInt8]
    switch PrivateFile.read(files.key) {
    case .success(let octets): key = octets
    case .failure(let failure): throw .cannotReadKey(path: files.key, reason: failure.reason)
    }
    return try makeContext(
      certificate: certificate,
      key: key,
      certificatePath: files.certificate,
      keyPath: files.key
    )
  }

  private static func makeContext(
    certificate: [UInt8],
    key: [UInt8],
    certificatePath: String,
    keyPath: String
  ) throws(HTTPServerError) -> NIOSSLContext {
    guard let chain = try? NIOSSLCertificate.fromPEMBytes(certificate), !chain.isEmpty else {
      throw .cannotReadCertificate(path: certificatePath, reason: "not a PEM certificate")
    }
    // The passphrase callback is there so that an encrypted key fails instead of asking on the terminal.
    guard
      let privateKey = try? NIOSSLPrivateKey(bytes: key, format: .pem, passphraseCallback: { $0([UInt8]()) })
    else {
      throw .cannotReadKey(path: keyPath, reason: "not an unencrypted PEM private key")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) },
      privateKey: .privateKey(privateKey)
    )
    configuration.minimumTLSVersion = .tlsv12
    // TLS 1.2 with forward secrecy and AEAD only; those of TLS 1.3 are always on.
    configuration.cipherSuiteValues = [
      .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
      .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
      .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]
    configuration.applicationProtocols = ["h2", "http/1.1"]
    configuration.renegotiationSupport = .none
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch NIOSSLError.failedToLoadPrivateKey {
      // The key itself was read above: what is left is that it belongs to another certificate.
      throw .keyDoesNotMatchCertificate(certificate: certificatePath, key: keyPath)
    } catch {
      throw .cannotUseCertificate(path: certificatePath, reason: String(describing: error))
    }
  }
}
