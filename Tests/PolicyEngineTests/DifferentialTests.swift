// SPDX-License-Identifier: Apache-2.0
//
// The evaluator against the reference on random policy sets. Decisions must be equal with their reasons. 100,000 sets
// in the normal run; EXEAT_DIFFERENTIAL sets another number. The seed is fixed: a difference can be run again.

import Foundation
import IdentityModel
import PolicyEngine
import StrictJSON
import Testing

@Suite(.serialized)
struct DifferentialTests {
  @Test func `random policy sets have the decision and the reason of the reference`() throws {
    let count = ProcessInfo.processInfo.environment["EXEAT_DIFFERENTIAL"].flatMap(Int.init) ?? 100_000
    var generator = PolicyGenerator(seed: 0x00E8_EA7D)
    let pool = try Pool(&generator, documentsPerKind: 400)
    var verdicts: [String: Int] = [:]
    for round in 0..<count {
      let (question, reference) = generator.request()
      let (policies, plain) = generator.policies(from: pool)
      let decision = PolicyEvaluator.decide(question, policies)
      let expected = reference.decide(plain)
      guard decision == expected else {
        Issue.record("set \(round): \(decision), reference \(expected)\n\(question)\n\(plain)")
        return
      }
      verdicts[verdict(decision), default: 0] += 1
      if round.isMultiple(of: 10), let fault = fault(question, policies, decision) {
        Issue.record("set \(round): explain: \(fault)\n\(question)\n\(plain)")
        return
      }
    }
    print("differential: \(count) sets, 0 differences; \(verdicts.sorted { $0.key < $1.key })")
    // A generator that never reaches a branch proves nothing about it.
    let expected: Set = [
      "allow", "allow by nothing", "allow by two", "deny identity", "deny resource", "deny roleTrust",
      "deny permissionsBoundary", "deny session", "deny serviceControl", "deny resourceControl",
      "silent identity",
      "silent resource", "silent roleTrust", "silent permissionsBoundary", "silent session",
      "silent serviceControl", "silent resourceControl",
    ]
    #expect(Set(verdicts.keys) == expected || count < 100_000)
  }

  /// What an explanation says that its decision does not bear out.
  private func fault(_ question: PolicyRequest, _ policies: PolicySet, _ decision: Decision) -> String? {
    let explanation = PolicyEvaluator.explain(question, policies)
    guard explanation.decision == decision else { return "another decision: \(explanation.decision)" }
    let verdicts = Dictionary(uniqueKeysWithValues: explanation.verdicts.map { ($0.type, $0.verdict) })
    let denials = explanation.matched.filter { $0.effect == .deny }
    guard denials.isEmpty != verdicts.values.contains(.explicitlyDenied) else {
      return "verdicts and denials differ"
    }
    switch decision {
    case .allow(let references):
      let allows = Set(explanation.matched.filter { $0.effect == .allow }.map(\.reference))
      guard denials.isEmpty, allows.isSuperset(of: references) else { return "what allows is not matched" }
      guard explanation.isAllowedByOrganization != false else { return "the organization does not allow" }
    case .explicitDeny(let type, let reference):
      guard denials.first?.reference == reference, denials.first?.type == type else {
        return "another denial first"
      }
    case .implicitDeny(let type):
      guard denials.isEmpty else { return "a denial that was not decided by" }
      // Who delegates, gives no access itself: a resource's policy may allow and not be enough.
      let isSilent = verdicts[type] == .implicitlyDenied || verdicts[type] == nil
      guard isSilent else { return "\(type) was not silent" }
    }
    return nil
  }

  private func verdict(_ decision: Decision) -> String {
    switch decision {
    case .allow(let by): ["allow by nothing", "allow", "allow by two"][by.count]
    case .explicitDeny(let type, _): "deny \(type)"
    case .implicitDeny(let type): "silent \(type)"
    }
  }
}

/// One document in both forms.
struct PooledDocument: Sendable {
  let document: PolicyDocument
  let tree: JSONValue
}

struct Pool {
  var documents: [PolicyKind: [PooledDocument]] = [:]

  init(_ generator: inout PolicyGenerator, documentsPerKind count: Int) throws {
    for kind in PolicyKind.allCases {
      documents[kind] = try (0..<count).map { _ in
        let json = generator.document(kind)
        return PooledDocument(
          document: try PolicyDocument(json: Array(json.utf8), kind: kind),
          tree: try JSONReader.read(json.utf8)
        )
      }
    }
  }
}
