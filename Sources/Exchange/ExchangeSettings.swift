// SPDX-License-Identifier: Apache-2.0
//
// What each target may be told, under one name on the command line and in the agent's file, and which of it must be
// said. What a target does not know is refused, so that a misspelt setting never means "the default".

/// A setting of an exchange; the raw value is the option without its dashes, and the key in a file.
package enum ExchangeSetting: String, CaseIterable, Hashable, Sendable {
  /// A token endpoint.
  case tokenURL = "token-url"
  /// RFC 8693 `audience`.
  case audience
  /// RFC 8707 `resource`.
  case resource
  /// OAuth scopes.
  case scope
  /// RFC 8693 `requested_token_type`.
  case requestedTokenType = "requested-token-type"
  /// RFC 8693 `subject_token_type`.
  case subjectTokenType = "subject-token-type"
  /// A file with the token of whoever acts for the token's subject (RFC 8693 `actor_token`).
  case actorToken = "actor-token"
  /// RFC 8693 `actor_token_type`.
  case actorTokenType = "actor-token-type"
  /// An OAuth client, an application of Entra.
  case clientID = "client-id"
  /// A file with the client's secret.
  case clientSecretFile = "client-secret-file"
  /// `basic` or `post`.
  case clientAuthentication = "client-authentication"
  /// A tenant of Entra.
  case tenant
  /// Entra's address.
  case authority
  /// A workload identity provider of Google.
  case provider
  /// A service account of Google.
  case serviceAccount = "service-account"
  /// Google's Security Token Service.
  case googleSTSURL = "google-sts-url"
  /// Google's IAM Credentials API.
  case googleIAMURL = "google-iam-url"
  /// A role of AWS.
  case roleARN = "role-arn"
  /// A SAML provider of AWS.
  case principalARN = "principal-arn"
  /// The name of an AWS session.
  case sessionName = "session-name"
  /// The life of what is given, in seconds.
  case sessionDuration = "session-duration"
  /// The STS of AWS.
  case stsEndpoint = "sts-endpoint"
  /// Vault's address.
  case address
  /// Where Vault's auth method is mounted.
  case mount
  /// A role of Vault.
  case role
  /// A namespace of Vault.
  case namespace

  /// Whether several values may be given.
  package var isList: Bool { self == .audience || self == .resource || self == .scope }
}

/// What `exeat exchange` can trade with.
package enum ExchangeKind: String, CaseIterable, Hashable, Sendable {
  /// Any RFC 8693 server.
  case oauth
  /// Any RFC 7523 server.
  case jwtBearer = "jwt-bearer"
  /// Any RFC 7522 server.
  case samlBearer = "saml-bearer"
  /// Microsoft Entra ID.
  case entra
  /// Google Cloud.
  case google
  /// AWS, by web identity.
  case aws
  /// AWS, by SAML.
  case awsSAML = "aws-saml"
  /// HashiCorp Vault, OpenBao.
  case vault

  /// What must be said.
  package var required: [ExchangeSetting] {
    switch self {
    case .oauth, .jwtBearer, .samlBearer: [.tokenURL]
    case .entra: [.tenant, .clientID]
    case .google: [.provider]
    case .aws: [.roleARN]
    case .awsSAML: [.roleARN, .principalARN]
    case .vault: [.address]
    }
  }

  /// What may be said.
  package var optional: [ExchangeSetting] {
    let client: [ExchangeSetting] = [.clientID, .clientSecretFile, .clientAuthentication]
    return switch self {
    case .oauth:
      [
        .audience, .resource, .scope, .requestedTokenType, .subjectTokenType, .actorToken, .actorTokenType,
      ] + client
    case .jwtBearer, .samlBearer: [.audience, .resource, .scope] + client
    case .entra: [.scope, .authority]
    case .google: [.serviceAccount, .scope, .googleSTSURL, .googleIAMURL, .sessionDuration]
    case .aws: [.sessionName, .sessionDuration, .stsEndpoint]
    case .awsSAML: [.sessionDuration, .stsEndpoint]
    case .vault: [.mount, .role, .namespace]
    }
  }

  /// The variable that holds the token in `env` output.
  package var variable: String {
    switch self {
    case .vault: "VAULT_TOKEN"
    case .google: "CLOUDSDK_AUTH_ACCESS_TOKEN"
    default: "ACCESS_TOKEN"
    }
  }
}

/// Why settings make no target.
package enum ExchangeSettingsError: Error, Hashable, Sendable {
  /// The target does not know the setting.
  case unknown(ExchangeSetting)
  /// The setting must be given.
  case missing(ExchangeSetting)
  /// The value cannot be one: why.
  case malformed(ExchangeSetting, String)
}

/// Settings by name.
package struct ExchangeSettings: Sendable {
  private let values: [ExchangeSetting: [String]]

  /// Checks that `kind` knows what is there and that nothing is missing.
  ///
  /// - Throws: `ExchangeSettingsError`.
  package init(
    _ values: [ExchangeSetting: [String]],
    for kind: ExchangeKind
  ) throws(ExchangeSettingsError) {
    let given = values.filter { !$0.value.isEmpty }
    for setting in ExchangeSetting.allCases where given[setting] != nil {
      guard kind.required.contains(setting) || kind.optional.contains(setting) else {
        throw .unknown(setting)
      }
    }
    for setting in kind.required where given[setting] == nil { throw .missing(setting) }
    for (setting, texts) in given {
      guard texts.count == 1 || setting.isList else { throw .malformed(setting, "it is given twice") }
      guard texts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else {
        throw .malformed(setting, "it is empty or holds a control character")
      }
    }
    self.values = given
  }

  /// The values; none when it was not given.
  subscript(list setting: ExchangeSetting) -> [String] { values[setting] ?? [] }

  /// The only value; `nil` when it was not given.
  subscript(setting: ExchangeSetting) -> String? { values[setting]?.first }

  /// The value as a number of seconds; throws when it is none.
  func seconds(_ setting: ExchangeSetting) throws(ExchangeSettingsError) -> Int? {
    guard let text = self[setting] else { return nil }
    guard let number = Int(text), (1...604_800).contains(number) else {
      throw .malformed(setting, "it is not a number of seconds")
    }
    return number
  }
}
