// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Testing

struct LoggedRecordTests {
  private static let whole = #"""
    {"eventID":"e-1","eventTime":"2026-04-21T07:37:10Z","eventName":"GetWebIdentityToken","eventSource":"sts.amazonaws.com","responseElements":{"webIdentityTokenId":"t-1"},"additionalEventData":{"tokenPayloadSha256":"ab"}}
    """#

  @Test func `a record is found by its own id and by its token's`() throws {
    let record = try LoggedRecord(Array(Self.whole.utf8))
    #expect(record.tokenID == "t-1" && record.tokenPayloadSha256 == "ab" && record.eventID == "e-1")
    #expect(record.isCalled("e-1") && record.isCalled("t-1"))
    #expect(!record.isCalled("") && !record.isCalled("e-2"))
    let without = Self.whole.replacing(#"{"webIdentityTokenId":"t-1"}"#, with: "null")
    #expect(try !LoggedRecord(Array(without.utf8)).isCalled("t-1"))
  }

  @Test(arguments: [
    ("{", "{{"), ("e-1\"", "e-1\",\"eventID\":\"e-2\""), (#""eventID""#, #""eventId""#), ("07:37", "27:37"),
    (#""eventTime""#, #""time""#), (#""eventName""#, #""name""#), (#""eventSource""#, #""source""#),
    ("{\"eventID", "{\n\"eventID"),
    ("\"e-1\"", "1"),
  ])
  func `what is not one line of strict JSON, or lacks what each record has, is no record`(
    part: String,
    replacement: String
  ) throws {
    let text = Self.whole.replacing(part, with: replacement, maxReplacements: 1)
    #expect(throws: AuditTrailError.malformedRecord) { try LoggedRecord(Array(text.utf8)) }
  }
}
