// SPDX-License-Identifier: Apache-2.0
//
// The certificate with which this side of a TLS connection shows who it is. Source: RFC 5425 §4.2.1; RFC 8446 §4.4.2.

import NIOSSL

/// Why files give no certificate of a client.
package enum ClientCertificateError: Error, Hashable, Sendable {
  /// The file cannot be read.
  case unreadable(path: String, FileError)
  /// The file holds no certificate in PEM form.
  case notCertificates(path: String)
  /// The file holds no unencrypted private key in PEM form.
  case notPrivateKey(path: String)
}

/// A certificate and its private key.
package struct ClientCertificate: Sendable {
  let chain: [NIOSSLCertificate]
  let key: NIOSSLPrivateKey

  /// Reads the chain, the client's own certificate first, and the key.
  ///
  /// Whether they belong together is found when they are used.
  ///
  /// - Throws: `ClientCertificateError`.
  package init(
    certificateFile: String,
    keyFile: String,
    in environment: ClientEnvironment
  ) throws(ClientCertificateError) {
    let certificates = try read(certificateFile, environment)
    guard let chain = try? NIOSSLCertificate.fromPEMBytes(certificates), !chain.isEmpty else {
      throw .notCertificates(path: certificateFile)
    }
    // The callback is there so that an encrypted key fails instead of asking on the terminal.
    let bytes = try read(keyFile, environment)
    guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem, passphraseCallback: { $0([UInt8]()) })
    else { throw .notPrivateKey(path: keyFile) }
    self.chain = chain
    self.key = key
  }
}

private func read(
  _ path: String,
  _ environment: ClientEnvironment
) throws(ClientCertificateError) -> [UInt8] {
  do throws(FileError) {
    return try environment.readFile(path)
  } catch {
    throw .unreadable(path: path, error)
  }
}
