// SPDX-License-Identifier: Apache-2.0
//
// What is known of a service that takes this account's tokens: what to configure there, as templates, and its limits.
// Refuses to know values: those are `TrustTerms`. The services themselves are data, in Services/.

package import IdentityModel

/// A service outside that can be told to trust an account's issuer.
package struct TrustService: Sendable {
  /// What the command line calls it, in lower case.
  package let name: String
  /// What people call it.
  package let title: String
  /// Whether it takes OIDC tokens or SAML assertions.
  package let tokenType: TrustTokenType
  /// The audience that tokens for it have unless another is asked for; a template.
  package let audience: String
  /// Where its tokens are taken: the `TargetService` of a federation config; a template.
  package let target: String
  /// What it can check, and what it cannot.
  package let limits: TrustLimits
  /// The service's own names, which nobody but its administrator knows.
  package let settings: [TrustSetting]
  /// What to run there; a template.
  package let cli: String?
  /// The same for Terraform; a template.
  package let terraform: String?
  /// The file to put there, or the fields to fill in; a template.
  package let config: String?
  /// What to know besides, a sentence each.
  package let notes: [String]
  /// Whether the tests start the real service from `config`.
  package let isRun: Bool

  init(
    _ name: String,
    _ title: String,
    tokenType: TrustTokenType = .oidc,
    audience: String = TrustService.exampleAudience,
    target: String,
    limits: TrustLimits,
    settings: [TrustSetting] = [],
    cli: String? = nil,
    terraform: String? = nil,
    config: String? = nil,
    notes: [String],
    isRun: Bool = false
  ) {
    self.name = name
    self.title = title
    self.tokenType = tokenType
    self.audience = audience
    self.target = target
    self.limits = limits
    self.settings = settings
    self.cli = cli
    self.terraform = terraform
    self.config = config
    self.notes = notes
    self.isRun = isRun
  }

  /// The algorithm of tokens for which nobody named one: what is printed for the service.
  ///
  /// - Parameters:
  ///   - name: the service, where it is known.
  ///   - audiences: the tokens' audiences, which may be a service's own.
  /// - Returns: that of the service called `name`, or else of the one that has an audience of its own among `audiences`, or
  ///   else of any other service, `oidc`.
  package static func usualAlgorithm(for name: String? = nil, audiences: [String]) -> SigningAlgorithm {
    let service =
      name.flatMap(named)
      ?? all.first { service in
        audiences.contains { service.hasOwnAudience && service.audience.utf8.elementsEqual($0.utf8) }
      }
    return (service ?? oidc).limits.preferredAlgorithm
  }

  /// Whether it has one audience for everybody, and nobody else has that.
  private var hasOwnAudience: Bool {
    !audience.utf8.elementsEqual(Self.exampleAudience.utf8) && !audience.contains("{{")
  }

  /// The audience of a service that takes any.
  private static let exampleAudience = "https://api.example.com"

  /// The service called `name`; `nil` when there is none.
  package static func named(_ name: String) -> TrustService? {
    all.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// Every service, in the order in which they are listed.
  package static let all: [TrustService] = [
    entra, google, googleSAML, aws, vault, openbao, kubernetes, snowflake, databricks, github, rabbitmq,
    postgresql,
    apache, envoy, istio, haproxy, dovecot, anthropic, openai, oidc, saml,
  ]
}

/// What a service takes, as a federation config names it.
package enum TrustTokenType: String, Sendable {
  /// JSON Web Tokens.
  case oidc = "OIDC"
  /// SAML 2.0 assertions.
  case saml = "SAML"
}

/// A name of the service's own that stands in its templates.
package struct TrustSetting: Sendable {
  /// As `--set` names it.
  package let name: String
  /// What stands there until somebody says better; in capitals.
  package let placeholder: String
  /// What it is.
  package let meaning: String

  init(_ name: String, _ placeholder: String, _ meaning: String) {
    self.name = name
    self.placeholder = placeholder
    self.meaning = meaning
  }
}

/// What a service cannot take; `nil` and empty where nothing is known.
package struct TrustLimits: Sendable {
  /// Who has to reach the issuer.
  package enum Reach: Sendable {
    /// The service, from the internet.
    case internet
    /// The service, which runs where its owner likes.
    case service
    /// Nobody: a file is uploaded.
    case nobody
  }

  /// Whether certificates may or must stand in the key set.
  package enum Certificates: Sendable {
    /// Nobody looks at them.
    case ignored
    /// `x5c` and `x5t` are refused in a key set that is uploaded.
    case forbiddenInUploads
  }

  /// The algorithms that it takes, the best one first.
  var algorithms: [SigningAlgorithm] = [.es384, .rs256]
  /// Those among them of which nobody has said or shown that it takes them.
  var unconfirmed: [SigningAlgorithm] = []
  /// The longest subject in bytes.
  var maximumSubjectBytes: Int?
  /// The most keys that it reads.
  var maximumKeys: Int?
  /// The only audience that it takes.
  var onlyAudience: String?
  /// The longest audience in bytes.
  var maximumAudienceBytes: Int?
  /// Whether a token for several audiences is refused.
  var takesOneAudience = false
  /// The longest life of a token in seconds.
  var maximumDurationSeconds: Int?
  var certificates = Certificates.ignored
  var reach = Reach.service

  /// The algorithm to use unless another is asked for.
  package var preferredAlgorithm: SigningAlgorithm {
    algorithms.first { !unconfirmed.contains($0) } ?? .rs256
  }
}
