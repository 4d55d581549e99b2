// SPDX-License-Identifier: Apache-2.0
//
// The corpus of policies that are easy to misread. Each case must have the verdict of the corpus, and the reason
// stated here: the deciding statement or the error. Where the corpus tolerates several verdicts, ours is stated.

import Foundation
import PolicyEngine
import StrictJSON
import Testing

@Suite(.enabled(if: Corpus.has("policy-confusion"), "the corpora are not beside the checkout"))
struct PolicyConfusionTests {
  enum Outcome: Equatable {
    case decided(Decision)
    case refused(PolicyDocumentError)
  }

  @Test func `every policy that is easy to misread has its verdict and its reason`() throws {
    let cases = try #require(try Corpus.json("policy-confusion/cases.json").object?["cases"]?.array)
    #expect(cases.count == 83)
    var seen: Set<String> = []
    for entry in cases {
      let entry = try #require(entry.object)
      let name = try #require(entry["name"]?.string)
      #expect(seen.insert(name).inserted, "\(name) stands twice")
      let outcome = try outcome(of: entry)
      let label = try #require(entry["expect"]?.string)
      #expect(try verdicts(label).contains(verdict(of: outcome)), "\(name): \(outcome), expected \(label)")
      let expected = try #require(PolicyConfusionTests.reasons[name], "no reason is stated for \(name)")
      #expect(outcome == expected, "\(name)")
    }
    #expect(seen == Set(PolicyConfusionTests.reasons.keys))
  }

  private func outcome(of entry: JSONObject) throws -> Outcome {
    let json = try #require(entry["policy"]?.string)
    if let error = refusal(json) { return .refused(error) }
    var context: [String: [String]] = [:]
    for member in entry["context"]?.object?.members ?? [] {
      context[member.name] = member.value.array?.compactMap(\.string)
    }
    let question = request(
      try #require(entry["action"]?.string),
      on: try #require(entry["resource"]?.string),
      context
    )
    return .decided(try decide(json, question))
  }

  private enum Verdict { case allow, implicitDeny, explicitDeny, malformed }

  private func verdict(of outcome: Outcome) -> Verdict {
    switch outcome {
    case .refused: .malformed
    case .decided(.allow): .allow
    case .decided(.explicitDeny): .explicitDeny
    case .decided(.implicitDeny): .implicitDeny
    }
  }

  /// What the corpus tolerates; an unknown label fails.
  private func verdicts(_ label: String) throws -> [Verdict] {
    switch label {
    case "Allow": [.allow]
    case "ExplicitDeny": [.explicitDeny]
    case "ImplicitDeny", "ImplicitDenyPreferred": [.implicitDeny]
    case "MalformedPolicyDocument": [.malformed]
    case "ImplicitDenyOrMalformed", "MalformedOrImplicitDeny": [.implicitDeny, .malformed]
    case "AllowOrMalformed": [.allow, .malformed]
    case "ImplicitDenyOrAllow": [.implicitDeny, .allow]
    default: throw UnknownLabel(label: label)
    }
  }

  private struct UnknownLabel: Error { let label: String }
}
