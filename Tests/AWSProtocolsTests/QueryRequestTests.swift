// SPDX-License-Identifier: Apache-2.0
//
// Where parameters may stand: one source, signed bytes only.

import AWSProtocols
import Testing

struct QueryRequestTests {
  private let form = "application/x-www-form-urlencoded; charset=utf-8"

  private func read(
    _ method: String,
    _ query: Substring?,
    _ body: String,
    type: String? = nil
  ) throws(QueryFormError) -> [String] {
    Array(
      try QueryParameters.read(
        method: method,
        query: query,
        contentType: type ?? form,
        body: Array(body.utf8)
      ).names
    )
  }

  @Test func `a GET is read from its query and a POST from its body`() throws {
    #expect(try read("GET", "Action=A&Version=B", "") == ["Action", "Version"])
    #expect(try read("POST", nil, "Action=A&Version=B") == ["Action", "Version"])
    #expect(try read("POST", "", "Action=A") == ["Action"])
    #expect(try read("GET", nil, "") == [])
    #expect(try read("POST", nil, "") == [])
  }

  @Test func `a POST may carry its action in the query when the body is empty`() throws {
    #expect(try read("POST", "Action=GetCallerIdentity&Version=2011-06-15", "") == ["Action", "Version"])
    let parameters = try QueryParameters.read(
      method: "POST",
      query: "Action=GetCallerIdentity&Version=2011-06-15",
      contentType: nil,
      body: []
    )
    #expect(parameters["Action"] == "GetCallerIdentity")
  }

  @Test func `the parameters of a presigned URL are not the action's, but must not be doubled`() throws {
    let signature: Substring = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Signature=s"
    #expect(try read("GET", "Action=A&\(signature)", "") == ["Action"])
    #expect(try read("POST", signature, "Action=A") == ["Action"])
    #expect(throws: QueryFormError.duplicateName("X-Amz-Credential")) {
      try read("GET", "Action=A&\(signature)&X-Amz-Credential=d", "")
    }
    #expect(throws: QueryFormError.duplicateName("X-Amz-Credential")) {
      try read("POST", signature, "Action=A&X-Amz-Credential=d")
    }
  }

  @Test func `parameters in two places are refused`() {
    #expect(throws: QueryFormError.duplicateName("Action")) { try read("POST", "Action=A", "Action=A") }
    #expect(throws: QueryFormError.duplicateName("Action")) {
      try read("POST", "%41ction=A", "Version=1&Action=B")
    }
    #expect(throws: QueryFormError.parametersInQueryAndBody) { try read("POST", "Action=A", "Version=1") }
    #expect(throws: QueryFormError.parametersInQueryAndBody) { try read("POST", "action=A", "Action=A") }
  }

  @Test(arguments: ["", "get", "post", "HEAD", "PUT", "DELETE", "OPTIONS", "POST ", "PATCH", "ＧＥＴ"])
  func `only GET and POST are methods of the Query protocol`(method: String) {
    #expect(throws: QueryFormError.methodNotAllowed(method)) { try read(method, "Action=A", "") }
  }

  @Test func `a GET has no body`() {
    #expect(throws: QueryFormError.bodyNotAllowed) { try read("GET", "Action=A", "Version=1") }
  }

  @Test(arguments: [
    "application/x-www-form-urlencoded", "APPLICATION/X-WWW-Form-UrlEncoded",
    "application/x-www-form-urlencoded;charset=UTF-8",
    "application/x-www-form-urlencoded ; charset=\"utf-8\"",
    "application/x-www-form-urlencoded; x=y; charset=utf-8", " application/x-www-form-urlencoded\t",
  ])
  func `a form says that it is one`(type: String) throws {
    #expect(try read("POST", nil, "Action=A", type: type) == ["Action"])
  }

  @Test(arguments: [
    "", "text/plain", "application/json", "multipart/form-data; boundary=x", "application/x-amz-json-1.1",
    "application/x-www-form-urlencoded; charset=iso-8859-1",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded2", "x application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded, text/plain",
  ])
  func `a body of another type is refused, and an empty one has no type`(type: String) throws {
    #expect(throws: QueryFormError.contentTypeNotForm(type)) { try read("POST", nil, "Action=A", type: type) }
    #expect(try read("POST", "Action=A", "", type: type) == ["Action"])
  }

  @Test func `a body without a type is taken for a form`() throws {
    let parameters = try QueryParameters.read(
      method: "POST",
      query: nil,
      contentType: nil,
      body: Array("Action=A".utf8)
    )
    #expect(parameters["Action"] == "A")
  }
}
