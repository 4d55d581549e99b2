// SPDX-License-Identifier: Apache-2.0
//
// A request and all policies that bear on it, written down as JSON: what `exeat policy evaluate` reads. Owns the format
// and what a real request would say besides; refuses to know files. Source: docs/policy.md.

import IdentityModel
package import StrictJSON

/// A question and the policies that answer it.
package struct PolicyCase: Sendable {
  /// The name of the case; `nil` when it has none.
  package let name: String?
  /// The request, with the keys that follow from it.
  package let request: PolicyRequest
  /// The policies.
  package let policies: PolicySet
  /// The `orgIdentifier` of each level of service control policies, from the root; `nil` for one that has none.
  package let serviceControlLevels: [String?]
  /// The same of resource control policies.
  package let resourceControlLevels: [String?]
}

/// Why a JSON value is no case.
///
/// `path` is the member, as in `request.principal` or `identityPolicies[0]`.
package enum PolicyCaseError: Error, Hashable, Sendable {
  /// The member is not there.
  case missing(path: String)
  /// The member is of a type that it may not have.
  case wrongType(path: String)
  /// A member that no case has, and whose name speaks of policies: unread, a Deny in it would be lost.
  case unknown(path: String)
  /// An account id that is not 12 digits.
  case account(String, path: String)
  /// A principal that is no ARN of a caller and no service.
  case principal(String)
  /// A policy that does not parse.
  case policy(PolicyDocumentError, path: String)
}

/// Reads cases from one JSON text.
package struct PolicyCaseReader: Sendable {
  private let text: [UInt8]
  private let locator: JSONLocator
  /// `nil` when nobody asks for places: finding them costs a pass over a line for each policy.
  private let map: SourceMap?

  /// Looks at `text`.
  ///
  /// - Parameters:
  ///   - text: a case or an array of cases, UTF-8.
  ///   - locating: whether the places of statements are to be those in this text.
  /// - Throws: `JSONReaderError` when the text is not strict JSON, or longer than 64 MiB.
  package init(_ text: [UInt8], locating: Bool) throws(JSONReaderError) {
    _ = try JSONReader.read(text, maximumBytes: 64 << 20)
    self.text = text
    self.locator = JSONLocator(text)
    self.map = locating ? SourceMap(text) : nil
  }

  /// The bytes of each case, in order.
  package var cases: [Range<Int>] {
    locator.elements(of: locator.root) ?? [locator.root]
  }

  /// The name of the case at `range`; `nil` when it has none.
  package func name(at range: Range<Int>) -> String? {
    locator.value(of: "name", in: range).flatMap { value(at: $0)?.string }
  }

  /// Reads the case at `range`.
  package func read(_ range: Range<Int>) throws(PolicyCaseError) -> PolicyCase {
    guard let object = value(at: range)?.object else { throw .wrongType(path: "the case") }
    for name in object.members.map(\.name) where !PolicyCaseReader.members.contains(Array(name.utf8)) {
      let folded = asciiLowercased(name)
      guard !folded.contains("polic"), !folded.contains("bound") else { throw .unknown(path: name) }
    }
    let request = try self.request(object["request"])
    return PolicyCase(
      name: name(at: range),
      request: request,
      policies: try policies(range, request),
      serviceControlLevels: levelNames(object["serviceControlPolicies"]),
      resourceControlLevels: levelNames(object["resourceControlPolicies"])
    )
  }

  private func levelNames(_ levels: JSONValue?) -> [String?] {
    (levels?.array ?? []).map { $0.object?["orgIdentifier"]?.string }
  }

  private static let members = [
    "name", "request", "identityPolicies", "resourcePolicy", "permissionBoundaries", "sessionPolicy",
    "serviceControlPolicies", "resourceControlPolicies",
  ].map { Array($0.utf8) }

  private func value(at range: Range<Int>) -> JSONValue? {
    try? JSONReader.read(text[range], maximumBytes: text.count)
  }

  // MARK: - The request

  private func request(_ value: JSONValue?) throws(PolicyCaseError) -> PolicyRequest {
    guard let value else { throw .missing(path: "request") }
    guard let object = value.object else { throw .wrongType(path: "request") }
    let action = try string(object["action"], "request.action")
    var (resource, owner) = try self.resource(object["resource"])
    var context = try self.context(object["context"])
    let name = try string(object["principal"], "request.principal")
    guard
      let principal = RequestPrincipal(
        name: name,
        role: context.single("aws:PrincipalArn").flatMap { ARN($0) },
        userID: context.single("aws:userid")
      )
    else { throw .principal(name) }
    if owner == nil { owner = ARN(resource).flatMap { AccountID($0.parts[4]) } }

    // What every request says of itself, unless the case says it.
    let derived = [
      ("aws:PrincipalArn", principal.principalARN), ("aws:PrincipalAccount", principal.account?.description),
      ("aws:PrincipalType", principal.principalType), ("aws:username", principal.userName),
      ("aws:ResourceAccount", owner?.description),
    ]
    for (key, value) in derived {
      if let value, context[ConditionKey(key)] == nil { context.set(key, value) }
    }
    return PolicyRequest(
      action: action,
      resource: resource,
      resourceAccount: owner,
      principal: principal,
      context: context
    )
  }

  /// `{"resource": ARN, "accountId": N}`, or the ARN.
  private func resource(_ value: JSONValue?) throws(PolicyCaseError) -> (String, AccountID?) {
    guard let value else { throw .missing(path: "request.resource") }
    if let text = value.string { return (text, nil) }
    guard let object = value.object else { throw .wrongType(path: "request.resource") }
    let resource = try string(object["resource"], "request.resource.resource")
    let path = "request.resource.accountId"
    guard let given = object["accountId"], given != .null else { return (resource, nil) }
    guard let digits = given.string else { throw .wrongType(path: path) }
    guard let account = AccountID(digits) else { throw .account(digits, path: path) }
    return (resource, account)
  }

  private func context(_ value: JSONValue?) throws(PolicyCaseError) -> RequestContext {
    var context = RequestContext()
    guard let value, value != .null else { return context }
    guard let object = value.object else { throw .wrongType(path: "request.context") }
    for member in object.members {
      var values: [String] = []
      for value in member.value.array ?? [member.value] {
        guard let text = value.conditionText else {
          throw .wrongType(path: "request.context.\(member.name)")
        }
        values.append(text)
      }
      context.set(member.name, values: values)
    }
    return context
  }

  private func string(_ value: JSONValue?, _ path: String) throws(PolicyCaseError) -> String {
    guard let value else { throw .missing(path: path) }
    guard let string = value.string else { throw .wrongType(path: path) }
    return string
  }

  // MARK: - The policies

  private func policies(
    _ range: Range<Int>,
    _ request: PolicyRequest
  ) throws(PolicyCaseError) -> PolicySet {
    let isAssuming =
      request.action.utf8.map(asciiLowercase).starts(with: "sts:".utf8)
      && request.resourceIs("iam", "role/")
    let isKey = request.resourceIs("kms", "key/")
    let boundaries = try list("permissionBoundaries", in: range, .boundary)
    let session = try list("sessionPolicy", in: range, .session)
    let resource = try list("resourcePolicy", in: range, isAssuming ? .trust : .resource)
    guard resource.count <= 1 else { throw .wrongType(path: "resourcePolicy") }
    // Organizations bind accounts, not services, nor the roles that services are linked to.
    let isBound = request.principal.account != nil && !request.principal.isServiceLinked
    let serviceControl = try levels("serviceControlPolicies", in: range, .serviceControl)
    let resourceControl = try levels("resourceControlPolicies", in: range, .resourceControl)
    return PolicySet(
      identity: try list("identityPolicies", in: range, .identity),
      permissionsBoundary: boundaries.isEmpty ? nil : boundaries,
      session: session.isEmpty ? nil : session,
      resource: resource.first,
      resourceMustAllow: isAssuming || isKey,
      serviceControl: isBound ? serviceControl : [],
      resourceControl: request.principal.isServiceLinked ? [] : try resourceControl.map(withFullAccess)
    )
  }

  /// The policies of a member: none when it is missing or null, one, or a list.
  private func list(
    _ name: String,
    in range: Range<Int>,
    _ kind: PolicyKind
  ) throws(PolicyCaseError) -> [NamedPolicy] {
    guard let place = locator.value(of: name, in: range), value(at: place) != .null else { return [] }
    return try list(at: place, path: name, kind)
  }

  private func list(
    at place: Range<Int>,
    path: String,
    _ kind: PolicyKind
  ) throws(PolicyCaseError) -> [NamedPolicy] {
    guard let elements = locator.elements(of: place) else { return [try policy(at: place, path: path, kind)] }
    var policies: [NamedPolicy] = []
    for (index, element) in elements.enumerated() {
      policies.append(try policy(at: element, path: "\(path)[\(index)]", kind))
    }
    return policies
  }

  /// `[{"orgIdentifier": …, "policies": […]}]`.
  private func levels(
    _ name: String,
    in range: Range<Int>,
    _ kind: PolicyKind
  ) throws(PolicyCaseError) -> [[NamedPolicy]] {
    guard let place = locator.value(of: name, in: range), value(at: place) != .null else { return [] }
    guard let elements = locator.elements(of: place) else { throw .wrongType(path: name) }
    var levels: [[NamedPolicy]] = []
    for (index, element) in elements.enumerated() {
      let path = "\(name)[\(index)].policies"
      guard let policies = locator.value(of: "policies", in: element) else { throw .missing(path: path) }
      levels.append(try list(at: policies, path: path, kind))
    }
    return levels
  }

  /// A document, `{"name": …, "policy": document}`, or a document as a string.
  private func policy(
    at place: Range<Int>,
    path: String,
    _ kind: PolicyKind
  ) throws(PolicyCaseError) -> NamedPolicy {
    var place = place
    var identifier = path
    if let inner = locator.value(of: "policy", in: place) {
      if let name = locator.value(of: "name", in: place).flatMap({ value(at: $0)?.string }) {
        identifier = name
      }
      place = inner
    }
    let json = value(at: place)?.string.map { Array($0.utf8) } ?? Array(text[place])
    do {
      let document = try PolicyDocument(
        json: json,
        parser: PolicyParser(kind: kind, isTolerant: true),
        origin: map?.position(of: place.lowerBound) ?? .start
      )
      return NamedPolicy(identifier: identifier, document: document)
    } catch {
      throw .policy(error, path: path)
    }
  }

  /// AWS attaches a policy that allows everything to each level, and nobody can take it away.
  private func withFullAccess(_ level: [NamedPolicy]) throws(PolicyCaseError) -> [NamedPolicy] {
    let name = "RCPFullAWSAccess"
    do {
      let full =
        #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#
      return [
        NamedPolicy(
          identifier: name,
          document: try PolicyDocument(json: Array(full.utf8), kind: .resourceControl)
        )
      ] + level
    } catch {
      throw .policy(error, path: name)
    }
  }
}

extension PolicyRequest {
  /// Whether the resource is an ARN of `service` that begins with `prefix`.
  fileprivate func resourceIs(_ service: String, _ prefix: String) -> Bool {
    guard let parts = ARNParts(Array(resource.utf8))?.parts else { return false }
    return parts[2].elementsEqual(service.utf8) && parts[5].starts(with: prefix.utf8)
  }
}

extension RequestContext {
  /// The value of `key` when it has one and no more.
  fileprivate func single(_ key: String) -> String? {
    guard let values = self[ConditionKey(key)], values.count == 1 else { return nil }
    return String(decoding: values[0], as: UTF8.self)
  }
}
