// SPDX-License-Identifier: Apache-2.0
//
// The event history: every attribute, times, pages, and nobody else's events.

import Federation
import IdentityModel
import StrictJSON
import Testing

@Suite struct LookupEventsTests {
  private func lookUp(_ server: TestServer, _ body: String = "{}", as keys: Keys = .root) async throws
    -> [JSONObject]
  {
    let answer = await server.call(.cloudtrail, "LookupEvents", json: body, as: keys)
    #expect(answer.status == 200, "\(answer.text)")
    let value = try JSONReader.read(Array(answer.text.utf8), maximumBytes: 1 << 22, maximumDepth: 16)
    return try #require(value.object?["Events"]?.array).compactMap(\.object)
  }

  private func names(_ events: [JSONObject]) -> [String] { events.compactMap { $0["EventName"]?.string } }

  @Test func `a token's event is found at once, whole and by each attribute`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("CreateUser", ["UserName": "alice"]).status == 200)
      #expect(await server.token().status == 200)
      let events = try await lookUp(
        server,
        #"{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"GetWebIdentityToken"}]}"#
      )
      let event = try #require(events.first)
      #expect(events.count == 1)
      #expect(event["Username"]?.string == "root")
      #expect(event["ReadOnly"]?.string == "false")
      #expect(event["EventTime"]?.int64 == 1_800_000_000)
      let record = try await server.records().first { $0.contains("GetWebIdentityToken") }
      #expect(event["CloudTrailEvent"]?.string == record)
      for (key, value, name) in [
        ("EventId", event["EventId"]?.string ?? "", "GetWebIdentityToken"),
        ("ResourceName", "alice", "CreateUser"), ("ResourceType", "AWS::IAM::User", "CreateUser"),
        ("EventSource", "iam.amazonaws.com", "CreateUser"),
      ] {
        let attribute = #"{"AttributeKey":"\#(key)","AttributeValue":"\#(value)"}"#
        let found = try await lookUp(server, #"{"LookupAttributes":[\#(attribute)]}"#)
        #expect(names(found).first == name, "\(key)")
      }
      for (key, value) in [("AccessKeyId", Keys.root.id), ("Username", "root"), ("ReadOnly", "false")] {
        let attribute = #"{"AttributeKey":"\#(key)","AttributeValue":"\#(value)"}"#
        let found = try await lookUp(server, #"{"LookupAttributes":[\#(attribute)]}"#)
        #expect(names(found).contains("GetWebIdentityToken"), "\(key)")
      }
      let nothing = #"{"AttributeKey":"Username","AttributeValue":"ROOT"}"#
      #expect(try await lookUp(server, #"{"LookupAttributes":[\#(nothing)]}"#).isEmpty)
    }
  }

  @Test func `pages follow one another, newest first, and hold each event once`() async throws {
    try await TestServer.run { server in
      for number in 0..<7 {
        #expect(await server.token(audience: "a\(number)").status == 200)
        if number % 3 == 0 { server.clock.advance(seconds: 1) }
      }
      let attribute =
        #""LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"GetWebIdentityToken"}]"#
      var ids: [String] = []
      var token = ""
      repeat {
        let answer = await server.call(
          .cloudtrail,
          "LookupEvents",
          json: "{\(attribute),\"MaxResults\":2\(token)}"
        )
        let object = try JSONReader.read(Array(answer.text.utf8), maximumBytes: 1 << 22, maximumDepth: 16)
          .object
        ids += try #require(object?["Events"]?.array).compactMap { $0.object?["EventId"]?.string }
        token = object?["NextToken"]?.string.map { #","NextToken":"\#($0)""# } ?? ""
      } while !token.isEmpty
      let written = try await server.records().filter {
        $0.contains(#""eventName":"GetWebIdentityToken""#)
      }
      #expect(ids.count == 7)
      #expect(zip(ids, written.reversed()).allSatisfy { id, record in record.contains(id) })
    }
  }

  @Test func `times include their ends`() async throws {
    try await TestServer.run { server in
      for _ in 0..<3 {
        #expect(await server.token().status == 200)
        server.clock.advance(seconds: 10)
      }
      for (range, count) in [
        (#""StartTime":1800000010,"EndTime":1800000010"#, 1),
        (#""StartTime":1800000001,"EndTime":1800000009"#, 0),
        (#""StartTime":1800000010"#, 2), (#""EndTime":1800000010"#, 2), ("", 3),
      ] {
        let events = try await lookUp(server, "{\(range)}")
        #expect(names(events).count { $0 == "GetWebIdentityToken" } == count, "\(range)")
      }
    }
  }

  @Test func `nobody sees another account's events, not by their ids either`() async throws {
    try await TestServer.run { server in
      #expect(await server.token().status == 200)
      let id = try #require(try await lookUp(server).last?["EventId"]?.string)
      let stranger = Keys(id: "AKIAOTHEROTHEROTHERO", secret: "other-secret")
      let other = try #require(AccountID("210987654321"))
      try await server.addAccount(other, stranger, enablesFederation: false)
      let attribute = #"{"AttributeKey":"EventId","AttributeValue":"\#(id)"}"#
      #expect(try await lookUp(server, #"{"LookupAttributes":[\#(attribute)]}"#).count == 1)
      #expect(try await lookUp(server, #"{"LookupAttributes":[\#(attribute)]}"#, as: stranger).isEmpty)
      let theirs = try await lookUp(server, as: stranger)
      #expect(theirs.allSatisfy { $0["CloudTrailEvent"]?.string?.contains("210987654321") == true })
      #expect(!theirs.isEmpty)
    }
  }

  @Test(arguments: [
    (
      #"{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"a"},{"AttributeKey":"EventId","AttributeValue":"b"}]}"#,
      "InvalidLookupAttributesException"
    ),
    (#"{"LookupAttributes":[{"AttributeKey":"Nothing","AttributeValue":"a"}]}"#, "ValidationException"),
    (#"{"StartTime":2,"EndTime":1}"#, "InvalidTimeRangeException"),
    (#"{"MaxResults":51}"#, "ValidationException"),
    (#"{"NextToken":"elsewhere"}"#, "InvalidNextTokenException"),
    (#"{"StartTime":"yesterday"}"#, "SerializationException"),
  ])
  func `a question that makes no sense is refused`(_ body: String, _ code: String) async throws {
    try await TestServer.run { server in
      let answer = await server.call(.cloudtrail, "LookupEvents", json: body)
      #expect(answer.status == 400)
      #expect(answer.member("__type") == code)
    }
  }

  @Test func `whoever may not look up sees nothing`() async throws {
    try await TestServer.run { server in
      let keys = try await server.user("curious")
      let answer = await server.call(.cloudtrail, "LookupEvents", json: "{}", as: keys)
      #expect(answer.member("__type") == "AccessDeniedException")
    }
  }
}
