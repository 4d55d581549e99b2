// SPDX-License-Identifier: Apache-2.0
//
// A token before it is signed, member by member, so that a test can say of it what no issuer would: names twice, values
// of the wrong type, text that is no JSON. Knows no keys.

import IdentityModel
import StrictJSON
import TokenFormats

/// Header and claims of a token as JSON texts.
struct TokenDraft {
  var algorithm: SigningAlgorithm
  /// The members of the header: name and value, as they are written.
  var header: [(name: String, json: String)]
  /// The members of the claims.
  var claims: [(name: String, json: String)]
  /// Written after the claims, and before them.
  var prefix = "", suffix = ""

  /// What a token that the issuer vended says; `nil` when it cannot be read.
  init?(_ token: String, algorithm: SigningAlgorithm) {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let header = Self.members(parts[0]), let claims = Self.members(parts[1]) else {
      return nil
    }
    self.algorithm = algorithm
    self.header = header
    self.claims = claims
  }

  private static func members(_ part: Substring) -> [(name: String, json: String)]? {
    guard let bytes = Base64URL.decode(part), let value = try? JSONReader.read(bytes),
      let object = value.object
    else { return nil }
    return object.members.map { ($0.name, $0.value.text) }
  }

  var headerText: String { text(header) }
  var claimsText: String { prefix + text(claims) + suffix }

  /// The value of a claim that is a string.
  func string(_ name: String) -> String? {
    guard let json = claims.first(where: { $0.name == name })?.json else { return nil }
    return (try? JSONReader.read(json.utf8))?.string
  }

  /// With the header member `name` as `json`, in its place; without it when that is `nil`.
  func header(_ name: String, _ json: String?) -> TokenDraft {
    var draft = self
    draft.header = Self.changed(header, name, json)
    return draft
  }

  /// With the claim `name` as `json`, in its place; without it when that is `nil`.
  func claim(_ name: String, _ json: String?) -> TokenDraft {
    var draft = self
    draft.claims = Self.changed(claims, name, json)
    return draft
  }

  /// With one more claim at the end, whether there is one of the name or not.
  func adding(_ name: String, _ json: String) -> TokenDraft {
    var draft = self
    draft.claims.append((name, json))
    return draft
  }

  private static func changed(
    _ members: [(name: String, json: String)],
    _ name: String,
    _ json: String?
  ) -> [(name: String, json: String)] {
    var members = members
    let place = members.firstIndex { $0.name == name }
    if let place { members.remove(at: place) }
    if let json { members.insert((name, json), at: place ?? members.count) }
    return members
  }

  private func text(_ members: [(name: String, json: String)]) -> String {
    "{" + members.map { "\(quoted($0.name)):\($0.json)" }.joined(separator: ",") + "}"
  }
}

/// `text` as a JSON string; a name that is written with an escape keeps it.
func quoted(_ text: String) -> String {
  text.utf8.contains(UInt8(ascii: "\\")) ? "\"\(text)\"" : JSONValue.string(text).text
}

extension JSONValue {
  /// The value as JSON on one line.
  var text: String {
    var writer = JSONWriter()
    writer.value(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
