// SPDX-License-Identifier: Apache-2.0

import Exchange
import IdentityModel
import Testing

struct SubjectTokenTests {
  private func text(_ token: SubjectToken) -> String {
    token.secret.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `a JWT is known by its three parts, and what stands around it is not part of it`() throws {
    let token = try SubjectToken(Array(" \teyJh.eyJi.c2ln-_8\r\n".utf8))
    #expect(token.kind == .jwt)
    #expect(text(token) == "eyJh.eyJi.c2ln-_8")
  }

  @Test(arguments: [
    // base64 of `<samlp:Response/>` and `<?xml version="1.0"?><Response a="b">`
    ("PHNhbWxwOlJlc3BvbnNlLz4=", SubjectToken.Kind.samlResponse),
    ("PD94bWwgdmVyc2lvbj0iMS4wIj8+PFJlc3BvbnNlIGE9ImIiPg==", .samlResponse),
    // base64url and base64 of `<saml:Assertion>`
    ("PHNhbWw6QXNzZXJ0aW9uPg", .samlAssertion),
    ("PHNhbWw6QXNzZXJ0aW9uPg==", .samlAssertion),
  ])
  func `SAML is known by its first element`(encoded: String, kind: SubjectToken.Kind) throws {
    #expect(try SubjectToken(Array(encoded.utf8)).kind == kind)
  }

  @Test func `a response travels in base 64 and an assertion in base64url, however they came`() throws {
    #expect(text(try SubjectToken(Array("PHNhbWxwOlJlc3BvbnNlLz4".utf8))) == "PHNhbWxwOlJlc3BvbnNlLz4=")
    #expect(text(try SubjectToken(Array("PHNhbWw6QXNzZXJ0aW9uPg==".utf8))) == "PHNhbWw6QXNzZXJ0aW9uPg")
  }

  @Test(arguments: [
    "eyJh.eyJi", "eyJh.eyJi.", "eyJh.eyJi.c2ln.x", "a b", "eyJh.ey Ji.c2ln", "é", "PGh0bWw+", "aGVsbG8=",
    "{}",
  ])
  func `anything else is no token`(text: String) {
    #expect(throws: SubjectTokenError.unknownKind) { try SubjectToken(Array(text.utf8)) }
  }

  @Test func `nothing and too much are no token`() {
    #expect(throws: SubjectTokenError.empty) { try SubjectToken(Array(" \n".utf8)) }
    #expect(throws: SubjectTokenError.tooLarge(limit: 262_144)) {
      try SubjectToken([UInt8](repeating: 0x61, count: 262_145))
    }
  }
}
