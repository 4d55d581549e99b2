// SPDX-License-Identifier: Apache-2.0
//
// Text with policy variables outside of policies.

import PolicyEngine
import Testing

@Suite struct TextTemplateTests {
  private var context: RequestContext {
    var context = RequestContext()
    context.set("aws:username", "alice")
    context.set("aws:PrincipalTag/team", "${aws:username} * ?")
    context.set("aws:PrincipalOrgPaths", values: ["o-1/r-1/", "o-1/r-2/"])
    return context
  }

  @Test(arguments: [
    ("plain text, with * and ? and $ and }", ["plain text, with * and ? and $ and }"]),
    ("${aws:username}", ["alice"]),
    ("${AWS:USERNAME}@example.test", ["alice@example.test"]),
    // What a variable brings in is text and no template.
    ("${aws:PrincipalTag/team}", ["${aws:username} * ?"]),
    ("${aws:PrincipalTag/none, 'nobody'}", ["nobody"]),
    ("${aws:PrincipalTag/none, ''}", [""]),
    ("${aws:username, 'nobody'}", ["alice"]),
    ("a ${aws:PrincipalTag/none} b", []),
    ("${$}{aws:username} ${*} ${?}", ["${aws:username} * ?"]),
    ("${aws:username}:${aws:PrincipalOrgPaths}", ["alice:o-1/r-1/", "alice:o-1/r-2/"]),
    ("grüße ${aws:username}", ["grüße alice"]), ("", [""]),
  ])
  func `a template says what its variables have`(template: String, texts: [String]) throws {
    #expect(try TextTemplate(template).texts(in: context) == texts)
  }

  @Test(arguments: [
    "${", "${aws:username", "${}", "${username}", "${aws:username, nobody}", "${aws:username, 'a'b'}",
    "${ aws:username}", "${aws:username }", "${aws:${aws:username}}",
  ])
  func `what only looks like a variable is refused`(template: String) {
    #expect(throws: PolicyDocumentError.variable(template)) { try TextTemplate(template) }
  }

  @Test func `it names its variables as they are written`() throws {
    let template = try TextTemplate("${aws:userid}${AWS:UserId, 'x'}${$}${aws:PrincipalTag/A b}")
    #expect(template.variables == ["aws:userid", "AWS:UserId", "aws:PrincipalTag/A b"])
  }
}
