// SPDX-License-Identifier: Apache-2.0
//
// `exeat policy lint`: what is legal in a policy and does not do what its author thinks, a line for each finding.

import ArgumentParser
import Federation
import PolicyEngine
import StrictJSON

/// `exeat policy lint`.
struct PolicyLintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint",
    abstract: "Look for traps in policy documents.",
    discussion: """
      Prints `FILE:LINE: error|warning: CODE: …` for each finding. Exit status: 1 when there is an error, and a
      document that does not parse is one; 0 when there are only warnings or nothing.
      docs/policy.md has the codes.
      """
  )

  @Argument(help: "The documents; `-` is standard input.") var files: [String]
  @Option(
    help:
      "identity, resource, trust, boundary, session, scp or rcp. Default: what the principals and resources say."
  )
  var kind: PolicyKindName?
  @Flag(help: "Print an array of JSON objects.") var json = false

  func run() throws {
    var hasErrors = false
    var writer = JSONWriter(isOneLine: true)
    var lines: [String] = []
    var failure: CommandFailure?
    writer.array { writer in
      for file in files {
        do throws(CommandFailure) {
          for finding in findings(in: try PolicyFile.read(file), of: file) {
            hasErrors = hasErrors || finding.severity == .error
            lines.append(Console.printable(finding.text))
            finding.write(to: &writer)
          }
        } catch {
          failure = failure ?? error
        }
      }
    }
    if let failure { throw failure }
    if json {
      Console.out(String(decoding: writer.bytes, as: UTF8.self))
    } else {
      for line in lines { Console.out(line) }
    }
    guard !hasErrors else { throw ExitCode(1) }
  }

  private func findings(in text: [UInt8], of file: String) -> [FileFinding] {
    do {
      let document = try PolicyDocument(json: text, kind: kind?.kind ?? PolicyKindName.guess(text))
      let spans = document.statementSpans
      return PolicyLint.findings(document).map { finding in
        FileFinding(
          file: file,
          line: finding.index < spans.count ? spans[finding.index].start.line : 1,
          statement: finding.index,
          sid: finding.sid,
          code: finding.code.rawValue,
          severity: finding.severity,
          sentence: finding.sentence
        )
      }
    } catch {
      let sentence =
        if case .json(let error) = error {
          PolicySentences.sentence(error, in: text)
        } else {
          error.reason
        }
      return [
        FileFinding(
          file: file,
          line: 1,
          statement: nil,
          sid: nil,
          code: "MalformedPolicyDocument",
          severity: .error,
          sentence: sentence
        )
      ]
    }
  }
}

/// A finding and where it was found.
private struct FileFinding {
  let file: String
  let line: Int
  let statement: Int?
  let sid: String?
  let code: String
  let severity: LintSeverity
  let sentence: String

  var text: String {
    "\(file):\(line): \(severity.rawValue): \(code): \(sentence)" + (sid.map { " (Sid `\($0)`)" } ?? "")
  }

  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("file", file)
      writer.member("line", Int64(line))
      if let statement { writer.member("statement", Int64(statement)) }
      if let sid { writer.member("sid", sid) }
      writer.member("code", code)
      writer.member("severity", severity.rawValue)
      writer.member("sentence", sentence)
    }
  }
}

/// The kinds of policy as the command line names them.
enum PolicyKindName: String, ExpressibleByArgument, CaseIterable {
  case identity, resource, trust, boundary, session, scp, rcp

  var kind: PolicyKind {
    switch self {
    case .identity: .identity
    case .resource: .resource
    case .trust: .trust
    case .boundary: .boundary
    case .session: .session
    case .scp: .serviceControl
    case .rcp: .resourceControl
    }
  }

  /// The kind that the first statement looks like: with principals it is a resource's policy, and without resources
  /// besides, a trust policy.
  static func guess(_ text: [UInt8]) -> PolicyKind {
    let document = try? JSONReader.read(text, maximumBytes: PolicyDocument.maximumBytes)
    let statements = document?.object?["Statement"]
    let first = (statements?.array?.first ?? statements)?.object
    guard (first?["Principal"] ?? first?["NotPrincipal"]) != nil else { return .identity }
    return (first?["Resource"] ?? first?["NotResource"]) == nil ? .trust : .resource
  }
}
