// SPDX-License-Identifier: Apache-2.0
//
// A second evaluator, as plain as it can be: it walks the JSON tree for every request, matches wildcards by recursion,
// compares numbers as Double and dates by table, and shares no code with the one under test. Its truth values are
// Bool? (nil: cannot be answered). It reads only documents that the generator wrote.

import IdentityModel
import PolicyEngine
import StrictJSON

struct ReferencePolicy: Sendable {
  let name: String
  let tree: JSONValue
}

struct ReferencePolicies: Sendable {
  var identity: [ReferencePolicy] = []
  var boundary: [ReferencePolicy]?
  var session: [ReferencePolicy]?
  var resource: ReferencePolicy?
  var resourceIsTrust = false
  var scp: [[ReferencePolicy]] = []
  var rcp: [[ReferencePolicy]] = []
}

struct ReferenceEvaluator {
  let action: String
  let resource: String
  let context: [String: [String]]
  /// Every name of the caller: account, role, itself.
  let account: String?
  let role: [String]
  let itself: [String]
  let isRoot: Bool
  let isFederatedUser: Bool
  let isCrossAccount: Bool

  func decide(_ set: ReferencePolicies) -> Decision {
    let resourceType: PolicyType = set.resourceIsTrust ? .roleTrust : .resource
    let groups: [(PolicyType, [ReferencePolicy])] = [
      (.serviceControl, set.scp.flatMap { $0 }), (.resourceControl, set.rcp.flatMap { $0 }),
      (resourceType, [set.resource].compactMap { $0 }), (.identity, set.identity),
      (.permissionsBoundary, set.boundary ?? []), (.session, set.session ?? []),
    ]
    for (type, group) in groups {
      if let hit = hits("Deny", group).first { return .explicitDeny(type, hit.0) }
    }
    if set.scp.contains(where: { hits("Allow", $0).isEmpty }) { return .implicitDeny(.serviceControl) }
    if set.rcp.contains(where: { hits("Allow", $0).isEmpty }) { return .implicitDeny(.resourceControl) }

    let grants = hits("Allow", [set.resource].compactMap { $0 })
    let top = grants.map(\.1).max()
    let grant = grants.first { $0.1 == top }
    let by = grant.map { [$0.0] } ?? []
    if account == nil { return grant == nil ? .implicitDeny(resourceType) : .allow(by: by) }
    if grant == nil, isCrossAccount || set.resourceIsTrust { return .implicitDeny(resourceType) }
    if !isCrossAccount, top == 4 { return .allow(by: by) }
    if isRoot { return .allow(by: by) }
    let needsIdentity = isCrossAccount || top == nil || top == 1
    let own = hits("Allow", set.identity).first
    if needsIdentity, own == nil { return .implicitDeny(.identity) }
    if let boundary = set.boundary, hits("Allow", boundary).isEmpty {
      return .implicitDeny(.permissionsBoundary)
    }
    if isFederatedUser, set.session == nil { return .implicitDeny(.session) }
    if let session = set.session, hits("Allow", session).isEmpty { return .implicitDeny(.session) }
    return .allow(by: by + (needsIdentity ? [own].compactMap { $0?.0 } : []))
  }

  /// The statements of `effect` that apply, each with how closely it names the caller (1 account, 2 everyone, 3 role,
  /// 4 itself; 0 without Principal).
  private func hits(_ effect: String, _ policies: [ReferencePolicy]) -> [(StatementReference, Int)] {
    policies.flatMap { policy in
      let list = member(policy.tree, "Statement")?.array ?? []
      return list.enumerated().compactMap { (index, statement) -> (StatementReference, Int)? in
        guard member(statement, "Effect")?.string == effect,
          truth(statement, policy.tree) ?? (effect == "Deny")
        else {
          return nil
        }
        let named = principals(member(statement, "Principal")).map(closeness).max() ?? 0
        return (
          StatementReference(policy: policy.name, index: index, sid: member(statement, "Sid")?.string), named
        )
      }
    }
  }

  private func truth(_ statement: JSONValue, _ document: JSONValue) -> Bool? {
    var answers: [Bool?] = []
    let expands = member(document, "Version")?.string == "2012-10-17"
    if let list = strings(member(statement, "Action")) { answers.append(list.contains(where: coversAction)) }
    if let list = strings(member(statement, "NotAction")) {
      answers.append(!list.contains(where: coversAction))
    }
    if let list = strings(member(statement, "Resource")) {
      answers.append(list.contains { coversResource($0, expands) == true })
    }
    if let list = strings(member(statement, "NotResource")) {
      let each = list.map { coversResource($0, expands) }
      answers.append(each.contains(true) ? false : each.contains(nil) ? nil : true)
    }
    if let value = member(statement, "Principal") {
      answers.append(principals(value).map(closeness).max() ?? 0 > 0)
    }
    if let value = member(statement, "NotPrincipal") { answers.append(!spares(principals(value))) }
    for block in member(statement, "Condition")?.object?.members ?? [] {
      for entry in block.value.object?.members ?? [] {
        answers.append(condition(block.name, entry.name.lowercased(), strings(entry.value) ?? [], expands))
      }
    }
    return answers.contains(false) ? false : answers.contains(nil) ? nil : true
  }

  // MARK: - Elements

  private func coversAction(_ pattern: String) -> Bool {
    like(units(pattern.lowercased(), true, false) ?? [], Array(action.lowercased().unicodeScalars))
  }

  private func coversResource(_ pattern: String, _ expands: Bool) -> Bool? {
    if pattern == "*" { return true }
    guard resource != "*" else { return false }
    return likeARN(pattern, resource, expands)
  }

  /// Every part before the sixth colon by itself; nil when the rest fits and a variable has no value.
  private func likeARN(_ pattern: String, _ arn: String, _ expands: Bool) -> Bool? {
    if pattern == "*" { return true }
    let patterns = cut(pattern)
    let each = zip(patterns, cut(arn)).map { pattern, part in
      units(pattern, true, expands).map { like($0, Array(part.unicodeScalars)) }
    }
    return each.contains(false) ? false : each.contains(nil) ? nil : true
  }

  /// Cuts at the first five colons outside braces.
  private func cut(_ text: String) -> [String] {
    var parts = [""]
    var depth = 0
    for character in text {
      if character == "{" { depth += 1 }
      if character == "}" { depth -= 1 }
      if character == ":", depth == 0, parts.count < 6 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }

  private func closeness(_ name: String) -> Int {
    if itself.contains(name) { return 4 }
    if role.contains(name) { return 3 }
    if name == "*" { return 2 }
    return account.map { name == $0 || name == "arn:aws:iam::\($0):root" } == true ? 1 : 0
  }

  private func spares(_ names: [String]) -> Bool {
    let levels = Set(names.map(closeness))
    if levels.contains(2) { return true }
    let needed = (account == nil ? [] : [1]) + (role.isEmpty ? [] : [3]) + (itself.isEmpty ? [] : [4])
    return !needed.isEmpty && needed.allSatisfy(levels.contains)
  }

  private func principals(_ value: JSONValue?) -> [String] {
    if let text = value?.string { return [text] }
    return value?.object?.members.flatMap { strings($0.value) ?? [] } ?? []
  }

  // MARK: - Conditions

  private func condition(_ name: String, _ key: String, _ wanted: [String], _ expands: Bool) -> Bool? {
    let present = context[key].flatMap { $0.isEmpty ? nil : $0 }
    if name == "Null" { return wanted.contains(present == nil ? "true" : "false") }
    var plain = name
    let forAll = plain.hasPrefix("ForAllValues:")
    let forAny = plain.hasPrefix("ForAnyValue:")
    if forAll { plain.removeFirst(13) }
    if forAny { plain.removeFirst(12) }
    let ifExists = plain.hasSuffix("IfExists")
    if ifExists { plain.removeLast(8) }
    let negated = plain.contains("Not")
    plain = plain.replacing("Not", with: "")
    guard let present else { return ifExists || forAll || (!forAny && negated) }
    let each = present.map { value -> Bool? in
      let fits = wanted.map { test(plain, $0, value, expands) }
      if fits.contains(.some(.some(true))) { return !negated }
      if fits.contains(where: { $0 == .some(nil) || ($0 == nil && negated) }) { return nil }
      return negated
    }
    if forAll { return each.contains(false) ? false : each.contains(nil) ? nil : true }
    if forAny { return each.contains(true) ? true : each.contains(nil) ? nil : false }
    return each.count == 1 ? each[0] : each.allSatisfy { $0 == false } ? false : nil
  }

  // Outer nil: a variable has no value. Inner nil: the request's value is of another type.
  private func test(_ name: String, _ wanted: String, _ value: String, _ expands: Bool) -> Bool?? {
    switch name {
    case "StringEquals", "StringEqualsIgnoreCase", "StringLike":
      let fold = name.hasSuffix("Case")
      guard let wanted = units(fold ? wanted.lowercased() : wanted, name == "StringLike", expands) else {
        return nil
      }
      return .some(like(wanted, Array((fold ? value.lowercased() : value).unicodeScalars)))
    case "ArnEquals", "ArnLike":
      guard cut(value).count == 6 else { return .some(nil) }
      guard let fits = likeARN(wanted, value, expands) else { return nil }
      return .some(fits)
    case "Bool": return .some(["true", "false"].contains(value) ? value == wanted : nil)
    case "BinaryEquals": return .some(value == wanted)
    case "IpAddress":
      guard let address = address(value) else { return .some(nil) }
      let parts = wanted.split(separator: "/").map(String.init)
      let shift = 32 - (parts.count == 2 ? Int(parts[1]) ?? 0 : 32)
      return .some(self.address(parts[0]).map { $0 >> shift == address >> shift })
    default:
      let isDate = name.hasPrefix("Date")
      guard let left = isDate ? dates[value] : Double(value),
        let right = isDate ? dates[wanted] : Double(wanted)
      else {
        return .some(nil)
      }
      switch name.replacing("Numeric", with: "").replacing("Date", with: "") {
      case "Equals": return .some(left == right)
      case "LessThan": return .some(left < right)
      case "LessThanEquals": return .some(left <= right)
      case "GreaterThan": return .some(left > right)
      default: return .some(left >= right)
      }
    }
  }

  private func address(_ text: String) -> Int? {
    let octets = text.split(separator: ".").compactMap { Int($0) }
    return octets.count == 4 ? octets.reduce(0) { $0 * 256 + $1 } : nil
  }

  private let dates = [
    "2026-04-21": 1_776_729_600.0, "2026-04-21T00:00:00Z": 1_776_729_600, "1776729600": 1_776_729_600,
    "2026-04-21T07:37:10Z": 1_776_757_030, "2026-04-21T07:37:09.5Z": 1_776_757_029.5,
  ]

  // MARK: - Text

  private enum Unit { case run, one, scalar(Unicode.Scalar) }

  /// The pattern with its variables filled in; nil when one has no single value.
  private func units(_ text: String, _ wildcards: Bool, _ expands: Bool) -> [Unit]? {
    var units: [Unit] = []
    var rest = Substring(text)
    while let scalar = rest.unicodeScalars.first {
      if expands, rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") {
        let inside = rest[..<end].dropFirst(2)
        rest = rest[rest.index(after: end)...]
        let parts = inside.split(separator: ", ", maxSplits: 1)
        if ["*", "?", "$"].contains(inside) {
          units += inside.unicodeScalars.map(Unit.scalar)
        } else {
          let fallback = parts.count == 2 ? [String(parts[1].dropFirst().dropLast())] : nil
          guard let values = context[parts[0].lowercased()] ?? fallback, values.count == 1 else { return nil }
          units += values[0].unicodeScalars.map(Unit.scalar)
        }
        continue
      }
      units.append(wildcards && scalar == "*" ? .run : wildcards && scalar == "?" ? .one : .scalar(scalar))
      rest.unicodeScalars.removeFirst()
    }
    return units
  }

  private func like(_ units: [Unit], _ text: [Unicode.Scalar]) -> Bool { like(units[...], text[...]) }

  private func like(_ units: ArraySlice<Unit>, _ text: ArraySlice<Unicode.Scalar>) -> Bool {
    guard let unit = units.first else { return text.isEmpty }
    switch unit {
    case .run: return like(units.dropFirst(), text) || (!text.isEmpty && like(units, text.dropFirst()))
    case .one: return !text.isEmpty && like(units.dropFirst(), text.dropFirst())
    case .scalar(let scalar): return text.first == scalar && like(units.dropFirst(), text.dropFirst())
    }
  }

  private func member(_ value: JSONValue, _ name: String) -> JSONValue? { value.object?[name] }

  private func strings(_ value: JSONValue?) -> [String]? {
    guard let value else { return nil }
    return (value.array ?? [value]).compactMap { $0.string ?? $0.bool.map { $0 ? "true" : "false" } }
  }
}
