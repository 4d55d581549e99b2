// SPDX-License-Identifier: Apache-2.0
//
// The credential of a program that runs for long: found along the chain, kept for a few minutes, found again before it
// expires. A role is taken on and a process run once for many requests.

package import IdentityModel
package import SigV4

/// Keeps a credential that the chain found.
package actor RenewedCredential {
  private let environment: ClientEnvironment
  private let region: Region
  private let http: FederationHTTPClient
  private var kept: (credential: SigningCredential, until: Instant)?

  /// Makes it.
  ///
  /// - Parameters:
  ///   - environment: variables, files and processes.
  ///   - region: where STS is asked for roles when the environment names no endpoint of its own.
  ///   - http: the way to the container endpoint and to STS.
  package init(environment: ClientEnvironment, region: Region, http: FederationHTTPClient) {
    self.environment = environment
    self.region = region
    self.http = http
  }

  /// A credential that has not expired.
  package func credential(now: Instant) async throws(CredentialChainError) -> SigningCredential {
    if let kept, now < kept.until { return kept.credential }
    let found = try await chain().resolve(now: now)
    let soon = now.advanced(bySeconds: 300)
    kept = (found.credential, min(soon, found.expiration?.advanced(bySeconds: -60) ?? soon))
    return found.credential
  }

  private func chain() throws(CredentialChainError) -> CredentialChain {
    let files: ProfileFiles
    do throws(ProfileFilesError) {
      files = try ProfileFiles(environment)
    } catch {
      throw malformed(error)
    }
    let profile = files.profile(CredentialChain.profileName(nil, in: environment) ?? "default")
    return CredentialChain(
      environment: environment,
      files: files,
      profile: nil,
      http: http,
      settings: try settings(profile, files)
    )
  }

  private func settings(
    _ profile: ProfileFiles.Profile?,
    _ files: ProfileFiles
  ) throws(CredentialChainError) -> EndpointSettings {
    // AWS's own STS, unless the environment names another one.
    var options = EndpointSettings.Options()
    while true {
      do throws(EndpointSettingsError) {
        return try EndpointSettings(
          options,
          for: .sts,
          profile: profile,
          files: files,
          environment: environment
        )
      } catch {
        guard error == .noEndpoint, options.endpointURL == nil else { throw malformed(error) }
        options.endpointURL = "https://sts.\(region).amazonaws.com"
      }
    }
  }
}

private func malformed(_ error: any Error) -> CredentialChainError {
  .malformedSetting(source: "environment and profiles", setting: printable(String(describing: error)))
}
