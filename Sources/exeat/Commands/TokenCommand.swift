// SPDX-License-Identifier: Apache-2.0
//
// `exeat token`: asks a server for a token with the AWS credential chain.

import ArgumentParser
import Federation
import FederationClient
import IdentityModel
import StrictJSON
import TokenFormats

/// Where the server is and who asks: the options that client commands share.
struct ClientOptions: ParsableArguments {
  @Option(help: "The server. Default: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the profile.")
  var endpointUrl: String?
  @Option(help: "The region to sign for. Default: AWS_REGION, the profile, us-east-1.") var region: String?
  @Option(help: "The profile in ~/.aws. Default: AWS_PROFILE, default.") var profile: String?
  @Option(help: "A PEM file of the CAs to trust. Default: AWS_CA_BUNDLE, the profile, SSL_CERT_FILE.")
  var caFile: String?

  var endpointOptions: EndpointSettings.Options {
    EndpointSettings.Options(endpointURL: endpointUrl, region: region, caFile: caFile)
  }
}

/// `exeat token`.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Ask a server for a token.",
    discussion: """
      Finds credentials as the AWS CLI does: environment, ~/.aws profiles, web identity token file, process,
      container endpoint. (The instance metadata service is not asked.)
      """
  )

  @Option(help: "Who the token is for; may be repeated.") var audience: [String]
  @Option(help: "`ES384` or `RS256`.") var algorithm = "ES384"
  @Option(help: "The token's life in seconds, 60 to 3600. Default: the server's, 300.") var duration: Int?
  @Option(help: "A tag for the token, KEY=VALUE; may be repeated.") var tag: [String] = []
  @Flag(help: "Print header and claims instead of the token.") var decode = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let tags = try tag.map(Self.tag)
    let environment = ClientEnvironment.live()
    do {
      let files = try ProfileFiles(environment)
      let profileName = CredentialChain.profileName(client.profile, in: environment)
      let settings = try EndpointSettings(
        client.endpointOptions,
        profile: files.profile(profileName ?? "default"),
        files: files,
        environment: environment
      )
      let roots = try settings.caBundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
      let http = FederationHTTPClient(trustRoots: roots)
      let result: Result<(token: String, expiration: Instant), any Error>
      do {
        let found = try await CredentialChain(
          environment: environment,
          files: files,
          profile: client.profile,
          http: http,
          settings: settings
        ).resolve(now: Assembly.systemClock.now())
        let query = AWSQueryClient(
          endpoint: settings.endpoint,
          region: settings.region,
          service: .sts,
          http: http,
          clock: Assembly.systemClock.now
        )
        result = .success(
          try await STSClient(query, credential: found.credential).getWebIdentityToken(
            audiences: audience,
            algorithm: algorithm,
            durationSeconds: duration,
            tags: tags
          )
        )
      } catch {
        result = .failure(error)
      }
      await http.shutdown()
      let (token, expiration) = try result.get()
      Console.out(try output(token, expiration))
    } catch {
      throw CommandFailure(clientError: error)
    }
  }

  private func output(_ token: String, _ expiration: Instant) throws(CommandFailure) -> String {
    guard decode || json else { return token }
    var writer = JSONWriter()
    if decode {
      let parts = token.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, let header = Self.json(parts[0]), let claims = Self.json(parts[1]) else {
        throw .failed("the server's answer is not a JWT")
      }
      writer.object { writer in
        if json {
          writer.member("WebIdentityToken", token)
          writer.member("Expiration", expiration.rfc3339Milliseconds)
        }
        writer.name("header")
        writer.value(header)
        writer.name("claims")
        writer.value(claims)
      }
      return json ? String(decoding: writer.bytes, as: UTF8.self) : PrettyJSON.text(writer.bytes)
    }
    writer.object { writer in
      writer.member("WebIdentityToken", token)
      writer.member("Expiration", expiration.rfc3339Milliseconds)
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func json(_ part: Substring) -> JSONValue? {
    guard let bytes = Base64URL.decode(part) else { return nil }
    return try? JSONReader.read(bytes)
  }

  private static func tag(_ text: String) throws(CommandFailure) -> Tag {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw .usage("--tag: `\(text)` is not KEY=VALUE")
    }
    return Tag(key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
  }
}
