// SPDX-License-Identifier: Apache-2.0
//
// Which issuer an inspected token can have asked, and what its documents must be.

import FederationClient
import IdentityModel
import Testing
import TokenFormats

extension TokenInspectionTests {
  @Test func `an issuer that was not expected is not asked`() async throws {
    let key = TestKey.p384()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let token = try key.token(issuer: server.url(path: "/tenant"))
      try expectFailure(
        try await verify(token, issuer: server.url(path: "/other")),
        .issuer,
        "/tenant",
        "/other"
      )
      #expect(server.requests.isEmpty)
    }
  }

  @Test(
    arguments: [
      "example.com", "https://user@example.com", "https://example.com?x", "https://example.com#x", "https://",
      "https://ex ample.com", "file:///etc/passwd", "https://example.com/\u{1B}[31m",
    ])
  func `an issuer that is no acceptable URL is not asked`(issuer: String) async throws {
    let report = try await verify(try TestKey.p384().token(issuer: issuer))
    try expectFailure(report, .issuer, "no acceptable URL")
    #expect(!report.text.unicodeScalars.contains("\u{1B}"))
  }

  @Test func `a discovery document for another issuer is refused`() async throws {
    let key = TestKey.p384()
    let answer = issuerAnswer(
      keys: [key.publicKey],
      discovery: { issuer in
        .text("{\"issuer\":\"\(issuer)/\",\"jwks_uri\":\"\(issuer)/.well-known/jwks.json\"}")
      }
    )
    try await withServer(answer: answer) { server in
      try expectFailure(
        try await verify(try key.token(issuer: server.url(path: "/tenant"))),
        .discovery,
        "/tenant/`"
      )
      #expect(server.requests.count == 1)
    }
  }

  @Test(
    arguments: [
      (ServerAnswer.text("", status: 302, headers: [HTTPField("Location", "/x")]), "redirect (302)"),
      (.text("", status: 404), "status 404"), (.text("{}"), "`issuer`"), (.text("{\"issuer\":1,}"), "offset"),
      (.closed, "closed"), (.text(String(repeating: " ", count: 1 << 20) + " "), "1048576 bytes"),
    ])
  func `a discovery document that does not arrive or is none is refused`(
    answer: ServerAnswer,
    word: String
  ) async throws {
    let key = TestKey.p384()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey], discovery: { _ in answer })) { server in
      try expectFailure(
        try await verify(try key.token(issuer: server.url(path: "/tenant"))),
        .discovery,
        word
      )
      #expect(server.requests.count == 1)
    }
  }

  @Test(
    arguments: [
      (ServerAnswer.text("", status: 307, headers: [HTTPField("Location", "/x")]), "redirect (307)"),
      (.text("{\"keys\":{}}"), "`keys`"), (.text("{\"keys\":[{\"kty\":\"EC\",\"d\":\"AA\"}]}"), "`d`"),
      (.text("{\"keys\":[],\"pad\":\"\(String(repeating: "x", count: 1 << 20))\"}"), "1048576 bytes"),
    ])
  func `a JWK set that does not arrive or is none is refused`(answer: ServerAnswer, word: String) async throws
  {
    let key = TestKey.p384()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey], jwks: { answer })) { server in
      try expectFailure(try await verify(try key.token(issuer: server.url(path: "/tenant"))), .jwks, word)
      #expect(server.requests.count == 2)
    }
  }

  @Test(arguments: ["http://192.0.2.1/keys", "http://169.254.169.254/", "file:///etc/passwd", "https://a@b/"])
  func `a JWK set elsewhere is fetched by the same rules`(jwksURI: String) async throws {
    let key = TestKey.p384()
    let answer = issuerAnswer(
      keys: [key.publicKey],
      discovery: { .text("{\"issuer\":\"\($0)\",\"jwks_uri\":\"\(jwksURI)\"}") }
    )
    try await withServer(answer: answer) { server in
      try expectFailure(try await verify(try key.token(issuer: server.url(path: "/tenant"))), .jwks, jwksURI)
    }
  }
}
