// SPDX-License-Identifier: Apache-2.0
//
// Principals as policies name them: exact, never a wildcard in a part of a name. Source: IAM User Guide, policy
// elements Principal and NotPrincipal.

import IdentityModel
import StrictJSON

/// One principal that `Principal` or `NotPrincipal` names.
enum PrincipalPattern: Hashable, Sendable {
  /// `*`, `{"AWS": "*"}`: everyone, anonymous callers too.
  case everyone
  /// An account: 12 digits or the ARN of its root.
  case account(AccountID)
  /// A user, role or session by its ARN, in bytes.
  case arn([UInt8])
  /// A user, role or session by its unique id (`AIDA…`, `AROA…`, `AROA…:session`), in bytes.
  case uniqueID([UInt8])
  /// An AWS service by its principal name, in bytes.
  case service([UInt8])
  /// An identity provider by its ARN or host, in bytes.
  case federated([UInt8])
  /// A name that no caller has: an owner of Amazon S3, or a name whose holder was not there when names were bound.
  case nobody([UInt8])

  /// Reads `"*"` or a map of types to names.
  ///
  /// With `isTolerant` a `CanonicalUser` may be named.
  static func patterns(
    _ value: JSONValue,
    element: String,
    isTolerant: Bool
  ) throws(PolicyDocumentError) -> [PrincipalPattern] {
    if let text = value.string {
      guard text.utf8.elementsEqual("*".utf8) else { throw .principal(type: element, value: text) }
      return [.everyone]
    }
    guard let object = value.object, !object.members.isEmpty else { throw .wrongType(element: element) }
    var patterns: [PrincipalPattern] = []
    for member in object.members {
      let names = member.value.array ?? [member.value]
      guard !names.isEmpty else { throw .wrongType(element: element) }
      for name in names {
        guard let name = name.string else { throw .wrongType(element: element) }
        guard let pattern = PrincipalPattern(type: member.name, name: name, isTolerant: isTolerant)
        else {
          throw .principal(type: member.name, value: name)
        }
        patterns.append(pattern)
      }
    }
    return patterns
  }

  private init?(type: String, name: String, isTolerant: Bool) {
    let bytes = Array(name.utf8)
    switch PrincipalType(exactly: type) {
    case .aws:
      if bytes == Array("*".utf8) {
        self = .everyone
      } else if let account = AccountID(name) {
        self = .account(account)
      } else if let parts = ARNParts(bytes) {
        guard let pattern = PrincipalPattern(parts, bytes) else { return nil }
        self = pattern
      } else if PrincipalPattern.isUniqueID(bytes) {
        self = .uniqueID(bytes)
      } else {
        return nil
      }
    case .service:
      let isName =
        bytes.contains(UInt8(ascii: ".")) && bytes.allSatisfy { isAlphanumeric($0) || "-.".utf8.contains($0) }
      guard isName else { return nil }
      self = .service(bytes)
    case .federated:
      guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"*?".utf8.contains($0) }) else {
        return nil
      }
      self = .federated(bytes)
    case .canonicalUser:
      // An owner of Amazon S3: there is none here, and a Deny of it would protect nothing.
      guard isTolerant else { return nil }
      self = .nobody(bytes)
    case nil:
      return nil
    }
  }

  /// An IAM or STS ARN without wildcards; the root of an account is the account.
  private init?(_ arn: ARNParts, _ bytes: [UInt8]) {
    let service = arn.parts[2]
    guard service.elementsEqual("iam".utf8) || service.elementsEqual("sts".utf8), arn.parts[3].isEmpty,
      let account = AccountID(String(decoding: arn.parts[4], as: UTF8.self)),
      !arn.parts[5].isEmpty, !bytes.contains(where: { "*?".utf8.contains($0) })
    else { return nil }
    guard arn.parts[5].elementsEqual("root".utf8) else {
      self = .arn(bytes)
      return
    }
    // An account of another partition is another account, whatever its number: nobody here is of it.
    guard service.elementsEqual("iam".utf8) else { return nil }
    self = arn.parts[1].elementsEqual("aws".utf8) ? .account(account) : .arn(bytes)
  }

  /// `A`, 3 letters and at least 12 more of `[A-Z0-9]`, and a session name after a colon.
  ///
  /// Source: IAM identifiers.
  private static func isUniqueID(_ bytes: [UInt8]) -> Bool {
    let parts = bytes.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts[0].count >= 16, parts[0].first == UInt8(ascii: "A"),
      parts[0].allSatisfy({ isDigit($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
    else { return false }
    return parts.count == 1
      || (!parts[1].isEmpty && parts[1].allSatisfy { isAlphanumeric($0) || "_+=,.@-".utf8.contains($0) })
  }
}

private enum PrincipalType: String {
  case aws = "AWS"
  case service = "Service"
  case federated = "Federated"
  case canonicalUser = "CanonicalUser"
}
