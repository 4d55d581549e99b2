// SPDX-License-Identifier: Apache-2.0
//
// Promises in the name of the Merkle log, with its key, under its present name. A log that must not be continued promises
// nothing. Source: docs/decisions/0018.

import AuditTrail
package import IdentityModel
package import TokenFormats

/// Promises that tokens are in the log.
package struct LogPromiser: TokenPromiser {
  private let log: TransparencyLog
  private let signer: (any LogSigner)?

  /// Promises for `log` with its key; `signer` is `nil` when the key is gone.
  package init(_ log: TransparencyLog, signer: (any LogSigner)?) {
    self.log = log
    self.signer = signer
  }

  package var promiseKey: String? {
    log.fault == nil && signer != nil ? log.verifierKey?.text : nil
  }

  package func promise(
    _ token: PromisedToken,
    at now: Instant
  ) throws(TokenSignerError) -> TransparencyPromise {
    guard let signer, let key = promiseKey,
      let promising = PromisingLog(verifierKey: key, publicKey: signer.publicKey)
    else { throw .failed("the log is not continued, and promises nothing") }
    let message = TransparencyPromise.signedBytes(token, log: promising, time: now)
    let signature = try signer.sign(message)
    do {
      let promise = try TransparencyPromise(log: promising, time: now, signature: signature)
      // SECURITY: as a relying party would. A faulty Ed25519 signature would give the log's key away.
      try promise.verify(token, log: promising, now: now, leewaySeconds: 0)
      return promise
    } catch {
      throw .signatureCheckFailed
    }
  }
}
