// SPDX-License-Identifier: Apache-2.0
//
// What a request says about a federation config, whether it makes one or changes one: read once, held to the same rules,
// put in place by the same lines.

import AWSProtocols
import IdentityModel
import StrictJSON

/// What a request says about a config; what it leaves out is `nil`.
struct FederationConfigSettings: Sendable {
  let audience: String?
  let description: String?
  let duration: Int?
  let signingAlgorithm: String?
  let targetService: String?
  private let samlParameters: SAMLParameters
  /// What the request says of SAML; `nil` before it was read, and for OIDC.
  private(set) var saml: SAMLRequest?

  /// Reads the settings: their shape only.
  init(_ parameters: inout ParameterReader) {
    audience = parameters.optionalString("Audience", length: 1...1000, pattern: .xmlText)
    description = parameters.optionalString("Description", length: 0...1000, pattern: .xmlText)
    duration = parameters.optionalInteger("Duration", 60...43_200)
    signingAlgorithm = parameters.optionalChoice(
      "SigningAlgorithm",
      of: FederationTokenType.allCases.flatMap(\.signingAlgorithms)
    )
    targetService = parameters.optionalString("TargetService", length: 1...2048)
    samlParameters = SAMLParameters(&parameters)
  }

  /// Reads what the request says of SAML; metadata of the service fills in what else was left out.
  mutating func readSAML() throws(ServiceError) {
    saml = try SAMLRequest(samlParameters, targetService: targetService, audience: audience)
  }

  /// Throws ValidationError when the request says anything of SAML.
  func requireNoSAML() throws(ServiceError) { try samlParameters.requireAbsent() }

  /// Throws ValidationError when the target service is not a URL that a config may have.
  func requireTargetService() throws(ServiceError) {
    guard let targetService = saml?.targetService ?? targetService else { return }
    do {
      _ = try TargetService(targetService)
    } catch {
      throw .validationError("The specified value for targetService is invalid. \(error.demand)")
    }
  }

  /// `record` with what the request says in the places of what it had.
  func applied(to record: FederationConfigRecord) -> FederationConfigRecord {
    var record = record
    if let audience = saml?.audience ?? audience { record.audience = audience }
    if let description { record.description = description.isEmpty ? nil : description }
    if let duration { record.duration = duration }
    if let signingAlgorithm { record.signingAlgorithm = signingAlgorithm }
    if let targetService = saml?.targetService ?? targetService { record.targetService = targetService }
    return record
  }

  /// Puts in place what the request says of SAML, when `record` is of a config for it.
  ///
  /// The last of the checks: throws ValidationError for what does not go together, alone or beside what was stored.
  func applySAML(to record: inout FederationConfigRecord, now: Instant) throws(ServiceError) {
    guard record.tokenType == .saml else { return try requireNoSAML() }
    guard let saml else { return }
    try saml.requireValidity(at: now)
    let settings = try saml.applied(to: record.saml ?? .standard)
    try settings.checkAssertion(targetService: record.targetService, audience: record.audience)
    record.saml = settings
  }

  /// The settings as they are recorded.
  var recorded: [JSONObject.Member] {
    var members = JSONObject.Member.ifPresent("targetService", targetService)
    members += JSONObject.Member.ifPresent("audience", audience)
    if let duration { members.append(.init("duration", .integer(duration))) }
    members += JSONObject.Member.ifPresent("signingAlgorithm", signingAlgorithm)
    members += JSONObject.Member.ifPresent("description", description)
    return members + samlParameters.requestParameters
  }
}
