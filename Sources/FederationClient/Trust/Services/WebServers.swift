// SPDX-License-Identifier: Apache-2.0
//
// Servers that one runs oneself. The tests start each of them from what stands here, which is what stands in
// examples/relying-parties too, and show it good and bad tokens: docs/relying-parties/README.md.

extension TrustService {
  static let envoy = TrustService(
    "envoy",
    "Envoy (jwt_authn)",
    target: "https://app.example.com/",
    limits: TrustLimits(),
    cli: #"""
      umask 077
      exeat token --audience '{{audience}}' --algorithm {{algorithm}} > token
      { printf 'Authorization: Bearer '; cat token; } |
        curl --fail --silent --show-error --header @- https://app.example.com/

      """#,
    config: #"""
      # /etc/envoy/envoy.yaml: Envoy in front of an application on port 3000.
      static_resources:
        listeners:
        - name: https
          address: {socket_address: {address: 0.0.0.0, port_value: 8443}}
          filter_chains:
          - transport_socket:
              name: envoy.transport_sockets.tls
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
                common_tls_context:
                  tls_certificates:
                  - certificate_chain: {filename: /etc/envoy/app.example.com.pem}
                    private_key: {filename: /etc/envoy/app.example.com.key}
            filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: https
                route_config:
                  virtual_hosts:
                  - name: app
                    domains: ["*"]
                    routes:
                    - match: {prefix: "/"}
                      route: {cluster: app}
                http_filters:
                - name: envoy.filters.http.jwt_authn
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
                    providers:
                      exeat:
                        issuer: "{{issuer}}"
                        audiences: ["{{audience}}"]
                        subjects: {exact: "{{subject}}"}
                        require_expiration: true
                        remote_jwks:
                          http_uri:
                            uri: "{{issuer}}/.well-known/jwks.json"
                            cluster: exeat
                            timeout: 5s
                          cache_duration: 300s
                          # Fetched before the first request and again when a fetch failed.
                          async_fetch: {}
                        # The application is told who it is; what a client sends under this name is removed.
                        claim_to_headers:
                        - {header_name: x-workload, claim_name: sub}
                    rules:
                    - match: {prefix: "/"}
                      requires: {provider_name: exeat}
                - name: envoy.filters.http.router
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
        clusters:
        - name: app
          load_assignment:
            cluster_name: app
            endpoints:
            - lb_endpoints:
              - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 3000}}}
        - name: exeat
          type: STRICT_DNS
          dns_lookup_family: ALL
          load_assignment:
            cluster_name: exeat
            endpoints:
            - lb_endpoints:
              - endpoint: {address: {socket_address: {address: "{{issuer_host}}", port_value: {{issuer_port}}}}}
          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
              sni: "{{issuer_host}}"
              common_tls_context:
                validation_context:
                  trusted_ca: {filename: {{trusted_ca}}}
                  match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: "{{issuer_host}}"}}]

      """#,
    notes: [
      "Envoy fetches keys every cache_duration and not for a key that it does not know; successors are published earlier than that."
    ],
    isRun: true
  )

  static let haproxy = TrustService(
    "haproxy",
    "HAProxy (jwt_verify)",
    target: "https://app.example.com/",
    limits: TrustLimits(takesOneAudience: true),
    cli: #"""
      umask 077
      exeat token --audience '{{audience}}' --algorithm {{algorithm}} > token
      { printf 'Authorization: Bearer '; cat token; } |
        curl --fail --silent --show-error --header @- https://app.example.com/

      """#,
    config: #"""
      # /etc/haproxy/haproxy.cfg: HAProxy in front of an application on port 3000.
      # HAProxy fetches no keys: exeat-keys.py puts them into /etc/haproxy/exeat.
      defaults
        mode http
        timeout connect 5s
        timeout client 30s
        timeout server 30s

      frontend https
        bind :443 ssl crt /etc/haproxy/app.example.com.pem
        http-request set-var(txn.bearer) http_auth_bearer
        http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
        http-request set-var(txn.kid) var(txn.bearer),jwt_header_query('$.kid')
        http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
        http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
        http-request set-var(txn.sub) var(txn.bearer),jwt_payload_query('$.sub')
        http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
        http-request set-var(txn.now) date()
        # A key is found under its algorithm and its name together, so that no key serves another algorithm: with `HS256`,
        # jwt_verify would take the path of a key file as a shared secret.
        http-request set-var(txn.key) var(txn.alg),concat(/,txn.kid),map_str(/etc/haproxy/exeat/keys.map)
        http-request deny deny_status 401 content-type text/plain string "key" unless { var(txn.key) -m found }
        # (HAProxy 2.6 spoils a token that it reads from a variable, too: three are too many.)
        http-request deny deny_status 401 content-type text/plain string "signature" unless { http_auth_bearer,jwt_verify(txn.alg,txn.key) 1 }
        http-request deny deny_status 401 content-type text/plain string "issuer" unless { var(txn.iss) -m str "{{issuer}}" }
        http-request deny deny_status 401 content-type text/plain string "audience" unless { var(txn.aud) -m str "{{audience}}" }
        http-request deny deny_status 401 content-type text/plain string "expired" unless { var(txn.exp),sub(txn.now) -m int gt 0 }
        http-request deny deny_status 403 content-type text/plain string "subject" unless { var(txn.sub) -m str "{{subject}}" }
        http-request del-header Authorization
        # The application is told who it is; what a client sends under this name is replaced.
        http-request set-header X-Workload %[var(txn.sub)]
        default_backend app

      backend app
        server app 127.0.0.1:3000

      """#,
    notes: [
      "HAProxy fetches no keys: run exeat-keys.py of examples/relying-parties from a timer."
    ],
    isRun: true
  )

  static let apache = TrustService(
    "apache",
    "Apache with mod_auth_openidc",
    target: "https://app.example.com/",
    limits: TrustLimits(),
    cli: #"""
      umask 077
      exeat token --audience '{{audience}}' --algorithm {{algorithm}} > token
      { printf 'Authorization: Bearer '; cat token; } |
        curl --fail --silent --show-error --header @- https://app.example.com/

      """#,
    config: #"""
      # /etc/apache2/sites-available/app.conf: mod_auth_openidc in front of an application on port 3000.
      OIDCOAuthVerifyJwksUri "{{issuer}}/.well-known/jwks.json"
      OIDCOAuthSSLValidateServer On
      OIDCCABundlePath {{trusted_ca}}
      OIDCOAuthRemoteUserClaim sub

      <VirtualHost *:443>
        ServerName https://app.example.com
        SSLEngine on
        SSLCertificateFile /etc/ssl/certs/app.example.com.pem
        SSLCertificateKeyFile /etc/ssl/private/app.example.com.key

        <Location />
          AuthType oauth20
          # The module checks signature and expiry by itself, and these three only because they stand here.
          <RequireAll>
            Require claim "iss:{{issuer}}"
            Require claim "aud:{{audience}}"
            Require claim "sub:{{subject}}"
          </RequireAll>
          # Neither the claims nor the token itself go to the application as headers of their own.
          OIDCPassClaimsAs none
          # Always set, so that nothing a client sends under this name arrives.
          RequestHeader set X-Workload "expr=%{REMOTE_USER}"
          RequestHeader unset Authorization
          ProxyPass http://127.0.0.1:3000/
        </Location>
      </VirtualHost>

      """#,
    notes: [
      "Without the three lines Require claim every token of the account is let in, for whatever audience."
    ],
    isRun: true
  )
}
