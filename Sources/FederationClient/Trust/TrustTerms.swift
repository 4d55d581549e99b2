// SPDX-License-Identifier: Apache-2.0
//
// The values that a trust is made of, each known or a placeholder, and templates filled with them.
// SECURITY: values go into shell commands, HCL, YAML, JSON and servers' own files. What any of those could take for more
// than a word is refused here, once, instead of being quoted nine ways.

import IdentityModel

/// Why a value is not taken.
package enum TrustTermsError: Error, Hashable, Sendable {
  /// The issuer is not a plain URL.
  case issuer(String)
  /// The principal is not the ARN of a role, a user or an account's root.
  case subject(String)
  /// The audience has characters that a configuration could take for its own.
  case audience(String)
  /// There is no such setting.
  case unknownSetting(String)
  /// The value of a setting has such characters.
  case setting(String)
  /// The lifetime is not 60–43,200 seconds.
  case duration(Int)
}

/// Issuer, principal, audience and the rest.
package struct TrustTerms: Sendable {
  /// The issuer's URL.
  package let issuer: String
  /// The `sub` of the tokens.
  package let subject: String
  /// For whom the tokens are; the first one is what the service is told.
  package let audiences: [String]
  /// What signs the tokens.
  package let algorithm: String
  /// How long they live.
  package let durationSeconds: Int
  /// What stands for a value that nobody named: the name of the value and what stands there.
  package let placeholders: [(name: String, text: String)]
  private let values: [String: String]

  /// The issuer where none is known.
  package static let issuerPlaceholder = "https://sts.example.org/ISSUER"
  /// The principal where none is known.
  package static let subjectPlaceholder = "arn:aws:iam::123456789012:role/app"
  /// Where a Debian system has the authorities that it trusts.
  package static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

  /// Gathers the values; `nil` and empty are replaced by placeholders or the service's own.
  ///
  /// - Parameters:
  ///   - service: who is to take the tokens.
  ///   - issuer: whose tokens they are.
  ///   - subject: about whom they are.
  ///   - audiences: for whom they are.
  ///   - algorithm: how they are signed.
  ///   - durationSeconds: how long they live.
  ///   - settings: values for the service's settings, by their names.
  ///   - authorities: the file on the service's machine with the authority of the issuer's certificate.
  /// - Throws: `TrustTermsError` for the first value that is not taken.
  package init(
    for service: TrustService,
    issuer: String?,
    subject: String?,
    audiences: [String],
    algorithm: String?,
    durationSeconds: Int?,
    settings: [(name: String, value: String)] = [],
    authorities: String = TrustTerms.systemAuthorities
  ) throws(TrustTermsError) {
    var placeholders: [(name: String, text: String)] = []
    self.issuer = issuer ?? Self.issuerPlaceholder
    guard let url = try? HTTPURL(self.issuer), url.query == nil, isPlain(self.issuer),
      self.issuer.utf8.last != UInt8(ascii: "/")
    else { throw .issuer(self.issuer) }
    if issuer == nil { placeholders.append(("issuer", self.issuer)) }
    self.subject = subject ?? Self.subjectPlaceholder
    guard let principal = Principal(self.subject) else { throw .subject(self.subject) }
    if subject == nil { placeholders.append(("role", self.subject)) }

    var values = [
      "issuer": self.issuer, "issuer_host": url.host, "issuer_port": String(url.port),
      "issuer_name": String(
        decoding: self.issuer.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2),
        as: UTF8.self
      ),
      "subject": self.subject, "account": principal.account, "role": principal.name,
      "trusted_ca": authorities,
    ]
    guard isPlain(authorities) else { throw .setting("trusted-ca") }
    for (name, value) in settings {
      guard service.settings.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
        throw .unknownSetting(name)
      }
      guard isPlain(value) else { throw .setting(name) }
      values[name] = value
    }
    for setting in service.settings where values[setting.name] == nil {
      values[setting.name] = setting.placeholder
      placeholders.append((setting.name, setting.placeholder))
    }
    self.audiences = audiences.isEmpty ? [filled(service.audience, with: values)] : audiences
    for audience in self.audiences where !isPlain(audience) { throw .audience(audience) }
    self.algorithm = algorithm ?? service.limits.preferredAlgorithm.rawValue
    self.durationSeconds = durationSeconds ?? min(3600, service.limits.maximumDurationSeconds ?? 3600)
    guard (60...43_200).contains(self.durationSeconds) else { throw .duration(self.durationSeconds) }
    values["audience"] = self.audiences[0]
    values["audiences"] = self.audiences.map { "\"\($0)\"" }.joined(separator: ", ")
    values["algorithm"] = self.algorithm
    values["duration"] = String(self.durationSeconds)
    values["target"] = filled(service.target, with: values)
    self.placeholders = placeholders
    self.values = values
  }

  /// Whether the issuer is one that somebody named or a server told.
  package var knowsIssuer: Bool { !placeholders.contains { $0.name == "issuer" } }
  /// Whether the principal is.
  package var knowsSubject: Bool { !placeholders.contains { $0.name == "role" } }
  /// The call that gives the principal an inline policy, with its name; `nil` for the root, which needs none.
  var policyCall: String? {
    switch Principal(subject)?.kind {
    case .role: "put-role-policy --role-name"
    case .user: "put-user-policy --user-name"
    case .root, nil: nil
    }
  }

  /// The command that asks for a token as the policy allows it; `nil` for SAML, which only a federation config gives.
  package func tokenCommand(_ service: TrustService) -> String? {
    guard service.tokenType == .oidc else { return nil }
    let audiences = audiences.map { " --audience \($0)" }.joined()
    return "exeat token\(audiences) --algorithm \(algorithm)\n"
  }

  /// `template` with every `{{name}}` replaced.
  package func fill(_ template: String) -> String { filled(template, with: values) }
}

/// `template` with every `{{name}}` replaced by its value; a name without a value stays.
private func filled(_ template: String, with values: [String: String]) -> String {
  var rest = template[...]
  var result = ""
  while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
    let name = String(rest[open.upperBound..<close.lowerBound])
    result += String(rest[..<open.lowerBound]) + (values[name] ?? "{{\(name)}}")
    rest = rest[close.upperBound...]
  }
  return result + String(rest)
}

/// Whether a text is 1–1000 characters that no format takes for its own: letters, digits and `-._~:/?@+=,`.
///
/// It does not begin with a mark other than `/`: programs take `-x` for a flag and `@x` for a file.
private func isPlain(_ text: String) -> Bool {
  let marks = Set("-._~:/?@+=,".utf8)
  guard let first = text.utf8.first, first == UInt8(ascii: "/") || !marks.contains(first) else {
    return false
  }
  return text.utf8.count <= 1000
    && text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: marks.contains(byte)
      }
    }
}

/// A principal that tokens can be about.
private struct Principal {
  enum Kind { case role, user, root }

  let kind: Kind
  let account: String
  /// Its name without a path.
  let name: String

  /// `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME` and the like; `nil` for anything else.
  init?(_ text: String) {
    guard isPlain(text), let arn = ARN(text) else { return nil }
    let parts = arn.parts
    guard parts.count == 6, parts[2] == "iam", parts[3].isEmpty, AccountID(String(parts[4])) != nil else {
      return nil
    }
    let path = parts[5].split(separator: "/", omittingEmptySubsequences: false)
    guard let last = path.last, !last.isEmpty else { return nil }
    switch path[0] {
    case "role" where path.count > 1: kind = .role
    case "user" where path.count > 1: kind = .user
    case "root" where path.count == 1: kind = .root
    default: return nil
    }
    account = String(parts[4])
    name = String(last)
  }
}
