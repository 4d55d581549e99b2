// SPDX-License-Identifier: Apache-2.0
//
// A signer whose signatures are made on threads of their own and in turn: an account that asks for many waits for itself,
// not the others for it. Refuses to know how a signature is made. Source: docs/decisions/0029-signing-queue.md.

package import Federation
package import IdentityModel
package import TokenFormats

/// A `TokenSigner` in front of another one.
///
/// Throws `overloaded` when too many signatures wait already, before anything is signed.
package struct SigningQueue: TokenSigner {
  /// Where requests and signatures run; the server gives it to its tasks.
  package let threads: SigningThreads

  private let signer: any TokenSigner

  /// When a caller who was refused may try again: a full queue is worked off in about this time.
  private static let retryAfterSeconds = 1

  /// Puts `signer` behind `threads`.
  package init(_ signer: any TokenSigner, threads: SigningThreads) {
    self.signer = signer
    self.threads = threads
  }

  package var isUnsealed: Bool { signer.isUnsealed }

  package func makeKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey {
    try await signer.makeKey(algorithm, for: account, purpose: purpose)
  }

  package func importKey(
    _ pem: Secret,
    for account: AccountID
  ) async throws(TokenSignerError) -> SealedSigningKey {
    try await signer.importKey(pem, for: account)
  }

  package func makeReadyKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey? {
    try await signer.makeReadyKey(algorithm, for: account, purpose: purpose)
  }

  package func forget(_ keyID: KeyID) { signer.forget(keyID) }

  package func vouches(for key: SealedSigningKey) throws(TokenSignerError) -> Bool {
    try signer.vouches(for: key)
  }

  package func sign(
    _ message: [UInt8],
    with key: SealedSigningKey,
    algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8] {
    let isHere = withUnsafeCurrentTask { $0?.unownedTaskExecutor == threads.asUnownedTaskExecutor() }
    guard !isHere else { return try await signInTurn(message, key, algorithm) }
    let result: Result<[UInt8], TokenSignerError> = await withTaskExecutorPreference(threads) {
      do throws(TokenSignerError) {
        return .success(try await signInTurn(message, key, algorithm))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func signInTurn(
    _ message: [UInt8],
    _ key: SealedSigningKey,
    _ algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8] {
    guard await threads.takeTurn(of: key.account, cost: SigningQueue.cost(algorithm)) else {
      throw .overloaded(retryAfterSeconds: SigningQueue.retryAfterSeconds)
    }
    defer { threads.endTurn() }
    return try await signer.sign(message, with: key, algorithm: algorithm)
  }

  /// What a signature costs beside others, as measured: 3,400 with RSA-2048 a second and 9,200 with P-384 on one core
  /// (docs/benchmarks.md).
  package static func cost(_ algorithm: JWSAlgorithm) -> UInt64 {
    algorithm == .es384 ? 10 : 27
  }
}
