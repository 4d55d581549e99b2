// SPDX-License-Identifier: Apache-2.0
//
// A token exchange request as it comes over the wire: a form, read once and strictly, and turned into parameters of an
// action. Nothing of it is believed here. Source: RFC 8693 §2.1; RFC 6749 §2.3.1, §3.2.

import AWSProtocols
import IdentityModel
import StrictJSON
import TokenFormats

/// Reads token exchange requests.
enum TokenExchangeForm {
  static let grantType = "urn:ietf:params:oauth:grant-type:token-exchange"
  /// The kinds of JWTs: of an OpenID Connect provider, or to be issued, whatever their user calls them.
  private static let tokenTypes = ["jwt", "id_token", "access_token"].map(type)
  /// A SAML 2.0 assertion in base64url (RFC 8693 §3).
  private static let assertionType = type("saml2")
  // "Parameters sent without a value MUST be treated as if they were omitted" (RFC 6749 §3.2).
  private static let names: Set<String> = [
    "grant_type", "subject_token", "subject_token_type", "requested_token_type", "actor_token",
    "actor_token_type", "role_arn", "role_session_name", "duration_seconds", "signing_algorithm", "client_id",
  ]
  private static let maximumPairs = 64

  private static func type(_ name: String) -> String { "urn:ietf:params:oauth:token-type:\(name)" }

  /// The parameters of `ExchangeOutboundToken` that `request` sends to the issuer `issuerID`.
  ///
  /// The extension parameters may stand in the query of the token endpoint too, for clients that send only the standard's.
  /// Parameters that are not known are not looked at (RFC 6749 §3.2). The secret of HTTP Basic authentication is not
  /// looked at either: the subject token is the credential.
  ///
  /// - Throws: an error of RFC 6749 §5.2, its name as the code.
  static func parameters(_ request: APIRequest, issuerID: String) throws(ServiceError) -> ParameterReader {
    try requireForm(request)
    var values: [String: String] = [:]
    var audience: [String] = []
    let query = request.target.utf8.firstIndex(of: UInt8(ascii: "?"))
      .map { Array(request.target.utf8[request.target.utf8.index(after: $0)...]) }
    for (name, value) in try pairs(query ?? []) + pairs(request.body) where !value.isEmpty {
      if name.utf8.elementsEqual("audience".utf8) || name.utf8.elementsEqual("resource".utf8) {
        audience.append(value)
      } else if names.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
        // "Request and response parameters MUST NOT be included more than once."
        guard values.updateValue(value, forKey: name) == nil else {
          throw .invalidRequest("`\(name)` stands twice")
        }
      }
    }
    if let client = try basicClient(request) {
      guard values["client_id"] == nil else { throw .invalidRequest("two ways to name the client") }
      values["client_id"] = client
    }
    try requireExchange(values)
    let subject = try form(of: "subject", values)
    let actor = try actorForm(values)
    guard !audience.isEmpty else { throw .invalidRequest("`audience` or `resource` is missing") }
    var members = [JSONObject.Member("IssuerId", .string(issuerID))]
    members += JSONObject.Member.ifPresent("RoleArn", try role(values))
    members += JSONObject.Member.ifPresent("RoleSessionName", values["role_session_name"])
    members.append(.init("SubjectForm", .string(subject.rawValue)))
    members += JSONObject.Member.ifPresent("SubjectToken", values["subject_token"])
    if let actor {
      members.append(.init("ActorForm", .string(actor.rawValue)))
      members += JSONObject.Member.ifPresent("ActorToken", values["actor_token"])
    }
    members.append(.init("Audience", .strings(audience)))
    members.append(.init("SigningAlgorithm", .string(values["signing_algorithm"] ?? "RS256")))
    if let text = values["duration_seconds"] {
      members.append(.init("DurationSeconds", .integer(try duration(text))))
    }
    return ParameterReader(JSONObject(members))
  }

  private static func requireForm(_ request: APIRequest) throws(ServiceError) {
    let types = request.headers.filter { $0.hasName("content-type") }
    guard types.count == 1, let type = types.first?.value.split(separator: ";").first,
      type.utf8.map(asciiLowercase).filter({ $0 != 0x20 })
        .elementsEqual("application/x-www-form-urlencoded".utf8)
    else { throw .invalidRequest("the body must be application/x-www-form-urlencoded") }
  }

  private static func pairs(_ form: [UInt8]) throws(ServiceError) -> [(String, String)] {
    var found: [(String, String)] = []
    for part in form.split(separator: UInt8(ascii: "&")) {
      guard found.count < maximumPairs else { throw .invalidRequest("more than \(maximumPairs) parameters") }
      // One pair at a time: `audience` and `resource` may stand several times.
      guard let pair = try? QueryParameters(form: Array(part)), let name = pair.names.first,
        let value = pair[name]
      else { throw .invalidRequest("the form cannot be read") }
      found.append((name, value))
    }
    return found
  }

  private static func requireExchange(_ values: [String: String]) throws(ServiceError) {
    guard let grant = values["grant_type"] else { throw .invalidRequest("`grant_type` is missing") }
    guard grant.utf8.elementsEqual(grantType.utf8) else {
      throw .oauth("unsupported_grant_type", "the grant type must be \(grantType)")
    }
    if let requested = values["requested_token_type"] {
      guard tokenTypes.contains(where: { $0.utf8.elementsEqual(requested.utf8) }) else {
        throw .oauth("unsupported_token_type", "only JWTs are issued")
      }
    }
  }

  /// What `party`, `subject` or `actor`, comes with.
  private static func form(
    of party: String,
    _ values: [String: String]
  ) throws(ServiceError) -> PresentedCredential.Form {
    guard values["\(party)_token"] != nil else { throw .invalidRequest("`\(party)_token` is missing") }
    guard let type = values["\(party)_token_type"] else {
      throw .invalidRequest("`\(party)_token_type` is missing")
    }
    if type.utf8.elementsEqual(assertionType.utf8) { return .assertion }
    guard tokenTypes.contains(where: { $0.utf8.elementsEqual(type.utf8) }) else {
      throw .oauth("unsupported_token_type", "the \(party) token must be a JWT or a SAML 2.0 assertion")
    }
    return .token
  }

  /// What the actor comes with; `nil` without one.
  ///
  /// RFC 8693 §2.1, `actor_token_type`: "This is REQUIRED when the actor_token parameter is present in the request but
  /// MUST NOT be included otherwise."
  private static func actorForm(
    _ values: [String: String]
  ) throws(ServiceError) -> PresentedCredential.Form? {
    guard values["actor_token"] != nil || values["actor_token_type"] != nil else { return nil }
    return try form(of: "actor", values)
  }

  private static func role(_ values: [String: String]) throws(ServiceError) -> String {
    switch (values["role_arn"], values["client_id"]) {
    case (let role?, let client?):
      guard role.utf8.elementsEqual(client.utf8) else {
        throw .invalidRequest("`role_arn` and `client_id` name different roles")
      }
      return role
    case (let role?, nil), (nil, let role?): return role
    case (nil, nil): throw .invalidRequest("`role_arn` is missing")
    }
  }

  private static func duration(_ text: String) throws(ServiceError) -> Int {
    guard text.utf8.count <= 4,
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let seconds = Int(text), (60...3600).contains(seconds)
    else { throw .invalidRequest("`duration_seconds` must be 60 to 3600") }
    return seconds
  }

  /// The client of HTTP Basic authentication; `nil` without it.
  ///
  /// An ARN has colons: clients that do not encode the name (RFC 6749 §2.3.1 says that they must) are understood by
  /// taking the last one for the one before the secret.
  private static func basicClient(_ request: APIRequest) throws(ServiceError) -> String? {
    let lines = request.headers.filter { $0.hasName("authorization") }
    guard let line = lines.first?.value else { return nil }
    let parts = line.split(separator: " ", omittingEmptySubsequences: true)
    guard lines.count == 1, parts.count == 2, parts[0].utf8.map(asciiLowercase).elementsEqual("basic".utf8),
      let octets = Base64URL.decode(urlSafe(parts[1])),
      let colon = octets.lastIndex(of: UInt8(ascii: ":")),
      let pair = try? QueryParameters(form: Array("x=".utf8) + octets[..<colon]), let client = pair["x"]
    else { throw .invalidRequest("the Authorization header cannot be read") }
    return client
  }

  /// Base64 as base64url without padding.
  private static func urlSafe(_ text: Substring) -> String {
    var bytes = Array(text.utf8)
    while bytes.last == UInt8(ascii: "=") { bytes.removeLast() }
    let mapped = bytes.map { byte in
      switch byte {
      case UInt8(ascii: "+"): UInt8(ascii: "-")
      case UInt8(ascii: "/"): UInt8(ascii: "_")
      default: byte
      }
    }
    return String(decoding: mapped, as: UTF8.self)
  }
}

extension ServiceError {
  /// An error of RFC 6749 §5.2.
  static func oauth(_ code: String, _ message: String) -> ServiceError {
    ServiceError(code: code, httpStatus: 400, message: message)
  }

  /// `invalid_request`.
  static func invalidRequest(_ message: String) -> ServiceError { .oauth("invalid_request", message) }
}
