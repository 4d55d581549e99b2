// SPDX-License-Identifier: Apache-2.0
//
// What the two simulators share: which actions on which resources, under which context, and the answer in IAM's shape.
// Decides nothing itself: the engine that judges real calls does. Source: AWS IAM API, SimulateCustomPolicy and
// SimulatePrincipalPolicy; responses recorded from AWS.

import AWSProtocols
import IdentityModel
import PolicyEngine
import StrictJSON

/// The parameters that both simulators have.
struct PolicySimulation: Sendable {
  let policyInputs: [String]
  private let boundaryInputs: [String]
  private let actionNames: [String]
  private let resourceARNs: [String]
  private let resourcePolicy: String?
  private let resourceOwner: String?
  private let callerARN: String?
  private let contextEntries: [Entry]
  private let resourceHandlingOption: String?
  private let maxItems: Int
  private let start: Int

  // How many statements are looked at for one page of results.
  private static let maximumStatements = 2000

  private struct Entry: Sendable {
    let key: String
    let values: [String]
  }

  /// Reads the parameters; `requiresPolicies` of SimulateCustomPolicy.
  init(_ parameters: inout ParameterReader, requiresPolicies: Bool) throws(ServiceError) {
    actionNames = parameters.requiredStringList("ActionNames", count: 1...1000, memberLength: 3...128)
    callerARN = parameters.optionalString("CallerArn", length: 1...2048)
    contextEntries = parameters.structureList(
      "ContextEntries",
      count: 0...1000,
      type: "ContextEntry",
      members: ["ContextKeyName", "ContextKeyType"]
    ) { entry in
      let key = entry.requiredString("ContextKeyName", length: 5...256)
      _ = entry.optionalChoice("ContextKeyType", of: contextKeyTypes)
      return Entry(
        key: key,
        values: entry.optionalStringList("ContextKeyValues", count: 0...1000, memberLength: 0...65_536) ?? []
      )
    }
    let marker = parameters.optionalString("Marker", length: 1...320, pattern: .marker)
    maxItems = parameters.optionalInteger("MaxItems", 1...1000) ?? 100
    boundaryInputs = parameters.policyList("PermissionsBoundaryPolicyInputList", isRequired: false)
    policyInputs = parameters.policyList("PolicyInputList", isRequired: requiresPolicies)
    resourceARNs =
      parameters.optionalStringList("ResourceArns", count: 0...1000, memberLength: 1...2048) ?? []
    resourceHandlingOption = parameters.optionalString("ResourceHandlingOption", length: 1...64)
    resourceOwner = parameters.optionalString("ResourceOwner", length: 1...2048)
    resourcePolicy = parameters.optionalString(
      "ResourcePolicy",
      length: 1...131_072,
      pattern: .policyDocument
    )
    try parameters.check()
    guard let marker else {
      start = 0
      return
    }
    guard marker.utf8.count <= 7, let index = Int(marker), index > 0 else {
      throw .validationError("Invalid Marker: \(marker)")
    }
    start = index
  }

  /// The parameters as they are recorded.
  var requestMembers: [JSONObject.Member] {
    var members = [JSONObject.Member("actionNames", .strings(actionNames))]
    if !policyInputs.isEmpty { members.append(.init("policyInputList", .strings(policyInputs))) }
    if !boundaryInputs.isEmpty {
      members.append(.init("permissionsBoundaryPolicyInputList", .strings(boundaryInputs)))
    }
    if !resourceARNs.isEmpty { members.append(.init("resourceArns", .strings(resourceARNs))) }
    members += JSONObject.Member.ifPresent("resourcePolicy", resourcePolicy)
    members += JSONObject.Member.ifPresent("resourceOwner", resourceOwner)
    members += JSONObject.Member.ifPresent("callerArn", callerARN)
    members += JSONObject.Member.ifPresent("resourceHandlingOption", resourceHandlingOption)
    if !contextEntries.isEmpty {
      members.append(
        .init(
          "contextEntries",
          .array(
            contextEntries.map { entry in
              .object(
                JSONObject([
                  .init("contextKeyName", .string(entry.key)),
                  .init("contextKeyValues", .strings(entry.values)),
                ])
              )
            }
          )
        )
      )
    }
    return members
  }

  /// The page of results.
  ///
  /// - Parameters:
  ///   - policies: what the simulated principal has of its own.
  ///   - principal: who would call, when `CallerArn` does not say it.
  ///   - membership: where the simulator's account stands in an organization, when its policies are to take part.
  ///   - call: the simulator's caller, for its account and the time.
  /// - Returns: the answer of both simulators.
  /// - Throws: InvalidInput for an action, a policy, a caller or an owner that cannot be read.
  func results(
    _ policies: PrincipalPolicies,
    as principal: Principal?,
    in membership: OrganizationMembership? = nil,
    _ call: AuthenticatedCall
  ) async throws(ServiceError) -> ResponseStructure {
    var set = PolicySet(
      identity: policies.identity + (try documents(policyInputs, "PolicyInputList", .identity)),
      permissionsBoundary: policies.permissionsBoundary
    )
    if !boundaryInputs.isEmpty {
      set.permissionsBoundary = try documents(
        boundaryInputs,
        "PermissionsBoundaryPolicyInputList",
        .identity
      )
    }
    if let resourcePolicy {
      set.resource = try documents([resourcePolicy], "ResourcePolicy", .resource)[0]
    }
    let principal = isCaller(principal) ? principal : nil
    let caller = try simulatedCaller(principal, call)
    var context = context(principal, caller, call)
    if let membership, caller.account == call.account {
      context.setPrincipalOrganization(membership.place)
      set.serviceControl = membership.policies.serviceControl
    }
    set.resourceControl = membership?.policies.resourceControl ?? []
    for entry in contextEntries { context.set(entry.key, values: entry.values) }
    // SECURITY: a pattern asks about many actions at once, and no one verdict is true of them all.
    for action in actionNames where !action.namesOneAction {
      throw .invalidInput("Invalid Action Name: \(action)")
    }
    let resources = resourceARNs.isEmpty ? ["*"] : resourceARNs
    let count = actionNames.count * resources.count
    // SECURITY: a page costs what its results times the statements cost; it ends when that is enough.
    let statements = max(1, set.statementCount)
    let affordable = max(1, Self.maximumStatements / statements)
    let end = min(count, start + min(maxItems, affordable))
    var results: [ResponseValue] = []
    for index in min(start, end)..<end {
      // Others have their turn between two results.
      await Task.yield()
      let resource = resources[index % resources.count]
      let owner = try owner(of: resource, call)
      set.resourceControl = owner == call.account ? membership?.policies.resourceControl ?? [] : []
      let request = PolicyRequest(
        action: actionNames[index / resources.count],
        resource: resource,
        resourceAccount: owner,
        principal: caller,
        context: context
      )
      let explanation = PolicyEvaluator.explain(request, set)
      results.append(.structure(explanation.response(of: request, set)))
    }
    return ResponseStructure([
      "EvaluationResults": .list(results), "IsTruncated": .boolean(end < count),
      "Marker": end < count ? .string(String(end)) : nil,
    ])
  }

  private func documents(
    _ texts: [String],
    _ list: String,
    _ kind: PolicyKind
  ) throws(ServiceError) -> [NamedPolicy] {
    var policies: [NamedPolicy] = []
    for (index, text) in texts.enumerated() {
      do {
        let document = try PolicyDocument(json: Array(text.utf8), kind: kind)
        policies.append(NamedPolicy(identifier: "\(list).\(index + 1)", document: document))
      } catch {
        let reason = ServiceError(error, in: kind).message ?? "Syntax errors in policy."
        throw .invalidInput("Invalid policy at \(list).\(index + 1): \(reason)")
      }
    }
    return policies
  }

  /// Whether `principal` itself would call: `CallerArn` may name somebody else.
  private func isCaller(_ principal: Principal?) -> Bool {
    guard let principal, let callerARN else { return true }
    return callerARN.utf8.elementsEqual(principal.arn.description.utf8)
  }

  private func simulatedCaller(
    _ principal: Principal?,
    _ call: AuthenticatedCall
  ) throws(ServiceError) -> RequestPrincipal {
    if let principal { return RequestPrincipal(principal) }
    if let callerARN {
      guard callerARN.utf8.starts(with: "arn:".utf8), let caller = RequestPrincipal(name: callerARN) else {
        throw .invalidInput("Invalid CallerArn: \(callerARN)")
      }
      return caller
    }
    // Nobody in particular, of the caller's account: policies without a principal speak of whoever they are attached to.
    let arn = ARN(service: "iam", account: call.account, resource: "user/simulated")
    return .user(arn: arn, account: call.account, userID: "")
  }

  /// The account that owns the resource: the one in its ARN, or `ResourceOwner`, or the caller's.
  private func owner(of resource: String, _ call: AuthenticatedCall) throws(ServiceError) -> AccountID {
    if let parts = ARN(resource)?.parts, let account = AccountID(parts[4]) { return account }
    guard let resourceOwner else { return call.account }
    guard let account = AccountID(resourceOwner) ?? ARN(resourceOwner).flatMap({ AccountID($0.parts[4]) })
    else { throw .invalidInput("Invalid ResourceOwner: \(resourceOwner)") }
    return account
  }

  /// What a call would say of its caller and of the time.
  private func context(
    _ principal: Principal?,
    _ caller: RequestPrincipal,
    _ call: AuthenticatedCall
  ) -> RequestContext {
    var context = RequestContext()
    if let account = caller.account { context.set("aws:PrincipalAccount", account.description) }
    if let principal {
      context.setPrincipal(principal)
    } else if callerARN != nil {
      // Of a session the ARN is its role's, as in a real call.
      for (key, value) in [
        ("aws:PrincipalArn", caller.principalARN), ("aws:PrincipalType", caller.principalType),
        ("aws:username", caller.userName),
      ] {
        if let value { context.set(key, value) }
      }
    }
    context.set("aws:CurrentTime", call.now.rfc3339)
    context.set("aws:EpochTime", String(call.now.seconds))
    return context
  }
}

private let contextKeyTypes = [
  "string", "stringList", "numeric", "numericList", "boolean", "booleanList", "ip", "ipList", "binary",
  "binaryList", "date", "dateList",
]

extension String {
  /// Whether this is `service:Action` without wildcards.
  ///
  /// Source: AWS IAM API, `ActionNames`.
  fileprivate var namesOneAction: Bool {
    let words = utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    return words.count == 2
      && words.allSatisfy { word in
        !word.isEmpty && !word.contains { "*? ".utf8.contains($0) }
      }
  }
}

extension ParameterReader {
  /// A list of policy documents.
  mutating func policyList(_ name: String, isRequired: Bool) -> [String] {
    if isRequired {
      return requiredStringList(
        name,
        count: 1...100,
        memberLength: 1...131_072,
        memberPattern: .policyDocument
      )
    }
    return optionalStringList(
      name,
      count: 0...100,
      memberLength: 1...131_072,
      memberPattern: .policyDocument
    ) ?? []
  }
}
