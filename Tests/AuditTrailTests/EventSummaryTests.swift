// SPDX-License-Identifier: Apache-2.0
//
// What an event history shows of a record, read from its JSON and, without the JSON, from the record itself: the same.

import AuditTrail
import IdentityModel
import StrictJSON
import Testing

@Suite struct EventSummaryTests {
  private func record(
    _ type: String = "IAMUser",
    principalID: String? = "AIDAEXAMPLE",
    userName: String? = nil,
    accessKeyID: String? = "AKIAEXAMPLE",
    source: String = "iam.amazonaws.com",
    name: String = "CreateRole",
    parameters: [JSONObject.Member]? = nil,
    readOnly: Bool = false,
    account: String? = "111122223333"
  ) -> AuditRecord {
    AuditRecord(
      eventTime: Instant(milliseconds: 1_800_000_000_789),
      userIdentity: AuditRecord.UserIdentity(
        type: type,
        principalID: principalID,
        arn: nil,
        accountID: account.flatMap { AccountID($0) },
        accessKeyID: accessKeyID,
        userName: userName
      ),
      eventSource: source,
      eventName: name,
      awsRegion: "us-east-1",
      sourceIPAddress: "192.0.2.7",
      userAgent: nil,
      requestParameters: parameters.map { .object(JSONObject($0)) },
      outcome: .succeeded(responseElements: nil),
      requestID: "11111111-2222-4333-8444-555555555555",
      eventID: "018f3c1a-7b2c-7d4e-8f5a-6b7c8d9e0f1a",
      readOnly: readOnly,
      recipientAccountID: account.flatMap { AccountID($0) },
      tlsVersion: nil,
      tlsCipherSuite: nil,
      clientProvidedHostHeader: nil
    )
  }

  @Test func `a record and its JSON have the same summary`() throws {
    let role = JSONObject.Member("roleName", .string("ci \u{e9} \"quoted\" \u{2028}"))
    let records = [
      record(userName: "alice"),
      record("Root", principalID: "111122223333", parameters: [role]),
      record("AssumedRole", principalID: "AROAEXAMPLE:build:7", parameters: [role]),
      record("FederatedUser", principalID: "111122223333:bob", readOnly: true),
      record("AssumedRole", principalID: "no colon"),
      record("Unknown", principalID: nil, accessKeyID: nil, account: nil),
      record("Operator", principalID: nil, accessKeyID: nil, source: "exeat", name: "CloseAccount"),
      record(
        source: "cloudtrail.amazonaws.com",
        parameters: [.init("name", .string("t")), .init("s3BucketName", .string("b")), .init("n", .null)]
      ),
      record(
        source: "organizations.amazonaws.com",
        parameters: [.init("accountId", .string("222233334444"))]
      ),
      record(
        source: "sts.amazonaws.com",
        parameters: [
          .init("audience", .array([.string("a"), .string("b")])), .init("roleName", .array([.string("x")])),
          .init("durationSeconds", .number(JSONNumber(300))), .init("deep", .object(JSONObject([role]))),
        ]
      ),
    ]
    for record in records {
      let direct = try #require(EventSummary(of: record))
      let read = try EventSummary(record.json)
      #expect(direct == read)
    }
  }

  @Test func `of a record that its JSON may hold only in part there is no summary without it`() {
    let long = String(repeating: "x", count: 257)
    #expect(EventSummary(of: record(name: long)) == nil)
    #expect(EventSummary(of: record(accessKeyID: long)) == nil)
    let value = JSONObject.Member("roleName", .string(String(repeating: "x", count: 1100)))
    #expect(EventSummary(of: record(parameters: [value])) == nil)
    #expect(EventSummary(of: record(parameters: [.init("a", .array([.object(JSONObject([value]))]))])) == nil)
  }
}
