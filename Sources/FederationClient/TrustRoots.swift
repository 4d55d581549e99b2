// SPDX-License-Identifier: Apache-2.0
//
// Which certification authorities a client trusts: the system's, those of one PEM file and no others, or both.

import NIOSSL

/// Why a file gives no trust roots.
package enum TrustRootsError: Error, Hashable, Sendable {
  /// The file cannot be read.
  case unreadable(path: String, FileError)
  /// The file holds no certificate, or something that is none.
  case notCertificates(path: String)
}

/// The certification authorities that a client trusts.
package struct TrustRoots: Sendable {
  let roots: NIOSSLTrustRoots
  let additionalRoots: [NIOSSLAdditionalTrustRoots]

  /// The operating system's.
  package static let system = TrustRoots(roots: .default, additionalRoots: [])

  private init(roots: NIOSSLTrustRoots, additionalRoots: [NIOSSLAdditionalTrustRoots]) {
    self.roots = roots
    self.additionalRoots = additionalRoots
  }

  /// Exactly the certificates in the PEM file at `path`.
  ///
  /// - Throws: `TrustRootsError` when the file cannot be read or does not hold at least one certificate.
  package init(file path: String, in environment: ClientEnvironment) throws(TrustRootsError) {
    roots = .certificates(try certificates(in: path, environment))
    additionalRoots = []
  }

  /// The operating system's, and the certificates in the PEM file at `path`.
  ///
  /// - Throws: `TrustRootsError` when the file cannot be read or does not hold at least one certificate.
  package static func systemAnd(
    file path: String,
    in environment: ClientEnvironment
  ) throws(TrustRootsError) -> TrustRoots {
    TrustRoots(roots: .default, additionalRoots: [.certificates(try certificates(in: path, environment))])
  }
}

private func certificates(
  in path: String,
  _ environment: ClientEnvironment
) throws(TrustRootsError) -> [NIOSSLCertificate] {
  let bytes: [UInt8]
  do throws(FileError) {
    bytes = try environment.readFile(environment.expandingHome(path))
  } catch {
    throw .unreadable(path: path, error)
  }
  guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
    throw .notCertificates(path: path)
  }
  return certificates
}
