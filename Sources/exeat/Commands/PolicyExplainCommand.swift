// SPDX-License-Identifier: Apache-2.0
//
// `exeat policy explain`: the decision in words: which policy, which statement, which condition, what was missing.

import ArgumentParser
import PolicyEngine
import StrictJSON

/// `exeat policy explain`.
struct PolicyExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why a request is allowed or denied.",
    discussion: """
      Reads cases as `exeat policy evaluate` does, and names policies, statements with their lines, and conditions.
      Exit status 1 when a case cannot be decided; a denial is no failure.
      With --request-id and --data-dir: why the server refused a call, from its audit log, as policies were then.
      """
  )

  @Argument(help: "The file; `-` is standard input.") var file: String?
  @Option(help: "Explain the cases of this name only.") var name: String?
  @Option(help: "Explain the refused call with this request id.") var requestId: String?
  @Option(help: "The data directory of the server that refused it.") var dataDir: String?
  @Flag(help: "Print a line of JSON for each case.") var json = false

  func run() async throws {
    switch (file, requestId, dataDir) {
    case (let file?, nil, nil): try explain(file)
    case (nil, let requestID?, let dataDir?):
      guard name == nil else { throw CommandFailure.usage("--name goes with a file") }
      try await RefusedCall.explain(requestID, in: dataDir, json: json)
    default: throw CommandFailure.usage("give a file, or --request-id with --data-dir")
    }
  }

  private func explain(_ file: String) throws {
    let reader = try PolicyFile.cases(file, locating: true)
    let ranges = reader.cases.filter { range in
      name.map { wanted in reader.name(at: range).map { $0.utf8.elementsEqual(wanted.utf8) } ?? false }
        ?? true
    }
    if let name, ranges.isEmpty { throw CommandFailure.failed("`\(file)` has no case `\(name)`") }
    var failures = 0
    for (number, range) in ranges.enumerated() {
      if number > 0, !json { Console.out("") }
      do {
        let item = try reader.read(range)
        let explanation = PolicyEvaluator.explain(item.request, item.policies)
        if json {
          Console.out(ExplanationText.json(item, explanation))
        } else {
          for line in ExplanationText.lines(item, explanation) { Console.out(Console.printable(line)) }
        }
      } catch {
        failures += 1
        var line = JSONWriter(isOneLine: true)
        line.object { writer in
          writer.writeName(reader.name(at: range))
          writer.member("error", PolicySentences.sentence(error))
        }
        let title = reader.name(at: range).map { "\($0): " } ?? ""
        Console.out(
          json
            ? String(decoding: line.bytes, as: UTF8.self)
            : Console.printable("\(title)cannot be decided: \(PolicySentences.sentence(error))")
        )
      }
    }
    guard failures == 0 else { throw ExitCode(1) }
  }
}

/// An explanation as lines and as JSON.
enum ExplanationText {
  // MARK: - Lines

  static func lines(_ item: PolicyCase, _ explanation: Explanation) -> [String] {
    let request = item.request
    var lines = [
      "\(item.name.map { "\($0): " } ?? "")\(PolicySentences.word(explanation.decision))",
      "  \(request.action) on \(request.resource)",
      "  \(reason(item, explanation))",
    ]
    append("What applies", explanation.matched.map(line), to: &lines)
    append(
      "What does not, and why",
      explanation.unmatched.filter { $0.reason != .action }.map(line),
      to: &lines
    )
    let others = explanation.unmatched.count { $0.reason == .action }
    if others > 0 { lines.append("  \(others) statement\(others == 1 ? "" : "s") on other actions") }
    append("Keys that are asked for and missing", explanation.missingContextKeys, to: &lines)
    append(
      "What each kind of policy says by itself",
      explanation.verdicts.map { "\(PolicySentences.name($0.type)): \(word($0.verdict))" },
      to: &lines
    )
    return lines
  }

  private static func append(_ title: String, _ entries: [String], to lines: inout [String]) {
    guard !entries.isEmpty else { return }
    lines.append("  \(title):")
    for entry in entries { lines.append("    \(entry)") }
  }

  private static func reason(_ item: PolicyCase, _ explanation: Explanation) -> String {
    switch explanation.decision {
    case .allow(let references):
      guard !references.isEmpty else { return "the root user of the account needs no policy" }
      return "allowed by " + references.map(place).joined(separator: " and ")
    case .explicitDeny(let type, let reference):
      return "denied by \(place(reference)) (\(PolicySentences.name(type))\(level(item, type, explanation)))"
    case .implicitDeny(let type):
      return "no \(PolicySentences.name(type))\(level(item, type, explanation)) allows it"
    }
  }

  /// ` of ou-…` when a level of the organization refused; its number when the case does not name it.
  private static func level(_ item: PolicyCase, _ type: PolicyType, _ explanation: Explanation) -> String {
    guard let level = explanation.refusingLevel else { return "" }
    let names = type == .serviceControl ? item.serviceControlLevels : item.resourceControlLevels
    let name = names.indices.contains(level) ? names[level] : nil
    return " of \(name ?? "level \(level + 1)")"
  }

  private static func place(_ reference: StatementReference) -> String {
    "statement \(reference.index + 1)\(reference.sid.map { " (\($0))" } ?? "") of \(reference.policy)"
  }

  private static func line(_ statement: MatchedStatement) -> String {
    "\(statement.effect.rawValue): \(place(statement.reference)), line \(statement.span.start.line)"
  }

  private static func line(_ statement: UnmatchedStatement) -> String {
    "\(statement.effect.rawValue): \(place(statement.reference)), line \(statement.span.start.line): "
      + sentence(statement.reason)
  }

  private static func sentence(_ reason: Mismatch) -> String {
    switch reason {
    case .action: return "it is about other actions"
    case .resource: return "it is about other resources"
    case .principal: return "it is about other principals"
    case .condition(let unmet):
      let wanted = unmet.policyValues.map { "`\($0)`" }.joined(separator: ", ")
      guard let values = unmet.requestValues else {
        return "\(unmet.operator) \(unmet.key) \(wanted): the request has no \(unmet.key)"
      }
      return "\(unmet.operator) \(unmet.key) \(wanted): the request has "
        + values.map { "`\($0)`" }.joined(separator: ", ")
    }
  }

  private static func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .allowed: "allows"
    case .explicitlyDenied: "denies"
    case .implicitlyDenied: "is silent"
    }
  }

  // MARK: - JSON

  static func json(_ item: PolicyCase, _ explanation: Explanation) -> String {
    var writer = JSONWriter(isOneLine: true)
    writer.object { writer in
      writer.writeName(item.name)
      writer.member("decision", PolicySentences.word(explanation.decision))
      writer.member("reason", reason(item, explanation))
      writer.name("matched")
      writer.array { writer in
        for statement in explanation.matched {
          writer.object { writer in
            writer.write(statement.reference, effect: statement.effect, type: statement.type)
            write(statement.span, to: &writer)
          }
        }
      }
      writer.name("unmatched")
      writer.array { writer in
        for statement in explanation.unmatched {
          writer.object { writer in
            writer.write(statement.reference, effect: statement.effect, type: statement.type)
            write(statement.span, to: &writer)
            write(statement.reason, to: &writer)
          }
        }
      }
      writer.name("missingContextKeys")
      writer.array { writer in for key in explanation.missingContextKeys { writer.string(key) } }
      writer.name("verdicts")
      writer.object { writer in
        for verdict in explanation.verdicts {
          writer.member(PolicySentences.name(verdict.type), PolicySentences.word(verdict.verdict))
        }
      }
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func write(_ span: SourceSpan, to writer: inout JSONWriter) {
    for (name, position) in [("start", span.start), ("end", span.end)] {
      writer.name(name)
      writer.object { writer in
        writer.member("line", Int64(position.line))
        writer.member("column", Int64(position.column))
      }
    }
  }

  private static func write(_ reason: Mismatch, to writer: inout JSONWriter) {
    switch reason {
    case .action: writer.member("because", "Action")
    case .resource: writer.member("because", "Resource")
    case .principal: writer.member("because", "Principal")
    case .condition(let unmet):
      writer.member("because", "Condition")
      writer.member("operator", unmet.operator)
      writer.member("key", unmet.key)
      writer.name("policyValues")
      writer.array { writer in for value in unmet.policyValues { writer.string(value) } }
      if let values = unmet.requestValues {
        writer.name("requestValues")
        writer.array { writer in for value in values { writer.string(value) } }
      }
    }
  }
}
