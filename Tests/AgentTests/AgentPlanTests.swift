// SPDX-License-Identifier: Apache-2.0

import Agent
import Exchange
import FederationClient
import IdentityModel
import Testing

struct AgentPlanTests {
  private func plan(_ yaml: String) throws -> AgentPlan {
    let environment = ClientEnvironment(
      variables: [:],
      homeDirectory: "/home/test",
      readFile: { _ throws(FileError) in throw .absent },
      runProcess: { _ throws(ChildProcessError) in throw .notStarted(errno: 2) }
    )
    return try AgentPlan(yaml: yaml, in: environment)
  }

  private let whole = """
    server: {endpoint-url: "https://sts.example", region: eu-west-1, profile: agent, ca-file: ~/ca.pem}
    listen: 127.0.0.1:0
    files:
      - name: azure
        file: ~/azure.jwt
        token: {audience: [a, b], algorithm: ES384, duration: 900, tags: {team: blue, stage: x}}
        variable: AZURE_FEDERATED_TOKEN_FILE
        signal: SIGHUP
        pid-file: /run/app.pid
      - name: vault
        file: /run/vault
        token: {audience: v}
        exchange: {target: vault, address: "https://vault.example", role: app, output: json, ca-file: /ca}
      - name: google
        file: /run/google.jwt
        google-account:
          file: /run/google.json
          provider: projects/1/locations/global/workloadIdentityPools/p/providers/v
          service-account: a@b
      - name: saml
        file: /run/saml
        token: {federation-config: crm, duration: 60}
        exchange: {target: saml-bearer, token-url: "https://as.example", scope: [x, y]}
    credentials: {role-arn: "arn:aws:iam::1:role/path/app", session-name: s, duration: 3600, metadata: true,
                  authorization-token-file: /run/authorization}
    environment: {AZURE_CLIENT_ID: c}
    """

  @Test func `a file says everything at once`() throws {
    let plan = try plan(whole)
    #expect(plan.server.endpointURL == "https://sts.example" && plan.server.region == "eu-west-1")
    #expect(plan.profile == "agent" && plan.server.caFile == "/home/test/ca.pem")
    #expect(plan.listen?.host == "127.0.0.1" && plan.listen?.port == 0)
    #expect(plan.files.map(\.name) == ["azure", "vault", "google", "saml"])
    let azure = plan.files[0]
    #expect(azure.path == "/home/test/azure.jwt" && azure.variable == "AZURE_FEDERATED_TOKEN_FILE")
    #expect(azure.signal?.number == 1 && azure.signal?.pidFile == "/run/app.pid")
    guard case .audiences(let audiences, let algorithm, let duration, let tags) = azure.request else {
      Issue.record("another request")
      return
    }
    #expect(audiences == ["a", "b"] && algorithm == "ES384" && duration == 900)
    #expect(tags.map(\.key) == ["stage", "team"])
    guard case .audiences(_, "ES384", nil, _) = plan.files[1].request else {
      Issue.record("what Vault takes, as `exeat trust` has it told")
      return
    }
    #expect(plan.files[1].exchange?.form == .json && plan.files[1].exchange?.caFile == "/ca")
    #expect(plan.files[2].google?.path == "/run/google.json")
    #expect(
      plan.files[2].request
        == .audiences(
          ["https://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/v"],
          algorithm: "RS256",
          durationSeconds: nil,
          tags: []
        )
    )
    #expect(plan.files[3].request == .federationConfig("crm", durationSeconds: 60))
    #expect(plan.credentials?.roleName == "app" && plan.credentials?.servesMetadata == true)
    #expect(plan.environment == ["AZURE_CLIENT_ID": "c"])
  }

  private static let bad: [(String, AgentFileError)] = [
    ("", .notMapping("the file")), ("[]", .notMapping("the file")),
    ("fils: []", .unknown("fils")), ("listen: 127.0.0.1:1", .missing("files")),
    ("files: {}", .malformed("files", "it is not a list")),
    ("files: [{file: /a, token: {audience: a}}]", .missing("files[0].name")),
    ("files: [{name: a, token: {audience: a}}]", .missing("files[0].file")),
    ("files: [{name: a, file: /a}]", .missing("files[0].token.audience")),
    ("files: [{name: a, file: /a, token: {audiense: a}}]", .unknown("files[0].token.audiense")),
    (
      "files: [{name: a, file: a, token: {audience: a}}]",
      .malformed("files[0].file", "it is not the path of a file from the root")
    ),
    (
      "files: [{name: a, file: /a, token: {federation-config: f, audience: a}}]",
      .malformed("files[0].token.audience", "the federation config says it")
    ),
    (
      "files: [{name: a, file: /a, token: {audience: a, duration: 1h}}]",
      .malformed("files[0].token.duration", "it is not a number from 1 to 43200")
    ),
    (
      "files: [{name: a, file: /a, token: {audience: ''}}]",
      .malformed("files[0].token.audience", "it is empty or holds a control character")
    ),
    ("files: [{name: a, file: /a, token: {audience: a}, pid-file: /p}]", .missing("files[0].signal")),
    (
      "files: [{name: a, file: /a, token: {audience: a}, variable: 1A}]",
      .malformed("files[0].variable", "it is no name of a variable")
    ),
    (
      "files: [{name: a, file: /a, token: {audience: a}}, {name: a, file: /b, token: {audience: a}}]",
      .malformed("files[1].name", "another file has it")
    ),
    (
      "files: [{name: a, file: /a, token: {audience: a}}, {name: b, file: /a, token: {audience: a}}]",
      .malformed("files[1].file", "it is written twice")
    ),
    (
      "files: [{name: a, file: /a, token: {audience: a}, exchange: {target: vault, addres: x}}]",
      .unknown("files[0].exchange.addres")
    ),
    (
      "{listen: '127.0.0.1:1', files: [{name: a, file: /a, token: {audience: a}}], credentials: {authorization-token-file: /a}}",
      .malformed("credentials.authorization-token-file", "it is written twice")
    ),
    (
      "files: [{name: a, file: /a, token: {audience: a}, exchange: {target: vault}}]",
      .missing("files[0].exchange.address")
    ),
    (
      "files: [{name: a, file: /a, token: {audience: a}, exchange: {target: vault, address: 'https://v', tenant: t}}]",
      .unknown("files[0].exchange.tenant")
    ),
    (
      "files: [{name: a, file: /a, exchange: {target: entra, tenant: t, client-id: c}}]",
      .missing("files[0].exchange.scope")
    ),
    (
      "files: [{name: a, file: /a, exchange: {target: aws, role-arn: r, output: raw}}]",
      .malformed("files[0].exchange.output", "it is not a form of this target's answer")
    ),
    (
      "files: [{name: a, file: /a, exchange: {target: aws-saml, role-arn: r, principal-arn: p}}]",
      .missing("files[0].token.federation-config")
    ),
    ("credentials: {}", .missing("listen")),
    (
      "{listen: '0.0.0.0:1', credentials: {}}",
      .malformed("listen", "it is not an address of loopback: 127.0.0.1 or [::1]")
    ),
    (
      "{listen: 'localhost:1', credentials: {}}",
      .malformed("listen", "it is not an address of loopback: 127.0.0.1 or [::1]")
    ),
    ("{listen: '127.0.0.1', credentials: {}}", .malformed("listen", "it is not HOST:PORT")),
    ("{listen: '127.0.0.1:1', credentials: {duration: 900}}", .missing("credentials.role-arn")),
    (
      "{listen: '127.0.0.1:1', credentials: {metadata: yes}}",
      .malformed("credentials.metadata", "it is neither true nor false")
    ),
    (
      "{files: [{name: a, file: /a, token: {audience: a}}], environment: {a-b: c}}",
      .malformed("environment.a-b", "it is no name of a variable")
    ),
  ]

  @Test(arguments: bad)
  func `what is wrong is named by its place`(yaml: String, error: AgentFileError) {
    #expect(throws: error) { try plan(yaml) }
  }

  @Test func `a name that stands twice is no YAML of ours`() {
    #expect(throws: AgentFileError.self) {
      try plan("{listen: '127.0.0.1:1', listen: '127.0.0.1:2', credentials: {}}")
    }
    #expect(throws: AgentFileError.self) { try plan("a: [") }
  }

  @Test(arguments: ["SIGKILL", "SIGSTOP", "HUP", "1", "sighup"])
  func `a signal is one that a program can take`(name: String) {
    #expect(throws: AgentFileError.self) {
      try plan("files: [{name: a, file: /a, token: {audience: a}, signal: \(name), pid-file: /p}]")
    }
  }
}
