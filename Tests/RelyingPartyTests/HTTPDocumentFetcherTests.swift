// SPDX-License-Identifier: Apache-2.0
//
// The fetcher against real servers on loopback: what it fetches, and where it does not go. The addresses themselves are
// tried in FederationClientTests, whose fetcher this is.

import Hummingbird
import HummingbirdTesting
import NIOCore
import RelyingParty
import RelyingPartyHTTP
import Testing

struct HTTPDocumentFetcherTests {
  private func withServer(_ body: @escaping @Sendable (_ url: String) async throws -> Void) async throws {
    let router = Router()
    router.get("/document") { request, _ in
      Response(
        status: .ok,
        headers: [.cacheControl: "max-age=7", .contentType: "application/json"],
        body: .init(byteBuffer: .init(string: request.headers[.accept] ?? ""))
      )
    }
    router.get("/moved") { _, _ in Response(status: .found, headers: [.location: "/document"]) }
    router.get("/down") { _, _ in Response(status: .serviceUnavailable) }
    router.get("/large") { _, _ in
      Response(status: .ok, body: .init(byteBuffer: .init(repeating: 0x20, count: (1 << 20) + 1)))
    }
    let application = Application(
      router: router,
      configuration: .init(address: .hostname("127.0.0.1", port: 0))
    )
    try await application.test(.live) { client in
      let port = try #require(client.port)
      try await body("http://127.0.0.1:\(port)")
    }
  }

  private func failure(_ fetcher: HTTPDocumentFetcher, _ url: String) async -> DocumentFetchError? {
    do throws(DocumentFetchError) {
      _ = try await fetcher.fetch(url, accept: "application/json")
      return nil
    } catch {
      return error
    }
  }

  @Test func `a document comes with what it says about being kept`() async throws {
    try await withServer { url in
      let fetcher = try HTTPDocumentFetcher(reach: .loopbackDevelopment)
      let document = try await fetcher.fetch(url + "/document", accept: "application/statuslist+jwt")
      #expect(String(decoding: document.body, as: UTF8.self) == "application/statuslist+jwt")
      #expect(document.cacheControl == "max-age=7")
    }
  }

  @Test func `redirects, other statuses and long answers are no documents`() async throws {
    try await withServer { url in
      let fetcher = try HTTPDocumentFetcher(reach: .loopbackDevelopment)
      #expect(
        await failure(fetcher, url + "/moved")
          == .refused("answered with a redirect (302), which is not followed")
      )
      #expect(await failure(fetcher, url + "/absent") == .refused("answered with status 404"))
      #expect(await failure(fetcher, url + "/down") == .unavailable("answered with status 503"))
      #expect(
        await failure(fetcher, url + "/large") == .unavailable("the answer is longer than 1048576 bytes")
      )
    }
  }

  @Test func `plain http and addresses of the own network are refused unless they are allowed`() async throws
  {
    try await withServer { url in
      let publicOnly = try HTTPDocumentFetcher()
      #expect(await failure(publicOnly, url + "/document") == .refused("an issuer must use https"))
      let privateNetworks = try HTTPDocumentFetcher(reach: .privateNetworks)
      #expect(await failure(privateNetworks, url + "/document") == .refused("an issuer must use https"))
    }
    let fetcher = try HTTPDocumentFetcher()
    for host in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "localhost"] {
      guard case .refused(let reason)? = await failure(fetcher, "https://\(host):1/") else {
        Issue.record("\(host) was asked")
        continue
      }
      #expect(reason.contains("which is not contacted"))
    }
    #expect(
      await failure(fetcher, "file:///etc/passwd")
        == .refused("no acceptable URL: it does not begin with `https://`")
    )
  }

  @Test func `a file that holds no certificates is a mistake at the start`() {
    #expect(throws: FetcherConfigurationError.certificateAuthorities(path: "/dev/null")) {
      try HTTPDocumentFetcher(certificateAuthorities: "/dev/null")
    }
  }
}
