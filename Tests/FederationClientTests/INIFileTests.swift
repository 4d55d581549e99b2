// SPDX-License-Identifier: Apache-2.0

import FederationClient
import Testing

struct INIFileTests {
  private func read(_ text: String) throws(INIError) -> INIFile {
    try INIFile(Array(text.utf8))
  }

  @Test func `reads sections, properties, comments and nesting`() throws {
    let file = try read(
      """
      # first
      [default]\r
      Region = eu-west-1
      aws_access_key_id: AKIA
      empty =
        ; a comment inside
      [ services loop ] ; trailing
      sts =
        endpoint_url = http://127.0.0.1:5056?a=b
      iam =
      \tendpoint_url = http://127.0.0.1:5057
      [p]
        indented = yes
        other = a # not a comment
        long = one
          two
      """
    )
    #expect(file.sections.map(\.name) == ["default", "services loop", "p"])
    #expect(file.section("default")?["region"] == "eu-west-1")
    #expect(file.section("default")?["aws_access_key_id"] == "AKIA")
    #expect(file.section("default")?["empty"] == nil)
    #expect(file.section("services loop")?.nested("sts", "endpoint_url") == "http://127.0.0.1:5056?a=b")
    #expect(file.section("services loop")?.nested("iam", "endpoint_url") == "http://127.0.0.1:5057")
    #expect(file.section("p")?["indented"] == "yes")
    #expect(file.section("p")?["other"] == "a # not a comment")
    #expect(file.section("p")?["long"] == "one\ntwo")
    #expect(file.section("P") == nil)
  }

  @Test(
    arguments: [
      ("[default\na = b", INIError.malformed(line: 1)),
      ("[]\na = b", .malformed(line: 1)),
      ("[default] x\n", .malformed(line: 1)),
      ("[default]\nno separator", .malformed(line: 2)),
      ("[default]\n= value", .malformed(line: 2)),
      ("a = b\n[default]", .outsideSection(line: 1)),
      ("\u{FEFF}[default]", .outsideSection(line: 1)),
      ("[a]\n\n[b]\n[a]", .duplicateSection(line: 4)),
      ("[a]\nx = 1\nX = 2", .duplicateProperty(line: 3)),
      ("[a]\ns =\n  x = 1\n  x = 2", .duplicateProperty(line: 4)),
      ("[a]\ns =\n  nested without", .malformed(line: 3)),
      ("[a]\nx = \u{0}", .notText),
    ])
  func `refuses a malformed file and names the line`(text: String, error: INIError) {
    #expect(throws: error) { try read(text) }
  }

  @Test func `refuses bytes that are not UTF-8`() {
    #expect(throws: INIError.notText) { try INIFile([0x5B, 0xFF, 0x5D]) }
  }

  @Test(
    arguments: [
      ("a b  c", ["a", "b", "c"]),
      ("'a b' \"c d\" e\\ f", ["a b", "c d", "e f"]),
      ("x'y'\"z\"", ["xyz"]),
      (#""a\"b\\c\d" '\'"#, [#"a"b\c\d"#, "\\"]),
      ("'' \"\"", ["", ""]),
      ("  ", []),
      ("a $HOME `id` ; b", ["a", "$HOME", "`id`", ";", "b"]),
    ] as [(String, [String])]
  )
  func `splits a command line as a shell does, and expands nothing`(line: String, words: [String]) {
    #expect(shellWords(line) == words)
  }

  @Test(arguments: ["'a", "\"a", "\"a\\", "a\\"])
  func `refuses a quotation that does not end`(line: String) {
    #expect(shellWords(line) == nil)
  }
}
