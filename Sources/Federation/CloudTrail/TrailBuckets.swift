// SPDX-License-Identifier: Apache-2.0
//
// The buckets that the operator gave to trails. The server writes with its own rights, not with those of whoever makes
// a trail: a name that is not here does not exist, whatever the server itself could reach.

package import IdentityModel

/// The buckets that trails may write to.
package struct TrailBuckets: Sendable {
  /// A bucket, and whose trails may write to it.
  package struct Given: Sendable {
    /// The name, as trails and digests name it.
    package let name: String
    /// The accounts whose trails may write to it; `nil` for all.
    package let accounts: Set<AccountID>?
    /// The bucket.
    package let bucket: any TrailBucket

    /// Gathers the parts.
    package init(name: String, accounts: Set<AccountID>?, bucket: any TrailBucket) {
      self.name = name
      self.accounts = accounts
      self.bucket = bucket
    }
  }

  private let given: [Given]

  /// Takes what the operator gave; of two with one name, the first that an account may use counts.
  package init(_ given: [Given]) {
    self.given = given
  }

  /// No bucket.
  package static let none = TrailBuckets([])

  /// The bucket `name`, when trails of `account` may write to it.
  package func bucket(_ name: String, for account: AccountID) -> (any TrailBucket)? {
    given.first { item in
      item.name.utf8.elementsEqual(name.utf8) && item.accounts?.contains(account) ?? true
    }?.bucket
  }
}
