// SPDX-License-Identifier: Apache-2.0
//
// What the policy commands say: names of policy types, and why a file, a case or a document cannot be used. The server
// answers with AWS's texts, which name less; here the author of the policy reads. Source: IAM User Guide, troubleshooting
// access denied errors, for the names.

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
    case .policy(let error, let path): "`\(path)`: \(sentence(error))"
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
    guard let offset else { return sentence(error) }
    let lines = text[..<min(offset, text.count)].split(
      separator: UInt8(ascii: "\n"),
      omittingEmptySubsequences: false
    )
    let column = 1 + (lines.last?.count { $0 & 0xC0 != 0x80 } ?? 0)
    return "line \(lines.count), column \(column): \(sentence(error))"
  }

  private static func sentence(_ error: JSONReaderError) -> String {
    switch error {
    case .tooLarge(let limit): "it is longer than \(limit) octets"
    case .tooDeep(let limit, _): "it is nested deeper than \(limit)"
    case .notUTF8: "it is not UTF-8 without a byte order mark"
    case .unexpectedEnd: "it ends too early"
    case .unexpectedByte: "an unexpected character"
    case .badEscape: "a malformed escape"
    case .duplicateName(let name, _): "the name `\(name)` stands twice"
    }
  }

  /// Why a text is not a policy document.
  static func sentence(_ error: PolicyDocumentError) -> String {
    switch error {
    case .json(let error): "not JSON that can be read: \(sentence(error))"
    case .wrongType(let element): "`\(element)` holds a value of a wrong type, or nothing"
    case .unknownElement(let name): "`\(name)` is no element of the policy language"
    case .missingElement(let name): "`\(name)` is missing"
    case .prohibitedElement(let name): "`\(name)` may not stand in this kind of policy"
    case .conflictingElements(let one, let other): "`\(one)` and `\(other)` stand in one statement"
    case .unknownVersion(let text): "`Version`: `\(text)` is neither 2012-10-17 nor 2008-10-17"
    case .versionTooOld: "`Version` must be 2012-10-17 in this kind of policy"
    case .unknownEffect(let text): "`Effect`: `\(text)` is neither Allow nor Deny"
    case .allowNotPermitted: "`Allow` may not stand in this statement"
    case .sidNotAlphanumeric(let sid): "`Sid`: `\(sid)` holds other characters than letters and digits"
    case .duplicateSid(let sid): "`Sid`: `\(sid)` stands twice"
    case .actionWithoutVendor(let text): "action `\(text)` has no service before a colon"
    case .actionWithSeveralColons(let text): "action `\(text)` has more than one colon"
    case .vendor(let text): "`\(text)` is no name of a service"
    case .actionName(let text): "action `\(text)` holds characters that no action has"
    case .trustAction(let text):
      "action `\(text)` may not stand in a trust policy: it may name actions of STS"
    case .resourceNotARN(let text): "resource `\(text)` is neither an ARN nor `*`"
    case .resourceParts(let text): "resource `\(text)` has fewer than six parts"
    case .resourcePartition(let partition, let resource):
      "resource `\(resource)`: there is no partition `\(partition)`"
    case .resourceVendor(let text): "resource `\(text)` does not name its service"
    case .resourceRegion(let text): "resource `\(text)` has a region, and IAM has none"
    case .principal(let type, let value): "principal `\(value)` cannot stand under `\(type)`"
    case .principalNotEveryone: "a resource control policy may name no principal but `*`"
    case .unprotectedAction(let action):
      "`\(action)`: a resource control policy denies only named actions of services that it protects"
    case .conditionOperator(let name): "`\(name)` is no condition operator"
    case .conditionKey(let name): "`\(name)` is no condition key"
    case .duplicateConditionKey(let name): "the condition key `\(name)` stands twice under one operator"
    case .conditionValue(let name, let value): "`\(name)` cannot compare with `\(value)`"
    case .variable(let text): "`\(text)` holds `${` that begins no policy variable"
    }
  }
}
