// SPDX-License-Identifier: Apache-2.0
//
// Policy documents on their way in and out: how they are found, checked, counted and spelled in answers. Shared by every
// action that takes or gives one.

import IdentityModel
import PolicyEngine

extension House {
  /// The inline policy `policyName` of the identity `name`; throws NoSuchEntity when there is none.
  func existingInlinePolicy(
    _ policyName: String,
    of owner: IAMEntityKind,
    _ name: String,
    _ account: AccountID
  ) async throws(ServiceError) -> Stored<InlinePolicyRecord> {
    let id = InlinePolicyRecord.prefix(owner, account, name) + policyName
    guard let policy = try await read({ try await $0.record(InlinePolicyRecord.self, at: id) }) else {
      throw .noSuchEntity("The \(owner.word) policy with name \(policyName) cannot be found.")
    }
    return policy
  }

  /// The document of `text`; throws MalformedPolicyDocument with AWS's sentence.
  ///
  /// That sentence says little; the log says what is wrong, and where: `place`, such as "user `alice`".
  func policyDocument(
    _ text: String,
    _ kind: PolicyKind,
    for place: String
  ) throws(ServiceError) -> PolicyDocument {
    do {
      return try PolicyDocument(json: Array(text.utf8), kind: kind)
    } catch {
      diagnostics.report(
        Incident(.notice, what: "accept a policy document", cause: "\(error), for \(place)")
      )
      throw ServiceError(error, in: kind)
    }
  }
}

/// The characters of `document` without the white space between its tokens; inside a string it counts.
///
/// What IAM's quotas count. Source: IAM quotas.
func countedCharacters(_ document: String) -> Int {
  var count = 0
  var isInString = false
  var isEscaped = false
  for byte in document.utf8 {
    if isInString {
      if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
      isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
    } else if byte == UInt8(ascii: "\"") {
      isInString = true
    } else if [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
      continue
    }
    count += 1
  }
  return count
}

/// RFC 3986 percent-encoding of everything but unreserved characters, as IAM answers documents.
func urlEncoded(_ text: String) -> String {
  let digits = Array("0123456789ABCDEF".utf8)
  var result: [UInt8] = []
  result.reserveCapacity(text.utf8.count * 2)
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      result.append(byte)
    default:
      result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
    }
  }
  return String(decoding: result, as: UTF8.self)
}
