// SPDX-License-Identifier: Apache-2.0
//
// The URL of a service outside: what is one, what is none and why, and that no browser reads another place in it.

import Federation
import Foundation
import IdentityModel
import StrictJSON
import Testing

@Suite struct TargetServiceTests {
  static let kept: [String] = [
    "https://api.example.com", "https://api.example.com/", "https://API.Example.com/Acs?x=%2Fa&b=",
    "HTTPS://api.example.com", "https://api.example.com:8443/a/b;c=1,2/~u/@home/:x", "https://10.0.0.1/a",
    "https://[2001:db8::1]:8443/acs", "https://xn--bcher-kva.example", "https://web_1.internal",
    "https://intranet",
    "https://api.example.com/..a/a../...?../x", "https://api.example.com?x", "http://localhost:8080/cb",
    "http://app.localhost", "http://127.0.0.1/", "http://127.1.2.3:80", "http://[::1]:3000/",
    "http://LOCALHOST/",
  ]

  @Test(arguments: kept)
  func `is kept as it was written`(_ text: String) async throws {
    try await TestServer.run { server in
      let made = await server.makeConfig("api", ["TargetService": text])
      #expect(made.status == 200, "\(made.text)")
      #expect(made["TargetService"] == text.replacing("&", with: "&amp;"))
    }
  }

  /// A demand, and URLs that do not meet it.
  struct Unmet: Sendable, CustomTestStringConvertible {
    let demand: String
    let texts: [String]
    var testDescription: String { demand }

    init(_ demand: String, _ texts: [String]) {
      self.demand = demand
      self.texts = texts
    }
  }

  private static let longLabel = String(repeating: "a", count: 64)
  private static let longName = String(repeating: "a.", count: 127)

  static let unmet: [Unmet] = [
    Unmet(
      "It must be an absolute URL that begins with https://.",
      [
        "api.example.com", "//api.example.com", "/acs", "https:/a.example", "https:a.example",
        "ftp://a.example",
        "javascript://a.example", " https://a.example", "http\u{17F}://a.example", "https\\://a.example",
        "https:/\\a.example", "https", ":", "://a.example",
      ]
    ),
    Unmet(
      "It must have only the characters of a URL, any other percent-encoded.",
      [
        "https://a.example/a b", "https://a.example\t", "https://a.ex\nample",
        "https://a.example\\@b.example",
        "https://b\u{FC}cher.example", "https://a.example/\u{E9}", "https://a.example/%",
        "https://a.example/%zz",
        "https://a.example/%2", "https://a.example/[", "https://a.example/<", "https://a.example/\u{7F}",
        "https://a\u{3002}example", "https://a.example/\u{200B}",
      ]
    ),
    Unmet(
      "It must have no user information.",
      [
        "https://user@a.example", "https://user:pw@a.example", "https://@a.example",
        "https://a.example:443@b.example",
      ]
    ),
    Unmet("It must have no fragment.", ["https://a.example#x", "https://a.example/x#", "https://#"]),
    Unmet(
      "Its host must be a DNS name or an IP address.",
      [
        "https://", "https:///acs", "https://:443", "https://?x", "https://a..example", "https://.a.example",
        "https://a.example.", "https://a%2eexample", "https://-a.example", "https://a-.example",
        "https://a!b.example", "https://[::1", "https://[]", "https://[1.2.3.4]", "https://[fe80::1%25eth0]",
        "https://1.2.3", "https://127.1", "https://2130706433", "https://0x7f.1", "https://0x7f000001",
        "https://a.0x", "https://256.1.1.1", "https://01.2.3.4", "https://1.2.3.4.5", "https://a.1",
        "https://\(longLabel).example", "https://\(longName)aa",
      ]
    ),
    Unmet(
      "Its port must be a number from 1 to 65535.",
      [
        "https://a.example:", "https://a.example:0", "https://a.example:65536", "https://a.example:0443",
        "https://a.example:99999999999999999999", "https://a.example:44x", "https://a.example:1:2",
        "https://a.example:+1", "https://[::1]x",
      ]
    ),
    Unmet(
      "Its path must have no segments . or .. in it.",
      [
        "https://a.example/../b", "https://a.example/b/.", "https://a.example/%2e%2E/b",
        "https://a.example/.%2e?x",
      ]
    ),
    Unmet(
      "It must begin with https:// unless its host is a loopback one.",
      [
        "http://a.example", "http://127.evil.example", "http://localhost.evil.example", "http://10.0.0.1",
        "http://128.0.0.1", "http://notlocalhost", "http://[::2]", "http://[::]",
      ]
    ),
  ]

  @Test(arguments: unmet)
  func `is refused with what it must be`(_ unmet: Unmet) async throws {
    try await TestServer.run { server in
      for text in unmet.texts {
        let refused = await server.makeConfig("api", ["TargetService": text])
        #expect(refused.status == 400 && refused.code == "ValidationError", "\(text)")
        #expect(
          refused.message == "The specified value for targetService is invalid. \(unmet.demand)",
          "\(text)"
        )
      }
    }
  }

  @Test func `policy knows an origin by one spelling`() async throws {
    try await TestServer.run { server in
      let keys = try await server.user(
        "maker",
        policy: """
          {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},
           {"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"StringLike":{
            "iam:FederationTargetService":["https://secret.example/*","http://localhost/*","https://[2001:db8::a]/*"]}}}]}
          """
      )
      for text in [
        "https://secret.example/x", "https://SECRET.example/x", "https://secret.example:443/x",
        "HTTPS://Secret.Example:443/", "http://localhost:80/x", "http://LocalHost/", "https://[2001:DB8::A]/",
      ] {
        #expect(
          await server.makeConfig("x", ["TargetService": text], as: keys).code == "AccessDenied",
          "\(text)"
        )
      }
      // Nor is a path by what need not be percent-encoded, or by the case of the digits.
      let paths = try await server.user(
        "paths",
        policy: """
          {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},
           {"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"StringLike":{
            "iam:FederationTargetService":["https://a.example/secret~*","https://a.example/x%2Fy?q=%C3%BC*"]}}}]}
          """
      )
      for text in [
        "https://a.example/secret~", "https://a.example/%73ecret%7E", "https://a.example/%73%65cre%74%7e/1",
        "https://a.example/x%2fy?%71=%c3%Bc", "https://a.example/%78%2Fy?q=%C3%BCx",
      ] {
        #expect(
          await server.makeConfig("x", ["TargetService": text], as: paths).code == "AccessDenied",
          "\(text)"
        )
      }
      for text in ["https://a.example/%2573ecret~", "https://a.example/x/y?q=%C3%BC"] {
        #expect(await server.makeConfig("x", ["TargetService": text], as: paths).status == 200, "\(text)")
        await server.done("DeleteOutboundFederationConfig", ["Name": "x"])
      }
      for text in ["https://secret.example:8443/x", "https://secret.example:80/x", "http://localhost:443/x"] {
        #expect(await server.makeConfig("x", ["TargetService": text], as: keys).status == 200, "\(text)")
        await server.done("DeleteOutboundFederationConfig", ["Name": "x"])
      }
    }
  }

  @Test func `no URL of the web platform tests is taken for another place than browsers take it for`()
    async throws
  {
    guard let file = sharedVectors("url-wpt")?.appending(path: "url/tests/urltestdata.json") else { return }
    let bytes = Array(try Data(contentsOf: file))
    let cases = try #require(try JSONReader.read(bytes, maximumBytes: 1 << 24, maximumDepth: 64).array)
    try await TestServer.run { server in
      var (accepted, refused) = (0, 0)
      for (number, test) in cases.compactMap(\.object).enumerated() {
        guard let written = test["input"]?.string else { continue }
        // Browsers read both schemes alike, and most of the URLs are of the one that is not taken.
        let input = written.utf8.starts(with: "http://".utf8) ? "https" + written.dropFirst(4) : written
        let answer = await server.makeConfig("c\(number)", ["TargetService": input])
        guard answer.status == 200 else {
          #expect(answer.code == "ValidationError", "\(input): \(answer.text)")
          refused += 1
          continue
        }
        accepted += 1
        // A name that is the punycode of nothing has no place at all.
        #expect(test["failure"] == nil || asciiLowercased(input).contains("xn--"), "\(input)")
        guard test["failure"] == nil else { continue }
        let host = test["hostname"]?.string ?? ""
        let begin = host.hasPrefix("[") ? "https://[" : "https://\(host)"
        #expect(asciiLowercased(input).utf8.starts(with: begin.utf8), "\(input)")
        #expect(test["username"]?.string == "" && test["hash"]?.string == "", "\(input)")
        let path = test["pathname"]?.string ?? ""
        #expect(path == "/" || input.contains(path), "\(input)")
      }
      #expect(accepted > 20)
      #expect(refused > 700)
    }
  }
}
