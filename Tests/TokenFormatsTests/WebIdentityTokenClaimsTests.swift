// SPDX-License-Identifier: Apache-2.0
//
// The claims, byte for byte, and that no caller's text can leave its place.

import Foundation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

// Swift Testing has a `Tag` too.
private typealias AWSTag = IdentityModel.Tag

@Suite struct WebIdentityTokenClaimsTests {
  private func claims(
    audience: [String] = ["api://a"],
    principalTags: [AWSTag] = [],
    requestTags: [AWSTag] = []
  ) throws -> WebIdentityTokenClaims {
    WebIdentityTokenClaims(
      audience: audience,
      subject: "arn:aws:iam::123456789012:user/div/alice",
      issuer: "https://id.example.com/0b8cbd8e-6e0f-4d0e-9c1e-2f5f0f1f4b11",
      expiration: Instant(milliseconds: 1_800_000_300_999),
      issuedAt: Instant(milliseconds: 1_800_000_000_999),
      tokenID: "5c2f3f9e-7f57-4c8e-9d3b-3f1f6f1d2a10",
      aws: AWSClaims(
        account: try #require(AccountID("123456789012")),
        sourceRegion: try #require(Region("eu-central-1")),
        principalID: "arn:aws:iam::123456789012:user/div/alice",
        principalTags: principalTags,
        requestTags: requestTags
      )
    )
  }

  @Test func `the smallest payload has AWS's members in AWS's order and no nbf`() throws {
    let expected: String = #"""
      {"aud":"api://a","sub":"arn:aws:iam::123456789012:user/div/alice","https://sts.amazonaws.com/":{\#
      "aws_account":"123456789012","source_region":"eu-central-1",\#
      "principal_id":"arn:aws:iam::123456789012:user/div/alice"},\#
      "iss":"https://id.example.com/0b8cbd8e-6e0f-4d0e-9c1e-2f5f0f1f4b11","exp":1800000300,"iat":1800000000,\#
      "jti":"5c2f3f9e-7f57-4c8e-9d3b-3f1f6f1d2a10"}
      """#
    #expect(String(decoding: try claims().payload(), as: UTF8.self) == expected)
  }

  @Test func `the largest payload has every member in its place`() throws {
    var claims = try claims(
      audience: ["b", "a", "b"],
      principalTags: [AWSTag(key: "Team", value: "x"), AWSTag(key: "e", value: "")],
      requestTags: [AWSTag(key: "iss", value: "evil")]
    )
    claims.aws.orgID = "o-abc"
    claims.aws.ouPath = ["o-abc/r-1/ou-1/"]
    claims.aws.originalSessionExpiration = Instant(seconds: 1_800_003_600)
    claims.aws.federatedProvider = "arn:aws:iam::123456789012:oidc-provider/x"
    claims.aws.sourceIdentity = "alice"
    let expected: String = #"""
      {"aud":["b","a","b"],"sub":"arn:aws:iam::123456789012:user/div/alice","https://sts.amazonaws.com/":{\#
      "aws_account":"123456789012","source_region":"eu-central-1",\#
      "principal_id":"arn:aws:iam::123456789012:user/div/alice","org_id":"o-abc",\#
      "ou_path":["o-abc/r-1/ou-1/"],"principal_tags":{"Team":"x","e":""},\#
      "original_session_exp":"2027-01-15T09:00:00Z",\#
      "federated_provider":"arn:aws:iam::123456789012:oidc-provider/x","source_identity":"alice",\#
      "request_tags":{"iss":"evil"}},\#
      "iss":"https://id.example.com/0b8cbd8e-6e0f-4d0e-9c1e-2f5f0f1f4b11","exp":1800000300,"iat":1800000000,\#
      "jti":"5c2f3f9e-7f57-4c8e-9d3b-3f1f6f1d2a10"}
      """#
    #expect(String(decoding: claims.payload(), as: UTF8.self) == expected)
  }

  @Test func `an empty ou_path is left out and never written as an empty array`() throws {
    var claims = try claims()
    claims.aws.ouPath = []
    #expect(claims.payload() == (try self.claims().payload()))
  }

  @Test func `of two tags with one key only the last is written, so that no name stands twice`() throws {
    let payload = try claims(requestTags: [
      AWSTag(key: "a", value: "1"), AWSTag(key: "b", value: "2"), AWSTag(key: "a", value: "3"),
      AWSTag(key: "\u{E9}", value: "4"), AWSTag(key: "e\u{301}", value: "5"),
    ]).payload()
    let tags = try JSONReader.read(payload)["https://sts.amazonaws.com/"]["request_tags"].object?.members
    #expect(tags?.map(\.value.string) == ["2", "3", "4", "5"])
  }

  @Test(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
  func `naughty strings as audiences and tags come back byte for byte and move nothing else`() throws {
    let strings = try #require(try Corpora.json("naughty-strings/blns.json").array).compactMap(\.string)
    #expect(strings.count > 500)
    let hostile = [
      "iss", "sub", "exp", "aud", "https://sts.amazonaws.com/", "aws_account", "\",\"iss\":\"evil", "\u{0}",
      "\u{2028}",
      "\\u0022", "\u{FEFF}", "\u{10FFFF}", "\u{1F}\u{7F}",
    ]
    for string in strings + hostile {
      let claims = try claims(
        audience: [string, "b"],
        principalTags: [AWSTag(key: string, value: string)],
        requestTags: [AWSTag(key: string, value: string)]
      )
      let payload = claims.payload()
      let tree = try JSONReader.read(payload)
      #expect(
        tree.object?.members.map(\.name) == [
          "aud", "sub", "https://sts.amazonaws.com/", "iss", "exp", "iat", "jti",
        ]
      )
      let aws = tree["https://sts.amazonaws.com/"]
      #expect(
        aws.object?.members.map(\.name) == [
          "aws_account", "source_region", "principal_id", "principal_tags", "request_tags",
        ]
      )
      for name in ["principal_tags", "request_tags"] {
        let member = try #require(aws[name].object?.members.first)
        #expect(aws[name].object?.members.count == 1)
        #expect(member.name.utf8.elementsEqual(string.utf8))
        #expect(member.value.string?.utf8.elementsEqual(string.utf8) == true)
      }
      #expect(tree["aud"].array?.first?.string?.utf8.elementsEqual(string.utf8) == true)
      #expect(tree["iss"].string == claims.issuer)
      #expect(tree["exp"].int64 == 1_800_000_300)
      #expect(tree["iat"].int64 == 1_800_000_000)
      // A second reader, by other hands, sees the same claims. (Foundation drops U+FEFF at the start of a string.)
      guard !string.unicodeScalars.starts(with: ["\u{FEFF}"]) else { continue }
      let other = try #require(try JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any])
      #expect(
        other.keys.sorted() == ["aud", "exp", "https://sts.amazonaws.com/", "iat", "iss", "jti", "sub"]
      )
      #expect((other["aud"] as? [String])?.first?.utf8.elementsEqual(string.utf8) == true)
      let otherTags =
        (other["https://sts.amazonaws.com/"] as? [String: Any])?["request_tags"] as? [String: String]
      #expect(otherTags?.first?.value.utf8.elementsEqual(string.utf8) == true)
      #expect(otherTags?.first?.key.utf8.elementsEqual(string.utf8) == true)
    }
  }

  @Test func `fifty tags of the greatest length are all there`() throws {
    let tags = (0..<50).map { index in
      AWSTag(
        key: String(repeating: "k", count: 126) + (index < 10 ? "0\(index)" : "\(index)"),
        value: String(repeating: "v", count: 256)
      )
    }
    let payload = try claims(requestTags: tags).payload()
    let members = try JSONReader.read(payload)["https://sts.amazonaws.com/"]["request_tags"].object?.members
    #expect(members?.map(\.name) == tags.map(\.key))
    #expect(payload.count > WebIdentityTokenClaims.maximumPayloadBytes)
    #expect(WebIdentityTokenClaims.maximumPayloadBytes == 14_984)
  }

  @Test func `the signing input holds kid, typ, alg in AWS's order and the payload`() throws {
    let input = JWS.signingInput(keyID: KeyID("k-1"), algorithm: .es384, payload: try claims().payload())
    let parts = String(decoding: input, as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false)
    #expect(parts.count == 2)
    #expect(Base64URL.decode(parts[0]) == Array(#"{"kid":"k-1","typ":"JWT","alg":"ES384"}"#.utf8))
    #expect(Base64URL.decode(parts[1]) == (try claims().payload()))
    #expect(JWS.compact(signingInput: Array("a.b".utf8), signature: [0xFB, 0xFF]) == "a.b.-_8")
  }
}
