// SPDX-License-Identifier: Apache-2.0
//
// The large clouds. None of them is at hand to the tests: these are from their public documentation.

import IdentityModel

extension TrustService {
  static let entra = TrustService(
    "entra",
    "Microsoft Entra ID",
    audience: "api://AzureADTokenExchange",
    target: "https://login.microsoftonline.com/{{tenant}}/oauth2/v2.0/token",
    limits: TrustLimits(
      algorithms: [.rs256],
      maximumKeys: 100,
      onlyAudience: "api://AzureADTokenExchange",
      takesOneAudience: true,
      reach: .internet
    ),
    settings: [
      TrustSetting("tenant", "TENANT_ID", "the directory (tenant) id"),
      TrustSetting("app", "APP_ID", "the application (client) id"),
      TrustSetting("object", "APP_OBJECT_ID", "the application's object id"),
    ],
    cli: """
      az ad app federated-credential create --id '{{app}}' --parameters '{
        "name": "exeat",
        "issuer": "{{issuer}}",
        "subject": "{{subject}}",
        "audiences": ["{{audience}}"]
      }'

      """,
    terraform: """
      resource "azuread_application_federated_identity_credential" "exeat" {
        application_id = "/applications/{{object}}"
        display_name   = "exeat"
        issuer         = "{{issuer}}"
        subject        = "{{subject}}"
        audiences      = ["{{audience}}"]
      }

      """,
    config: """
      # The workload's environment: azure-identity, msal and the Azure command line read the token from the file.
      AZURE_TENANT_ID={{tenant}}
      AZURE_CLIENT_ID={{app}}
      AZURE_AUTHORITY_HOST=https://login.microsoftonline.com/
      AZURE_FEDERATED_TOKEN_FILE=/run/exeat/entra.jwt

      """,
    notes: [
      "Issuer and subject are compared exactly, upper and lower case included.",
      "An application has at most 20 federated credentials; a new one takes some minutes (AADSTS70021 until then).",
      "ES384 gives AADSTS5002738.",
    ]
  )

  static let google = TrustService(
    "google",
    "Google Cloud workload identity federation",
    audience:
      "https://iam.googleapis.com/projects/{{project_number}}/locations/global/workloadIdentityPools/{{pool}}/providers/{{provider}}",
    target: "https://sts.googleapis.com/v1/token",
    limits: TrustLimits(
      algorithms: [.rs256, .es384],
      unconfirmed: [.es384],
      maximumSubjectBytes: 127,
      maximumAudienceBytes: 256,
      certificates: .forbiddenInUploads,
      reach: .internet
    ),
    settings: googleSettings,
    cli: """
      gcloud iam workload-identity-pools create '{{pool}}' --location=global
      gcloud iam workload-identity-pools providers create-oidc '{{provider}}' --location=global \\
        --workload-identity-pool='{{pool}}' --issuer-uri='{{issuer}}' --allowed-audiences='{{audience}}' \\
        --attribute-mapping='google.subject=assertion.sub' --attribute-condition="assertion.sub == '{{subject}}'"
      gcloud iam service-accounts add-iam-policy-binding '{{service_account}}' --role=roles/iam.workloadIdentityUser \\
        --member='principal://iam.googleapis.com/projects/{{project_number}}/locations/global/workloadIdentityPools/{{pool}}/subject/{{subject}}'

      """,
    terraform: """
      resource "google_iam_workload_identity_pool" "exeat" {
        workload_identity_pool_id = "{{pool}}"
      }

      resource "google_iam_workload_identity_pool_provider" "exeat" {
        workload_identity_pool_id          = google_iam_workload_identity_pool.exeat.workload_identity_pool_id
        workload_identity_pool_provider_id = "{{provider}}"
        attribute_mapping                  = { "google.subject" = "assertion.sub" }
        attribute_condition                = "assertion.sub == '{{subject}}'"
        oidc {
          issuer_uri        = "{{issuer}}"
          allowed_audiences = ["{{audience}}"]
        }
      }

      resource "google_service_account_iam_member" "exeat" {
        service_account_id = "projects/-/serviceAccounts/{{service_account}}"
        role               = "roles/iam.workloadIdentityUser"
        member             = "principal://iam.googleapis.com/projects/{{project_number}}/locations/global/workloadIdentityPools/{{pool}}/subject/{{subject}}"
      }

      """,
    config: """
      {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/{{project_number}}/locations/global/workloadIdentityPools/{{pool}}/providers/{{provider}}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{{service_account}}:generateAccessToken",
        "credential_source": {"file": "/run/exeat/google.jwt"}
      }

      """,
    notes: [
      "google.subject has at most 127 bytes: for a longer ARN map a part of it, such as assertion.sub.extract(':role/{name}').",
      "An issuer that Google cannot reach works with an uploaded key set (--jwk-json-path), made by `exeat issuer export --jwks-only --no-x5c`; it has to be uploaded again for every rotation.",
    ]
  )

  static let googleSAML = TrustService(
    "google-saml",
    "Google Cloud workload identity federation with SAML",
    tokenType: .saml,
    audience:
      "https://iam.googleapis.com/projects/{{project_number}}/locations/global/workloadIdentityPools/{{pool}}/providers/{{provider}}",
    target: "https://sts.googleapis.com/v1/token",
    limits: TrustLimits(maximumSubjectBytes: 127, reach: .nobody),
    settings: googleSettings,
    cli: """
      curl --fail --silent --show-error --output exeat-metadata.xml '{{issuer}}/saml/metadata'
      gcloud iam workload-identity-pools create '{{pool}}' --location=global
      gcloud iam workload-identity-pools providers create-saml '{{provider}}' --location=global \\
        --workload-identity-pool='{{pool}}' --idp-metadata-path=exeat-metadata.xml \\
        --attribute-mapping='google.subject=assertion.subject' --attribute-condition="assertion.subject == '{{subject}}'"
      gcloud iam service-accounts add-iam-policy-binding '{{service_account}}' --role=roles/iam.workloadIdentityUser \\
        --member='principal://iam.googleapis.com/projects/{{project_number}}/locations/global/workloadIdentityPools/{{pool}}/subject/{{subject}}'

      """,
    terraform: """
      resource "google_iam_workload_identity_pool_provider" "exeat" {
        workload_identity_pool_id          = "{{pool}}"
        workload_identity_pool_provider_id = "{{provider}}"
        attribute_mapping                  = { "google.subject" = "assertion.subject" }
        attribute_condition                = "assertion.subject == '{{subject}}'"
        saml {
          idp_metadata_xml = file("exeat-metadata.xml")
        }
      }

      """,
    notes: [
      "Google connects to nothing of yours: the metadata are uploaded, again after every rotation of the SAML keys."
    ]
  )

  static let aws = TrustService(
    "aws",
    "AWS IAM (AssumeRoleWithWebIdentity)",
    audience: "sts.amazonaws.com",
    target: "https://sts.amazonaws.com/",
    limits: TrustLimits(
      algorithms: [.rs256, .es384],
      maximumKeys: 100,
      maximumAudienceBytes: 255,
      takesOneAudience: true,
      reach: .internet
    ),
    settings: [
      TrustSetting("aws_account", "AWS_ACCOUNT_ID", "the account in AWS"),
      TrustSetting("aws_role", "exeat-workload", "the role in AWS that the workload takes on"),
    ],
    cli: """
      aws iam create-open-id-connect-provider --url '{{issuer}}' --client-id-list '{{audience}}'
      aws iam create-role --role-name '{{aws_role}}' --assume-role-policy-document '{
        "Version": "2012-10-17",
        "Statement": [{
          "Effect": "Allow",
          "Principal": {"Federated": "arn:aws:iam::{{aws_account}}:oidc-provider/{{issuer_name}}"},
          "Action": "sts:AssumeRoleWithWebIdentity",
          "Condition": {"StringEquals": {"{{issuer_name}}:aud": "{{audience}}", "{{issuer_name}}:sub": "{{subject}}"}}
        }]
      }'

      """,
    terraform: """
      resource "aws_iam_openid_connect_provider" "exeat" {
        url            = "{{issuer}}"
        client_id_list = ["{{audience}}"]
      }

      resource "aws_iam_role" "exeat" {
        name = "{{aws_role}}"
        assume_role_policy = jsonencode({
          Version = "2012-10-17"
          Statement = [{
            Effect    = "Allow"
            Principal = { Federated = aws_iam_openid_connect_provider.exeat.arn }
            Action    = "sts:AssumeRoleWithWebIdentity"
            Condition = { StringEquals = { "{{issuer_name}}:aud" = "{{audience}}", "{{issuer_name}}:sub" = "{{subject}}" } }
          }]
        })
      }

      """,
    config: """
      # ~/.aws/config of the workload
      [profile exeat]
      role_arn = arn:aws:iam::{{aws_account}}:role/{{aws_role}}
      web_identity_token_file = /run/exeat/aws.jwt

      """,
    notes: ["These commands go to AWS: run them without AWS_ENDPOINT_URL, with AWS's own credentials."]
  )

  private static let googleSettings = [
    TrustSetting("project_number", "PROJECT_NUMBER", "the project's number, not its id"),
    TrustSetting("pool", "exeat", "the workload identity pool"),
    TrustSetting("provider", "exeat", "the provider in the pool"),
    TrustSetting(
      "service_account",
      "SERVICE_ACCOUNT_EMAIL",
      "the service account that the workload takes on"
    ),
  ]
}
