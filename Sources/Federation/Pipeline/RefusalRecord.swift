// SPDX-License-Identifier: Apache-2.0
//
// Why policy refused, as it stands in the audit record: decided with the policies of that moment, told there and
// nowhere else. The client reads one sentence; who may read the log reads which statement and which condition.

import IdentityModel
import PolicyEngine
import StrictJSON

extension Explanation {
  // Whoever may call must not be able to make records long.
  private static let maximumStatements = 20
  private static let maximumValues = 10
  private static let maximumCharacters = 256
  /// For keys and statements together.
  ///
  /// SECURITY: the log leaves out `additionalEventData` of more than 28 KB as a
  /// whole; no request may be able to hide the decision by making its values long.
  private static let maximumBytes = 12 * 1024
  /// The same for who is vouched for by a provider and trusted by nobody: anybody can be, as often as they like.
  private static let maximumStrangerBytes = 2 * 1024

  /// `additionalEventData` of a refusal: `{"policyDecision":{…}}`.
  ///
  /// `level` is the root, the unit or the account whose policies of an organization refused, if they did;
  /// `isOfStranger` keeps it short for a caller whom no policy trusts.
  func refusal(of request: PolicyRequest, at level: String?, isOfStranger: Bool = false) -> JSONValue {
    let resource = isOfStranger ? Explanation.capped(request.resource) : request.resource
    var members: [JSONObject.Member] = [
      .init("action", .string(request.action)), .init("resource", .string(resource)),
    ]
    switch decision {
    case .allow: members.append(.init("decision", .string("allowed")))
    case .explicitDeny(let type, let reference):
      members.append(.init("decision", .string("explicitDeny")))
      members.append(.init("policyType", .string(type.word)))
      members += reference.members
    case .implicitDeny(let type):
      members.append(.init("decision", .string("implicitDeny")))
      members.append(.init("policyType", .string(type.word)))
    }
    members += JSONObject.Member.ifPresent("organizationLevel", level)
    var room = isOfStranger ? Explanation.maximumStrangerBytes : Explanation.maximumBytes
    let keys = Explanation.fitting(
      missingAccountContextKeys.prefix(Explanation.maximumStatements).map { .string(Explanation.capped($0)) },
      &room
    )
    let near = Explanation.fitting(
      unmatched.filter(\.explainsRefusals).prefix(Explanation.maximumStatements).map { $0.json },
      &room
    )
    if !near.isEmpty { members.append(.init("unmatchedStatements", .array(near))) }
    if !keys.isEmpty { members.append(.init("missingContextKeys", .array(keys))) }
    return .object(JSONObject([.init("policyDecision", .object(JSONObject(members)))]))
  }

  /// Those of `values` that fit into `room`, in bytes, which they use up.
  private static func fitting(_ values: [JSONValue], _ room: inout Int) -> [JSONValue] {
    var found: [JSONValue] = []
    for value in values {
      var writer = JSONWriter(isOneLine: true)
      writer.value(value)
      guard writer.bytes.count <= room else { continue }
      room -= writer.bytes.count
      found.append(value)
    }
    return found
  }

  /// Counted in Unicode scalars: what a reader takes for one character may be any number of them.
  fileprivate static func capped(_ text: String) -> String {
    String(text.unicodeScalars.prefix(maximumCharacters))
  }

  fileprivate static func capped(_ values: [String]) -> JSONValue {
    .strings(values.prefix(maximumValues).map(capped))
  }
}

extension StatementReference {
  fileprivate var members: [JSONObject.Member] {
    [.init("policy", .string(policy)), .init("statement", .integer(index))]
      + JSONObject.Member.ifPresent("sid", sid.map(Explanation.capped))
  }
}

extension UnmatchedStatement {
  /// Whether it may be why a call was refused.
  ///
  /// What an organization denies and did not deny here explains nothing, and there may be so much of it that the account's
  /// own statements would have no room.
  fileprivate var explainsRefusals: Bool {
    guard reason != .action else { return false }
    return effect == .allow || !type.isOfOrganization
  }

  fileprivate var json: JSONValue {
    var members = [JSONObject.Member("policyType", .string(type.word))] + reference.members
    members.append(.init("effect", .string(effect == .allow ? "Allow" : "Deny")))
    switch reason {
    case .action: members.append(.init("reason", .string("action")))
    case .resource: members.append(.init("reason", .string("resource")))
    case .principal: members.append(.init("reason", .string("principal")))
    case .condition(let unmet):
      members.append(.init("reason", .string("condition")))
      // SECURITY: accounts may not read the policies of their organization, and this is an account's record.
      guard !type.isOfOrganization else { break }
      members.append(.init("operator", .string(unmet.operator)))
      members.append(.init("key", .string(Explanation.capped(unmet.key))))
      members.append(.init("policyValues", Explanation.capped(unmet.policyValues)))
      if let values = unmet.requestValues {
        members.append(.init("requestValues", Explanation.capped(values)))
      }
    }
    return .object(JSONObject(members))
  }
}

extension PolicyType {
  fileprivate var word: String {
    switch self {
    case .identity: "identity"
    case .resource: "resource"
    case .roleTrust: "roleTrust"
    case .permissionsBoundary: "permissionsBoundary"
    case .session: "session"
    case .serviceControl: "serviceControl"
    case .resourceControl: "resourceControl"
    }
  }
}
