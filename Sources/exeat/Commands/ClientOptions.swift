// SPDX-License-Identifier: Apache-2.0
//
// What commands that call a server have in common: where it is, who asks, and the connection to it.

import ArgumentParser
import Federation
import FederationClient
import IdentityModel
import SigV4

/// Where the server is and who asks: the options that client commands share.
struct ClientOptions: ParsableArguments {
  @Option(help: "The server. Default: AWS_ENDPOINT_URL_IAM (`token`: _STS), AWS_ENDPOINT_URL, the profile.")
  var endpointUrl: String?
  @Option(help: "The region to sign for. Default: AWS_REGION, the profile, us-east-1.") var region: String?
  @Option(help: "The profile in ~/.aws. Default: AWS_PROFILE, default.") var profile: String?
  @Option(help: "A PEM file of the CAs to trust. Default: AWS_CA_BUNDLE, the profile, SSL_CERT_FILE.")
  var caFile: String?

  var endpointOptions: EndpointSettings.Options {
    EndpointSettings.Options(endpointURL: endpointUrl, region: region, caFile: caFile)
  }

  /// What `body` makes of calls to `service`, signed with the AWS credential chain.
  func calling<Value>(
    _ service: ServiceName,
    _ body: (AWSQueryClient, SigningCredential) async throws -> Value
  ) async throws(CommandFailure) -> Value {
    let environment = ClientEnvironment.live()
    do {
      let files = try ProfileFiles(environment)
      let settings = try settings(for: service, files, environment)
      let roots = try settings.caBundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
      let http = FederationHTTPClient(trustRoots: roots)
      let result: Result<Value, any Error>
      do {
        let found = try await CredentialChain(
          environment: environment,
          files: files,
          profile: profile,
          http: http,
          settings: try roleSettings(files, environment) ?? settings
        ).resolve(now: Assembly.systemClock.now())
        let query = AWSQueryClient(
          endpoint: settings.endpoint,
          region: settings.region,
          service: service,
          http: http,
          clock: Assembly.systemClock.now
        )
        result = .success(try await body(query, found.credential))
      } catch {
        result = .failure(error)
      }
      await http.shutdown()
      return try result.get()
    } catch {
      throw CommandFailure(clientError: error)
    }
  }

  private func settings(
    for service: ServiceName,
    _ files: ProfileFiles,
    _ environment: ClientEnvironment
  ) throws(EndpointSettingsError) -> EndpointSettings {
    try EndpointSettings(
      endpointOptions,
      for: service,
      profile: files.profile(CredentialChain.profileName(profile, in: environment) ?? "default"),
      files: files,
      environment: environment
    )
  }

  /// Where a profile's role is taken on: at STS; `nil` when only another service's endpoint is named, which is both.
  private func roleSettings(
    _ files: ProfileFiles,
    _ environment: ClientEnvironment
  ) throws(EndpointSettingsError) -> EndpointSettings? {
    do throws(EndpointSettingsError) {
      return try settings(for: .sts, files, environment)
    } catch {
      guard error == .noEndpoint else { throw error }
      return nil
    }
  }
}
