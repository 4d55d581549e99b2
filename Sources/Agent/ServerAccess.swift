// SPDX-License-Identifier: Apache-2.0
//
// The agent's own access to the server: its credential, found along the AWS chain and kept for minutes, and calls that
// are signed with it. One for all that is kept, so that a role is taken on once for a hundred tokens.

package import FederationClient
package import IdentityModel
import SigV4

/// Calls the server for the agent.
package actor ServerAccess {
  private let environment: ClientEnvironment
  private let options: EndpointSettings.Options
  private let profile: String?
  private let http: FederationHTTPClient
  private let clock: @Sendable () -> Instant
  private var kept: (found: ResolvedCredential, until: Instant)?
  /// The search that all wait for who need a credential now.
  private var search: Task<ResolvedCredential, any Error>?

  /// Makes it; nothing is asked yet.
  ///
  /// - Parameters:
  ///   - plan: where the server is and whose profile is used.
  ///   - environment: variables, files and processes.
  ///   - clock: the wall clock.
  /// - Throws: what is wrong with the settings, the shared files or the CA file.
  package init(
    _ plan: AgentPlan,
    environment: ClientEnvironment,
    clock: @escaping @Sendable () -> Instant
  ) throws {
    self.environment = environment
    self.options = plan.server
    self.profile = plan.profile
    self.clock = clock
    let settings = try Self.settings(.sts, plan.server, plan.profile, environment).settings
    let roots = try settings.caBundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
    http = FederationHTTPClient(trustRoots: roots)
    endpoint = settings.endpoint
    region = settings.region
    caBundle = settings.caBundle
  }

  /// The STS endpoint.
  package nonisolated let endpoint: HTTPURL
  /// The region.
  package nonisolated let region: Region
  /// The PEM file of the CAs that are trusted there; `nil` for the system's.
  package nonisolated let caBundle: String?

  /// What `body` makes of a call to `service`, tried once: whoever keeps something tries again.
  ///
  /// - Throws: `AccessRefused` when the server refused; otherwise what kept it from being asked or from answering.
  func call<Value: Sendable>(
    _ service: ServiceName,
    _ body: @Sendable (AWSQueryClient, SigningCredential) async throws(STSClientError) -> Value
  ) async throws -> Value {
    let settings = try Self.settings(service, options, profile, environment).settings
    let client = AWSQueryClient(
      endpoint: settings.endpoint,
      region: settings.region,
      service: service,
      http: http,
      clock: clock,
      retry: RetryPolicy(attempts: 1) { _ in .zero }
    )
    let found = try await credential()
    do {
      return try await answer(client, found, body)
    } catch let error as AccessRefused where error.isOfTheCredential {
      // It may be an old one: where another one is found now, that one is tried.
      if let kept, isSame(kept.found.credential, found.credential) { self.kept = nil }
      let renewed = try await credential()
      guard !isSame(found.credential, renewed.credential) else { throw error }
      return try await answer(client, renewed, body)
    }
  }

  private func answer<Value: Sendable>(
    _ client: AWSQueryClient,
    _ found: ResolvedCredential,
    _ body: @Sendable (AWSQueryClient, SigningCredential) async throws(STSClientError) -> Value
  ) async throws -> Value {
    do throws(STSClientError) {
      return try await body(client, found.credential)
    } catch {
      guard case .refused = error, !error.isTransient else { throw error }
      throw AccessRefused(source: found.source, refusal: error)
    }
  }

  /// The agent's own credential; whoever asks while it is looked for gets the one that is found then.
  ///
  /// - Throws: why there is none.
  package func credential() async throws -> ResolvedCredential {
    if let kept, clock() < kept.until { return kept.found }
    let search: Task<ResolvedCredential, any Error>
    if let running = self.search {
      search = running
    } else {
      search = Task { try await find() }
      self.search = search
    }
    // Whoever is cancelled takes the search along: the agent ends all at once.
    return try await withTaskCancellationHandler {
      try await search.value
    } onCancel: {
      search.cancel()
    }
  }

  private func find() async throws -> ResolvedCredential {
    defer { search = nil }
    let now = clock()
    let (settings, files) = try Self.settings(.sts, options, profile, environment)
    let chain = CredentialChain(
      environment: environment,
      files: files,
      profile: profile,
      http: http,
      settings: settings
    )
    let found = try await chain.resolve(now: now)
    let soon = now.advanced(bySeconds: 300)
    kept = (found, min(soon, found.expiration?.advanced(bySeconds: -60) ?? soon))
    return found
  }

  /// Closes the connections; no call may follow.
  package func shutdown() async {
    await http.shutdown()
  }

  private static func settings(
    _ service: ServiceName,
    _ options: EndpointSettings.Options,
    _ profile: String?,
    _ environment: ClientEnvironment
  ) throws -> (settings: EndpointSettings, files: ProfileFiles) {
    let files = try ProfileFiles(environment)
    let name = CredentialChain.profileName(profile, in: environment) ?? "default"
    let settings = try EndpointSettings(
      options,
      for: service,
      profile: files.profile(name),
      files: files,
      environment: environment
    )
    return (settings, files)
  }
}

private func isSame(_ one: SigningCredential, _ other: SigningCredential) -> Bool {
  one.accessKeyID.utf8.elementsEqual(other.accessKeyID.utf8)
    && (one.sessionToken ?? "").utf8.elementsEqual((other.sessionToken ?? "").utf8)
    && one.secretAccessKey == other.secretAccessKey
}
