// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import IdentityModel
import StrictJSON
import Testing

struct AuditRecordTests {
  private static func record(
    _ parameters: Int,
    response: Int = 0,
    additional: Int = 0,
    text: String = "x",
    agent: String = "agent"
  ) -> AuditRecord {
    func part(_ count: Int) -> JSONValue {
      .object(JSONObject([JSONObject.Member("p", .string(String(repeating: text, count: count)))]))
    }
    return AuditRecord(
      eventTime: Instant(seconds: 1_792_569_600),
      userIdentity: .init(
        type: "IAMUser",
        principalID: "AIDAX",
        arn: "arn:aws:iam::111122223333:user/u",
        accountID: AccountID("111122223333"),
        accessKeyID: agent,
        userName: "u"
      ),
      eventSource: "iam.amazonaws.com",
      eventName: agent,
      awsRegion: "us-east-1",
      sourceIPAddress: "192.0.2.7",
      userAgent: agent,
      requestParameters: part(parameters),
      outcome: response > 0
        ? .succeeded(responseElements: part(response)) : .failed(code: agent, message: agent),
      requestID: "r",
      eventID: "e",
      readOnly: false,
      recipientAccountID: AccountID("111122223333"),
      tlsVersion: "TLSv1.3",
      tlsCipherSuite: nil,
      clientProvidedHostHeader: agent,
      additionalEventData: additional > 0 ? part(additional) : nil
    )
  }

  private static func object(_ record: AuditRecord) throws -> JSONObject {
    try #require(try JSONReader.read(record.json).object)
  }

  private static let omitted = JSONValue.object(JSONObject([JSONObject.Member("omitted", .bool(true))]))

  @Test func `a record that fits an entry is whole`() throws {
    let whole = Self.record(64_000)
    #expect(try Self.object(whole)["requestParameters"] != Self.omitted)
    #expect(try EntryBundle.bytes(of: [whole.json]).count == whole.json.count + 2)
  }

  @Test(arguments: [(66_000, 0), (200_000, 0), (40_000, 40_000), (1000, 66_000), (200_000, 200_000)])
  func `a record that does not fit leaves out what is large`(parameters: Int, response: Int) throws {
    let record = Self.record(parameters, response: response)
    #expect(record.json.count <= EntryBundle.maximumEntryBytes)
    let object = try Self.object(record)
    #expect((object["requestParameters"] == Self.omitted) == (parameters > 16_384))
    if response > 0 { #expect(object["responseElements"] == Self.omitted) }
  }

  @Test(arguments: ["x", "\u{7F}", "\u{200B}", "\u{E0041}", "\u{1}"])
  func `the worst that a stranger can write fits an entry`(text: String) {
    let agent = String(repeating: text, count: 70_000)
    for count in [0, 2000, 20_000, 70_000] {
      for other in [0, 2600, 16_000] {
        let record = Self.record(count, response: other, additional: other, text: text, agent: agent)
        #expect(record.json.count <= EntryBundle.maximumEntryBytes, "\(record.json.count)")
      }
    }
  }

  @Test func `long texts of a stranger are cut`() throws {
    let object = try Self.object(Self.record(0, agent: String(repeating: "é", count: 2000)))
    for name in ["userAgent", "errorCode", "errorMessage"] {
      #expect(object[name]?.string?.utf8.count == 1024)
    }
    #expect(object["eventName"]?.string?.utf8.count == 256)
    #expect(object["userIdentity"]?.object?["accessKeyId"]?.string?.utf8.count == 128)
  }
}
