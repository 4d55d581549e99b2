// SPDX-License-Identifier: Apache-2.0
//
// Actions: `vendor:Name`, compared with ASCII case folded. Wildcards stand in the name, not in the vendor. Source: IAM
// User Guide, policy element Action.

import IdentityModel

/// One value of `Action` or `NotAction`, compiled.
enum ActionPattern: Hashable, Sendable {
  /// `*`
  case everything
  /// The folded units of `vendor:Name`, and the name as the policy has it.
  case named(Glob, written: String)

  /// Compiles `text`; refuses what could never match, because a Deny of it would protect nothing.
  init(_ text: String, inTrustPolicy: Bool) throws(PolicyDocumentError) {
    let bytes = text.utf8.map(asciiLowercase)
    let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    let star = UInt8(ascii: "*")
    if inTrustPolicy, parts.first?.elementsEqual("sts".utf8) != true { throw .trustAction(text) }
    guard bytes != [star] else {
      self = .everything
      return
    }
    guard parts.count > 1 else { throw .actionWithoutVendor(text) }
    guard parts.count == 2 else { throw .actionWithSeveralColons(text) }
    let isVendor = !parts[0].isEmpty && parts[0].allSatisfy { isAlphanumeric($0) || "-.".utf8.contains($0) }
    guard isVendor || parts[0].elementsEqual([star]) else {
      throw .vendor(String(decoding: parts[0], as: UTF8.self))
    }
    guard !parts[1].isEmpty, parts[1].allSatisfy({ isAlphanumeric($0) || "*?-_.".utf8.contains($0) }) else {
      throw .actionName(text)
    }
    self = .named(Glob(String(decoding: bytes, as: UTF8.self)), written: text)
  }

  /// Whether the pattern covers `action`, whose ASCII letters are folded to lower case.
  func matches(_ action: [UInt8]) -> Bool {
    switch self {
    case .everything: true
    case .named(let glob, _): glob.matches(action[...])
    }
  }
}
