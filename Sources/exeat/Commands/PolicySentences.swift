// SPDX-License-Identifier: Apache-2.0
//
// What the policy commands say: names of policy types, and why a file, a case or a document cannot be used. The server
// answers with AWS's texts, which name less; here the author of the policy reads. Source: IAM User Guide, troubleshooting
// access denied errors, for the names.

import Federation
import PolicyEngine
import StrictJSON

/// The words of the policy commands.
enum PolicySentences {
  /// `Allowed`, `ExplicitlyDenied`, `ImplicitlyDenied`.
  static func word(_ decision: Decision) -> String {
    switch decision {
    case .allow: "Allowed"
    case .explicitDeny: "ExplicitlyDenied"
    case .implicitDeny: "ImplicitlyDenied"
    }
  }

  /// The same words for what one kind of policy says.
  static func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .allowed: "Allowed"
    case .explicitlyDenied: "ExplicitlyDenied"
    case .implicitlyDenied: "ImplicitlyDenied"
    }
  }

  /// AWS's name of a kind of policy.
  static func name(_ type: PolicyType) -> String {
    switch type {
    case .identity: "identity-based policy"
    case .resource: "resource-based policy"
    case .roleTrust: "role trust policy"
    case .permissionsBoundary: "permissions boundary"
    case .session: "session policy"
    case .serviceControl: "service control policy"
    case .resourceControl: "resource control policy"
    }
  }

  /// Why a case cannot be decided.
  static func sentence(_ error: PolicyCaseError) -> String {
    switch error {
    case .missing(let path): "`\(path)` is missing"
    case .wrongType(let path): "`\(path)` is not of the type that it should be"
    case .unknown(let path): "`\(path)` is no member of a case"
    case .account(let text, let path): "`\(path)`: `\(text)` is not 12 digits"
    case .principal(let name): "`request.principal`: `\(name)` is neither the ARN of a caller nor a service"
    case .policy(let error, let path): "`\(path)`: \(error.reason)"
    }
  }

  /// Why a text is not JSON, with the place where that is known: `line L, column C: …`.
  static func sentence(_ error: JSONReaderError, in text: [UInt8]) -> String {
    let offset: Int? =
      switch error {
      case .tooDeep(_, let offset), .unexpectedByte(let offset), .badEscape(let offset),
        .duplicateName(_, let offset):
        offset
      case .unexpectedEnd: text.count
      case .tooLarge, .notUTF8: nil
      }
    guard let offset else { return error.reason }
    let lines = text[..<min(offset, text.count)].split(
      separator: UInt8(ascii: "\n"),
      omittingEmptySubsequences: false
    )
    let column = 1 + (lines.last?.count { $0 & 0xC0 != 0x80 } ?? 0)
    return "line \(lines.count), column \(column): \(error.reason)"
  }
}
