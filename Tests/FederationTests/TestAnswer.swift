// SPDX-License-Identifier: Apache-2.0
//
// What tests read of an answer: its elements by name, without an XML reader of the house; and how they write a form.

import IdentityModel

/// An answer, read by its elements.
struct Answer: Sendable {
  let status: Int
  let text: String
  var headers: [String: String] = [:]
  /// Whom the request proved to be the caller.
  var caller: AccountID?

  /// The credentials in the answer of AssumeRole and its like.
  var credentials: Keys? {
    guard let id = self["AccessKeyId"], let secret = self["SecretAccessKey"], let token = self["SessionToken"]
    else { return nil }
    return Keys(id: id, secret: secret, sessionToken: token)
  }

  /// The content of the first element `name`, its apostrophes and quotation marks as they are.
  subscript(_ name: String) -> String? {
    guard let start = text.range(of: "<\(name)>"),
      let end = text[start.upperBound...].range(of: "</\(name)>")
    else { return nil }
    return String(text[start.upperBound..<end.lowerBound]).replacing("&#39;", with: "'")
      .replacing("&quot;", with: "\"")
  }

  /// The error code.
  var code: String? { self["Code"] }

  /// The error message without XML's escapes.
  var message: String? {
    self["Message"]?.replacing("&quot;", with: "\"").replacing("&#39;", with: "'")
  }

  /// The tags of the first list of tags, `key=value` each.
  var tags: [String]? {
    self["Tags"]?.split(separator: "</member>").compactMap { member in
      let tag = Answer(status: status, text: String(member))
      guard let key = tag["Key"] else { return nil }
      return "\(key)=\(tag["Value"] ?? "")"
    }
  }
}

func encoded(_ text: String) -> String {
  var result = ""
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let digits = String(byte, radix: 16, uppercase: true)
      result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
    }
  }
  return result
}

extension String {
  /// Where `needle` first stands, by characters.
  fileprivate func range(of needle: String) -> Range<Index>? { self[...].range(of: needle) }
}

extension Substring {
  fileprivate func range(of needle: String) -> Range<Index>? {
    ranges(of: needle).first
  }
}
