// SPDX-License-Identifier: Apache-2.0

import AWSProtocols
import IdentityModel
import StrictJSON
import Testing

struct AWSJSONRequestTests {
  private static let prefix = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"

  private static func read(
    _ body: String = "{}",
    method: String = "POST",
    query: Substring? = nil,
    target: String? = prefix + ".LookupEvents",
    contentType: String? = "application/x-amz-json-1.1"
  ) throws(AWSJSONRequestError) -> AWSJSONRequest {
    try AWSJSONRequest(
      method: method,
      query: query,
      target: target,
      targetPrefix: prefix,
      contentType: contentType,
      body: Array(body.utf8)
    )
  }

  // What the client reads of a refusal.
  private static func refusal(_ read: () throws(AWSJSONRequestError) -> AWSJSONRequest) -> ServiceError? {
    do {
      _ = try read()
      return nil
    } catch {
      return ServiceError(error)
    }
  }

  @Test func `the target names the action and the body the parameters`() throws {
    let request = try Self.read(#"{"MaxResults":5,"NextToken":null}"#)
    #expect(request.action == "LookupEvents")
    #expect(request.parameters.members.map(\.name) == ["MaxResults", "NextToken"])
    #expect(try Self.read("").parameters.members.isEmpty)
    #expect(try Self.read(query: "").parameters.members.isEmpty)
  }

  @Test(
    arguments: [
      "application/x-amz-json-1.1", "Application/X-Amz-JSON-1.1", "application/x-amz-json-1.1; charset=utf-8",
      "application/x-amz-json-1.1;charset=\"UTF-8\"",
    ]
  )
  func `the content type is AWS JSON 1.1 in UTF-8`(contentType: String) throws {
    _ = try Self.read(contentType: contentType)
  }

  @Test(
    arguments: [
      nil, "", "application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.10",
      "application/x-amz-json-1.1; charset=utf-16", "text/plain", "application/x-www-form-urlencoded",
    ]
  )
  func `any other content type leads to no operation`(contentType: String?) {
    let refusal = Self.refusal { () throws(AWSJSONRequestError) in try Self.read(contentType: contentType) }
    #expect(refusal == ServiceError(code: "UnknownOperationException", httpStatus: 400, message: nil))
  }

  @Test(
    arguments: [
      nil, "", ".", "LookupEvents", ".LookupEvents", prefix, prefix + ".", prefix + ".Lookup Events",
      prefix + ".Lookup/Events", prefix + ".Looküp", "x." + prefix + ".LookupEvents",
      "AWSOrganizationsV20161128.X",
      prefix.uppercased() + ".LookupEvents", prefix + ".LookupEvents, " + prefix + ".StopLogging",
      prefix + "." + String(repeating: "a", count: 129),
    ]
  )
  func `a target of no operation is refused`(target: String?) {
    let refusal = Self.refusal { () throws(AWSJSONRequestError) in try Self.read(target: target) }
    #expect(refusal?.code == "UnknownOperationException")
    #expect(throws: AWSJSONRequestError.self) {
      try AWSJSONRequest.action(of: target, targetPrefix: Self.prefix)
    }
  }

  @Test func `another service's target is told apart from none`() {
    #expect(throws: AWSJSONRequestError.foreignTarget("AWSOrganizationsV20161128.X")) {
      try AWSJSONRequest.action(of: "AWSOrganizationsV20161128.X", targetPrefix: Self.prefix)
    }
    #expect(throws: AWSJSONRequestError.malformedTarget) {
      try AWSJSONRequest.action(of: nil, targetPrefix: Self.prefix)
    }
  }

  @Test func `a method or a query that no one would read is refused`() {
    #expect(throws: AWSJSONRequestError.methodNotAllowed("GET")) { try Self.read(method: "GET") }
    #expect(throws: AWSJSONRequestError.queryNotAllowed) { try Self.read(query: "Action=StopLogging") }
    #expect(ServiceError(AWSJSONRequestError.methodNotAllowed("GET")).code == "UnknownOperationException")
    #expect(ServiceError(AWSJSONRequestError.queryNotAllowed).code == "UnknownOperationException")
  }

  @Test(
    arguments: [
      ("{", "the body is not JSON"), (#"{"a":1,}"#, "the body is not JSON"),
      (#"{"a":"\x"}"#, "the body is not JSON"),
      ("{} {}", "the body is not JSON"), (" ", "the body is not JSON"),
      (#"{"a":1,"\u0061":2}"#, "a name stands twice in an object"),
      ("\u{FEFF}{}", "the body is not UTF-8 without a byte order mark"),
      ("[]", "the body is not a JSON object"), ("null", "the body is not a JSON object"),
      ("\"a\"", "the body is not a JSON object"),
      (#"{"a":"# + String(repeating: "[", count: 16), "the body is nested deeper than 16 levels"),
      (
        #"{"a":""# + String(repeating: "a", count: 64 * 1024) + "\"}", "the body is longer than 65536 bytes"
      ),
    ]
  )
  func `a body that cannot be read is a serialization error`(body: String, message: String) {
    let refusal = Self.refusal { () throws(AWSJSONRequestError) in try Self.read(body) }
    #expect(refusal == ServiceError(code: "SerializationException", httpStatus: 400, message: message))
  }

  @Test func `bytes that are no text are a serialization error`() {
    #expect(throws: AWSJSONRequestError.malformedBody(.notUTF8)) {
      try AWSJSONRequest(
        method: "POST",
        query: nil,
        target: Self.prefix + ".X",
        targetPrefix: Self.prefix,
        contentType: "application/x-amz-json-1.1",
        body: [0x7B, 0xFF, 0x7D]
      )
    }
  }
}
