// SPDX-License-Identifier: Apache-2.0
//
// Which hosts a token can make us connect to, and over which TLS.

import FederationClient
import IdentityModel
import Testing

struct IssuerFetchTests {
  private func verify(
    _ token: String,
    _ policy: IssuerPolicy,
    addresses: [String],
    trustRoots: TrustRoots = .system
  ) async throws -> VerificationReport {
    let resolved = addresses.compactMap { IPAddress($0) }
    return try await withClient(trustRoots: trustRoots) { http in
      try await TokenInspection(http: http, policy: policy, resolver: HostResolver { _ in resolved })
        .verifyToken(
          token,
          expectedIssuer: nil,
          expectedAudience: "https://rp.example",
          now: testNow
        )
    }
  }

  @Test(
    arguments: [
      "127.0.0.1", "::1", "10.0.0.1", "192.168.0.1", "169.254.169.254", "fd00:ec2::254", "fe80::1",
      "::ffff:127.0.0.1", "0.0.0.0", "100.100.100.200",
    ])
  func `a name with an address inside our network is not connected to`(address: String) async throws {
    let token = try TestKey.p384().token(issuer: "https://issuer.example")
    // One harmless address beside it does not help.
    for addresses in [[address], ["8.8.8.8", address]] {
      let failure = try #require(try await verify(token, IssuerPolicy(), addresses: addresses).failure)
      #expect(failure.check == .discovery && failure.reason.contains("which is not contacted"), "\(failure)")
    }
  }

  @Test(arguments: ["https://127.0.0.1:1", "https://[::1]:1", "https://169.254.169.254", "https://10.1.2.3"])
  func `an address inside our network is not connected to`(issuer: String) async throws {
    let token = try TestKey.p384().token(issuer: issuer)
    let failure = try #require(try await verify(token, IssuerPolicy(), addresses: []).failure)
    #expect(failure.check == .discovery && failure.reason.contains("which is not contacted"))
  }

  @Test func `http is for loopback, and only where development allows it`() async throws {
    let key = TestKey.p384()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let token = try key.token(issuer: server.url(host: "issuer.example", path: "/tenant"))
      let strict = IssuerPolicy(allowPrivateAddresses: true)
      let development = IssuerPolicy(allowHTTPOnLoopback: true)
      for (policy, address) in [(strict, "127.0.0.1"), (development, "10.0.0.1"), (development, "8.8.8.8")] {
        let failure = try #require(try await verify(token, policy, addresses: [address]).failure)
        #expect(failure.reason.contains("must use https"), "\(failure)")
      }
      #expect(server.requests.isEmpty)
      #expect(try await verify(token, development, addresses: ["127.0.0.1"]).isAccepted)
      #expect(server.requests.first?["host"] == "issuer.example:\(server.port)")
    }
  }

  @Test func `a host without an address is said to have none`() async throws {
    let token = try TestKey.p384().token(issuer: "https://issuer.example")
    let failure = try #require(try await verify(token, IssuerPolicy(), addresses: []).failure)
    #expect(failure.reason.contains("has no address"))
  }

  @Test func `the next address is tried where nobody answers`() async throws {
    let key = TestKey.p384()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let token = try key.token(issuer: server.url(host: "issuer.example", path: "/tenant"))
      let policy = IssuerPolicy(allowHTTPOnLoopback: true)
      // The server listens on 127.0.0.1 alone.
      #expect(try await verify(token, policy, addresses: ["127.0.0.9", "127.0.0.1"]).isAccepted)
      let failure = try #require(try await verify(token, policy, addresses: ["127.0.0.9"]).failure)
      #expect(failure.reason.contains("no connection"), "\(failure)")
    }
  }

  @Test(.enabled(if: TestCertificate.canBeMade, "needs /usr/bin/openssl"))
  func `connects to the judged address and demands a certificate for the name`() async throws {
    let home = try TestHome(), key = TestKey.p384()
    let certificate = try await TestCertificate(in: home)
    let trusted = try TrustRoots(file: certificate.file, in: home.environment())
    let policy = IssuerPolicy(allowPrivateAddresses: true)
    try await withServer(
      tls: certificate.context,
      answer: issuerAnswer(scheme: "https", keys: [key.publicKey])
    ) { server in
      func token(_ host: String) throws -> String {
        try key.token(issuer: server.url(scheme: "https", host: host, path: "/tenant"))
      }
      let accepted = try await verify(
        try token("issuer.example"),
        policy,
        addresses: ["127.0.0.1"],
        trustRoots: trusted
      )
      #expect(accepted.isAccepted, "\(accepted.text)")
      let byAddress = try await verify(try token("127.0.0.1"), policy, addresses: [], trustRoots: trusted)
      #expect(byAddress.isAccepted, "\(byAddress.text)")
      let wildcard = try await verify(
        try token("a.wild.example"),
        policy,
        addresses: ["127.0.0.1"],
        trustRoots: trusted
      )
      #expect(wildcard.isAccepted, "\(wildcard.text)")

      // The certificate is also for 127.0.0.1, which is where we connect; that must not make up for the name.
      let seen = server.requests.count
      for host in ["other.example", "wild.example", "a.b.wild.example", "xissuer.example", "example"] {
        let report = try await verify(try token(host), policy, addresses: ["127.0.0.1"], trustRoots: trusted)
        let failure = try #require(report.failure)
        #expect(
          failure.reason.hasSuffix("its certificate is not trusted, or not for this host"),
          "\(report.text)"
        )
      }
      #expect(server.requests.count == seen)
      let untrusted = try await verify(try token("issuer.example"), policy, addresses: ["127.0.0.1"])
      #expect(
        try #require(untrusted.failure).reason.hasSuffix(
          "its certificate is not trusted, or not for this host"
        ),
        "\(untrusted.text)"
      )
    }
  }

  @Test func `a body that drips does not hold the client`() async throws {
    try await withServer(answer: { _ in .dripping }) { server in
      try await withClient { http in
        let call = HTTPCall(method: "GET", url: try HTTPURL(server.url()))
        let start = ContinuousClock.now
        await #expect(throws: FederationHTTPError.timedOut(seconds: 1)) {
          try await http.send(call, timeoutSeconds: 1)
        }
        #expect(ContinuousClock.now - start < .seconds(20))
      }
    }
  }

  @Test func `the system's resolver finds loopback and nothing for a name that cannot exist`() async {
    let loopback = await HostResolver.system.addresses("localhost")
    #expect(!loopback.isEmpty && loopback.allSatisfy { $0.reach == .loopback })
    // The short forms that only a resolver reads are judged by what it makes of them.
    #expect(await HostResolver.system.addresses("127.1").map(\.reach) == [.loopback])
    #expect(await HostResolver.system.addresses("exeat.invalid").isEmpty)
  }

  @Test func `a file without certificates gives no trust roots`() throws {
    let home = try TestHome()
    let file = try home.write("not a certificate", to: "ca.pem")
    #expect(throws: TrustRootsError.notCertificates(path: file)) {
      try TrustRoots(file: file, in: home.environment())
    }
    #expect(throws: TrustRootsError.unreadable(path: "/nowhere.pem", .absent)) {
      try TrustRoots(file: "/nowhere.pem", in: home.environment())
    }
  }
}
