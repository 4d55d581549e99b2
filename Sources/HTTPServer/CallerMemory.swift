// SPDX-License-Identifier: Apache-2.0
//
// Whose turn the next request of a connection is: that of the account that the last one proved. Owns what a connection
// remembers of its callers; refuses to know how a caller proves anything.
// Source: docs/decisions/0033-requests-in-turn.md.

import Federation
import IdentityModel
import Synchronization

/// What a connection remembers of its callers.
final class CallerMemory: Sendable {
  /// The access key id that a request claims, or else where it comes from, as a number that nobody can foresee.
  struct Claim: Hashable, Sendable {
    fileprivate let number: Int
    fileprivate let isPublicRead: Bool

    /// Reads the claim of `request`; all that claim nothing are alike when they come from one network.
    init(_ request: APIRequest) {
      var hasher = Hasher()
      var claimsKey = false
      isPublicRead = request.isPublicRead
      if !isPublicRead, var field = request.headers.first(where: { $0.hasName("authorization") })?.value {
        field.withUTF8 { bytes in
          guard let keyID = Claim.accessKeyID(in: bytes) else { return }
          hasher.combine(bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: keyID)))
          claimsKey = true
        }
      }
      if !claimsKey { hasher.combine(PeerNetwork(request.sourceIPAddress)) }
      number = hasher.finalize()
    }

    /// What stands between `Credential=` and the next `/`, at most 128 bytes.
    ///
    /// Source: AWS Signature Version 4, Authorization header.
    private static func accessKeyID(in field: UnsafeBufferPointer<UInt8>) -> Slice<
      UnsafeBufferPointer<UInt8>
    >? {
      let name = "Credential=".utf8
      let places = max(0, min(field.count, 1024) - name.count)
      guard let place = (0..<places).first(where: { field[$0...].starts(with: name) }) else { return nil }
      return field[(place + name.count)...].prefix(128).prefix { $0 != UInt8(ascii: "/") }
    }
  }

  private let proof = Mutex<(claim: Claim, account: AccountID)?>(nil)

  /// Whose turn a request with `claim` is.
  ///
  /// SECURITY: an account's only when the last request of the same connection proved it by the same key: nobody is taken
  /// for another one because a proxy sends the requests of both on one connection.
  func flow(of claim: Claim) -> RequestFlow {
    if claim.isPublicRead { return .reader(network: claim.number) }
    guard let proof = proof.withLock({ $0 }), proof.claim == claim else {
      return .stranger(claim: claim.number)
    }
    return .account(proof.account)
  }

  /// Notes what a request with `claim` has proved: `account`, or nothing, and then the connection has to prove it again.
  ///
  /// What is for everybody proves nothing and disproves nothing.
  func note(_ claim: Claim, proved account: AccountID?) {
    if claim.isPublicRead { return }
    proof.withLock { $0 = account.map { (claim, $0) } }
  }
}
