// SPDX-License-Identifier: Apache-2.0
//
// The claims of AWS's outbound identity federation in a token that nobody has asked for them yet: checked with the token,
// made on demand. The quick check passes only what `AWSFederationClaims` reads; that has the word on everything else.

import IdentityModel
import StrictJSON
import Synchronization

/// Claims of AWS's outbound identity federation that were checked, made when somebody asks.
final class LazyAWSClaims: Sendable {
  private let claims: LazyJSONObject
  private let made: Mutex<Box?>

  /// Nothing but a pointer, for as long as nobody asks.
  private final class Box: Sendable {
    let claims: AWSFederationClaims

    init(_ claims: AWSFederationClaims) { self.claims = claims }
  }

  /// Checks them; `nil` when `claims` hold none.
  ///
  /// - Throws: as `AWSFederationClaims`.
  init?(_ claims: LazyJSONObject, _ plain: PlainClaims?) throws(VerificationFailure) {
    switch claims.form {
    case .scanned(let scan):
      let place = plain?.aws ?? scan.member(AWSFederationClaims.claimName, of: 0) ?? 0
      guard place != 0 else { return nil }
      self.claims = claims
      made = Mutex(isPlain(scan, place) ? nil : Box(try AWSFederationClaims(scan.value(at: place))))
    case .read(let object):
      guard let value = object[AWSFederationClaims.claimName] else { return nil }
      self.claims = claims
      made = Mutex(Box(try AWSFederationClaims(value)))
    }
  }

  /// The claims.
  var value: AWSFederationClaims? {
    made.withLock { made in
      // INVARIANT: what was found plain can be read, so that the claims are never absent here.
      if made == nil {
        made = claims[AWSFederationClaims.claimName].flatMap { try? AWSFederationClaims($0) }.map(Box.init)
      }
      return made?.claims
    }
  }
}

/// What `AWSFederationClaims` demands of a member that stands.
private enum Shape {
  case account
  case text
  case texts
  case tags
  case time
}

/// What is demanded of the member `name`; `nil` when nobody reads it.
private func shape(of name: UnsafeBufferPointer<UInt8>) -> Shape? {
  func isOneOf(_ texts: StaticString...) -> Bool { texts.contains { isNamed(name, $0) } }
  switch name.count {
  case 6: return isNamed(name, "org_id") ? .text : nil
  case 7: return isNamed(name, "ou_path") ? .texts : nil
  case 11: return isNamed(name, "aws_account") ? .account : nil
  case 12: return isNamed(name, "request_tags") ? .tags : isNamed(name, "principal_id") ? .text : nil
  case 13: return isNamed(name, "source_region") ? .text : nil
  case 14: return isNamed(name, "principal_tags") ? .tags : nil
  case 15: return isNamed(name, "source_identity") ? .text : nil
  case 17: return isNamed(name, "ec2_role_delivery") ? .text : nil
  case 18: return isOneOf("federated_provider", "identity_store_arn") ? .text : nil
  case 20: return isNamed(name, "original_session_exp") ? .time : nil
  case 22: return isNamed(name, "identity_store_user_id") ? .text : nil
  case 23: return isOneOf("ec2_source_instance_arn", "ec2_instance_source_vpc") ? .text : nil
  case 26: return isNamed(name, "lambda_source_function_arn") ? .text : nil
  case 31: return isNamed(name, "glue_credential_issuing_service") ? .text : nil
  case 32: return isNamed(name, "ec2_instance_source_private_ipv4") ? .text : nil
  default: return nil
  }
}

/// Whether `AWSFederationClaims` takes what stands at `place`; `false` where it must be asked.
private func isPlain(_ scan: JSONScan, _ place: Int) -> Bool {
  guard scan.kind(at: place) == .object else { return false }
  var hasAccount = false
  let isGood = scan.allMembers(of: place) { name, value in
    guard let shape = shape(of: name) else { return true }
    if shape == .account { hasAccount = true }
    return hasShape(shape, scan, value)
  }
  return isGood && hasAccount
}

private func hasShape(_ shape: Shape, _ scan: JSONScan, _ place: Int) -> Bool {
  let kind = scan.kind(at: place)
  switch shape {
  case .account:
    return kind == .string && scan.bytes(at: place, areGood: AccountID.isSpelled(by:))
  case .text:
    return kind == .string
  case .texts:
    guard kind == .array else { return kind == .string }
    return holdsStrings(scan, from: place + 1, to: scan.next(after: place), everyOther: false)
  case .tags:
    return kind == .object
      && holdsStrings(scan, from: place + 2, to: scan.next(after: place), everyOther: true)
  case .time:
    return kind == .string && scan.bytes(at: place, areGood: { Instant(rfc3339: $0) != nil })
  }
}

/// Whether the values from `first` on are strings; in an object a name stands between two of them.
private func holdsStrings(_ scan: JSONScan, from first: Int, to end: Int, everyOther: Bool) -> Bool {
  var place = first
  while place < end {
    guard scan.kind(at: place) == .string else { return false }
    place = scan.next(after: place) + (everyOther ? 1 : 0)
  }
  return true
}
