// SPDX-License-Identifier: Apache-2.0
//
// The policies that people are to copy, read from where they stand: what each allows and what it refuses, as the tables of
// examples/guardrails/README.md say.

import Foundation
import IdentityModel
import PolicyEngine
import Testing

/// A request against a guardrail, and whether it gets through.
struct GuardrailCase: CustomTestStringConvertible, Sendable {
  let file: String
  let action: String
  let context: [String: [String]]
  let isAllowed: Bool

  var testDescription: String { "\(file): \(action) \(context) \(isAllowed ? "allowed" : "refused")" }

  /// A token as the guardrails like it, but for `changes`; an empty list takes a key away.
  init(_ file: String, _ action: String, _ isAllowed: Bool, _ changes: [String: [String]] = [:]) {
    var context = [
      "sts:DurationSeconds": ["300"], "sts:IdentityTokenAudience": ["https://api.example.com"],
      "sts:SigningAlgorithm": ["ES384"],
    ]
    context[action == token ? "aws:RequestTag/CostCenter" : "aws:ResourceTag/CostCenter"] = ["42"]
    self.file = file
    self.action = action
    self.context = context.merging(changes) { $1 }
    self.isAllowed = isAllowed
  }
}

private let token = "sts:GetWebIdentityToken"
private let configToken = "iam:GetOutboundFederationToken"
private let guardrails = ["token-lifetime", "audience", "signing-algorithm", "required-tags"]

private func file(_ name: String) throws -> String {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../examples/guardrails"
  )
  return try String(contentsOf: folder.appending(path: name).standardizedFileURL, encoding: .utf8)
}

/// The organization's policies, one level, with AWS's own and the guardrail `name`.
private func policies(_ name: String, _ kind: PolicyKind) throws -> PolicySet {
  let everything = #""Effect":"Allow","Action":"*","Resource":"*""#
  let all = try policy(statements("{\(everything)}"), .identity, named: "all")
  let principal = kind == .resourceControl ? #","Principal":"*""# : ""
  let full = try policy(statements("{\(everything)\(principal)}"), kind, named: "full")
  let prefix = kind == .serviceControl ? "scp" : "rcp"
  let guardrail = try policy(try file("\(prefix)-\(name).json"), kind, named: name)
  let levels = [[full, guardrail]]
  return kind == .serviceControl
    ? PolicySet(identity: [all], serviceControl: levels) : PolicySet(identity: [all], resourceControl: levels)
}

struct GuardrailTests {
  @Test(arguments: [
    GuardrailCase("token-lifetime", token, true),
    GuardrailCase("token-lifetime", token, true, ["sts:DurationSeconds": ["900"]]),
    GuardrailCase("token-lifetime", token, false, ["sts:DurationSeconds": ["901"]]),
    GuardrailCase("token-lifetime", token, false, ["sts:DurationSeconds": ["3600"]]),
    GuardrailCase("token-lifetime", configToken, true, ["sts:DurationSeconds": ["900"]]),
    GuardrailCase("token-lifetime", configToken, false, ["sts:DurationSeconds": ["43200"]]),
    GuardrailCase("audience", token, true),
    GuardrailCase(
      "audience",
      token,
      true,
      ["sts:IdentityTokenAudience": ["api://AzureADTokenExchange", "https://api.example.com"]]
    ),
    GuardrailCase("audience", token, false, ["sts:IdentityTokenAudience": ["https://evil.example"]]),
    GuardrailCase(
      "audience",
      token,
      false,
      ["sts:IdentityTokenAudience": ["https://api.example.com", "https://evil.example"]]
    ),
    GuardrailCase("audience", token, false, ["sts:IdentityTokenAudience": ["https://api.example.com/"]]),
    GuardrailCase("audience", configToken, true),
    GuardrailCase("audience", configToken, false, ["sts:IdentityTokenAudience": ["urn:sp"]]),
    GuardrailCase("signing-algorithm", token, true),
    GuardrailCase("signing-algorithm", token, false, ["sts:SigningAlgorithm": ["RS256"]]),
    GuardrailCase("signing-algorithm", configToken, true, ["sts:SigningAlgorithm": ["ECDSA-SHA384"]]),
    GuardrailCase("signing-algorithm", configToken, false, ["sts:SigningAlgorithm": ["RSA-SHA256"]]),
    GuardrailCase("signing-algorithm", configToken, false, ["sts:SigningAlgorithm": ["RSA-SHA384"]]),
    GuardrailCase("required-tags", token, true),
    GuardrailCase("required-tags", token, true, ["aws:RequestTag/CostCenter": [""]]),
    GuardrailCase("required-tags", token, false, ["aws:RequestTag/CostCenter": []]),
    GuardrailCase(
      "required-tags",
      token,
      false,
      ["aws:RequestTag/CostCenter": [], "aws:RequestTag/Costs": ["42"]]
    ),
    GuardrailCase("required-tags", configToken, true),
    GuardrailCase("required-tags", configToken, false, ["aws:ResourceTag/CostCenter": []]),
  ])
  func `a guardrail refuses what its table says, as either type`(item: GuardrailCase) throws {
    let resource =
      item.action == token
      ? "arn:aws:sts::111122223333:self" : "arn:aws:iam::111122223333:outbound-federation-config/app"
    for kind in [PolicyKind.serviceControl, .resourceControl] {
      let type: PolicyType = kind == .serviceControl ? .serviceControl : .resourceControl
      let request = request(item.action, on: resource, by: alice, of: nil, item.context)
      let decision = PolicyEvaluator.decide(request, try policies(item.file, kind))
      switch decision {
      case .allow: #expect(item.isAllowed, "\(kind)")
      case .explicitDeny(let denying, let reference):
        #expect(!item.isAllowed && denying == type && reference.policy == item.file, "\(kind)")
      case .implicitDeny: Issue.record("\(kind): \(decision)")
      }
    }
  }

  @Test(arguments: guardrails)
  func `a guardrail is one that a customer may attach, and leaves everything else alone`(
    name: String
  ) throws {
    for (prefix, kind) in [("scp", PolicyKind.serviceControl), ("rcp", .resourceControl)] {
      let text = try file("\(prefix)-\(name).json")
      #expect(text.utf16.count <= 5120)
      #expect(throws: Never.self) { try document(text, kind).requireCustomers() }
      for action in ["iam:CreateUser", "sts:AssumeRole", "sts:GetCallerIdentity"] {
        let request = request(action, on: "*", by: alice, of: nil, [:])
        #expect(PolicyEvaluator.decide(request, try policies(name, kind)).isAllowed, "\(prefix) \(action)")
      }
    }
  }

  @Test func `every file of the folder is tested here`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../examples/guardrails").standardizedFileURL
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json") }
    #expect(Set(files) == Set(guardrails.flatMap { ["scp-\($0).json", "rcp-\($0).json"] }))
    let readme = try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
    #expect(guardrails.allSatisfy { readme.contains("…-\($0).json") })
  }
}
