// SPDX-License-Identifier: Apache-2.0
//
// The page that brings a response to a service: nothing that a stranger wrote leaves its attribute. What a browser makes
// of it, Tests/EndToEnd/test_federation_config_open.py asks a parser that nobody here wrote.

import Testing
import TokenFormats

struct HTTPPOSTPageTests {
  private func html(
    _ action: String = "https://sp.example/acs",
    _ response: String = "QUI+/w==",
    _ relayState: String? = nil
  ) throws -> String {
    try HTTPPOSTPage(action: action, response: response, relayState: relayState).html
  }

  @Test func `posts the response to the service, with a relay state when there is one`() throws {
    let page = try html()
    #expect(page.contains(#"<form method="post" action="https://sp.example/acs">"#))
    #expect(page.contains(#"<input type="hidden" name="SAMLResponse" value="QUI+/w==">"#))
    #expect(!page.contains("RelayState"))
    #expect(try html("https://sp.example/acs", "QUI+/w==", "").contains(#"name="RelayState" value="">"#))
    #expect(page.contains("<noscript>") && page.contains("<button>"))
  }

  @Test func `nothing of a stranger leaves its attribute`() throws {
    let hostile = "\"'><script>alert(1)</script><!-- &amp; `\u{2028}\u{202E}é"
    let page = try html("https://sp.example/acs?a=\"><script>&x='", "QUI+/w==", hostile)
    #expect(page.ranges(of: "<script>").count == 1)
    #expect(page.utf8.allSatisfy { $0 < 0x80 })
    #expect(
      page.contains(
        "value=\"&#x22;&#x27;&#x3E;&#x3C;script&#x3E;alert&#x28;1&#x29;&#x3C;/script&#x3E;&#x3C;&#x21;-- &#x26;amp; "
          + "&#x60;&#x2028;&#x202E;&#xE9;\""
      )
    )
    #expect(
      page.contains("action=\"https://sp.example/acs&#x3F;a=&#x22;&#x3E;&#x3C;script&#x3E;&#x26;x=&#x27;\"")
    )
  }

  @Test(arguments: [
    "javascript:alert(1)", "data:text/html,x", "//sp.example", "HTTPS://sp.example", "", "https://a b",
  ])
  func `a form goes to nothing but a web address`(action: String) {
    #expect(throws: HTTPPOSTPageError.action) { try html(action) }
  }

  @Test func `what is no response, and what HTML cannot carry, is refused`() {
    for response in ["", "a b\"", "eyJ.eyJ.x", "QUI"] {
      #expect(throws: HTTPPOSTPageError.response) { try html("https://sp.example", response) }
    }
    for relayState in ["\u{0}", "a\nb", "\u{85}", "\u{7F}"] {
      #expect(throws: HTTPPOSTPageError.relayState) { try html("https://sp.example", "QUI=", relayState) }
    }
  }

  @Test func `the policy lets the page's own script run and nothing else`() throws {
    let policy = HTTPPOSTPage.contentSecurityPolicy
    #expect(
      policy.hasPrefix("default-src 'none'; script-src 'sha256-") && policy.hasSuffix("base-uri 'none'")
    )
    #expect(!policy.contains("unsafe"))
  }
}
