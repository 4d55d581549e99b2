// SPDX-License-Identifier: Apache-2.0
//
// What to configure on this side: a policy that lets the principal ask for exactly these tokens, and a federation config
// that gives the service a name. Source: docs/policy.md; docs/federation-configs.md.

extension TrustService {
  /// An identity policy for the principal: tokens for this service and nothing else.
  package func policy(_ terms: TrustTerms) -> String {
    terms.fill(tokenType == .oidc ? Self.oidcPolicy : Self.samlPolicy.replacing("SERVICE", with: name))
  }

  /// The document of a federation config, for those who want to name the service once.
  package func federationConfig(_ terms: TrustTerms) -> String {
    terms.fill(tokenType == .oidc ? Self.oidcConfig : Self.samlConfig)
  }

  /// What an administrator of the account runs, with both in files.
  package func ownCommands(_ terms: TrustTerms) -> String {
    var lines: [String] = []
    if tokenType == .saml { lines.append("exeat federation-config apply \(name) -f config.json") }
    lines.append(
      terms.policyCall.map { call in
        "aws iam \(call) {{role}} --policy-name \(name) --policy-document file://policy.json"
      } ?? "# The root of an account needs no policy. A role is better."
    )
    return terms.fill(lines.joined(separator: "\n")) + "\n"
  }

  private static let oidcPolicy = """
    {
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow",
        "Action": "sts:GetWebIdentityToken",
        "Resource": "*",
        "Condition": {
          "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": [{{audiences}}]},
          "Null": {"sts:IdentityTokenAudience": "false"},
          "StringEquals": {"sts:SigningAlgorithm": "{{algorithm}}"},
          "NumericLessThanEquals": {"sts:DurationSeconds": "{{duration}}"}
        }
      }]
    }

    """

  private static let samlPolicy = """
    {
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow",
        "Action": "iam:GetOutboundFederationToken",
        "Resource": "arn:aws:iam::{{account}}:outbound-federation-config/SERVICE"
      }]
    }

    """

  private static let oidcConfig = """
    {"OutboundFederationConfig": {
      "TargetService": "{{target}}",
      "TokenType": "OIDC",
      "Audience": "{{audience}}",
      "SigningAlgorithm": "{{algorithm}}",
      "Duration": {{duration}}
    }}

    """

  private static let samlConfig = """
    {"OutboundFederationConfig": {
      "TargetService": "{{target}}",
      "TokenType": "SAML",
      "Audience": "{{audience}}",
      "Duration": {{duration}}
    }}

    """
}
