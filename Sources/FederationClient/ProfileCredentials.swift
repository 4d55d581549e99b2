// SPDX-License-Identifier: Apache-2.0
//
// What a profile can give: static keys, a `credential_process`, a role that is taken on with another credential or
// with a web identity token. Source: AWS SDKs and Tools Reference Guide, assume role and process credential providers;
// botocore `AssumeRoleProvider`, `AssumeRoleWithWebIdentityProvider`, `ProcessProvider`.

import IdentityModel
import SigV4

extension CredentialChain {
  /// Static keys of the credentials file, `credential_process`, static keys of the config file; `nil` when the
  /// profile has none of them.
  ///
  /// DEVIATION: the AWS CLI looks at IAM Identity Center settings before static keys. Here they are an error only
  /// where nothing else is found, because tools leave the keys that they got there in the same profile.
  func ownCredential(
    of profile: ProfileFiles.Profile
  ) async throws(CredentialChainError) -> ResolvedCredential? {
    if let found = try staticCredential(profile.credentials, profile.name) { return found }
    if let found = try await processCredential(profile) { return found }
    if let found = try staticCredential(profile.config, profile.name) { return found }
    for setting in ["sso_session", "sso_start_url", "login_session"] where profile[setting] != nil {
      throw .unsupportedSetting(profile: profile.name, setting: setting)
    }
    return nil
  }

  private func staticCredential(
    _ section: INIFile.Section?,
    _ name: String
  ) throws(CredentialChainError) -> ResolvedCredential? {
    guard let section, let id = section["aws_access_key_id"] else { return nil }
    let source = "profile \(name)"
    guard let secret = section["aws_secret_access_key"] else {
      throw .incomplete(source: source, missing: "aws_secret_access_key")
    }
    let token = section["aws_security_token"] ?? section["aws_session_token"]
    guard isFitForHeader(id) else { throw .malformedSetting(source: source, setting: "aws_access_key_id") }
    guard isFitForHeader(token ?? "-") else {
      throw .malformedSetting(source: source, setting: "aws_session_token")
    }
    return ResolvedCredential(
      credential: SigningCredential(accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: token),
      expiration: nil,
      source: source
    )
  }

  private func processCredential(
    _ profile: ProfileFiles.Profile
  ) async throws(CredentialChainError) -> ResolvedCredential? {
    guard let line = profile["credential_process"] else { return nil }
    guard let words = shellWords(line), !words.isEmpty else {
      throw .malformedSetting(source: "profile \(profile.name)", setting: "credential_process")
    }
    let source = "process of profile \(profile.name)"
    let output: [UInt8]
    do throws(ChildProcessError) {
      output = try await environment.runProcess(words)
    } catch {
      throw .processFailed(source: source, error)
    }
    do throws(CredentialDocumentError) {
      let document = try CredentialDocument.process(output)
      return ResolvedCredential(
        credential: document.credential,
        expiration: document.expiration,
        source: source
      )
    } catch {
      throw .malformedDocument(source: source, error)
    }
  }

  /// The credential of the role that `profile` names in `role_arn`.
  ///
  /// `visited` holds the profiles on the way here, this one last, to end a circle.
  func role(
    of profile: ProfileFiles.Profile,
    visited: [String],
    _ now: Instant
  ) async throws(CredentialChainError) -> ResolvedCredential {
    let source = "role of profile \(profile.name)"
    guard let roleARN = profile["role_arn"] else {
      throw .incomplete(source: source, missing: "role_arn")
    }
    guard profile["mfa_serial"] == nil else {
      throw .unsupportedSetting(profile: profile.name, setting: "mfa_serial")
    }
    let session = try roleSession(profile, name: profile["role_session_name"], now)
    let base: ResolvedCredential
    switch (profile["source_profile"], profile["credential_source"]) {
    case (.some, .some):
      throw .conflictingSettings(profile: profile.name, "source_profile", "credential_source")
    case (nil, nil):
      throw .incomplete(source: source, missing: "source_profile")
    case (let name?, nil):
      base = try await sourceProfile(name, of: profile, visited: visited, now)
    case (nil, let place?):
      base = try await credentialSource(place, of: profile)
    }
    if let expiration = base.expiration, expiration <= now {
      throw .expired(source: base.source, expiration)
    }
    do throws(STSClientError) {
      let (credential, expiration) = try await sts(now).assumeRole(
        roleARN,
        session,
        signedBy: base.credential
      )
      return ResolvedCredential(credential: credential, expiration: expiration, source: source)
    } catch {
      throw .roleRefused(source: source, error)
    }
  }

  private func sourceProfile(
    _ name: String,
    of profile: ProfileFiles.Profile,
    visited: [String],
    _ now: Instant
  ) async throws(CredentialChainError) -> ResolvedCredential {
    guard let source = files.profile(name) else {
      throw .sourceProfileUnusable(profile: profile.name, source: name)
    }
    let isItself = name.utf8.elementsEqual(profile.name.utf8)
    if visited.contains(where: { $0.utf8.elementsEqual(name.utf8) }), !isItself || !hasStaticKeys(source) {
      throw .sourceProfileLoop(visited + [name])
    }
    // A source that holds keys gives those, also when it names a role itself: so does the AWS CLI.
    if source["role_arn"] != nil, !hasStaticKeys(source), source["web_identity_token_file"] == nil {
      return try await role(of: source, visited: visited + [name], now)
    }
    if !isItself, let found = try await webIdentityRole(source, usingVariables: false, now) { return found }
    guard let found = try await ownCredential(of: source) else {
      throw .sourceProfileUnusable(profile: profile.name, source: name)
    }
    return found
  }

  private func hasStaticKeys(_ profile: ProfileFiles.Profile) -> Bool {
    profile["aws_access_key_id"] != nil || profile["aws_secret_access_key"] != nil
  }

  private func credentialSource(
    _ place: String,
    of profile: ProfileFiles.Profile
  ) async throws(CredentialChainError) -> ResolvedCredential {
    let found: ResolvedCredential?
    switch asciiLowercased(place) {
    case "environment": found = try environmentCredential()
    case "ecscontainer": found = try await containerCredential()
    default:
      throw .unsupportedSetting(profile: profile.name, setting: "credential_source = \(printable(place))")
    }
    guard let found else {
      throw .sourceProfileUnusable(profile: profile.name, source: "credential_source = \(place)")
    }
    return found
  }

  /// The credential of a role that a web identity token stands for; `nil` when none is configured.
  ///
  /// `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN` and `AWS_ROLE_SESSION_NAME` win over `web_identity_token_file`,
  /// `role_arn` and `role_session_name`, one by one.
  func webIdentityRole(
    _ profile: ProfileFiles.Profile?,
    usingVariables: Bool,
    _ now: Instant
  ) async throws(CredentialChainError) -> ResolvedCredential? {
    func setting(_ variable: String, _ name: String) -> String? {
      (usingVariables ? environment.variable(variable) : nil) ?? profile?[name]
    }
    guard let path = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file") else { return nil }
    let source =
      profile.map { "web identity role of profile \($0.name)" } ?? "web identity role of the environment"
    guard let roleARN = setting("AWS_ROLE_ARN", "role_arn") else {
      throw .incomplete(source: source, missing: "role_arn")
    }
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try environment.readFile(environment.expandingHome(path))
    } catch {
      throw .fileUnreadable(source: source, path: path, error)
    }
    // Whoever wrote the file may have ended it with a line feed; the token itself holds none.
    let token = String(decoding: bytes.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0x20 }, as: UTF8.self)
    guard isFitForHeader(token) else {
      throw .malformedSetting(source: source, setting: "web_identity_token_file")
    }
    let session = try roleSession(
      profile,
      name: setting("AWS_ROLE_SESSION_NAME", "role_session_name"),
      now
    )
    do throws(STSClientError) {
      let (credential, expiration) = try await sts(now).assumeRole(
        roleARN,
        session,
        webIdentityToken: token
      )
      return ResolvedCredential(credential: credential, expiration: expiration, source: source)
    } catch {
      throw .roleRefused(source: source, error)
    }
  }

  private func roleSession(
    _ profile: ProfileFiles.Profile?,
    name: String?,
    _ now: Instant
  ) throws(CredentialChainError) -> AWSQueryClient.RoleSession {
    var session = AWSQueryClient.RoleSession(name: name ?? "exeat-\(now.seconds)")
    session.externalID = profile?["external_id"]
    if let text = profile?["duration_seconds"] {
      guard let seconds = Int(text), seconds > 0 else {
        throw .malformedSetting(source: "profile \(profile?.name ?? "")", setting: "duration_seconds")
      }
      session.durationSeconds = seconds
    }
    return session
  }

  private func sts(_ now: Instant) -> AWSQueryClient {
    AWSQueryClient(endpoint: endpoint, region: region, service: .sts, http: http, clock: { now })
  }
}
