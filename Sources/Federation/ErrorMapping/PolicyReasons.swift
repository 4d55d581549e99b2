// SPDX-License-Identifier: Apache-2.0
//
// Why a text is not a policy document, for its author. IAM answers with AWS's sentences, which name less
// (`PolicyErrors.swift`); these are for where AWS says nothing of its own: `exeat policy` and AWS Organizations.

package import PolicyEngine
package import StrictJSON

extension PolicyDocumentError {
  /// Why a text is not a policy document.
  ///
  /// Holds parts of the document as they are.
  package var reason: String {
    switch self {
    case .json(let error): "not JSON that can be read: \(error.reason)"
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

  /// The reason for an answer and its record: 512 bytes at most, and in one line.
  var clientReason: String {
    var text = ""
    for scalar in reason.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text.beginning(utf8Bytes: 512)
  }
}

extension JSONReaderError {
  /// Why a text is not JSON, without the place.
  package var reason: String {
    switch self {
    case .tooLarge(let limit): "it is longer than \(limit) octets"
    case .tooDeep(let limit, _): "it is nested deeper than \(limit)"
    case .notUTF8: "it is not UTF-8 without a byte order mark"
    case .unexpectedEnd: "it ends too early"
    case .unexpectedByte: "an unexpected character"
    case .badEscape: "a malformed escape"
    case .duplicateName(let name, _): "the name `\(name)` stands twice"
    }
  }
}
