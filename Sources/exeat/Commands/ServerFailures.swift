// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong at start, as one line and a hint.

import Federation
import HTTPServer
import LocalKeys

extension CommandFailure {
  /// The line for an error that stopped a server.
  init(startError error: any Error) {
    switch error {
    case let failure as CommandFailure:
      self = failure
    case let error as HTTPServerError:
      let hint: String? =
        switch error {
        case .addressInUse, .addressNotPermitted, .cannotBind: "choose another address with --listen"
        case .cannotReadCertificate, .keyDoesNotMatchCertificate, .cannotUseCertificate: "see --tls-cert"
        case .cannotReadKey: "see --tls-key"
        default: nil
        }
      self = .failed("\(error)", hint: hint)
    case let mismatch as IssuerMismatch:
      self = .failed(
        "--public-url, --issuer-style: they would change the issuer \(mismatch.stored) into \(mismatch.configured)",
        hint: "relying parties trust the stored issuer; start with the URL and the style it was made with"
      )
    case let error as StoreError:
      self = .failed(error.description)
    case let error as KeyEncryptionKeyError:
      self = .failed("\(error)")
    default:
      self = .failed(String(describing: error))
    }
  }
}
