// SPDX-License-Identifier: Apache-2.0

import Agent
import Federation
import FederationClient
import IdentityModel
import Logging
import StrictJSON
import Testing

struct AgentSiteTests {
  private let now = Instant(seconds: 1_776_757_030)

  /// A site that hands out credentials and has none.
  private func site(metadata: Bool = true) throws -> AgentSite {
    let yaml = """
      {listen: '127.0.0.1:0', credentials: {role-arn: 'arn:aws:iam::1:role/app', metadata: \(metadata)},
       server: {endpoint-url: 'https://sts.example'}}
      """
    let environment = ClientEnvironment(
      variables: [:],
      homeDirectory: "/",
      readFile: { _ throws(FileError) in throw .absent },
      runProcess: { _ throws(ChildProcessError) in throw .notStarted(errno: 2) }
    )
    let plan = try AgentPlan(yaml: yaml, in: environment)
    let status = AgentStatus([("credentials", nil)])
    let now = now
    let world = AgentWorld(
      now: { now },
      chance: { 0 },
      words: { _ in "" },
      logger: .init(label: "test")
    )
    let credentials = try #require(plan.credentials)
    let access = try ServerAccess(plan, environment: environment, clock: { now })
    let keeper = CredentialKeeper(credentials, index: 0, access: access, status: status, world: world)
    return AgentSite(plan: credentials, credentials: keeper, status: status, entropy: .system, now: { now })
  }

  private func ask(
    _ site: AgentSite,
    _ method: String,
    _ target: String,
    host: String? = "127.0.0.1:9911",
    _ headers: [(String, String)] = []
  ) async -> (status: Int, text: String) {
    let fields = (host.map { [HTTPField("Host", $0)] } ?? []) + headers.map { HTTPField($0.0, $0.1) }
    let response = await site.respond(
      to: APIRequest(
        method: method,
        target: target,
        headers: fields,
        body: [],
        sourceIPAddress: "127.0.0.1",
        tls: nil
      )
    )
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  private func authorization(_ site: AgentSite) -> (String, String) {
    ("Authorization", site.authorizationToken.withBytes { String(decoding: $0, as: UTF8.self) })
  }

  @Test(arguments: [
    ("127.0.0.1:9911", true), ("127.0.0.1", true), ("localhost:9911", true), ("LOCALHOST", true),
    ("[::1]:9911", true),
    ("127.8.9.1", true), ("attacker.example:9911", false), ("localhost.attacker.example", false),
    ("127.0.0.1.attacker.example", false), ("169.254.169.254", false), ("10.0.0.1", false),
    ("localhost:9911/", false), ("a@localhost", false), ("", false),
  ])
  func `a request must name this machine as its host`(host: String, isHeard: Bool) async throws {
    let site = try site()
    #expect(await ask(site, "GET", "/health", host: host).status == (isHeard ? 503 : 403))
    #expect(await ask(site, "PUT", "/latest/api/token", host: host, ttl).status == (isHeard ? 200 : 403))
    #expect(
      await ask(site, "GET", "/credentials", host: host, [authorization(site)]).status
        == (isHeard ? 503 : 403)
    )
  }

  @Test func `a request without a host is not heard`() async throws {
    #expect(await ask(try site(), "GET", "/health", host: nil).status == 403)
  }

  private let ttl = [("X-aws-ec2-metadata-token-ttl-seconds", "60")]

  @Test func `container credentials need the whole token, once`() async throws {
    let site = try site()
    let (name, token) = authorization(site)
    for headers in [
      [], [(name, "")], [(name, String(token.dropLast()))], [(name, token + "A")],
      [(name, "Bearer \(token)")],
      [(name, token), (name, token)],
    ] {
      #expect(await ask(site, "GET", "/credentials", headers).status == 401)
    }
    // The right one gets further: to a credential that is not there.
    #expect(await ask(site, "GET", "/credentials", [(name, token)]).status == 503)
    #expect(await ask(site, "POST", "/credentials", [(name, token)]).status == 405)
  }

  @Test func `the metadata service wants a token that PUT gave`() async throws {
    let site = try site()
    let roles = "/latest/meta-data/iam/security-credentials/"
    #expect(await ask(site, "GET", roles).status == 401)
    #expect(await ask(site, "GET", roles, [("X-aws-ec2-metadata-token", "AAAA")]).status == 401)
    #expect(await ask(site, "GET", "/latest/api/token", ttl).status == 405)
    let (status, token) = await ask(site, "PUT", "/latest/api/token", ttl)
    #expect(status == 200 && token.utf8.count == 43)
    let header = [("X-aws-ec2-metadata-token", token)]
    let listed = await ask(site, "GET", roles, header)
    #expect(listed.status == 200 && listed.text == "app")
    #expect(await ask(site, "GET", roles + "app", header).status == 503)
    #expect(await ask(site, "GET", roles + "other", header).status == 404)
    #expect(await ask(site, "GET", "/latest/meta-data/", header).status == 404)
    #expect(await ask(site, "POST", roles, header).status == 405)
  }

  @Test(arguments: ["", "0", "21601", "-1", "x", "1.5"])
  func `a token of the metadata service lives from a second to six hours`(seconds: String) async throws {
    let header = [("X-aws-ec2-metadata-token-ttl-seconds", seconds)]
    #expect(await ask(try site(), "PUT", "/latest/api/token", header).status == 400)
    #expect(await ask(try site(), "PUT", "/latest/api/token").status == 400)
  }

  @Test func `what went through a proxy gets no metadata`() async throws {
    let site = try site()
    let forwarded = [("X-Forwarded-For", "192.0.2.1")]
    #expect(await ask(site, "PUT", "/latest/api/token", ttl + forwarded).status == 403)
    let token = await ask(site, "PUT", "/latest/api/token", ttl).text
    let headers = [("X-aws-ec2-metadata-token", token)] + forwarded
    #expect(await ask(site, "GET", "/latest/meta-data/iam/security-credentials/", headers).status == 403)
  }

  @Test func `the oldest token gives way to the newest`() async throws {
    let site = try site()
    let first = await ask(site, "PUT", "/latest/api/token", [("X-aws-ec2-metadata-token-ttl-seconds", "59")])
      .text
    let roles = "/latest/meta-data/iam/security-credentials"
    for _ in 0..<256 { _ = await ask(site, "PUT", "/latest/api/token", ttl) }
    #expect(await ask(site, "GET", roles, [("X-aws-ec2-metadata-token", first)]).status == 401)
  }

  @Test func `the metadata service is served where it was asked for, and nowhere else`() async throws {
    #expect(await ask(try site(metadata: false), "PUT", "/latest/api/token", ttl).status == 404)
    #expect(await ask(try site(), "GET", "/").status == 404)
    #expect(await ask(try site(), "POST", "/health").status == 405)
  }

  @Test func `health names what is missing`() async throws {
    let (status, text) = await ask(try site(), "GET", "/health")
    #expect(status == 503)
    #expect(text == #"{"status":"failing","kept":[{"name":"credentials","condition":"missing"}]}"#)
  }
}
