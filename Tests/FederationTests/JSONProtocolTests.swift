// SPDX-License-Identifier: Apache-2.0
//
// Two protocols at one origin: the scope of the signature says which service is called, and nothing else does.

import Federation
import IdentityModel
import StrictJSON
import Testing

@Suite struct JSONProtocolTests {
  private let json = "application/x-amz-json-1.1"
  private let prefix = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"

  @Test func `a target of one service under the scope of another is refused`() async throws {
    try await TestServer.run { server in
      let form = [HTTPField("Content-Type", json), HTTPField("X-Amz-Target", "\(prefix).ListTrails")]
      let answer = await server.send(Array("{}".utf8), to: .iam, form: form)
      #expect(answer.status == 400)
      #expect(answer.code == "MalformedInput")
    }
  }

  @Test func `a form under the scope of a service of AWS JSON is refused`() async throws {
    try await TestServer.run { server in
      let answer = await server.send(Array("Action=ListUsers&Version=2010-05-08".utf8), to: .cloudtrail)
      #expect(answer.status == 400)
      #expect(answer.text == #"{"__type":"UnknownOperationException"}"#)
    }
  }

  @Test(arguments: ["", "ListTrails", "com.amazonaws.x.ListTrails", ".ListTrails"])
  func `a target that leads nowhere is refused`(_ target: String) async throws {
    try await TestServer.run { server in
      let form = [HTTPField("Content-Type", json), HTTPField("X-Amz-Target", target)]
      let answer = await server.send(Array("{}".utf8), to: .cloudtrail, form: form)
      #expect(answer.status == 400)
      #expect(answer.text == #"{"__type":"UnknownOperationException"}"#)
    }
  }

  @Test func `two targets are refused`() async throws {
    try await TestServer.run { server in
      let form = [
        HTTPField("Content-Type", json), HTTPField("X-Amz-Target", "\(prefix).ListTrails"),
        HTTPField("X-Amz-Target", "\(prefix).DeleteTrail"),
      ]
      #expect(await server.send(Array("{}".utf8), to: .cloudtrail, form: form).status != 200)
    }
  }

  @Test func `a target that is not signed is refused`() async throws {
    try await TestServer.run { server in
      let answer = await server.send(
        Array("{}".utf8),
        to: .cloudtrail,
        headers: [HTTPField("X-Amz-Target", "\(prefix).ListTrails")],
        form: [HTTPField("Content-Type", json)]
      )
      #expect(answer.status == 400)
      #expect(answer.member("__type") == "InvalidSignatureException")
    }
  }

  @Test func `a service of AWS JSON names the common errors in its own way`() async throws {
    try await TestServer.run { server in
      let wrong = Keys(id: Keys.root.id, secret: "wrong")
      let unknown = Keys(id: "AKIANOBODYNOBODYNOBO", secret: "x")
      for (keys, code) in [(wrong, "InvalidSignatureException"), (unknown, "UnrecognizedClientException")] {
        let answer = await server.call(.cloudtrail, "ListTrails", json: "{}", as: keys)
        #expect(answer.status == 400)
        #expect(answer.member("__type") == code)
      }
      let keys = try await server.user("nobody")
      let denied = await server.call(.cloudtrail, "ListTrails", json: "{}", as: keys)
      #expect(denied.member("__type") == "AccessDeniedException")
      #expect(
        denied.member("message")?.contains("is not authorized to perform: cloudtrail:ListTrails") == true
      )
      #expect(try await server.records().last?.contains("AccessDeniedException") == true)
      server.sink.setBroken(true)
      let unavailable = await server.call(.cloudtrail, "ListTrails", json: "{}")
      #expect(unavailable.status == 503)
      #expect(unavailable.member("__type") == "ServiceUnavailableException")
    }
  }
}
