// SPDX-License-Identifier: Apache-2.0
//
// What usually lies behind an error code of the other side. A row needs a source; a code without one has no row, since
// a wrong hint costs more than none. The first row that fits is taken, so a row with a piece of the message stands
// before the one for the code alone.

/// A row of the table.
struct UsualCause: Sendable {
  let service: ExchangeService
  /// The error code, byte for byte; `nil` for any.
  let code: String?
  /// What the message holds; `nil` for any message.
  let fragment: String?
  /// What to look at, as a hint.
  let words: String
  /// Where that is from.
  let source: String
  /// Whether it may pass by itself.
  let mayPass: Bool

  /// The row for `refusal`; `nil` when there is none.
  static func of(_ refusal: ExchangeRefusal) -> UsualCause? {
    table.first { row in
      row.service == refusal.service
        && row.code?.utf8.elementsEqual(refusal.code.utf8) != false
        && row.fragment.map { (refusal.message ?? "").contains($0) } != false
    } ?? (refusal.service == .entra || refusal.service == .google ? ofOAuth(refusal) : nil)
  }

  /// Entra and Google speak OAuth too.
  private static func ofOAuth(_ refusal: ExchangeRefusal) -> UsualCause? {
    of(
      ExchangeRefusal(
        service: .oauth,
        status: refusal.status,
        code: refusal.code,
        message: refusal.message,
        address: refusal.address
      )
    )
  }

  static let table = entra + google + aws + vault + oauth

  private static let entra: [UsualCause] = [
    row(
      .entra,
      "AADSTS70021",
      "no federated credential has this issuer, subject and audience; one that was just made takes some minutes",
      "azure.github.io/azure-workload-identity/docs/troubleshooting.html, faq.html (propagation delay)",
      mayPass: true
    ),
    row(
      .entra,
      "AADSTS700211",
      "no federated credential has this issuer; it must be the issuer URL to the letter, without a slash at its end",
      "github.com/MicrosoftDocs/entra-docs, workload-identity-federation-considerations.md (issuer)"
    ),
    row(
      .entra,
      "AADSTS700212",
      "the token is for another audience; the federated credential has api://AzureADTokenExchange unless it was changed",
      "github.com/apache/hadoop and others quote the message; entra-docs, workload-identity-federation-considerations.md"
    ),
    row(
      .entra,
      "AADSTS700213",
      "no federated credential has this subject; upper and lower case count",
      "github.com/Azure/login/issues/517"
    ),
    row(
      .entra,
      "AADSTS7002138",
      "no federated credential has this subject; upper and lower case count",
      "github.com/Azure/login/issues/517"
    ),
    row(
      .entra,
      "AADSTS700024",
      "the token has expired or is not valid yet; compare the clocks and ask for a new token",
      "the message itself: client assertion is not within its valid time range"
    ),
    row(
      .entra,
      "AADSTS5002738",
      "Entra takes RSA signatures only; ask with --algorithm RS256",
      "github.com/AzureAD/microsoft-identity-web/issues/3467"
    ),
  ]

  private static let google: [UsualCause] = [
    row(
      .google,
      "invalid_target",
      "--provider names no workload identity provider, or one that is disabled or deleted; the project is a number",
      "github.com/google-github-actions/auth/issues/333"
    ),
    row(
      .google,
      "invalid_request",
      containing: "Invalid value for \"audience\"",
      "--provider must be the whole resource name, with the number of the project",
      "github.com/google-github-actions/auth/issues/60"
    ),
    row(
      .google,
      "invalid_request",
      containing: "google.subject exceeds",
      "the subject is longer than the 127 bytes that Google maps; map a shorter claim",
      "cloud.google.com/iam/docs/troubleshooting-workload-identity-federation"
    ),
    row(
      .google,
      "invalid_grant",
      containing: "connecting to the given credential's issuer",
      "Google cannot fetch the issuer's documents; they must be public over https, or the key set be uploaded",
      "cloud.google.com/iam/docs/troubleshooting-workload-identity-federation",
      mayPass: true
    ),
    row(
      .google,
      "unauthorized_client",
      containing: "attribute condition",
      "the provider's attribute condition does not hold for this token",
      "github.com/terraform-google-modules/terraform-example-foundation/issues/1362"
    ),
    row(
      .google,
      "PERMISSION_DENIED",
      "the principal of the pool lacks roles/iam.workloadIdentityUser on the service account, or there is none of the name",
      "github.com/google-github-actions/auth/issues/340"
    ),
  ]

  private static let aws: [UsualCause] = [
    row(
      .aws,
      "InvalidIdentityToken",
      containing: "retrieve verification key",
      "AWS cannot fetch the issuer's discovery document or key set within five seconds; they must be public",
      "repost.aws/knowledge-center/iam-sts-invalididentitytoken",
      mayPass: true
    ),
    row(
      .aws,
      "InvalidIdentityToken",
      "the provider is not registered under exactly this issuer and audience, or the token is not whole",
      "botocore sts/2011-06-15, InvalidIdentityTokenException"
    ),
    row(
      .aws,
      "IDPCommunicationError",
      "AWS could not reach the issuer; try again, then look at the issuer's address and certificate",
      "botocore sts/2011-06-15, IDPCommunicationErrorException"
    ),
    row(
      .aws,
      "IDPRejectedClaim",
      "a claim is not acceptable, or has expired or been revoked",
      "botocore sts/2011-06-15, IDPRejectedClaimException"
    ),
    row(
      .aws,
      "ExpiredTokenException",
      "the token has expired or is not valid yet; compare the clocks and ask for a new token",
      "botocore sts/2011-06-15, ExpiredTokenException"
    ),
    row(
      .aws,
      "RegionDisabledException",
      "STS is switched off in this region for the account",
      "botocore sts/2011-06-15, RegionDisabledException"
    ),
    row(
      .aws,
      "AccessDenied",
      "the role's trust policy does not allow this: look at its Federated principal and its conditions on sub and aud",
      "docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html"
    ),
  ]

  private static let vault: [UsualCause] = [
    row(
      .vault,
      nil,
      containing: "fetching keys",
      "Vault cannot fetch the issuer's documents; look at their address, and at the CA that the mount trusts",
      "github.com/coreos/go-oidc, oidc/jwks.go",
      mayPass: true
    ),
    row(
      .vault,
      nil,
      containing: "could not be found",
      "there is no role of that name at this mount; see --role and --mount",
      "github.com/hashicorp/vault-plugin-auth-jwt, path_login.go"
    ),
    row(
      .vault,
      nil,
      containing: "no audiences bound to the role",
      "the role needs bound_audiences with the token's audience",
      "github.com/hashicorp/vault/issues/27343"
    ),
    row(
      .vault,
      nil,
      containing: "does not match any expected audience",
      "the token's audience is not in the role's bound_audiences",
      "github.com/hashicorp/vault-plugin-auth-jwt/issues/206"
    ),
    row(
      .vault,
      nil,
      containing: "does not match any bound audience",
      "the token's audience is not in the role's bound_audiences",
      "github.com/hashicorp/vault-plugin-auth-jwt, path_login.go"
    ),
    row(
      .vault,
      nil,
      containing: "does not match bound subject",
      "the role's bound_subject is another",
      "github.com/hashicorp/vault-plugin-auth-jwt, path_login.go"
    ),
    row(
      .vault,
      nil,
      containing: "no known key successfully validated the token signature",
      "the mount has other keys, or jwt_supported_algs lacks the algorithm (RS256 alone by default)",
      "github.com/hashicorp/vault-plugin-auth-jwt, path_login.go; developer.hashicorp.com/vault/api-docs/auth/jwt"
    ),
    row(
      .vault,
      "HTTP 403",
      containing: "permission denied",
      "no auth method is mounted at this path or namespace, or the server does not allow the call; see --mount",
      "developer.hashicorp.com/vault/api-docs, HTTP status codes"
    ),
  ]

  private static let oauth: [UsualCause] = [
    row(.oauth, "invalid_client", "the client is unknown or its secret is wrong", "RFC 6749 §5.2"),
    row(
      .oauth,
      "invalid_grant",
      "the token is expired, not for this audience, or of an issuer that the server does not trust",
      "RFC 6749 §5.2; RFC 7523 §3.1"
    ),
    row(
      .oauth,
      "invalid_scope",
      "a scope is unknown, malformed or more than may be asked for",
      "RFC 6749 §5.2"
    ),
    row(
      .oauth,
      "invalid_target",
      "the server issues no token for this audience or resource",
      "RFC 8693 §2.2.2"
    ),
    row(.oauth, "unauthorized_client", "the client may not use this grant", "RFC 6749 §5.2"),
    row(.oauth, "unsupported_grant_type", "the server does not know this grant", "RFC 6749 §5.2"),
  ]

  private static func row(
    _ service: ExchangeService,
    _ code: String?,
    containing fragment: String? = nil,
    _ words: String,
    _ source: String,
    mayPass: Bool = false
  ) -> UsualCause {
    UsualCause(
      service: service,
      code: code,
      fragment: fragment,
      words: words,
      source: source,
      mayPass: mayPass
    )
  }
}
