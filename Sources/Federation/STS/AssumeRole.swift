// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, AssumeRole: temporary credentials of a role, for whom its trust policy trusts.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
package import StrictJSON

/// `sts:AssumeRole`.
package struct AssumeRole: Action {
  package static let service = ServiceName.sts
  package static let name = "AssumeRole"
  package static let isReadOnly = false

  private let durationSeconds: Int?
  private let externalID: String?
  private let policies: SessionPolicies
  private let roleARN: String
  private let roleSessionName: String
  private let multiFactor: MultiFactor
  private let sourceIdentity: String?
  private let tags: [Tag]
  private let transitiveTagKeys: [String]

  private static let defaultDurationSeconds = 3600
  /// The longest session of a role that was assumed with temporary credentials.
  private static let maximumChainedSeconds = 3600

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    durationSeconds = parameters.optionalInteger("DurationSeconds", 900...43_200)
    externalID = parameters.optionalString("ExternalId", length: 2...1224, pattern: .externalID)
    policies = SessionPolicies(&parameters)
    let contexts = parameters.structureList(
      "ProvidedContexts",
      count: 0...5,
      type: "ProvidedContext",
      members: ["ProviderArn", "ContextAssertion"]
    ) { context in
      _ = context.optionalString("ContextAssertion", length: 4...2048)
      return context.optionalString("ProviderArn", length: 20...2048) ?? ""
    }
    roleARN = parameters.requiredString("RoleArn", length: 20...2048)
    roleSessionName = parameters.requiredString(
      "RoleSessionName",
      length: 2...64,
      pattern: .roleSessionName
    )
    multiFactor = MultiFactor(&parameters)
    // The reserved prefix `aws:` cannot come: the pattern has no colon.
    sourceIdentity = parameters.optionalString("SourceIdentity", length: 2...64, pattern: .roleSessionName)
    tags = parameters.tagList()
    let keys =
      parameters.optionalStringList(
        "TransitiveTagKeys",
        count: 0...50,
        memberLength: 1...128,
        memberPattern: .tagKey
      ) ?? []
    try parameters.check()
    guard let parts = ARN(roleARN)?.parts, !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty else {
      throw .validationError("\(roleARN) is invalid")
    }
    try policies.requireLength()
    try tags.requireDistinctKeys()
    transitiveTagKeys = try tags.transitiveKeys(keys)
    // SECURITY: an assertion that nobody can check must not be accepted in silence.
    if let provider = contexts.first {
      throw .validationError("The context provider `\(provider)` is not known")
    }
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("roleArn", .string(roleARN)),
      JSONObject.Member("roleSessionName", .string(roleSessionName)),
    ]
    members += JSONObject.Member.ifPresent("externalId", externalID)
    if let durationSeconds { members.append(.init("durationSeconds", .integer(durationSeconds))) }
    members += policies.recorded
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    if !transitiveTagKeys.isEmpty {
      members.append(.init("transitiveTagKeys", .array(transitiveTagKeys.map { .string($0) })))
    }
    members += JSONObject.Member.ifPresent("sourceIdentity", sourceIdentity)
    members += JSONObject.Member.ifPresent("serialNumber", multiFactor.serialNumber)
    return .object(JSONObject(members))
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> RoleToAssume {
    if case .root = call.caller.principal {
      throw .accessDenied("Roles may not be assumed by root accounts.")
    }
    try multiFactor.requireNone()
    return try await house.roleToAssume(roleARN)
  }

  package func questions(_ subject: RoleToAssume, _ call: AuthenticatedCall) -> [Question] {
    let caller = call.caller.session
    let sourceIdentity = sourceIdentity ?? caller?.sourceIdentity
    let transitiveTagKeys = (caller?.transitiveTagKeys ?? []) + transitiveTagKeys
    var context = [Question.ContextEntry("sts:RoleSessionName", roleSessionName)] + tags.requestContext
    if let externalID { context.append(.init("sts:ExternalId", externalID)) }
    if let sourceIdentity { context.append(.init("sts:SourceIdentity", sourceIdentity)) }
    if !transitiveTagKeys.isEmpty {
      context.append(.init("sts:TransitiveTagKeys", values: transitiveTagKeys))
    }
    var actions = ["sts:AssumeRole"]
    // What comes along a chain is set in the new session like what is passed.
    if !tags.isEmpty || !transitiveTagKeys.isEmpty { actions.append("sts:TagSession") }
    if sourceIdentity != nil { actions.append("sts:SetSourceIdentity") }
    return actions.map { subject.question($0, context: context) }
  }

  package func perform(
    _ call: AuthorizedCall<AssumeRole>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    guard let role = call.subject.role?.record else {
      throw house.diagnostics.serviceError(
        "assume a role",
        StoreError.corrupted("policy allows the role `\(roleARN)`, which does not exist")
      )
    }
    let session = try newSession(of: role, call)
    try await policies.requireUsable(
      in: role.account,
      for: "the session `\(roleSessionName)` of \(roleARN)",
      house
    )
    let credentials = try house.credentials(for: session)
    let identity = RoleSessionIdentity(role: role.identity, sessionName: roleSessionName, tags: [])
    let id = "\(role.uniqueID):\(roleSessionName)"
    let arn = identity.arn.description
    let size = session.packedPolicySize
    var elements = [credentials.recorded]
    elements.append(.init("assumedRoleUser", .strings(["assumedRoleId": id, "arn": arn]) ?? .null))
    if let size { elements.append(.init("packedPolicySize", .integer(size))) }
    elements += JSONObject.Member.ifPresent("sourceIdentity", session.sourceIdentity)
    return Proposal(
      result: ResponseStructure([
        "Credentials": credentials.response,
        "AssumedRoleUser": .structure(
          ResponseStructure(["AssumedRoleId": .string(id), "Arn": .string(arn)])
        ),
        "PackedPolicySize": size.map { .integer(Int64($0)) },
        "SourceIdentity": session.sourceIdentity.map { .string($0) },
      ]),
      responseElements: .object(JSONObject(elements))
    )
  }

  /// The session that is asked for; throws what STS does not allow whatever policy says.
  private func newSession(
    of role: RoleRecord,
    _ call: AuthorizedCall<AssumeRole>
  ) throws(ServiceError) -> Session {
    let caller = call.authenticated.caller.session
    let duration = durationSeconds ?? Self.defaultDurationSeconds
    // Sessions of GetSessionToken count too, as observed at STS.
    guard caller == nil || duration <= Self.maximumChainedSeconds else {
      throw .validationError(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
      )
    }
    guard duration <= role.maxSessionDuration else {
      throw .validationError(
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
      )
    }
    // SECURITY: a source identity never changes along a chain. AWS has no sentence for it that is known.
    if let sourceIdentity, let inherited = caller?.sourceIdentity,
      !inherited.utf8.elementsEqual(sourceIdentity.utf8)
    {
      throw .accessDenied(
        principalARN: call.principal.arn.description,
        action: "sts:SetSourceIdentity",
        resource: roleARN,
        decision: .allow(by: [])
      )
    }
    let inherited = caller?.transitiveTags ?? []
    guard inherited.overridden(by: tags).count == inherited.count + tags.count else {
      throw .invalidParameterValue(
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
          + "the calling session."
      )
    }
    var session = Session(
      role: role,
      sessionName: roleSessionName,
      issuedAt: call.now,
      durationSeconds: duration
    )
    session.policy = policies.policy
    session.policyARNs = policies.policyARNs
    session.tags = inherited + tags
    session.transitiveTagKeys = inherited.map(\.key) + transitiveTagKeys
    session.sourceIdentity = sourceIdentity ?? caller?.sourceIdentity
    return session
  }
}

extension Session {
  /// The tags that go along a chain.
  fileprivate var transitiveTags: [Tag] {
    tags.filter { tag in transitiveTagKeys.contains { $0.utf8.elementsEqual(tag.key.utf8) } }
  }
}

extension [Tag] {
  /// The keys of these tags that `keys` names, without regard to ASCII case; throws InvalidParameterValue when it names
  /// one that is not among them.
  fileprivate func transitiveKeys(_ keys: [String]) throws(ServiceError) -> [String] {
    let wanted = Set(keys.map { $0.utf8.map(asciiLowercase) })
    let found = filter { wanted.contains($0.key.utf8.map(asciiLowercase)) }.map(\.key)
    guard found.count == wanted.count else {
      throw .invalidParameterValue("The specified transitive tag key must be included in the requested tags.")
    }
    return found
  }
}
