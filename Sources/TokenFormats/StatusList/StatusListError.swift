// SPDX-License-Identifier: Apache-2.0
//
// Why nothing can be said of a token's status. Source: draft-ietf-oauth-status-list §8.3.

package import IdentityModel

/// Why nothing can be said of a token's status.
package enum StatusListError: Error, Hashable, Sendable {
  /// A claim that must stand is missing.
  case claimMissing(String)
  /// A claim has the wrong type or an impossible value.
  case claimMalformed(String)
  /// The `typ` is not `statuslist+jwt`: it is another kind of token.
  case notAStatusList
  /// The Status List Token is that of another list.
  case otherList(String)
  /// The `exp` has passed, leeway included.
  case expired(Instant)
  /// The `iat` is still to come, leeway included.
  case issuedInTheFuture(Instant)
  /// The list is no zlib data (RFC 1950), or is longer than `StatusListToken.maximumListBytes`.
  case notCompressed
  /// The list has no such place.
  case indexOutOfBounds(Int)
}
