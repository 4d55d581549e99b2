// SPDX-License-Identifier: Apache-2.0

import FederationClient
import IdentityModel
import StrictJSON
import Testing

struct CredentialChainTests {
  private let keys = ["AWS_ACCESS_KEY_ID": "ENVKEY", "AWS_SECRET_ACCESS_KEY": "envsecret"]

  private func helper(_ home: TestHome, _ json: String) throws -> String {
    // Read by a shell instead of executed: a process that another test forks at this moment may hold the new file
    // open for writing, and then it could not be executed (ETXTBSY).
    let script = try home.write("cat <<'E'\n\(json)\nE\n", to: "helper")
    return "/bin/sh \"\(script)\""
  }

  // MARK: Precedence

  @Test func `environment variables win over every file, also under AWS_PROFILE`() async throws {
    let home = try TestHome(credentials: "[default]\naws_access_key_id = F\naws_secret_access_key = f\n[p]\n")
    let found = try await home.resolve(keys)
    #expect(found.credential.exposed == ["ENVKEY", "envsecret"] && found.source == "environment")
    let underProfile = try await home.resolve(
      keys.merging(["AWS_PROFILE": "p", "AWS_SESSION_TOKEN": "tok"]) { $1 }
    )
    #expect(underProfile.credential.exposed == ["ENVKEY", "envsecret", "tok"])
  }

  @Test func `an explicit profile excludes environment variables`() async throws {
    let home = try TestHome(credentials: "[p]\naws_access_key_id = F\naws_secret_access_key = f\n")
    let found = try await home.resolve(keys, profile: "p")
    #expect(found.credential.exposed == ["F", "f"] && found.source == "profile p")
  }

  @Test func `the credentials file wins over a process, and a process over the config file`() async throws {
    let home = try TestHome()
    let helper = try helper(home, #"{"Version":1,"AccessKeyId":"P","SecretAccessKey":"p"}"#)
    try home.write(
      """
      [default]
      aws_access_key_id = C
      aws_secret_access_key = c
      [profile both]
      credential_process = \(helper) --flag
      aws_access_key_id = C2
      aws_secret_access_key = c2
      """,
      to: ".aws/config"
    )
    try home.write("[both]\naws_access_key_id = S\naws_secret_access_key = s\n", to: ".aws/credentials")
    #expect(try await home.resolve().credential.exposed == ["C", "c"])
    #expect(try await home.resolve(["AWS_PROFILE": "both"]).credential.exposed == ["S", "s"])
    try home.write("", to: ".aws/credentials")
    let found = try await home.resolve(["AWS_PROFILE": "both"])
    #expect(found.credential.exposed == ["P", "p"] && found.source == "process of profile both")
  }

  @Test func `files elsewhere are found by their variables`() async throws {
    let home = try TestHome()
    try home.write("[default]\naws_access_key_id = E\naws_secret_access_key = e\n", to: "elsewhere")
    let found = try await home.resolve(["AWS_SHARED_CREDENTIALS_FILE": "~/elsewhere"])
    #expect(found.credential.exposed == ["E", "e"])
  }

  @Test(arguments: ["[profile a b]", "[profile default]", "[default]"])
  func `a section is a profile only when it says so`(section: String) async throws {
    let home = try TestHome(config: "\(section)\naws_access_key_id = C\naws_secret_access_key = c\n")
    if section == "[profile a b]" {
      await #expect(throws: CredentialChainError.profileNotFound("a b")) {
        try await home.resolve(profile: "a b")
      }
    } else {
      #expect(try await home.resolve().credential.exposed == ["C", "c"])
    }
  }

  // MARK: Refusals

  @Test func `half a credential is an error and nothing is tried after it`() async throws {
    let home = try TestHome(
      config: "[default]\naws_access_key_id = C\naws_secret_access_key = c\n",
      credentials: "[default]\naws_access_key_id = S\n"
    )
    await #expect(
      throws: CredentialChainError.incomplete(source: "profile default", missing: "aws_secret_access_key")
    ) { try await home.resolve() }
    await #expect(
      throws: CredentialChainError.incomplete(source: "environment", missing: "AWS_SECRET_ACCESS_KEY")
    ) { try await home.resolve(["AWS_ACCESS_KEY_ID": "E"]) }
  }

  @Test func `a profile that is asked for and absent is an error`() async throws {
    let home = try TestHome(credentials: "[default]\naws_access_key_id = S\naws_secret_access_key = s\n")
    await #expect(throws: CredentialChainError.profileNotFound("nobody")) {
      try await home.resolve(["AWS_PROFILE": "nobody"])
    }
  }

  @Test func `nothing anywhere is an error of its own`() async throws {
    await #expect(throws: CredentialChainError.noCredentials) { try await TestHome().resolve() }
  }

  @Test(
    arguments: [
      ("sso_session = s", "sso_session"), ("login_session = s", "login_session"),
      ("role_arn = r\nmfa_serial = m\nsource_profile = default", "mfa_serial"),
      ("role_arn = r\ncredential_source = Ec2InstanceMetadata", "credential_source = Ec2InstanceMetadata"),
    ])
  func `what is not supported is refused by name`(settings: String, name: String) async throws {
    let home = try TestHome(config: "[default]\n\(settings)\n")
    await #expect(throws: CredentialChainError.unsupportedSetting(profile: "default", setting: name)) {
      try await home.resolve()
    }
  }

  @Test func `a malformed file names file and line, not its text`() async throws {
    let home = try TestHome(credentials: "[default]\naws_secret_access_key TOPSECRET\n")
    do {
      _ = try await home.resolve()
      Issue.record("accepted")
    } catch {
      #expect(
        error as? ProfileFilesError
          == .malformed(path: "\(home.path)/.aws/credentials", .malformed(line: 2))
      )
      #expect(!"\(error)".contains("TOPSECRET"))
    }
  }

  @Test func `an expired credential is refused, at the second`() async throws {
    let home = try TestHome()
    for (expiration, isExpired) in [
      ("2026-04-21T07:37:10Z", true), ("2026-04-21T07:37:11Z", false),
      ("2026-04-21T09:37:10+02:00", true), ("2026-04-21T02:07:11-05:30", false),
    ] {
      let variables = keys.merging(["AWS_CREDENTIAL_EXPIRATION": expiration]) { $1 }
      if isExpired {
        await #expect(throws: CredentialChainError.expired(source: "environment", testNow)) {
          try await home.resolve(variables)
        }
      } else {
        #expect(try await home.resolve(variables).expiration == testNow.advanced(bySeconds: 1))
      }
    }
  }

  @Test(arguments: ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"])
  func `a value that would break a header or is no time is refused`(name: String) async throws {
    let variables = keys.merging([name: "a\r\nX-Evil: 1"]) { $1 }
    await #expect(throws: CredentialChainError.malformedSetting(source: "environment", setting: name)) {
      try await TestHome().resolve(variables)
    }
  }

  // MARK: credential_process

  @Test(
    arguments: [
      (#"{"Version":2,"AccessKeyId":"P","SecretAccessKey":"p"}"#, CredentialDocumentError.unsupportedVersion),
      (#"{"AccessKeyId":"P","SecretAccessKey":"p"}"#, .memberMissing("Version")),
      (#"{"Version":1,"AccessKeyId":"P"}"#, .memberMissing("SecretAccessKey")),
      (#"{"Version":1,"AccessKeyId":"P","SecretAccessKey":7}"#, .memberMalformed("SecretAccessKey")),
      (#"{"Version":1,"AccessKeyId":"P\n","SecretAccessKey":"p"}"#, .memberMalformed("AccessKeyId")),
      (
        #"{"Version":1,"AccessKeyId":"P","SecretAccessKey":"p","Expiration":"soon"}"#,
        .memberMalformed("Expiration")
      ),
      (#"[]"#, .notAnObject),
      (#"{"Version":1,}"#, .json(.unexpectedByte(offset: 13))),
    ])
  func `a process must print a credential`(json: String, error: CredentialDocumentError) async throws {
    let home = try TestHome()
    try home.write("[default]\ncredential_process = \(try helper(home, json))\n", to: ".aws/config")
    await #expect(
      throws: CredentialChainError.malformedDocument(source: "process of profile default", error)
    ) { try await home.resolve() }
  }

  @Test func `a process may give a session that ends`() async throws {
    let home = try TestHome()
    let helper = try helper(
      home,
      #"{"Version":1,"AccessKeyId":"P","SecretAccessKey":"p","SessionToken":"t","Expiration":"2026-04-21T08:00:00+00:00"}"#
    )
    try home.write("[default]\ncredential_process = \(helper)\n", to: ".aws/config")
    let found = try await home.resolve()
    #expect(found.credential.exposed == ["P", "p", "t"])
    #expect(found.expiration == Instant(rfc3339: "2026-04-21T08:00:00Z"))
  }

  @Test func `a process that fails or is not there is an error`() async throws {
    let home = try TestHome(
      config: "[default]\ncredential_process = sh -c 'echo no >&2; exit 4' 2>/dev/null\n"
    )
    await #expect(
      throws: CredentialChainError.processFailed(source: "process of profile default", .exited(status: 4))
    ) { try await home.resolve() }
    try home.write("[default]\ncredential_process = sh 'unclosed\n", to: ".aws/config")
    await #expect(
      throws: CredentialChainError.malformedSetting(source: "profile default", setting: "credential_process")
    ) { try await home.resolve() }
  }

  @Test func `a secret does not show in what a credential prints`() async throws {
    let found = try await TestHome().resolve(keys)
    #expect(!"\(found)".contains("envsecret") && !String(reflecting: found).contains("envsecret"))
  }
}
