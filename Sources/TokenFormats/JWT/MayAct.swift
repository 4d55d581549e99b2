// SPDX-License-Identifier: Apache-2.0
//
// The claim `may_act`: the one who may act for the subject of a token, by that one's claims. Source: RFC 8693 §4.4.

package import StrictJSON

/// Who may become the actor for the subject of a token.
package struct MayAct: Hashable, Sendable {
  private let members: [JSONObject.Member]
  private let issuer: String

  /// The claim of a token that `issuer` issued; `nil` when it has none.
  ///
  /// - Throws: `claimMalformed` unless it is an object of strings with at least one member.
  package init?(_ claims: JSONObject, issuer: String) throws(JWTVerificationError) {
    guard let claim = claims["may_act"] else { return nil }
    guard let members = claim.object?.members, !members.isEmpty,
      members.allSatisfy({ $0.value.string != nil })
    else { throw .claimMalformed("may_act") }
    self.members = members
    self.issuer = issuer
  }

  /// Whether the claims `actor` of a verified token are those of whom the claim names.
  ///
  /// Every member must stand among them, as the same string, byte for byte. SECURITY: a name means somebody at an issuer:
  /// where the claim names no `iss`, the actor is one of the issuer of the subject's own token.
  package func names(_ actor: JSONObject) -> Bool {
    let isNamed = members.allSatisfy { member in
      guard let wanted = member.value.string, let value = actor[member.name]?.string else { return false }
      return same(wanted, value)
    }
    guard isNamed, let own = actor["iss"]?.string else { return false }
    return members.contains { same($0.name, "iss") } || same(own, issuer)
  }
}
