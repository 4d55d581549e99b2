// SPDX-License-Identifier: Apache-2.0
//
// Secret stores, clusters, databases and hosted services. None of them is at hand to the tests: these are from their
// public documentation.

import IdentityModel

extension TrustService {
  static let vault = jwtAuth("vault", "HashiCorp Vault", program: "vault")
  static let openbao = jwtAuth("openbao", "OpenBao", program: "bao")

  private static func jwtAuth(_ name: String, _ title: String, program: String) -> TrustService {
    TrustService(
      name,
      title,
      audience: "https://\(name).example.com",
      target: "https://\(name).example.com:8200/v1/auth/{{mount}}/login",
      limits: TrustLimits(reach: .service),
      settings: [
        TrustSetting("mount", "exeat", "the path of the auth method"),
        TrustSetting("policies", "app", "the policies that the workload gets, with commas between them"),
      ],
      cli: """
        \(program) auth enable -path='{{mount}}' jwt
        \(program) write 'auth/{{mount}}/config' oidc_discovery_url='{{issuer}}' bound_issuer='{{issuer}}' \\
          jwt_supported_algs='{{algorithm}}'
        \(program) write 'auth/{{mount}}/role/{{role}}' role_type=jwt user_claim=sub bound_audiences='{{audience}}' \\
          bound_subject='{{subject}}' token_policies='{{policies}}' token_ttl=15m

        """,
      terraform: """
        resource "vault_jwt_auth_backend" "exeat" {
          path               = "{{mount}}"
          oidc_discovery_url = "{{issuer}}"
          bound_issuer       = "{{issuer}}"
          jwt_supported_algs = ["{{algorithm}}"]
        }

        resource "vault_jwt_auth_backend_role" "app" {
          backend         = vault_jwt_auth_backend.exeat.path
          role_name       = "{{role}}"
          role_type       = "jwt"
          user_claim      = "sub"
          bound_audiences = ["{{audience}}"]
          bound_subject   = "{{subject}}"
          token_policies  = split(",", "{{policies}}")
        }

        """,
      notes: [
        "jwt_supported_algs defaults to RS256 alone: with ES384 it has to be named.",
        "oidc_discovery_ca_pem=@ca.pem where a private authority issued the issuer's certificate.",
      ]
    )
  }

  static let kubernetes = TrustService(
    "kubernetes",
    "Kubernetes API server",
    audience: "https://kubernetes.example.com",
    target: "https://kubernetes.example.com:6443",
    limits: TrustLimits(reach: .service),
    settings: [TrustSetting("namespace", "default", "the namespace in which the workload may read")],
    cli: """
      kubectl create rolebinding exeat --namespace='{{namespace}}' --clusterrole=view --user='exeat:{{subject}}'

      """,
    terraform: """
      resource "kubernetes_role_binding_v1" "exeat" {
        metadata {
          name      = "exeat"
          namespace = "{{namespace}}"
        }
        role_ref {
          api_group = "rbac.authorization.k8s.io"
          kind      = "ClusterRole"
          name      = "view"
        }
        subject {
          api_group = "rbac.authorization.k8s.io"
          kind      = "User"
          name      = "exeat:{{subject}}"
        }
      }

      """,
    config: """
      # For kube-apiserver --authentication-config; apiVersion …/v1 from Kubernetes 1.34 on.
      apiVersion: apiserver.config.k8s.io/v1beta1
      kind: AuthenticationConfiguration
      jwt:
      - issuer:
          url: "{{issuer}}"
          audiences: ["{{audience}}"]
          # certificateAuthority: the PEM text of the authority, where a private one issued the issuer's certificate
        claimValidationRules:
        - expression: "claims['https://sts.amazonaws.com/'].aws_account == '{{account}}'"
          message: "another account"
        claimMappings:
          username:
            claim: sub
            prefix: "exeat:"

      """,
    notes: [
      "The flags --oidc-… take RS256 alone unless --oidc-signing-algs=ES384 is given; the structured form takes both."
    ]
  )

  static let snowflake = TrustService(
    "snowflake",
    "Snowflake",
    audience: "snowflakecomputing.com",
    target: "https://{{snowflake_account}}.snowflakecomputing.com",
    limits: TrustLimits(
      algorithms: [.rs256, .es384],
      unconfirmed: [.es384],
      maximumSubjectBytes: 255,
      takesOneAudience: true,
      reach: .internet
    ),
    settings: [
      TrustSetting("snowflake_account", "ACCOUNT_IDENTIFIER", "the account's identifier"),
      TrustSetting("user", "APP", "the service user"),
    ],
    cli: """
      snow sql --query "CREATE USER {{user}} TYPE = SERVICE WORKLOAD_IDENTITY = (TYPE = OIDC ISSUER = '{{issuer}}' \\
        SUBJECT = '{{subject}}' OIDC_AUDIENCE_LIST = ('{{audience}}'))"

      """,
    terraform: """
      resource "snowflake_execute" "exeat" {
        execute = "CREATE USER {{user}} TYPE = SERVICE WORKLOAD_IDENTITY = (TYPE = OIDC ISSUER = '{{issuer}}' SUBJECT = '{{subject}}' OIDC_AUDIENCE_LIST = ('{{audience}}'))"
        revert  = "DROP USER {{user}}"
      }

      """,
    notes: [
      "The drivers take the token with authenticator=WORKLOAD_IDENTITY and workload_identity_provider=OIDC.",
      "snowflakecomputing.com is the audience of every account of Snowflake: name one of your account's own with --audience.",
    ]
  )

  static let databricks = TrustService(
    "databricks",
    "Databricks",
    audience: "databricks",
    target: "https://{{workspace}}/oidc/v1/token",
    limits: TrustLimits(algorithms: [.rs256, .es384], unconfirmed: [.es384], reach: .internet),
    settings: [
      TrustSetting("workspace", "WORKSPACE_HOST", "the workspace's host name"),
      TrustSetting("service_principal", "SERVICE_PRINCIPAL_ID", "the service principal's numeric id"),
    ],
    cli: """
      databricks account service-principal-federation-policy create '{{service_principal}}' --json '{
        "oidc_policy": {"issuer": "{{issuer}}", "audiences": ["{{audience}}"], "subject": "{{subject}}"}
      }'

      """,
    terraform: """
      resource "databricks_service_principal_federation_policy" "exeat" {
        service_principal_id = "{{service_principal}}"
        policy_id            = "exeat"
        oidc_policy = {
          issuer    = "{{issuer}}"
          audiences = ["{{audience}}"]
          subject   = "{{subject}}"
        }
      }

      """,
    notes: ["The Databricks SDKs read the token from a file with auth_type=file-oidc."]
  )

  static let github = TrustService(
    "github",
    "GitHub, through octo-sts",
    audience: "octo-sts.dev",
    target: "https://octo-sts.dev/sts/exchange",
    limits: TrustLimits(reach: .internet),
    settings: [
      TrustSetting("repository", "OWNER/REPOSITORY", "the repository that the workload may read"),
      TrustSetting("identity", "exeat", "the name of the trust policy"),
    ],
    cli: """
      { printf 'Authorization: Bearer '; exeat token --audience '{{audience}}'; } |
        curl --fail --silent --show-error --header @- \\
          'https://octo-sts.dev/sts/exchange?scope={{repository}}&identity={{identity}}'

      """,
    terraform: """
      resource "github_repository_file" "exeat" {
        repository = split("/", "{{repository}}")[1]
        file       = ".github/chainguard/{{identity}}.sts.yaml"
        content    = file("{{identity}}.sts.yaml")
      }

      """,
    config: """
      # .github/chainguard/{{identity}}.sts.yaml in {{repository}}
      issuer: "{{issuer}}"
      subject: "{{subject}}"
      audience: "{{audience}}"
      permissions:
        contents: read

      """,
    notes: [
      "Use issuer and subject, not issuer_pattern and subject_pattern: a pattern that is not anchored matches look-alikes.",
      "An organization without a list of trusted issuers trusts every issuer that a repository names.",
    ]
  )

  static let postgresql = TrustService(
    "postgresql",
    "PostgreSQL 18 with OAuth",
    audience: "https://postgresql.example.com",
    target: "https://postgresql.example.com:5432",
    limits: TrustLimits(reach: .service),
    settings: [
      TrustSetting("database_user", "app", "the database role"),
      TrustSetting("validator", "VALIDATOR_LIBRARY", "the validator module that you installed"),
    ],
    cli: """
      psql --command='CREATE ROLE "{{database_user}}" LOGIN'

      """,
    terraform: """
      resource "postgresql_role" "app" {
        name  = "{{database_user}}"
        login = true
      }

      """,
    config: """
      # postgresql.conf
      oauth_validator_libraries = '{{validator}}'
      # pg_hba.conf
      hostssl all "{{database_user}}" all oauth issuer="{{issuer}}" scope="openid" map=exeat
      # pg_ident.conf
      exeat "{{subject}}" "{{database_user}}"

      """,
    notes: [
      "PostgreSQL checks no token itself: signature, issuer, audience and expiry are the validator module's to check. Use none that you have not seen refuse a wrong audience.",
      "libpq's own way to a token is the device grant, for people: a workload's client must bring the token itself.",
    ]
  )

  static let anthropic = TrustService(
    "anthropic",
    "Anthropic",
    audience: "https://api.anthropic.com",
    target: "https://api.anthropic.com/v1/oauth/token",
    limits: TrustLimits(algorithms: [.rs256, .es384], reach: .internet),
    settings: [
      TrustSetting("rule", "FEDERATION_RULE_ID", "the federation rule's id"),
      TrustSetting("organization", "ORGANIZATION_ID", "the organization's id"),
      TrustSetting("service_account", "SERVICE_ACCOUNT_ID", "the service account's id"),
    ],
    config: """
      # In the console, a federation rule with: issuer {{issuer}}, subject {{subject}}, audience {{audience}}.
      # The workload's environment:
      ANTHROPIC_IDENTITY_TOKEN_FILE=/run/exeat/anthropic.jwt
      ANTHROPIC_FEDERATION_RULE_ID={{rule}}
      ANTHROPIC_ORGANIZATION_ID={{organization}}
      ANTHROPIC_SERVICE_ACCOUNT_ID={{service_account}}

      """,
    notes: ["Use the audience that the console names, with --audience."]
  )

  static let openai = TrustService(
    "openai",
    "OpenAI",
    audience: "https://api.openai.com/v1",
    target: "https://auth.openai.com/oauth/token",
    limits: TrustLimits(reach: .internet),
    config: """
      # In the organization's settings, a workload identity provider:
      issuer: {{issuer}}
      audience: {{audience}}
      # and in it a mapping to a service account, by this attribute:
      sub: {{subject}}

      """,
    notes: [
      "The exchange names the ids of the provider and of the service account besides the token.",
      "Claims below https://sts.amazonaws.com/ are only reached through a CEL transform; sub needs none.",
    ]
  )
}
