// SPDX-License-Identifier: Apache-2.0
//
// Where a registered provider can make the server connect to, and what it can make it swallow. Real sockets: "not
// connected to" is counted by the server that would have been.

import FederationClient
import Foundation
import IdentityModel
import StrictJSON
import Synchronization
import Testing
import TokenFormats

/// Looks up `issuer` once, with names that have `addresses` (the system's where there are none).
func fetchKeys(
  of issuer: String,
  networks: [String] = [],
  addresses: [String]? = nil,
  trustRoots: TrustRoots = .system
) async throws -> Result<ProviderKeySet, IdentityProviderFetchError> {
  let resolved = addresses?.compactMap { IPAddress($0) }
  let providers = IdentityProviders(
    policy: IssuerPolicy(allowedNetworks: networks.compactMap { IPNetwork($0) }),
    trustRoots: trustRoots,
    resolver: resolved.map { addresses in HostResolver { _ in addresses } } ?? .system
  )
  do {
    return .success(try await providers.keys(of: issuer, holding: nil, now: testNow))
  } catch {
    return .failure(error)
  }
}

struct IdentityProviderFetchTests {
  private let loopback = ["127.0.0.0/8"]

  private func failure(
    _ result: Result<ProviderKeySet, IdentityProviderFetchError>
  ) throws -> IdentityProviderFetchError {
    guard case .failure(let error) = result else { throw Unexpected() }
    return error
  }

  private struct Unexpected: Error {}

  /// Whether the error shows that no connection was tried.
  private func isRefusedUnseen(_ error: IdentityProviderFetchError) -> Bool {
    switch error {
    case .malformedURL, .issuerWithQuery, .notFetched(_, .insecure), .notFetched(_, .addressRefused),
      .notFetched(_, .unresolved):
      true
    default: false
    }
  }

  @Test(arguments: [
    "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001", "localhost",
    "0",
    "0.0.0.0", "127.255.255.254", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[0:0:0:0:0:ffff:127.0.0.1]", "169.254.169.254", "2852039166",
    "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1",
    "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]",
    "[2001:db8::1]",
  ])
  func `a numeric host inside our network is not connected to, however it is spelled`(host: String)
    async throws
  {
    try await withServer(answer: issuerAnswer(keys: [])) { server in
      for scheme in ["https", "http"] {
        let error = try failure(try await fetchKeys(of: "\(scheme)://\(host):\(server.port)/tenant"))
        #expect(isRefusedUnseen(error), "\(host): \(error)")
        #expect(!error.isTransient || error == .notFetched(.discovery, .unresolved(host: host)))
      }
      #expect(server.connections == 0)
    }
  }

  @Test func `no URL of the web platform tests leads a name of ours to a connection`() async throws {
    guard let bytes = sharedVector("url-wpt/url/tests/urltestdata.json") else { return }
    let cases = try #require(try JSONReader.read(bytes, maximumBytes: 1 << 24, maximumDepth: 64).array)
    var refused = 0
    for test in cases {
      guard let input = test.object?["input"]?.string else { continue }
      // An address on the internet may be connected to, and is not by a test.
      if let url = try? HTTPURL(input), let address = IPAddress(url.host), address.reach == .global {
        continue
      }
      let error = try failure(try await fetchKeys(of: input, addresses: ["127.0.0.1"]))
      #expect(isRefusedUnseen(error), "\(input): \(error)")
      refused += 1
    }
    #expect(refused > 800)
  }

  @Test(arguments: [
    "ftp://issuer.example", "file:///etc/passwd", "HTTPS://issuer.example", "//issuer.example",
    "https://user@issuer.example", "https://issuer.example#x", "https://issuer.example?x", "https://",
    "https://issuer.example:0", "https://issuer.example:65536", "https://issuer.example/a b",
    "https://issuer.example\r\nHost: x", "https://issuer.example/\u{E9}", "", "https://[fe80::1%25eth0]",
    "https://a..example", "https://issuer.example.:443", "https://\u{FF11}27.0.0.1",
  ])
  func `an issuer that is no plain https URL is not looked up`(issuer: String) async throws {
    let error = try failure(try await fetchKeys(of: issuer, networks: loopback, addresses: ["127.0.0.1"]))
    switch error {
    case .malformedURL(.discovery, _), .issuerWithQuery: break
    default: Issue.record("\(issuer): \(error)")
    }
    #expect(!error.isTransient)
  }

  @Test func `one address inside our network among others refuses the host`() async throws {
    let result = try await fetchKeys(of: "https://issuer.example", addresses: ["8.8.8.8", "127.0.0.1"])
    let address = try #require(IPAddress("127.0.0.1"))
    #expect(
      try failure(result)
        == .notFetched(.discovery, .addressRefused(host: "issuer.example", address))
    )
  }

  @Test func `a network opens addresses of its own kind only`() async throws {
    func opens(_ network: String, _ address: String) async throws -> Bool {
      // Port 1 answers nobody: what was opened fails there, what was not before.
      let result = try await fetchKeys(
        of: "https://issuer.example:1",
        networks: [network],
        addresses: [address]
      )
      guard case .notFetched(.discovery, .addressRefused) = try failure(result) else { return true }
      return false
    }
    #expect(try await opens("127.0.0.0/8", "127.0.0.1"))
    for (network, address) in [
      ("127.0.0.0/8", "10.0.0.1"), ("10.0.0.0/8", "127.0.0.1"), ("0.0.0.0/0", "127.0.0.1"),
      ("0.0.0.0/0", "169.254.169.254"), ("::/0", "::1"), ("127.0.0.0/8", "::ffff:127.0.0.1"),
      ("127.0.0.1/32", "127.0.0.2"), ("0.0.0.0/0", "0.0.0.0"), ("0.0.0.0/8", "0.0.0.0"),
      ("224.0.0.0/4", "224.0.0.1"),
    ] {
      #expect(try await !opens(network, address), "\(network) \(address)")
    }
  }

  @Test func `http is for an allowed loopback network`() async throws {
    try await withServer(answer: issuerAnswer(keys: [TestKey.p384().publicKey])) { server in
      let issuer = server.url(host: "issuer.example", path: "/tenant")
      for (networks, address) in [(["10.0.0.0/8"], "10.0.0.1"), ([], "127.0.0.1"), (loopback, "8.8.8.8")] {
        let error = try failure(try await fetchKeys(of: issuer, networks: networks, addresses: [address]))
        #expect(error == .notFetched(.discovery, .insecure))
      }
      #expect(server.connections == 0)
      #expect(
        try await fetchKeys(of: issuer, networks: loopback, addresses: ["127.0.0.1"]).get().keys.count == 1
      )
      let request = try #require(server.requests.first)
      #expect(request["host"] == "issuer.example:\(server.port)")
      #expect(request["authorization"] == nil && request["cookie"] == nil)
    }
  }

  @Test func `a name that changes its address is judged each time, and connected to where it was judged`()
    async throws
  {
    let calls = Mutex(0)
    let first = try #require(IPAddress("127.0.0.1")), second = try #require(IPAddress("127.0.0.2"))
    let resolver = HostResolver { _ in
      calls.withLock { calls in
        calls += 1
        return [calls == 1 ? first : second]
      }
    }
    let providers = IdentityProviders(
      policy: IssuerPolicy(allowedNetworks: [try #require(IPNetwork("127.0.0.1/32"))]),
      trustRoots: .system,
      resolver: resolver
    )
    try await withServer(answer: issuerAnswer(keys: [])) { server in
      let issuer = server.url(host: "issuer.example", path: "/tenant")
      let refused = IdentityProviderFetchError.notFetched(
        .keySet,
        .addressRefused(host: "issuer.example", second)
      )
      // Plain http to an address that is not allowed is said to be insecure.
      await #expect(throws: IdentityProviderFetchError.notFetched(.keySet, .insecure)) {
        try await providers.keys(of: issuer, holding: nil, now: testNow)
      }
      #expect(refused.reason.contains("not contacted"))
      #expect(calls.withLock { $0 } == 2)
      #expect(server.connections == 1)
    }
  }

  @Test(arguments: ["https://169.254.169.254/latest/meta-data", "/elsewhere"])
  func `a redirect is not followed`(location: String) async throws {
    let redirect = ServerAnswer.text("", status: 302, headers: [HTTPField("Location", location)])
    try await withServer(answer: issuerAnswer(keys: [], discovery: { _ in redirect })) { server in
      let result = try await fetchKeys(of: server.url(path: "/tenant"), networks: loopback)
      #expect(try failure(result) == .notFetched(.discovery, .redirected(status: 302)))
      #expect(server.connections == 1 && server.requests.count == 1)
    }
    try await withServer(answer: issuerAnswer(keys: [], jwks: { redirect })) { server in
      let result = try await fetchKeys(of: server.url(path: "/tenant"), networks: loopback)
      #expect(try failure(result) == .notFetched(.keySet, .redirected(status: 302)))
      #expect(server.requests.count == 2)
    }
  }

  @Test func `an answer that drips is given up after five seconds`() async throws {
    try await withServer(answer: { _ in .dripping }) { server in
      let start = ContinuousClock.now
      let error = try failure(try await fetchKeys(of: server.url(path: "/tenant"), networks: loopback))
      #expect(error == .notFetched(.discovery, .http(.timedOut(seconds: 5))) && error.isTransient)
      #expect(ContinuousClock.now - start < .seconds(30))
    }
  }

  @Test func `two mebibytes are not swallowed`() async throws {
    let big = ServerAnswer.text(#"{"keys":[],"x":""# + String(repeating: "x", count: 2 << 20) + "\"}")
    try await withServer(answer: issuerAnswer(keys: [], jwks: { big })) { server in
      let result = try await fetchKeys(of: server.url(path: "/tenant"), networks: loopback)
      guard case .notFetched(.keySet, .http(.bodyTooLarge)) = try failure(result) else {
        Issue.record("\(result)")
        return
      }
    }
  }

  @Test func `a discovery document of another issuer, or none at all, is refused`() async throws {
    let cases: [(String, @Sendable (IdentityProviderFetchError) -> Bool)] = [
      (
        #"{"issuer":"https://other.example","jwks_uri":"https://other.example/k"}"#,
        {
          $0 == .otherIssuer("https://other.example")
        }
      ),
      ("<html>", { if case .notDiscovery(.json) = $0 { true } else { false } }),
      ("[]", { $0 == .notDiscovery(.notAnObject) }),
    ]
    for (body, expected) in cases {
      try await withServer(answer: issuerAnswer(keys: [], discovery: { _ in .text(body) })) { server in
        let error = try failure(try await fetchKeys(of: server.url(path: "/tenant"), networks: loopback))
        #expect(expected(error) && !error.isTransient, "\(error)")
        #expect(server.requests.count == 1)
      }
    }
  }

  @Test(arguments: [
    "http://169.254.169.254/", "https://169.254.169.254/", "file:///etc/passwd", "https://10.0.0.1/", "x",
    "gopher://127.0.0.1:1/",
  ])
  func `the key set is fetched by the same rules as discovery`(uri: String) async throws {
    let discovery: @Sendable (String) -> ServerAnswer? = { issuer in
      .text(#"{"issuer":"\#(issuer)","jwks_uri":"\#(uri)"}"#)
    }
    try await withServer(answer: issuerAnswer(keys: [], discovery: discovery)) { server in
      let error = try failure(try await fetchKeys(of: server.url(path: "/tenant"), networks: loopback))
      #expect(isRefusedUnseen(error), "\(error)")
      if case .malformedURL(let document, _) = error { #expect(document == .keySet) }
    }
  }

  @Test func `a key set that is none, or shows private material, is refused`() async throws {
    for body in ["{}", "<html>", #"{"keys":[{"kty":"RSA","d":"AA"}]}"#] {
      try await withServer(answer: issuerAnswer(keys: [], jwks: { .text(body) })) { server in
        let error = try failure(try await fetchKeys(of: server.url(path: "/tenant"), networks: loopback))
        guard case .notKeySet = error else {
          Issue.record("\(error)")
          return
        }
        #expect(!error.isTransient)
      }
    }
  }

  @Test(arguments: [(404, false), (401, false), (429, true), (500, true), (503, true)])
  func `a status other than 200 is an answer or the lack of one`(status: Int, isTransient: Bool) async throws
  {
    try await withServer(answer: { _ in .text("{}", status: status) }) { server in
      let error = try failure(try await fetchKeys(of: server.url(path: "/tenant"), networks: loopback))
      #expect(error == .notFetched(.discovery, .status(status)) && error.isTransient == isTransient)
    }
  }

  @Test(.enabled(if: TestCertificate.canBeMade, "needs /usr/bin/openssl"))
  func `over TLS a certificate for the name is demanded, of the system's authorities or the operator's`()
    async throws
  {
    let home = try TestHome()
    let certificate = try await TestCertificate(in: home)
    let trusted = try TrustRoots.systemAnd(file: certificate.file, in: home.environment())
    try await withServer(
      tls: certificate.context,
      answer: issuerAnswer(scheme: "https", keys: [TestKey.p384().publicKey])
    ) { server in
      func look(_ host: String, _ roots: TrustRoots) async throws -> Result<
        ProviderKeySet, IdentityProviderFetchError
      > {
        try await fetchKeys(
          of: server.url(scheme: "https", host: host, path: "/tenant"),
          networks: loopback,
          addresses: ["127.0.0.1"],
          trustRoots: roots
        )
      }
      #expect(try await look("issuer.example", trusted).get().keys.count == 1)
      #expect(try await look("127.0.0.1", trusted).get().keys.count == 1)
      let seen = server.requests.count
      for (host, roots) in [("other.example", trusted), ("issuer.example", .system)] {
        let error = try failure(try await look(host, roots))
        guard case .notFetched(.discovery, .http(.tlsFailed)) = error else {
          Issue.record("\(host): \(error)")
          continue
        }
      }
      #expect(server.requests.count == seen)
    }
  }

  /// A file of the published corpora; `nil` when they are not beside the checkout.
  private func sharedVector(_ path: String) -> [UInt8]? {
    var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while folder.path != "/" {
      if let data = try? Data(contentsOf: folder.appendingPathComponent("shared/vectors/\(path)")) {
        return Array(data)
      }
      folder.deleteLastPathComponent()
    }
    return nil
  }
}
