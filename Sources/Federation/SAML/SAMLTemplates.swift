// SPDX-License-Identifier: Apache-2.0
//
// What a SAML config may say about a caller: the condition keys that templates can name, and what they say of one caller.
// A template is read when it is stored; nothing that is wrong with it comes to light at issuing.

import IdentityModel
import PolicyEngine

/// A template of a SAML config, read.
struct SAMLTemplate: Sendable {
  private static let tagPrefix = "aws:PrincipalTag/"
  private static let singleKeys = [
    "aws:FederatedProvider", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID",
    "aws:PrincipalType", "aws:RequestedRegion", "aws:SourceIdentity", "aws:SourceIp", "aws:TokenIssueTime",
    "aws:userid", "aws:username", "sts:RoleSessionName", "sts:SourceIdentity",
  ]
  private static let multivaluedKeys = ["aws:PrincipalOrgPaths"]

  /// Why a template is not taken.
  enum Problem: Error {
    /// `${` begins nothing that the policy language knows.
    case malformed
    /// There is no such key here.
    case unknownKey(String)
    /// The key has several values where there is room for one, or beside another such key.
    case multivalued(String)
  }

  private let template: TextTemplate

  /// Reads `text`; where one value is wanted a multi-valued key is refused.
  init(_ text: String, takesSeveral: Bool) throws(Problem) {
    do {
      template = try TextTemplate(text)
    } catch {
      throw .malformed
    }
    var multivalued = 0
    for key in template.variables {
      let name = asciiLowercased(key)
      func matches(_ other: String) -> Bool { asciiLowercased(other).utf8.elementsEqual(name.utf8) }
      let prefix = asciiLowercased(Self.tagPrefix).utf8
      if Self.singleKeys.contains(where: matches) { continue }
      if name.utf8.starts(with: prefix), name.utf8.count > prefix.count { continue }
      guard Self.multivaluedKeys.contains(where: matches) else { throw .unknownKey(key) }
      multivalued += 1
      guard takesSeveral, multivalued == 1 else { throw .multivalued(key) }
    }
  }

  /// What it says in `context`; nothing when a key has no value there and no default.
  func texts(in context: RequestContext) -> [String] { template.texts(in: context) }
}

extension RequestContext {
  /// What templates can say of the caller of `call`.
  init(saml call: AuthenticatedCall) {
    let own = ResourceOwner(account: call.account, membership: call.caller.standing.membership)
    self.init(call, owner: own, [])
    if let sourceIdentity = call.caller.session?.sourceIdentity { set("sts:SourceIdentity", sourceIdentity) }
    if case .assumedRole(let session) = call.caller.principal {
      set("sts:RoleSessionName", session.sessionName)
    }
  }
}

// MARK: - Attributes

extension AuthenticatedCall {
  private static let basic = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
  // A tag's key need not be an XML name, as `basic` demands.
  private static let unspecified = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"

  /// The default attributes that templates can say, by the names that they have in a web identity token.
  static let defaultSAMLAttributes =
    [
      ("aws_account", "${aws:PrincipalAccount}"), ("source_region", "${aws:RequestedRegion}"),
      ("principal_id", "${aws:PrincipalArn}"), ("org_id", "${aws:PrincipalOrgID}"),
      ("ou_path", "${aws:PrincipalOrgPaths}"), ("role_session_name", "${sts:RoleSessionName}"),
      ("federated_provider", "${aws:FederatedProvider}"),
    ].map { name, value in
      SAMLAttributeTemplate(name: name, nameFormat: basic, friendlyName: nil, values: [value])
    } + [sourceIdentityAttribute]

  /// The source identity of the caller's session: what a token endpoint of this server takes along a chain.
  static let sourceIdentityAttribute = SAMLAttributeTemplate(
    name: "source_identity",
    nameFormat: basic,
    friendlyName: nil,
    values: ["${sts:SourceIdentity}"]
  )

  /// The attributes that no template can say: when the session ends, and the principal's tags.
  func furtherSAMLAttributes() -> [(name: String, nameFormat: String, value: String)] {
    var attributes: [(name: String, nameFormat: String, value: String)] = []
    if let expiration = caller.session?.expiration {
      attributes.append(("original_session_exp", Self.basic, expiration.rfc3339))
    }
    let tags = caller.principal.tags
    // Should two keys meet here all the same, the last one stands alone, as in a web identity token.
    for (index, tag) in tags.enumerated()
    where !tags[(index + 1)...].contains(where: { $0.key.utf8.elementsEqual(tag.key.utf8) }) {
      attributes.append(("principal_tags/\(tag.key)", Self.unspecified, tag.value))
    }
    return attributes
  }
}
