// SPDX-License-Identifier: Apache-2.0
//
// One of the other sides, ready to trade: made of settings, checked before anything is asked of anybody.

package import FederationClient
import IdentityModel

/// Where a token is traded.
package struct ExchangeTarget: Sendable {
  private enum Trade: Sendable {
    case oauth(OAuthExchange)
    case entra(EntraExchange)
    case google(GoogleExchange)
    case aws(AWSExchange)
    case vault(VaultExchange)
  }

  /// Which it is.
  package let kind: ExchangeKind
  /// The audience that the token needs, where the service's own habit says it.
  package let usualAudience: String?
  private let trade: Trade

  /// Makes the target of `settings`.
  ///
  /// - Parameters:
  ///   - kind: which.
  ///   - settings: what was said.
  ///   - permitsPlainHTTP: whether http is spoken beyond this machine.
  ///   - environment: reads the file with a client's secret.
  /// - Throws: `ExchangeSettingsError`.
  package init(
    _ kind: ExchangeKind,
    _ settings: ExchangeSettings,
    permitsPlainHTTP: Bool,
    environment: ClientEnvironment
  ) throws(ExchangeSettingsError) {
    func url(
      _ setting: ExchangeSetting,
      _ text: String
    ) throws(ExchangeSettingsError) -> HTTPURL {
      do throws(ExchangeError) {
        return try exchangeURL(text, setting: setting.rawValue, permitsPlainHTTP: permitsPlainHTTP)
      } catch {
        guard case .endpoint(_, let reason) = error else { throw .malformed(setting, "no acceptable URL") }
        throw .malformed(setting, reason)
      }
    }
    self.kind = kind
    switch kind {
    case .oauth, .jwtBearer, .samlBearer:
      let tokenURL = try url(.tokenURL, settings[.tokenURL] ?? "")
      let grant: OAuthExchange.Grant =
        kind == .oauth ? .tokenExchange : kind == .jwtBearer ? .jwtBearer : .samlBearer
      var exchange = OAuthExchange(tokenURL: tokenURL, grant: grant)
      exchange.audiences = settings[list: .audience]
      exchange.resources = settings[list: .resource]
      exchange.scopes = settings[list: .scope]
      exchange.requestedTokenType = settings[.requestedTokenType]
      exchange.subjectTokenType = settings[.subjectTokenType]
      exchange.actor = try ActorToken(settings, environment)
      exchange.client = try oauthClient(settings, environment)
      trade = .oauth(exchange)
      // RFC 7523 §3: the token endpoint itself is an audience that every server must know.
      usualAudience = tokenURL.description
    case .entra:
      let authority = withoutSlash(settings[.authority] ?? "https://login.microsoftonline.com")
      let tenant = percentEncoded(settings[.tenant] ?? "")
      trade = .entra(
        EntraExchange(
          tokenURL: try url(.authority, "\(authority)/\(tenant)/oauth2/v2.0/token"),
          clientID: settings[.clientID] ?? "",
          scopes: settings[list: .scope]
        )
      )
      usualAudience = EntraExchange.audience
    case .google:
      let iam = withoutSlash(settings[.googleIAMURL] ?? "https://iamcredentials.googleapis.com")
      let account = settings[.serviceAccount].map(percentEncoded)
      let exchange = GoogleExchange(
        provider: try googleProvider(settings[.provider] ?? ""),
        tokenURL: try url(.googleSTSURL, settings[.googleSTSURL] ?? "https://sts.googleapis.com/v1/token"),
        impersonationURL: try account.map { name throws(ExchangeSettingsError) in
          try url(.googleIAMURL, "\(iam)/v1/projects/-/serviceAccounts/\(name):generateAccessToken")
        },
        scopes: settings[.scope] == nil ? [GoogleExchange.cloudPlatform] : settings[list: .scope],
        lifetimeSeconds: try settings.seconds(.sessionDuration)
      )
      trade = .google(exchange)
      usualAudience = exchange.audience
    case .aws, .awsSAML:
      trade = .aws(
        AWSExchange(
          endpoint: try url(.stsEndpoint, settings[.stsEndpoint] ?? "https://sts.amazonaws.com"),
          roleARN: settings[.roleARN] ?? "",
          principalARN: settings[.principalARN],
          sessionName: settings[.sessionName] ?? "exeat",
          durationSeconds: try settings.seconds(.sessionDuration)
        )
      )
      usualAudience = kind == .aws ? "sts.amazonaws.com" : nil
    case .vault:
      let mount = withoutSlash(settings[.mount] ?? "jwt")
      let address = withoutSlash(settings[.address] ?? "")
      trade = .vault(
        VaultExchange(
          loginURL: try url(.address, "\(address)/v1/auth/\(mount)/login"),
          role: settings[.role],
          namespace: settings[.namespace]
        )
      )
      usualAudience = nil
    }
  }

  /// What the other side gives for `token`.
  ///
  /// - Throws: `ExchangeError`.
  package func trade(
    _ token: SubjectToken,
    with client: ExchangeClient
  ) async throws(ExchangeError) -> ExchangedCredential {
    switch trade {
    case .oauth(let exchange): try await exchange.trade(token, with: client)
    case .entra(let exchange): try await exchange.trade(token, with: client)
    case .google(let exchange): try await exchange.trade(token, with: client)
    case .aws(let exchange): try await exchange.trade(token, with: client)
    case .vault(let exchange): try await exchange.trade(token, with: client)
    }
  }

  /// The setting that a trade needs although the target can be described without it; `nil` when nothing is missing.
  package var missingToTrade: ExchangeSetting? {
    if case .entra(let exchange) = trade, exchange.scopes.isEmpty { .scope } else { nil }
  }

  /// Google's exchange, when this is one.
  package var google: GoogleExchange? {
    if case .google(let exchange) = trade { exchange } else { nil }
  }
}

private func oauthClient(
  _ settings: ExchangeSettings,
  _ environment: ClientEnvironment
) throws(ExchangeSettingsError) -> (id: String, authentication: OAuthClientAuthentication)? {
  guard let id = settings[.clientID] else {
    if settings[.clientSecretFile] != nil { throw .missing(.clientID) }
    return nil
  }
  guard let path = settings[.clientSecretFile] else {
    if settings[.clientAuthentication] != nil { throw .missing(.clientSecretFile) }
    return (id, .identified)
  }
  var bytes: [UInt8]
  do throws(FileError) {
    bytes = try environment.readFile(environment.expandingHome(path))
  } catch {
    throw .malformed(.clientSecretFile, "`\(printable(path))` cannot be read")
  }
  while bytes.last == 0x0A || bytes.last == 0x0D { bytes.removeLast() }
  guard !bytes.isEmpty else { throw .malformed(.clientSecretFile, "`\(printable(path))` is empty") }
  switch settings[.clientAuthentication] ?? "basic" {
  case "basic": return (id, .basic(Secret(bytes)))
  case "post": return (id, .form(Secret(bytes)))
  default: throw .malformed(.clientAuthentication, "it is neither basic nor post")
  }
}

/// The resource name with `//iam.googleapis.com/` before it, as the Security Token Service wants it.
private func googleProvider(_ text: String) throws(ExchangeSettingsError) -> String {
  var name = text[...]
  for prefix in ["https:", "//iam.googleapis.com/"] where name.utf8.starts(with: prefix.utf8) {
    name = name.dropFirst(prefix.count)
  }
  let parts = name.split(separator: "/", omittingEmptySubsequences: false)
  guard parts.count == 8, parts[0] == "projects", parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
    parts[2] == "locations", parts[4] == "workloadIdentityPools", parts[6] == "providers",
    parts.allSatisfy({ !$0.isEmpty })
  else {
    throw .malformed(
      .provider,
      "it is not projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"
    )
  }
  return "//iam.googleapis.com/\(name)"
}

private func withoutSlash(_ text: String) -> String {
  text.utf8.last == UInt8(ascii: "/") ? String(text.dropLast()) : text
}
