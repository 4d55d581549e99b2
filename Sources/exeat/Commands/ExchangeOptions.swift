// SPDX-License-Identifier: Apache-2.0
//
// The options of `exeat exchange`: the token that is traded, what the other side is told, the form of the answer.

import ArgumentParser
import Exchange
import FederationClient
import FoundationEssentials
import IdentityModel

/// Which token is traded.
struct SubjectOptions: ParsableArguments {
  @Option(help: "Take the token from this file, `-` for standard input, instead of asking a server.")
  var tokenFile: String?
  @Option(help: "Ask for the token of this federation config.") var federationConfig: String?
  @Option(help: "Who the token is for; may be repeated. Default: what the target takes.")
  var tokenAudience: [String] = []
  @Option(help: "`ES384` or `RS256`. Default: what `exeat trust` prints for the target or the audience.")
  var algorithm: String?
  @Option(help: "The token's life: 900 or 900s, 15m. Default: the server's.") var duration: SecondsOption?
  @Option(help: "A tag for the token, KEY=VALUE; may be repeated.") var tag: [String] = []

  /// The token of `--token-file`; `nil` without the option.
  func atHand() throws(CommandFailure) -> SubjectToken? {
    guard let tokenFile else { return nil }
    try refuseWishes(beside: "--token-file")
    guard federationConfig == nil else {
      throw .usage("--token-file and --federation-config exclude each other")
    }
    let limit = SubjectToken.maximumBytes
    let bytes =
      try tokenFile == "-"
      ? StandardInput.read(limit: limit) : StandardInput.read(file: tokenFile, limit: limit)
    do throws(SubjectTokenError) {
      return try SubjectToken(bytes)
    } catch {
      throw CommandFailure(clientError: error)
    }
  }

  /// What to ask the server for.
  func request(_ usual: String?, for kind: ExchangeKind) throws(CommandFailure) -> TokenRequest {
    if let federationConfig {
      guard tokenAudience.isEmpty, algorithm == nil, tag.isEmpty else {
        throw .usage("a federation config says audience and algorithm itself, and takes no tags")
      }
      return .federationConfig(federationConfig, durationSeconds: duration?.seconds)
    }
    guard kind != .samlBearer, kind != .awsSAML else {
      throw .usage(
        "\(kind.rawValue) takes SAML",
        hint: "name a config of TokenType SAML: --federation-config NAME"
      )
    }
    let audiences = tokenAudience.isEmpty ? [usual].compactMap(\.self) : tokenAudience
    guard !audiences.isEmpty else {
      throw .usage("--token-audience is missing", hint: "who is the token for, as the other side checks it?")
    }
    var tags: [Tag] = []
    for text in tag { tags.append(try Tag(option: text)) }
    return .audiences(
      audiences,
      algorithm: algorithm
        ?? TrustService.usualAlgorithm(for: kind.rawValue, audiences: audiences).rawValue,
      durationSeconds: duration?.seconds,
      tags: tags
    )
  }

  /// Where Google's client gets the token: the file, or this program.
  func googleSource(
    _ audience: String?,
    _ client: ClientOptions
  ) throws(CommandFailure) -> GoogleTokenSource {
    if let tokenFile {
      guard tokenFile != "-" else { throw .usage("--output google needs a file, not standard input") }
      try refuseWishes(beside: "--token-file")
      return .file(absolutePath(tokenFile))
    }
    guard
      case .audiences(let audiences, let algorithm, let duration, let tags) = try request(
        audience,
        for: .google
      )
    else {
      throw .usage("--output google goes with --token-file or --token-audience, not with --federation-config")
    }
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "exeat"
    var words = [program, "token", "--google-executable", "--algorithm", algorithm]
    for audience in audiences { words += ["--audience", audience] }
    for tag in tags { words += ["--tag", "\(tag.key)=\(tag.value)"] }
    let options: [(String, String?)] = [
      ("--duration", duration.map(String.init)), ("--endpoint-url", client.endpointUrl),
      ("--region", client.region), ("--profile", client.profile),
      ("--ca-file", client.caFile.map(absolutePath)),
    ]
    for case (let name, let value?) in options { words += [name, value] }
    // Google's libraries split the command at blanks and know no quotes.
    for word in words
    where word.isEmpty || word.utf8.contains(where: { $0 <= 0x20 || $0 == 0x22 || $0 == 0x27 }) {
      throw .usage(
        "`\(word)` cannot stand in the command of a Google account file",
        hint: "give --token-file"
      )
    }
    return .command(words.joined(separator: " "))
  }

  private func refuseWishes(beside option: String) throws(CommandFailure) {
    guard tokenAudience.isEmpty, algorithm == nil, duration == nil, tag.isEmpty else {
      throw .usage("\(option): the token is what it is; nothing can be asked of it")
    }
  }
}

/// `path` from the root.
func absolutePath(_ path: String) -> String {
  path.utf8.first == UInt8(ascii: "/") ? path : FileManager.default.currentDirectoryPath + "/" + path
}

/// What the other side is told; which target knows what is in ExchangeSettings.
struct ExchangeOptions: ParsableArguments {
  @Option(help: "oauth, jwt-bearer, saml-bearer: the token endpoint.") var tokenUrl: String?
  @Option(help: "oauth: who the new token is for; may be repeated.") var audience: [String] = []
  @Option(help: "oauth: which resource the new token is for; may be repeated.") var resource: [String] = []
  @Option(help: "A scope; may be repeated. entra: https://management.azure.com/.default and the like.")
  var scope: [String] = []
  @Option(help: "oauth: requested_token_type.") var requestedTokenType: String?
  @Option(help: "oauth: subject_token_type. Default: jwt or saml2, by the token.") var subjectTokenType:
    String?
  @Option(help: "oauth: a file with the token of whoever acts for the subject.") var actorToken: String?
  @Option(help: "oauth: actor_token_type. Default: jwt or saml2, by the token.") var actorTokenType: String?
  @Option(help: "The client; entra: the application or managed identity.") var clientId: String?
  @Option(help: "A file with the client's secret.") var clientSecretFile: String?
  @Option(help: "`basic` or `post`. Default: basic.") var clientAuthentication: String?
  @Option(help: "entra: the tenant.") var tenant: String?
  @Option(help: "entra: its address. Default: https://login.microsoftonline.com") var authority: String?
  @Option(help: "google: projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER")
  var provider: String?
  @Option(help: "google: the service account to act as.") var serviceAccount: String?
  @Option(help: "google: its Security Token Service.") var googleStsUrl: String?
  @Option(help: "google: its IAM Credentials API.") var googleIamUrl: String?
  @Option(help: "aws: the role.") var roleArn: String?
  @Option(help: "aws-saml: the SAML provider in the role's account.") var principalArn: String?
  @Option(help: "aws: the name of the session. Default: exeat") var sessionName: String?
  @Option(help: "aws, google: the life of what is given: 3600 or 3600s, 60m, 1h.")
  var sessionDuration: SecondsOption?
  @Option(help: "aws: its STS. Default: https://sts.amazonaws.com") var stsEndpoint: String?
  @Option(help: "vault: its address.") var address: String?
  @Option(help: "vault: where the auth method is mounted. Default: jwt") var mount: String?
  @Option(help: "vault: the role. Default: the mount's.") var role: String?
  @Option(help: "vault: the namespace.") var namespace: String?
  @Option(help: "A PEM file of CAs to trust for the other side besides the system's.") var targetCaFile:
    String?
  @Flag(help: "Speak http beyond this machine.") var allowPlainHttp = false

  /// What was given.
  var values: [ExchangeSetting: [String]] {
    var values: [ExchangeSetting: [String]] = [.audience: audience, .resource: resource, .scope: scope]
    let single: [(ExchangeSetting, String?)] = [
      (.tokenURL, tokenUrl), (.requestedTokenType, requestedTokenType), (.subjectTokenType, subjectTokenType),
      (.actorToken, actorToken), (.actorTokenType, actorTokenType), (.clientID, clientId),
      (.clientSecretFile, clientSecretFile),
      (.clientAuthentication, clientAuthentication), (.tenant, tenant), (.authority, authority),
      (.provider, provider), (.serviceAccount, serviceAccount), (.googleSTSURL, googleStsUrl),
      (.googleIAMURL, googleIamUrl), (.roleARN, roleArn), (.principalARN, principalArn),
      (.sessionName, sessionName), (.sessionDuration, sessionDuration.map { String($0.seconds) }),
      (.stsEndpoint, stsEndpoint),
      (.address, address), (.mount, mount), (.role, role), (.namespace, namespace),
    ]
    for case (let setting, let text?) in single { values[setting] = [text] }
    return values
  }
}

/// The form of the answer.
struct ExchangeOutput: ParsableArguments {
  /// The forms.
  enum Form: String, CaseIterable, ExpressibleByArgument {
    case raw
    case json
    case env
    case aws
    case google
    case file
  }

  @Option(
    help: """
      `raw`: the access token. `json`. `env`: lines for a shell. `aws`: as a credential_process. `google`: an account \
      file. `file`: our own token in --file, for a client that trades it itself. Default: raw; aws for AWS.
      """
  )
  var output: Form?
  @Option(help: "Write the answer to this file, mode 0600, in one step, instead of standard output.")
  var file: String?
  @Option(help: "env: the variable. Default: ACCESS_TOKEN; VAULT_TOKEN; CLOUDSDK_AUTH_ACCESS_TOKEN.")
  var variable: String?

  /// `--file` from the root.
  var absoluteFile: String { absolutePath(file ?? "") }

  /// Refuses what does not go together.
  func check(for kind: ExchangeKind) throws(CommandFailure) {
    let isAWS = kind == .aws || kind == .awsSAML
    switch output {
    case .raw where isAWS:
      throw .usage("a credential of AWS is three texts", hint: "give --output aws, json or env")
    case .aws where !isAWS:
      throw .usage("--output aws goes with the targets aws and aws-saml")
    case .google where kind != .google:
      throw .usage("--output google goes with the target google")
    case .file where file == nil:
      throw .usage("--output file needs --file PATH")
    default: break
    }
    if let variable {
      let isName = variable.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(asciiLowercase(byte))
      }
      guard isName, let first = variable.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
      else {
        throw .usage("--variable: `\(variable)` is not the name of a variable")
      }
      guard output == .env, !isAWS else { throw .usage("--variable goes with --output env and a token") }
    }
  }

  /// Puts what was given where it belongs.
  func deliver(_ given: ExchangedCredential, as kind: ExchangeKind) throws(CommandFailure) {
    switch output {
    case .env: try deliver(given.shellExports(variable: variable ?? kind.variable))
    case .json: try deliver(given.json)
    case nil, .raw, .aws, .google, .file: try deliver(given.raw ?? given.json)
    }
  }

  /// Puts `content` into the file, or prints it as lines.
  func deliver(_ content: Secret) throws(CommandFailure) {
    guard let file else {
      return try content.withBytes { bytes throws(CommandFailure) in try Console.out(bytes + [0x0A]) }
    }
    do throws(TokenFileError) {
      try TokenFile.replace(file, with: content)
    } catch {
      throw CommandFailure(clientError: error)
    }
  }
}
