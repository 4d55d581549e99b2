// SPDX-License-Identifier: Apache-2.0
//
// Who promises that a token's record is in the log: a key that is none of the issuers'. Absent means no: an account that
// demands promises then gets no tokens. Source: docs/decisions/0018.

package import IdentityModel
package import TokenFormats

/// Promises.
package protocol TokenPromiser: Sendable {
  /// The text of the verifier key by which promises are checked; `nil` when nothing can be promised.
  var promiseKey: String? { get }

  /// The promise for `token`, whose record is durable.
  ///
  /// - Throws: `failed` when there is no key, or when the log is not to be continued.
  func promise(_ token: PromisedToken, at now: Instant) throws(TokenSignerError) -> TransparencyPromise
}

/// Promises nothing.
package struct NoPromiser: TokenPromiser {
  package var promiseKey: String? { nil }

  /// Nothing to promise with.
  package init() {}

  package func promise(_ token: PromisedToken, at now: Instant) throws(TokenSignerError)
    -> TransparencyPromise
  {
    throw .failed("there is no log that could promise")
  }
}
