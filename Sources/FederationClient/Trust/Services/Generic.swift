// SPDX-License-Identifier: Apache-2.0
//
// What any service can be told.

extension TrustService {
  static let oidc = TrustService(
    "oidc",
    "Any service that takes OpenID Connect tokens",
    target: "https://service.example.com/",
    limits: TrustLimits(takesOneAudience: true, reach: .service),
    config: """
      {
        "issuer": "{{issuer}}",
        "jwks_uri": "{{issuer}}/.well-known/jwks.json",
        "algorithms": ["{{algorithm}}"],
        "audience": "{{audience}}",
        "subject": "{{subject}}"
      }

      """,
    notes: [
      "The service must compare issuer, audience and subject exactly, and take no algorithm but these.",
      "Its own --audience keeps a token for it from being used elsewhere: give every service one of its own.",
    ]
  )

  static let saml = TrustService(
    "saml",
    "Any SAML 2.0 service provider",
    tokenType: .saml,
    audience: "{{entity}}",
    target: "{{acs}}",
    limits: TrustLimits(maximumDurationSeconds: 300, reach: .nobody),
    settings: [
      TrustSetting("entity", "https://app.example.com/metadata", "the service's entity id"),
      TrustSetting("acs", "https://app.example.com/acs", "its assertion consumer service"),
    ],
    config: """
      {
        "idp_entity_id": "{{issuer}}/saml/metadata",
        "idp_metadata": "{{issuer}}/saml/metadata",
        "name_id": "{{subject}}"
      }

      """,
    notes: ["docs/relying-parties has guides for Shibboleth SP, mod_auth_mellon, SimpleSAMLphp and Python."]
  )
}
