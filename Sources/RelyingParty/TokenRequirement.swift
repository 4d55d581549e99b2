// SPDX-License-Identifier: Apache-2.0
//
// What a token must say besides what every token must: the matchers for claims, tags, accounts and principals. All
// compare byte for byte. An absent claim meets no requirement. Source: RFC 8725 §3.8, §3.9.

/// What else a token must say.
public struct TokenRequirement: Sendable, CustomStringConvertible {
  /// What is demanded, for messages.
  public let description: String
  private let isMet: @Sendable (VerifiedToken) -> Bool

  /// Demands what `isMet` says; `description` tells a person what that is.
  public init(_ description: String, isMet: @escaping @Sendable (VerifiedToken) -> Bool) {
    self.description = description
    self.isMet = isMet
  }

  func isMet(by token: VerifiedToken) -> Bool { isMet(token) }

  /// The `sub` is one of `subjects`.
  public static func subject(_ subjects: String...) -> TokenRequirement {
    TokenRequirement("sub is one of \(listed(subjects))") { token in
      subjects.contains { same($0, token.subject) }
    }
  }

  /// The `sub` matches `pattern`, in which `*` stands for any text, slashes and colons included, and nothing else for
  /// anything but itself.
  public static func subject(matching pattern: String) -> TokenRequirement {
    TokenRequirement("sub matches `\(pattern)`") { matches($0.subject, pattern) }
  }

  /// The claim at `path`, one name for each object on the way, is a string that is one of `values`, or an array of
  /// strings that holds one of them.
  public static func claim(_ path: String..., isOneOf values: [String]) -> TokenRequirement {
    TokenRequirement("claim \(path.joined(separator: " → ")) is one of \(listed(values))") { token in
      guard let first = path.first, var value = token[claim: first] else { return false }
      for name in path.dropFirst() {
        guard let next = value[name] else { return false }
        value = next
      }
      return value.strings?.contains { text in values.contains { same($0, text) } } ?? false
    }
  }

  /// The account is one of `accounts`, 12 digits each.
  public static func account(_ accounts: String...) -> TokenRequirement {
    TokenRequirement("account is one of \(listed(accounts))") { token in
      token.aws.map { aws in accounts.contains { same($0, aws.account) } } ?? false
    }
  }

  /// The account is in the organization `orgID`.
  public static func organization(_ orgID: String) -> TokenRequirement {
    TokenRequirement("organization is `\(orgID)`") { token in
      token.aws?.orgID.map { same($0, orgID) } ?? false
    }
  }

  /// The account is in the organizational unit at `path`, `o-…/r-…/ou-…/`, or below it.
  public static func organizationalUnit(under path: String) -> TokenRequirement {
    let prefix = path.utf8.last == UInt8(ascii: "/") ? path : path + "/"
    return TokenRequirement("organizational unit is `\(prefix)` or below") { token in
      token.aws?.ouPath.contains { $0.utf8.starts(with: prefix.utf8) } ?? false
    }
  }

  /// The tag `key` of the principal is one of `values`.
  public static func principalTag(_ key: String, isOneOf values: String...) -> TokenRequirement {
    TokenRequirement("principal tag `\(key)` is one of \(listed(values))") { token in
      token.aws?.principalTag(key).map { value in values.contains { same($0, value) } } ?? false
    }
  }

  /// The tag `key` of the call is one of `values`.
  public static func requestTag(_ key: String, isOneOf values: String...) -> TokenRequirement {
    TokenRequirement("request tag `\(key)` is one of \(listed(values))") { token in
      token.aws?.requestTag(key).map { value in values.contains { same($0, value) } } ?? false
    }
  }
}

private func listed(_ values: [String]) -> String {
  values.map { "`\($0)`" }.joined(separator: ", ")
}

/// Whether `text` matches `pattern`, `*` standing for any bytes; linear in both, whatever the pattern.
private func matches(_ text: String, _ pattern: String) -> Bool {
  let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(
    Array.init
  )
  var rest = Array(text.utf8)[...]
  guard let first = parts.first, let last = parts.last, rest.starts(with: first) else { return false }
  guard parts.count > 1 else { return rest.count == first.count }
  rest = rest.dropFirst(first.count)
  guard rest.count >= last.count, rest.suffix(last.count).elementsEqual(last) else { return false }
  rest = rest.dropLast(last.count)
  for part in parts.dropFirst().dropLast() where !part.isEmpty {
    guard let end = endOfFirst(part, in: rest) else { return false }
    rest = rest[end...]
  }
  return true
}

private func endOfFirst(_ part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
  guard text.count >= part.count else { return nil }
  return (text.startIndex...(text.endIndex - part.count))
    .first { text[$0..<($0 + part.count)].elementsEqual(part) }.map { $0 + part.count }
}
