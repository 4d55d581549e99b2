// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the policy language share: short ways to write a document and a question, and the way to the
// published corpora, which stay outside the project.

import Foundation
import IdentityModel
import PolicyEngine
import StrictJSON
import Testing

let account = accountID("111122223333")
let otherAccount = accountID("444455556666")
let alice = RequestPrincipal.user(
  arn: ARN(service: "iam", account: account, resource: "user/alice"),
  account: account,
  userID: "AIDAAAAAAAAAAAAAALICE"
)
let session = RequestPrincipal.assumedRole(
  session: ARN(service: "sts", account: account, resource: "assumed-role/Builder/run-7"),
  role: ARN(service: "iam", account: account, resource: "role/ci/Builder"),
  account: account,
  roleID: "AROAAAAAAAAAAAABUILDR"
)
let federatedUser = RequestPrincipal.federatedUser(
  arn: ARN(service: "sts", account: account, resource: "federated-user/carol"),
  account: account,
  userID: "111122223333:carol"
)

func accountID(_ digits: String) -> AccountID {
  guard let account = AccountID(digits) else { preconditionFailure("12 digits: \(digits)") }
  return account
}

func document(_ json: String, _ kind: PolicyKind = .identity) throws -> PolicyDocument {
  try PolicyDocument(json: Array(json.utf8), kind: kind)
}

func policy(_ json: String, _ kind: PolicyKind = .identity, named name: String = "p") throws -> NamedPolicy {
  NamedPolicy(identifier: name, document: try document(json, kind))
}

/// A document of these statements, in the current version.
func statements(_ statements: String...) -> String {
  #"{"Version":"2012-10-17","Statement":[\#(statements.joined(separator: ","))]}"#
}

/// An Allow of everything under `condition`, a JSON object.
func allow(if condition: String) -> String {
  statements(#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":\#(condition)}"#)
}

/// A Deny of everything under `condition`, a JSON object.
func deny(if condition: String) -> String {
  statements(#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":\#(condition)}"#)
}

func request(
  _ action: String = "sts:GetWebIdentityToken",
  on resource: String = "arn:aws:sts::111122223333:self",
  by principal: RequestPrincipal = alice,
  of resourceAccount: AccountID? = nil,
  _ context: [String: [String]] = [:]
) -> PolicyRequest {
  var keys = RequestContext()
  for (key, values) in context { keys.set(key, values: values) }
  return PolicyRequest(
    action: action,
    resource: resource,
    resourceAccount: resourceAccount,
    principal: principal,
    context: keys
  )
}

/// Decides on one identity-based policy.
func decide(_ json: String, _ request: PolicyRequest) throws -> Decision {
  PolicyEvaluator.decide(request, PolicySet(identity: [try policy(json)]))
}

/// The error with which a text is refused.
func refusal(_ json: String, _ kind: PolicyKind = .identity) -> PolicyDocumentError? {
  do throws(PolicyDocumentError) {
    _ = try PolicyDocument(json: Array(json.utf8), kind: kind)
    return nil
  } catch {
    return error
  }
}

func reference(_ index: Int, _ policy: String = "p", sid: String? = nil) -> StatementReference {
  StatementReference(policy: policy, index: index, sid: sid)
}

/// The policy `r` of a resource, with one statement.
func resourcePolicy(_ principal: String, effect: String = "Allow", _ element: String = "Principal") throws
  -> NamedPolicy
{
  try policy(
    statements(#"{"Effect":"\#(effect)","\#(element)":\#(principal),"Action":"*","Resource":"*"}"#),
    .resource,
    named: "r"
  )
}

/// The trust policy `t` of a role, with one statement.
func trustPolicy(_ principal: String) throws -> NamedPolicy {
  try policy(
    statements(#"{"Effect":"Allow","Principal":\#(principal),"Action":"sts:AssumeRole"}"#),
    .trust,
    named: "t"
  )
}

// MARK: - Published corpora

enum Corpus {
  /// `shared/vectors` beside the checkout; `nil` where the corpora are not kept.
  static let folder: URL? = {
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appending(path: "shared/vectors")
      if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
      folder.deleteLastPathComponent()
    }
    return nil
  }()

  static func has(_ set: String) -> Bool {
    folder.map { FileManager.default.fileExists(atPath: $0.appending(path: set).path) } ?? false
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOf: try #require(folder).appending(path: path), encoding: .utf8)
  }

  static func json(_ path: String) throws -> JSONValue {
    try JSONReader.read(try text(path).utf8)
  }

  /// The paths below `set` that end in `.json`, sorted.
  static func files(in set: String) throws -> [String] {
    let root = try #require(folder).appending(path: set)
    let names = try #require(FileManager.default.enumerator(atPath: root.path)).compactMap { $0 as? String }
    return names.filter { $0.hasSuffix(".json") }.sorted()
  }
}

func bytes(of value: JSONValue) -> [UInt8] {
  var writer = JSONWriter()
  writer.value(value)
  return writer.bytes
}
