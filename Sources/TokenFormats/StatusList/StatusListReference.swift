// SPDX-License-Identifier: Apache-2.0
//
// Where a token's status stands: the claim `status` of the token. Source: draft-ietf-oauth-status-list §6.1, §6.2.

package import StrictJSON

/// The place of a token in a status list.
package struct StatusListReference: Hashable, Sendable {
  /// `idx`: the place in the list, from 0.
  package let index: Int
  /// `uri`: the list, and the `sub` of the Status List Token that holds it.
  package let uri: String

  /// Pairs `index` and `uri`.
  package init(index: Int, uri: String) {
    self.index = index
    self.uri = uri
  }

  /// The reference in the claims of a token; `nil` when they have none.
  ///
  /// Other members of `status` belong to other mechanisms and are not looked at.
  ///
  /// - Throws: `claimMalformed` for a `status` that is not an object, or a `status_list` without an integer `idx` from 0
  ///   or a `uri`: a token that says something of its status which cannot be read has no known status.
  package init?(_ claims: some JSONMembers) throws(StatusListError) {
    guard let claim = claims["status"] else { return nil }
    guard let status = claim.object else { throw .claimMalformed("status") }
    guard let member = status["status_list"] else { return nil }
    guard let list = member.object else { throw .claimMalformed("status_list") }
    guard let index = list["idx"]?.int64, index >= 0, index <= Int.max else { throw .claimMalformed("idx") }
    guard let uri = list["uri"]?.string, !uri.isEmpty else { throw .claimMalformed("uri") }
    self.init(index: Int(index), uri: uri)
  }

  /// Writes the claim `"status":{"status_list":{"idx":…,"uri":…}}`.
  func write(to writer: inout JSONWriter) {
    writer.name("status")
    writer.object { writer in
      writer.name("status_list")
      writer.object { writer in
        writer.member("idx", Int64(index))
        writer.member("uri", uri)
      }
    }
  }
}
