// SPDX-License-Identifier: Apache-2.0
//
// Servers other than web servers that one runs oneself. The tests start each of them from what stands here, which is what
// stands in examples/relying-parties too, and show it good and bad tokens: docs/relying-parties/README.md.

import IdentityModel

extension TrustService {
  static let rabbitmq = TrustService(
    "rabbitmq",
    "RabbitMQ with its OAuth 2 plugin",
    target: "https://rabbitmq.example.com:5671/",
    limits: TrustLimits(),
    cli: #"""
      rabbitmqctl add_user '{{subject}}' "$(head -c 30 /dev/urandom | base64)"
      rabbitmqctl clear_password '{{subject}}'
      rabbitmqctl set_permissions '{{subject}}' '^orders$' '^(orders|amq\.default)$' '^orders$'

      """#,
    config: #"""
      # /etc/rabbitmq/conf.d/90-exeat.conf: clients come with a token instead of a password.
      # The token says who it is; what it may do, RabbitMQ's own users say: one with the role's ARN as its name.
      auth_backends.1.authn = rabbit_auth_backend_oauth2
      auth_backends.1.authz = rabbit_auth_backend_internal
      auth_oauth2.resource_server_id = {{audience}}
      auth_oauth2.jwks_url = {{issuer}}/.well-known/jwks.json
      auth_oauth2.https.cacertfile = {{trusted_ca}}
      auth_oauth2.https.peer_verification = verify_peer
      auth_oauth2.https.hostname_verification = wildcard
      auth_oauth2.algorithms.1 = ES384
      auth_oauth2.algorithms.2 = RS256
      # RabbitMQ 3.10 takes no token without scopes: any claim will do, for they decide nothing here.
      auth_oauth2.additional_scopes_key = sub

      """#,
    notes: [
      "RabbitMQ does not look at iss: it believes the keys of this issuer, which sign for no other account.",
      "The token is the password, of a user whose name may be empty.",
    ],
    isRun: true
  )

  static let dovecot = TrustService(
    "dovecot",
    "Dovecot (IMAP)",
    target: "https://imap.example.com:993/",
    limits: TrustLimits(algorithms: [.rs256]),
    cli: #"""
      exeat-keys.py '{{issuer}}' /etc/dovecot/exeat --for dovecot --ca-file '{{trusted_ca}}'

      """#,
    config: #"""
      # /etc/dovecot/dovecot-oauth2.conf.ext: tokens are checked here, by keys that exeat-keys.py puts into this folder.
      introspection_mode = local
      local_validation_key_dict = fs:posix:prefix=/etc/dovecot/exeat/
      issuers = {{issuer}}
      # Without it, tokens for any audience are taken.
      client_id = {{audience}}
      username_attribute = sub
      username_format = %u

      """#,
    notes: [
      "Dovecot 2.3 calls every ES384 signature bad.",
      "Dovecot fetches no keys: run exeat-keys.py of examples/relying-parties from a timer.",
    ],
    isRun: true
  )

  static let istio = TrustService(
    "istio",
    "Istio",
    target: "https://app.example.com/",
    limits: TrustLimits(),
    settings: [
      TrustSetting("namespace", "default", "the namespace of the application"),
      TrustSetting("app", "APP", "its label `app`"),
    ],
    cli: """
      kubectl apply --filename exeat.yaml

      """,
    config: """
      # exeat.yaml
      apiVersion: security.istio.io/v1
      kind: RequestAuthentication
      metadata: {name: exeat, namespace: "{{namespace}}"}
      spec:
        selector: {matchLabels: {app: "{{app}}"}}
        jwtRules:
        - issuer: "{{issuer}}"
          audiences: ["{{audience}}"]
          jwksUri: "{{issuer}}/.well-known/jwks.json"
      ---
      # Without this a request that has no token at all is let in.
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: exeat, namespace: "{{namespace}}"}
      spec:
        selector: {matchLabels: {app: "{{app}}"}}
        action: ALLOW
        rules:
        - from: [{source: {requestPrincipals: ["{{issuer}}/{{subject}}"]}}]

      """,
    notes: ["Istio's control plane fetches the keys, every 20 minutes unless told otherwise."]
  )
}
