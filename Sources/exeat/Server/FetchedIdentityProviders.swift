// SPDX-License-Identifier: Apache-2.0
//
// Fits the client's look-up of identity providers to the seam of the house; neither knows the other.

import Federation
import FederationClient
import IdentityModel
import TokenFormats

/// Identity providers whose keys are fetched.
struct FetchedIdentityProviders: IdentityProviderKeys {
  let providers: IdentityProviders

  func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(IdentityProviderError) -> ProviderKeySet {
    do {
      return try await providers.keys(of: issuer, holding: keyID, now: now)
    } catch {
      throw error.isTransient ? .unreachable(error.reason) : .unusable(error.reason)
    }
  }
}

/// Which identity providers may be asked, and whom to trust then.
struct IdentityProviderSettings: Sendable {
  let networks: [IPNetwork]
  let trustRoots: TrustRoots

  /// What is asked for besides the providers on the internet; both from a setting that may name several networks.
  init(networks texts: [(text: String, origin: String)], certificateAuthority: String?) throws(CommandFailure)
  {
    var networks: [IPNetwork] = []
    for (text, origin) in texts {
      guard let network = IPNetwork(text) else {
        throw .usage("\(origin): `\(text)` is not a network", hint: "for example 10.0.0.0/8, fd00::/8")
      }
      switch network.base.reach {
      case .loopback, .privateNetwork, .linkLocal: networks.append(network)
      case .global, .special:
        throw .usage(
          "\(origin): `\(text)` does not begin with a private, link-local or loopback address",
          hint: "providers on the internet need no permission"
        )
      }
    }
    self.networks = networks
    guard let certificateAuthority else {
      trustRoots = .system
      return
    }
    do {
      trustRoots = try .systemAnd(file: certificateAuthority, in: .live())
    } catch {
      switch error {
      case .unreadable(let path, _):
        throw .usage("--identity-provider-ca: cannot read \(path)")
      case .notCertificates(let path):
        throw .usage("--identity-provider-ca: \(path) holds no certificates in PEM form")
      }
    }
  }

  /// The look-up that follows.
  var providers: FetchedIdentityProviders {
    FetchedIdentityProviders(
      providers: IdentityProviders(policy: IssuerPolicy(allowedNetworks: networks), trustRoots: trustRoots)
    )
  }
}
