// SPDX-License-Identifier: Apache-2.0
//
// The claims by which an identity provider speaks to AWS: session tags, which of them are transitive, the source
// identity, and the roles that the token is for. Nested or flattened, as AWS takes both. Reads their shape only; which
// keys, lengths and numbers a session may have is for whoever makes one. Source: AWS IAM User Guide, Pass session tags
// in AWS STS, Monitor and control actions taken with assumed roles.

package import IdentityModel
package import StrictJSON

/// What an identity provider asks of AWS in a token.
package struct SessionClaims: Hashable, Sendable {
  /// The session tags, in the token's order; no two keys are equal byte for byte.
  package let tags: [Tag]
  /// The keys of the tags that later sessions inherit, in the token's order.
  package let transitiveTagKeys: [String]
  /// The source identity.
  package let sourceIdentity: String?
  /// The ARNs of the only roles that the token may be used for; `nil` leaves it to the roles.
  package let roleARNs: [String]?

  private static let tagsName = "https://aws.amazon.com/tags"
  private static let sourceIdentityName = "https://aws.amazon.com/source_identity"
  private static let rolesName = "https://aws.amazon.com/roles"

  /// Gathers what a provider asks in another form than a token.
  package init(tags: [Tag], transitiveTagKeys: [String], sourceIdentity: String?, roleARNs: [String]?) {
    self.tags = tags
    self.transitiveTagKeys = transitiveTagKeys
    self.sourceIdentity = sourceIdentity
    self.roleARNs = roleARNs
  }

  /// Reads `https://aws.amazon.com/tags`, `…/source_identity` and `…/roles`.
  ///
  /// The tags are an object `{"principal_tags":{KEY:[VALUE]},"transitive_tag_keys":[KEY]}`, or claims
  /// `https://aws.amazon.com/tags/principal_tags/KEY` and `https://aws.amazon.com/tags/transitive_tag_keys`, never
  /// both. A value is a string, or an array of exactly one.
  ///
  /// - Throws: `claimMalformed` with the name of the claim.
  package init(_ claims: JSONObject) throws(JWTVerificationError) {
    let flattened = claims.members.filter { $0.name.utf8.starts(with: (Self.tagsName + "/").utf8) }
    if let nested = claims[Self.tagsName] {
      guard flattened.isEmpty, let object = nested.object else { throw .claimMalformed(Self.tagsName) }
      (tags, transitiveTagKeys) = try Self.nested(object)
    } else {
      (tags, transitiveTagKeys) = try Self.flattened(flattened)
    }
    sourceIdentity = try claims.claimIfPresent(Self.sourceIdentityName)
    switch claims[Self.rolesName] {
    case nil: roleARNs = nil
    case .string(let role): roleARNs = [role]
    case let value?: roleARNs = try Self.strings(value, in: Self.rolesName)
    }
  }

  private static func nested(_ object: JSONObject) throws(JWTVerificationError) -> ([Tag], [String]) {
    var tags: [Tag] = []
    if let value = object["principal_tags"] {
      guard let members = value.object?.members else { throw .claimMalformed(tagsName) }
      for member in members { tags.append(try tag(member.name, member.value, in: tagsName)) }
    }
    guard let keys = object["transitive_tag_keys"] else { return (tags, []) }
    return (tags, try strings(keys, in: tagsName))
  }

  private static func flattened(
    _ members: [JSONObject.Member]
  ) throws(JWTVerificationError) -> ([Tag], [String]) {
    let prefix = tagsName + "/principal_tags/"
    var tags: [Tag] = []
    var keys: [String] = []
    for member in members {
      if member.name.utf8.starts(with: prefix.utf8) {
        let key = String(decoding: member.name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        tags.append(try tag(key, member.value, in: member.name))
      } else if same(member.name, tagsName + "/transitive_tag_keys") {
        keys = try strings(member.value, in: member.name)
      } else {
        throw .claimMalformed(member.name)
      }
    }
    return (tags, keys)
  }

  private static func tag(
    _ key: String,
    _ value: JSONValue,
    in claim: String
  ) throws(JWTVerificationError) -> Tag {
    if let text = value.string { return Tag(key: key, value: text) }
    guard let values = value.array, values.count == 1, let text = values[0].string else {
      throw .claimMalformed(claim)
    }
    return Tag(key: key, value: text)
  }

  private static func strings(
    _ value: JSONValue,
    in claim: String
  ) throws(JWTVerificationError) -> [String] {
    guard let elements = value.array else { throw .claimMalformed(claim) }
    let strings = elements.compactMap(\.string)
    guard strings.count == elements.count else { throw .claimMalformed(claim) }
    return strings
  }
}
