// SPDX-License-Identifier: Apache-2.0
//
// Taking an issuer's documents from where it serves them: all of them, and only its own.

import FederationClient
import IdentityModel
import Synchronization
import Testing
import TokenFormats

struct PublishedIssuerTests {
  private let policy = IssuerPolicy(allowHTTPOnLoopback: true)

  /// The issuer at `server`, below `/tenant`, with documents beside discovery and JWK set.
  private func fetch(
    keySetAlone: Bool = false,
    maximumBytes: Int = 64 << 20,
    discovery: @escaping @Sendable (_ issuer: String) -> String? = { _ in nil },
    jwks: String? = nil,
    others: @escaping @Sendable (_ issuer: String, _ path: String) -> ServerAnswer? = { _, _ in nil }
  ) async throws -> Result<PublishedIssuer, PublishedIssuerError> {
    let key = TestKey.p384()
    let usual = issuerAnswer(
      keys: [key.publicKey],
      discovery: { discovery($0).map { .answer(status: 200, headers: [], body: Array($0.utf8)) } },
      jwks: { jwks.map { .answer(status: 200, headers: [], body: Array($0.utf8)) } }
    )
    return try await withServer(
      answer: { request in
        let issuer = "http://\(request["host"] ?? "")/tenant"
        return others(issuer, String(request.target.dropFirst("/tenant/".count))) ?? usual(request)
      }
    ) { server in
      try await withClient { http in
        do throws(PublishedIssuerError) {
          return .success(
            try await PublishedIssuer(
              of: server.url(path: "/tenant"),
              keySetAlone: keySetAlone,
              maximumBytes: maximumBytes,
              http: http,
              policy: policy
            )
          )
        } catch {
          return .failure(error)
        }
      }
    }
  }

  private func failure(
    discovery: @escaping @Sendable (_ issuer: String) -> String? = { _ in nil },
    jwks: String? = nil,
    others: @escaping @Sendable (_ issuer: String, _ path: String) -> ServerAnswer? = { _, _ in nil }
  ) async throws -> PublishedIssuerError? {
    switch try await fetch(discovery: discovery, jwks: jwks, others: others) {
    case .success: nil
    case .failure(let error): error
    }
  }

  @Test func `an issuer without SAML and status lists has two documents`() async throws {
    let published = try await fetch().get()
    #expect(published.files.map(\.path) == [".well-known/jwks.json", ".well-known/openid-configuration"])
    #expect(published.files.allSatisfy { $0.contentType == "application/json" && $0.maxAgeSeconds == 300 })
    #expect(published.keySet.keys.count == 1 && published.metadataValidUntil == nil)
  }

  @Test func `metadata and status lists are taken, with how long they may be kept`() async throws {
    let published = try await fetch(
      discovery: { issuer in
        #"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/.well-known/jwks.json","#
          + #""status_list_aggregation_endpoint":"\#(issuer)/status"}"#
      },
      others: { issuer, path in
        switch path {
        case "saml/metadata":
          .answer(
            status: 200,
            headers: [],
            body: Array(#"<m validUntil="2026-11-28T00:00:00Z"/>"#.utf8)
          )
        case "status":
          .answer(
            status: 200,
            headers: [],
            body: Array(#"{"status_lists":["\#(issuer)/status/0","\#(issuer)/status/17"]}"#.utf8)
          )
        case "status/0", "status/17":
          .answer(
            status: 200,
            headers: [HTTPField("Cache-Control", "public, max-age=60")],
            body: Array(path.utf8)
          )
        default: nil
        }
      }
    ).get()
    #expect(
      published.files.map(\.path) == [
        ".well-known/jwks.json", "saml/metadata", "status/0", "status/17", "status",
        ".well-known/openid-configuration",
      ]
    )
    let list = try #require(published.files.first { $0.path == "status/17" })
    #expect(list.contentType == "application/statuslist+jwt" && list.maxAgeSeconds == 60)
    #expect(list.body == Array("status/17".utf8))
    #expect(published.metadataValidUntil == "2026-11-28T00:00:00Z")
  }

  @Test func `an issuer that speaks for another one is refused`() async throws {
    let error = try await failure(discovery: { _ in
      #"{"issuer":"https://other.example","jwks_uri":"https://other.example/jwks"}"#
    })
    #expect(error == .otherIssuer("https://other.example"))
  }

  @Test func `documents outside of the issuer's URL are refused`() async throws {
    let keys = try await failure(discovery: {
      #"{"issuer":"\#($0)","jwks_uri":"https://other.example/jwks"}"#
    })
    #expect(keys == .elsewhere("https://other.example/jwks"))
    for uri in ["https://other.example/status/0", "STATUS/../x", "STATUS/", "STATUS/1a", "STATUS"] {
      let error = try await failure(
        discovery: { issuer in
          #"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/.well-known/jwks.json","#
            + #""status_list_aggregation_endpoint":"\#(issuer)/status"}"#
        },
        others: { issuer, path in
          guard path == "status" else { return nil }
          let list = uri.hasPrefix("STATUS") ? "\(issuer)/status\(uri.dropFirst(6))" : uri
          return .answer(status: 200, headers: [], body: Array(#"{"status_lists":["\#(list)"]}"#.utf8))
        }
      )
      guard case .elsewhere? = error else {
        Issue.record("\(uri): \(String(describing: error))")
        continue
      }
    }
  }

  @Test func `what is no key set is not exported`() async throws {
    #expect(try await failure(jwks: "{}") == .keySet(.keysMissing))
    let secret = #"{"keys":[{"kty":"EC","crv":"P-384","kid":"k","x":"AA","y":"AA","d":"AA"}]}"#
    #expect(try await failure(jwks: secret) == .keySet(.privateMember(index: 0, name: "d")))
  }

  @Test func `metadata that cannot be had now stops the export`() async throws {
    let error = try await failure(others: { _, path in
      path == "saml/metadata" ? .text("sealed", status: 503) : nil
    })
    guard case .fetch(_, .status(503))? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  /// An issuer whose status lists are `names`, of 1000 octets each, and what it was asked for.
  private func fetchLists(
    _ names: [String],
    keySetAlone: Bool = false,
    maximumBytes: Int = 64 << 20
  ) async throws -> (outcome: Result<PublishedIssuer, PublishedIssuerError>, asked: [String]) {
    let asked = Mutex<[String]>([])
    let outcome = try await fetch(
      keySetAlone: keySetAlone,
      maximumBytes: maximumBytes,
      discovery: { issuer in
        #"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/.well-known/jwks.json","#
          + #""status_list_aggregation_endpoint":"\#(issuer)/status"}"#
      },
      others: { issuer, path in
        asked.withLock { $0.append(path) }
        guard path.hasPrefix("status") else { return nil }
        guard path == "status" else {
          return .answer(status: 200, headers: [], body: Array(repeating: 0x61, count: 1000))
        }
        let lists = names.map { #""\#(issuer)/status/\#($0)""# }.joined(separator: ",")
        return .answer(status: 200, headers: [], body: Array(#"{"status_lists":[\#(lists)]}"#.utf8))
      }
    )
    return (outcome, asked.withLock { $0 })
  }

  @Test func `more than a thousand status lists are refused before one is fetched`() async throws {
    let (outcome, asked) = try await fetchLists((0...1000).map { "\($0)" })
    #expect(throws: PublishedIssuerError.tooManyStatusLists(limit: 1000)) { try outcome.get() }
    #expect(!asked.contains { $0.hasPrefix("status/") })
  }

  @Test func `a status list that is named twice is refused`() async throws {
    let (outcome, asked) = try await fetchLists(["7", "8", "7", "9"])
    guard case .failure(.statusListTwice(let address)) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(address.hasSuffix("/tenant/status/7"))
    #expect(asked.count { $0 == "status/7" } == 1 && !asked.contains("status/9"))
  }

  @Test func `documents that are too large together are refused as soon as they are`() async throws {
    let names = (0..<20).map { "\($0)" }
    let (outcome, asked) = try await fetchLists(names, maximumBytes: 6000)
    #expect(throws: PublishedIssuerError.tooLarge(limitBytes: 6000)) { try outcome.get() }
    #expect(asked.count { $0.hasPrefix("status/") } <= 6)
    let (whole, _) = try await fetchLists(names, maximumBytes: 40_000)
    #expect(try whole.get().files.count == 23)
  }

  @Test func `the key set alone makes nobody ask for metadata and lists`() async throws {
    let (outcome, asked) = try await fetchLists(["1"], keySetAlone: true)
    let published = try outcome.get()
    #expect(published.files.map(\.path) == [".well-known/jwks.json"])
    #expect(published.keySet.keys.count == 1 && published.metadataValidUntil == nil)
    #expect(asked == [".well-known/openid-configuration", ".well-known/jwks.json"])
  }
}
