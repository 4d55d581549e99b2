// SPDX-License-Identifier: Apache-2.0
//
// Trust policies on their way in and out. On the way in every principal must exist, and its unique id is kept: a name
// that is used again gains nothing. On the way out whoever is gone stands there by that id. Source: IAM User Guide,
// policy element Principal.

import IdentityModel
import PolicyEngine
import StrictJSON

/// A trust policy that may be stored.
struct TrustPolicy: Sendable {
  // The characters of a trust policy, white space not counted. Source: IAM quotas, role trust policy length.
  fileprivate static let maximumCharacters = 2048
  // The same with white space: what is stored, matched and recorded stays small, however it is laid out.
  fileprivate static let maximumBytes = 10_240

  /// The text, byte for byte as it was put.
  let text: String
  /// The unique ids of the principals, by the ARNs that name them.
  let principalIDs: [String: String]
}

extension House {
  /// The trust policy `text` of the role `roleName`.
  ///
  /// Throws MalformedPolicyDocument when it is none, or names an account, a user, a role, a session or a federated user
  /// that is not there; LimitExceeded when it is too long. Providers and services are taken as they are, and so are
  /// unique ids: one that nobody has means nobody for ever.
  func trustPolicy(_ text: String, of roleName: String) async throws(ServiceError) -> TrustPolicy {
    let document = try policyDocument(text, .trust, for: "role `\(roleName)`")
    guard countedCharacters(text) <= TrustPolicy.maximumCharacters,
      text.utf8.count <= TrustPolicy.maximumBytes
    else {
      throw .limitExceeded("Cannot exceed quota for ACLSizePerRole: \(TrustPolicy.maximumCharacters)")
    }
    for account in document.principalAccounts where try await !read({ try await $0.exists(account) }) {
      throw .unknownPrincipal(Principal.root(account).arn.description)
    }
    var principalIDs: [String: String] = [:]
    for arn in document.principalARNs {
      guard let id = try await read({ try await $0.principalID(arn) }) else { throw .unknownPrincipal(arn) }
      principalIDs[arn] = id
    }
    return TrustPolicy(text: text, principalIDs: principalIDs)
  }

  /// The texts of the trust policies of `roles`, in their order, as IAM shows them.
  ///
  /// Byte for byte as they were put, unless a principal is gone: then its unique id stands in place of its ARN.
  func trustPolicyTexts(of roles: [RoleRecord]) async throws(ServiceError) -> [String] {
    try await read { directory in
      // Roles trust each other: nobody is looked up twice.
      var known: [String: String?] = [:]
      var texts: [String] = []
      for role in roles {
        var gone: [String: String] = [:]
        for (arn, id) in role.trustedPrincipalIDs {
          let current: String?
          if let found = known[arn] {
            current = found
          } else {
            current = try await directory.principalID(arn)
          }
          known[arn] = .some(current)
          if current != id { gone[arn] = id }
        }
        texts.append(try role.trustPolicyText(with: gone))
      }
      return texts
    }
  }

  /// The text of the trust policy of `role`, as IAM shows it.
  func trustPolicyText(of role: RoleRecord) async throws(ServiceError) -> String {
    try await trustPolicyTexts(of: [role]).joined()
  }
}

extension RoleRecord {
  /// The trust policy with `uniqueIDs` in place of the ARNs that they belong to.
  fileprivate func trustPolicyText(with uniqueIDs: [String: String]) throws(StoreError) -> String {
    guard !uniqueIDs.isEmpty else { return assumeRolePolicyDocument }
    guard let policy = try? JSONReader.read(assumeRolePolicyDocument.utf8) else {
      throw .corrupted("\(RoleRecord.kind.name) `\(RoleRecord.id(account, name))`")
    }
    var writer = JSONWriter()
    writer.value(
      policy.replacing(["Statement"]) { statement in
        statement.replacing(["Principal", "NotPrincipal"]) { principals in
          principals.replacing(["AWS"]) { name in
            name.string.flatMap { uniqueIDs[$0] }.map(JSONValue.string) ?? name
          }
        }
      }
    )
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension JSONValue {
  /// The object with `transform` of the members `names`: of each element where the member is an array.
  fileprivate func replacing(_ names: [String], with transform: (JSONValue) -> JSONValue) -> JSONValue {
    guard let object else { return self }
    return .object(
      JSONObject(
        object.members.map { member in
          guard names.contains(where: { $0.utf8.elementsEqual(member.name.utf8) }) else { return member }
          guard let elements = member.value.array else { return .init(member.name, transform(member.value)) }
          return .init(member.name, .array(elements.map(transform)))
        }
      )
    )
  }
}

extension ServiceError {
  fileprivate static func unknownPrincipal(_ arn: String) -> ServiceError {
    ServiceError(PolicyDocumentError.principal(type: "AWS", value: arn), in: .trust)
  }
}
