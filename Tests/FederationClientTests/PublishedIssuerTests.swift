// SPDX-License-Identifier: Apache-2.0
//
// Taking an issuer's documents from where it serves them: all of them, and only its own.

import FederationClient
import IdentityModel
import Testing
import TokenFormats

struct PublishedIssuerTests {
  private let policy = IssuerPolicy(allowHTTPOnLoopback: true)

  /// The issuer at `server`, below `/tenant`, with documents beside discovery and JWK set.
  private func fetch(
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
            try await PublishedIssuer(of: server.url(path: "/tenant"), http: http, policy: policy)
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
}
