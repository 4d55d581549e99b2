// SPDX-License-Identifier: Apache-2.0

import FederationClient
import Testing

struct XMLAnswerTests {
  private func read(_ text: String) throws(XMLAnswerError) -> XMLAnswer {
    try XMLAnswer(Array(text.utf8))
  }

  @Test func `reads leaves by path, and resolves references`() throws {
    let answer = try read(
      """
      <?xml version="1.0"?>
      <R xmlns='urn:x' a = "b">
        <M><K>one &amp; &#116;wo&#x21;</K><Empty/><E2 x="/>"></E2></M>
        <Twice>1</Twice><Twice>2</Twice>
      </R>

      """
    )
    #expect(answer["R/M/K"] == "one & two!")
    #expect(answer["R/M/Empty"] == "" && answer["R/M/E2"] == "")
    #expect(answer["R/Twice"] == nil && answer["R/M"] == nil && answer["K"] == nil)
    #expect(answer.leaves.map(\.path) == ["R/M/K", "R/M/Empty", "R/M/E2", "R/Twice", "R/Twice"])
  }

  @Test func `elements that stand more than once are told apart`() throws {
    let answer = try read(
      "<R><L><m><K>1</K><V><m>a</m><m>b</m></V></m><m><K>2</K><V/></m></L><L><m><K>3</K></m></L><La><m>x</m></La></R>"
    )
    let found = answer.elements("R/L/m")
    #expect(found.compactMap { $0["K"] } == ["1", "2", "3"])
    #expect(found[0].elements("V/m").compactMap { $0[""] } == ["a", "b"])
    #expect(found[1].elements("V").count == 1 && found[1].elements("V/m").isEmpty)
    #expect(answer.elements("R/L").count == 2 && answer.elements("R").count == 1)
    #expect(answer.elements("R/X").isEmpty && answer.elements("R/L/m/K/x").isEmpty)
  }

  @Test(
    arguments: [
      "", "text", "<R>", "<R", "<R></S>", "<R></R><R></R>", "</R>", "<R></R>text", "text<R></R>", "< R></R>",
      "<R a></R>", "<R a=b></R>", "<R a=\"<\"></R>", "<Ra=\"\"b=\"\"></R>", "<R>x<S/></R>", "<R><S/>x</R>",
      "<R><!-- --></R>", "<R><![CDATA[x]]></R>", "<R><?pi?></R>", " <?xml version=\"1.0\"?><R/>",
      "<!DOCTYPE R><R/>", "<!DOCTYPE R [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><R>&x;</R>",
      "<R>&x;</R>", "<R>&#0;</R>", "<R>&#xD800;</R>", "<R>&#x110000;</R>", "<R>&#;</R>", "<R>&#+65;</R>",
      "<R>&#x+41;</R>", "<R>&amp</R>", "<R>& </R>", "<1/>", "<?xml version=\"1.0\"",
    ])
  func `refuses what an answer does not need`(text: String) {
    #expect(throws: XMLAnswerError.self) { try read(text) }
  }

  @Test func `depth is capped, whatever the length`() {
    #expect(throws: XMLAnswerError.tooDeep(offset: 48)) { try read(String(repeating: "<a>", count: 100_000)) }
  }

  @Test func `refuses bytes that are not UTF-8`() {
    #expect(throws: XMLAnswerError.notUTF8) {
      try XMLAnswer(Array("<R>".utf8) + [0xC0, 0xAF] + Array("</R>".utf8))
    }
  }
}
