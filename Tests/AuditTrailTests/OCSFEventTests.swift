// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Foundation
import StrictJSON
import Testing

struct OCSFEventTests {
  private static let record = #"""
    {"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAX:ci","arn":"arn:aws:sts::111122223333:assumed-role/ci/ci","accountId":"111122223333","accessKeyId":"ASIAX","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAX","arn":"arn:aws:iam::111122223333:role/ci","accountId":"111122223333","userName":"ci"},"webIdFederationData":{"federatedProvider":"https://git.example","attributes":{}},"attributes":{"creationDate":"2026-10-21T07:59:00Z","mfaAuthenticated":"false"},"sourceIdentity":"alice"}},"eventTime":"2026-10-21T08:00:00Z","eventSource":"sts.amazonaws.com","eventName":"GetWebIdentityToken","awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2","requestParameters":{"audience":["a"]},"responseElements":{"webIdentityTokenId":"j"},"requestID":"r-1","eventID":"e-1","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3"}}
    """#

  private static func event(_ record: String) throws -> JSONObject {
    let json = try OCSFEvent.json(of: JSONReader.read(Array(record.utf8)))
    #expect(!json.contains(UInt8(ascii: "\n")))
    return try #require(try JSONReader.read(json).object)
  }

  @Test func `a call becomes an API Activity with everything in its place`() throws {
    let expected = #"""
      {"activity_id":99,"activity_name":"GetWebIdentityToken","actor":{"idp":{"name":"https://git.example"},"session":{"created_time":1792569540000,"is_mfa":false,"issuer":"arn:aws:iam::111122223333:role/ci"},"user":{"account":{"uid":"111122223333"},"credential_uid":"ASIAX","type":"AssumedRole","type_id":99,"uid":"arn:aws:sts::111122223333:assumed-role/ci/ci","uid_alt":"AROAX:ci"}},"api":{"operation":"GetWebIdentityToken","request":{"data":{"audience":["a"]},"uid":"r-1"},"response":{"data":{"webIdentityTokenId":"j"}},"service":{"name":"sts.amazonaws.com"}},"category_name":"Application Activity","category_uid":6,"class_name":"API Activity","class_uid":6003,"cloud":{"account":{"uid":"111122223333"},"provider":"Exeat","region":"eu-central-1"},"http_request":{"user_agent":"aws-cli/2"},"metadata":{"event_code":"AwsApiCall","log_version":"1.11","original_time":"2026-10-21T08:00:00Z","product":{"feature":{"name":"Management"},"name":"Exeat","vendor_name":"Exeat"},"profiles":["cloud"],"uid":"e-1","version":"1.5.0"},"severity":"Informational","severity_id":1,"src_endpoint":{"ip":"192.0.2.7"},"status":"Success","status_id":1,"time":1792569600000,"type_name":"API Activity: Other","type_uid":600399,"unmapped":{"readOnly":false,"managementEvent":true,"tlsDetails":{"tlsVersion":"TLSv1.3"},"userIdentity":{"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAX","arn":"arn:aws:iam::111122223333:role/ci","accountId":"111122223333","userName":"ci"},"webIdFederationData":{"federatedProvider":"https://git.example","attributes":{}},"attributes":{"creationDate":"2026-10-21T07:59:00Z","mfaAuthenticated":"false"},"sourceIdentity":"alice"}}}}
      """#
    let json = try OCSFEvent.json(of: JSONReader.read(Array(Self.record.utf8)))
    #expect(String(decoding: json, as: UTF8.self) == expected)
  }

  @Test func `a refusal is a failure with its code and message`() throws {
    let refused = Self.record.replacing(
      #""requestParameters":"#,
      with: #""errorCode":"AccessDenied","errorMessage":"no","requestParameters":"#
    ).replacing(#"{"webIdentityTokenId":"j"}"#, with: "null")
    let event = try Self.event(refused)
    #expect(event["status"]?.string == "Failure")
    #expect(event["status_id"]?.int64 == 2)
    #expect(event["status_code"]?.string == "AccessDenied")
    #expect(event["status_detail"]?.string == "no")
    let response = event["api"]?.object?["response"]?.object
    #expect(response?.members.map(\.name) == ["error", "error_message"])
  }

  @Test(
    arguments: [
      ("CreateUser", false, 1, "Create"), ("UpdateUser", false, 3, "Update"), ("TagUser", false, 3, "Update"),
      ("DeleteUser", false, 4, "Delete"), ("GetUser", true, 2, "Read"), ("LookupEvents", true, 2, "Read"),
      ("EnableOutboundWebIdentityFederation", false, 3, "Update"), ("AssumeRole", false, 99, "AssumeRole"),
    ] as [(String, Bool, Int64, String)]
  )
  func `the activity follows from the action`(name: String, readOnly: Bool, id: Int64, caption: String) throws
  {
    let event = try Self.event(
      Self.record.replacing("GetWebIdentityToken", with: name)
        .replacing(#""readOnly":false"#, with: #""readOnly":\#(readOnly)"#)
    )
    #expect(event["activity_id"]?.int64 == id)
    #expect(event["activity_name"]?.string == caption)
    #expect(event["type_uid"]?.int64 == 600_300 + id)
  }

  @Test(arguments: [("IAMUser", 1), ("Root", 2), ("Unknown", 0), ("FederatedUser", 99)] as [(String, Int64)])
  func `the kind of caller is named`(type: String, id: Int64) throws {
    let event = try Self.event(Self.record.replacing(#""type":"AssumedRole""#, with: #""type":"\#(type)""#))
    #expect(event["actor"]?.object?["user"]?.object?["type_id"]?.int64 == id)
  }

  @Test(arguments: [("2001:db8::1", "ip"), ("192.0.2.7", "ip"), ("cloudtrail.amazonaws.com", "domain")])
  func `the caller's address is an address or a name`(text: String, member: String) throws {
    let event = try Self.event(Self.record.replacing("192.0.2.7", with: text))
    #expect(event["src_endpoint"]?.object?[member]?.string == text)
  }

  @Test func `no word of a record is lost`() throws {
    func words(_ value: JSONValue) -> [String] {
      switch value {
      case .string(let text): [text]
      case .array(let elements): elements.flatMap(words)
      case .object(let object): object.members.flatMap { words($0.value) }
      default: []
      }
    }
    let record = try JSONReader.read(Array(Self.record.utf8))
    let event = Set(words(.object(try Self.event(Self.record))))
    for word in words(record) { #expect(event.contains(word), "\(word)") }
  }

  @Test(arguments: ["eventTime", "eventName", "eventSource", "eventID"])
  func `what is no record is refused`(member: String) throws {
    let without = Self.record.replacing("\"\(member)\"", with: "\"x\"")
    #expect(throws: AuditTrailError.malformedRecord) {
      try OCSFEvent.json(of: JSONReader.read(Array(without.utf8)))
    }
    #expect(throws: AuditTrailError.malformedRecord) { try OCSFEvent.json(of: .null) }
  }
}
