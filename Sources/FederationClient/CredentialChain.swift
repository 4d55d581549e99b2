// SPDX-License-Identifier: Apache-2.0
//
// Where a client finds its credential: the places of the AWS CLI, in its order, first match wins. Refuses the
// instance metadata service (IMDS) and IAM Identity Center (`sso_…`, `login_session`): a profile that needs them is
// an error, never passed over. Messages name places and settings, never secrets.
// Source: AWS CLI User Guide, configuration and credential precedence; botocore `create_credential_resolver`.

package import IdentityModel
package import SigV4

/// A credential and where it was found.
package struct ResolvedCredential: Sendable {
  /// What to sign with.
  package let credential: SigningCredential
  /// When it ends; `nil` when nobody said.
  package let expiration: Instant?
  /// The place: `environment`, `profile x`, `process of profile x`, `role of profile x`,
  /// `web identity role of profile x`, `container endpoint`.
  package let source: String
}

/// Why there is no credential.
package enum CredentialChainError: Error, Hashable, Sendable {
  /// Nothing along the chain names a credential.
  case noCredentials
  /// The profile that was asked for is in neither file.
  case profileNotFound(String)
  /// A place holds one part of a credential and lacks another: the name of the variable, setting or member.
  case incomplete(source: String, missing: String)
  /// A value is there and cannot be one: the name of the variable or setting.
  case malformedSetting(source: String, setting: String)
  /// A profile holds two settings that exclude each other.
  case conflictingSettings(profile: String, String, String)
  /// A profile needs something that this client does not do: the setting, with its value where that matters.
  case unsupportedSetting(profile: String, setting: String)
  /// The `source_profile` of a profile is in neither file, or holds no credential.
  case sourceProfileUnusable(profile: String, source: String)
  /// The profiles refer to each other in a circle: in the order in which they were met.
  case sourceProfileLoop([String])
  /// A `credential_process` failed.
  case processFailed(source: String, ChildProcessError)
  /// A `credential_process` or the container endpoint answered something else than a credential.
  case malformedDocument(source: String, CredentialDocumentError)
  /// A file that a variable or setting names cannot be read.
  case fileUnreadable(source: String, path: String, FileError)
  /// The container endpoint's URL is malformed, or neither https nor on an address that is allowed without TLS.
  case containerEndpointRefused(String)
  /// The container endpoint did not answer with status 200.
  case containerEndpointStatus(Int)
  /// The container endpoint gave no answer.
  case containerEndpointUnreachable(FederationHTTPError)
  /// STS did not give the role's credential.
  case roleRefused(source: String, STSClientError)
  /// The credential has expired.
  case expired(source: String, Instant)
}

/// Finds a credential.
package struct CredentialChain: Sendable {
  let environment: ClientEnvironment
  let files: ProfileFiles
  let explicitProfile: String?
  let http: FederationHTTPClient
  let endpoint: HTTPURL
  let region: Region

  /// Makes a chain.
  ///
  /// - Parameters:
  ///   - environment: variables, files and processes.
  ///   - files: the shared files.
  ///   - profile: `--profile`; it excludes the credentials in environment variables, as in the AWS CLI.
  ///   - http: the way to the container endpoint and to STS.
  ///   - settings: where STS is, for profiles that take on a role.
  package init(
    environment: ClientEnvironment,
    files: ProfileFiles,
    profile: String?,
    http: FederationHTTPClient,
    settings: EndpointSettings
  ) {
    self.environment = environment
    self.files = files
    self.explicitProfile = profile
    self.http = http
    self.endpoint = settings.endpoint
    self.region = settings.region
  }

  /// The name of the profile: `--profile`, `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`; `nil` means `default`, if there.
  package static func profileName(_ option: String?, in environment: ClientEnvironment) -> String? {
    option ?? environment.variable("AWS_PROFILE") ?? environment.variable("AWS_DEFAULT_PROFILE")
  }

  /// Finds the credential.
  ///
  /// Order: environment variables; the profile's role with `source_profile` or `credential_source`; web identity
  /// (variables, then profile); static keys in the credentials file; `credential_process`; static keys in the config
  /// file; container endpoint.
  ///
  /// - Parameter now: the time, to refuse what has expired and to sign with.
  /// - Returns: the credential, which has not expired.
  /// - Throws: `CredentialChainError` of the first place that is named and gives nothing.
  package func resolve(now: Instant) async throws(CredentialChainError) -> ResolvedCredential {
    let found = try await find(now)
    if let expiration = found.expiration, expiration <= now {
      throw .expired(source: found.source, expiration)
    }
    return found
  }

  private func find(_ now: Instant) async throws(CredentialChainError) -> ResolvedCredential {
    if explicitProfile == nil, let found = try environmentCredential() { return found }
    let name = CredentialChain.profileName(explicitProfile, in: environment)
    let profile = files.profile(name ?? "default")
    if let name, profile == nil { throw .profileNotFound(name) }
    if let profile, profile["role_arn"] != nil, profile["web_identity_token_file"] == nil {
      return try await role(of: profile, visited: [profile.name], now)
    }
    if let found = try await webIdentityRole(profile, usingVariables: explicitProfile == nil, now) {
      return found
    }
    if let profile, let found = try await ownCredential(of: profile) { return found }
    if let found = try await containerCredential() { return found }
    throw .noCredentials
  }

  /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_CREDENTIAL_EXPIRATION`.
  func environmentCredential() throws(CredentialChainError) -> ResolvedCredential? {
    guard let id = environment.variable("AWS_ACCESS_KEY_ID") else { return nil }
    guard let secret = environment.variable("AWS_SECRET_ACCESS_KEY") else {
      throw .incomplete(source: "environment", missing: "AWS_SECRET_ACCESS_KEY")
    }
    let token = environment.variable("AWS_SECURITY_TOKEN") ?? environment.variable("AWS_SESSION_TOKEN")
    var expiration: Instant?
    if let text = environment.variable("AWS_CREDENTIAL_EXPIRATION") {
      guard let instant = expirationInstant(text) else {
        throw .malformedSetting(source: "environment", setting: "AWS_CREDENTIAL_EXPIRATION")
      }
      expiration = instant
    }
    guard isFitForHeader(id) else {
      throw .malformedSetting(source: "environment", setting: "AWS_ACCESS_KEY_ID")
    }
    guard isFitForHeader(token ?? "-") else {
      throw .malformedSetting(source: "environment", setting: "AWS_SESSION_TOKEN")
    }
    return ResolvedCredential(
      credential: SigningCredential(accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: token),
      expiration: expiration,
      source: "environment"
    )
  }
}
