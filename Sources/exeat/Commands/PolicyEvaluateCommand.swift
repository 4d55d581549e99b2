// SPDX-License-Identifier: Apache-2.0
//
// `exeat policy evaluate`: one line of JSON for each case.

import ArgumentParser
import PolicyEngine
import StrictJSON

/// `exeat policy evaluate`.
struct PolicyEvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Decide requests that are written down with their policies.",
    discussion: """
      Reads one JSON case or an array of them and prints, in order, one line for each:
        {"name":…,"decision":"Allowed"|"ExplicitlyDenied"|"ImplicitlyDenied","reasons":[…]}
      A case that cannot be decided, because a policy in it does not parse for example, gets
        {"name":…,"error":"…"}
      and the exit status is 1; the others are decided all the same.
      docs/policy.md has the format.
      """
  )

  @Argument(help: "The file; `-` is standard input.") var file: String
  @Flag(help: "Decide everything again for a second, and say on standard error how often a second.")
  var timing = false

  func run() throws {
    let reader = try PolicyFile.cases(file, locating: false)
    var decided: [PolicyCase] = []
    var failures = 0
    for range in reader.cases {
      var line = JSONWriter(isOneLine: true)
      do {
        let item = try reader.read(range)
        line.object { writer in
          writer.writeName(item.name)
          write(PolicyEvaluator.decide(item.request, item.policies), item.policies, to: &writer)
        }
        if timing { decided.append(item) }
      } catch {
        failures += 1
        line.object { writer in
          writer.writeName(reader.name(at: range))
          writer.member("error", PolicySentences.sentence(error))
        }
      }
      Console.out(String(decoding: line.bytes, as: UTF8.self))
    }
    if timing { Console.note(time(decided)) }
    guard failures == 0 else { throw ExitCode(1) }
  }

  private func write(_ decision: Decision, _ policies: PolicySet, to writer: inout JSONWriter) {
    writer.member("decision", PolicySentences.word(decision))
    writer.name("reasons")
    writer.array { writer in
      switch decision {
      case .allow(let references):
        // The root user of the account needs no statement.
        if references.isEmpty { writer.object { $0.member("effect", "Allow") } }
        for reference in references {
          writer.object { $0.write(reference, effect: .allow, type: policies.type(granting: reference)) }
        }
      case .explicitDeny(let type, let reference):
        writer.object { $0.write(reference, effect: .deny, type: type) }
      case .implicitDeny(let type):
        writer.object { writer in
          writer.member("effect", "None")
          writer.member("policyType", PolicySentences.name(type))
        }
      }
    }
  }

  /// Decisions a second over all cases, each as often as the others.
  private func time(_ cases: [PolicyCase]) -> String {
    guard !cases.isEmpty else { return "timing: nothing was decided" }
    let clock = ContinuousClock()
    let start = clock.now
    var rounds = 0
    var allowed = 0
    var spent = Duration.zero
    while spent < .seconds(1) {
      for item in cases where PolicyEvaluator.decide(item.request, item.policies).isAllowed { allowed += 1 }
      rounds += 1
      if rounds.isMultiple(of: max(1, 64 / cases.count)) { spent = clock.now - start }
    }
    let seconds = spent / .seconds(1)
    let rate = Int(Double(rounds * cases.count) / seconds)
    return "timing: \(rate) decisions a second (\(cases.count) cases, \(allowed / rounds) allowed)"
  }
}

extension PolicySet {
  /// The kind of the policy that gave access: the resource's own, or one of the identity-based.
  fileprivate func type(granting reference: StatementReference) -> PolicyType {
    guard let resource, resource.identifier.utf8.elementsEqual(reference.policy.utf8) else {
      return .identity
    }
    return resource.document.kind == .trust ? .roleTrust : .resource
  }
}

extension JSONWriter {
  /// Writes the member `name`, null for a case without one.
  mutating func writeName(_ name: String?) {
    self.name("name")
    if let name { string(name) } else { null() }
  }

  /// Writes the members that say which statement.
  mutating func write(_ reference: StatementReference, effect: Effect, type: PolicyType) {
    member("effect", effect.rawValue)
    member("policyType", PolicySentences.name(type))
    member("policy", reference.policy)
    member("index", Int64(reference.index))
    if let sid = reference.sid { member("sid", sid) }
  }
}
