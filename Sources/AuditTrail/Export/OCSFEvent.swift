// SPDX-License-Identifier: Apache-2.0
//
// A record as an event of the Open Cybersecurity Schema Framework, class API Activity, for tools that read nothing
// else. What the class has no place for stands under `unmapped`: nothing is lost.
// Source: OCSF 1.5.0, API Activity (6003); the OCSF project's own mapping of CloudTrail (ocsf/examples, AWS v1.5.0).

import IdentityModel
package import StrictJSON

/// Turns records into OCSF events.
package enum OCSFEvent {
  /// The version of the schema.
  package static let schemaVersion = "1.5.0"

  /// One event, UTF-8, on one line.
  ///
  /// - Parameter record: a record of ours, as JSON.
  /// - Throws: `AuditTrailError.malformedRecord` when it has no `eventTime`, `eventName`, `eventSource` or `eventID`.
  /// - Returns: the event.
  package static func json(of record: JSONValue) throws(AuditTrailError) -> [UInt8] {
    guard let record = record.object, let eventTime = record["eventTime"]?.string,
      let time = Instant(rfc3339: eventTime), let eventName = record["eventName"]?.string,
      let eventSource = record["eventSource"]?.string, let eventID = record["eventID"]?.string
    else { throw .malformedRecord }
    let activity = Activity(eventName, readOnly: record["readOnly"]?.bool)
    let errorCode = record["errorCode"]?.string

    var writer = JSONWriter(capacity: 2048, isOneLine: true)
    writer.object { writer in
      writer.member("activity_id", activity.id)
      writer.member("activity_name", activity.name)
      writer.name("actor")
      writer.value(actor(record["userIdentity"]?.object ?? JSONObject([])))
      writer.name("api")
      writer.value(api(record, eventName: eventName, eventSource: eventSource))
      writer.member("category_name", "Application Activity")
      writer.member("category_uid", 6)
      writer.member("class_name", "API Activity")
      writer.member("class_uid", 6003)
      writer.name("cloud")
      writer.value(
        object([
          ("account", object([("uid", record["recipientAccountId"])])), ("provider", .string("Exeat")),
          ("region", record["awsRegion"]),
        ]) ?? .null
      )
      writer.optional("http_request", object([("user_agent", record["userAgent"])]))
      writer.name("metadata")
      writer.value(
        object([
          ("event_code", record["eventType"]), ("log_version", record["eventVersion"]),
          ("original_time", .string(eventTime)),
          (
            "product",
            object([
              ("feature", object([("name", record["eventCategory"])])), ("name", .string("Exeat")),
              ("vendor_name", .string("Exeat")),
            ])
          ),
          ("profiles", .array([.string("cloud")])), ("uid", .string(eventID)),
          ("version", .string(schemaVersion)),
        ]) ?? .null
      )
      writer.member("severity", "Informational")
      writer.member("severity_id", 1)
      writer.name("src_endpoint")
      writer.value(source(record["sourceIPAddress"]?.string))
      writer.member("status", errorCode == nil ? "Success" : "Failure")
      if let errorCode { writer.member("status_code", errorCode) }
      writer.optional("status_detail", record["errorMessage"])
      writer.member("status_id", errorCode == nil ? 1 : 2)
      writer.member("time", time.milliseconds)
      writer.member("type_name", "API Activity: \(activity.caption)")
      writer.member("type_uid", 600_300 + activity.id)
      writer.optional("unmapped", unmapped(record))
    }
    return writer.bytes
  }

  // MARK: - Parts

  private static func actor(_ identity: JSONObject) -> JSONValue {
    let context = identity["sessionContext"]?.object
    let attributes = context?["attributes"]?.object
    let issuer = context?["sessionIssuer"]?.object
    let created = attributes?["creationDate"]?.string.flatMap { Instant(rfc3339: $0) }
    let type = identity["type"]?.string
    // 1 User, 2 Admin, 99 Other; `type` keeps CloudTrail's word.
    let typeID: Int64? = type.map {
      switch $0 {
      case "IAMUser": 1
      case "Root": 2
      case "Unknown": 0
      default: 99
      }
    }
    let session = object([
      ("created_time", created.map { .number(JSONNumber($0.milliseconds)) }),
      ("is_mfa", attributes?["mfaAuthenticated"]?.string.map { .bool($0.utf8.elementsEqual("true".utf8)) }),
      ("issuer", issuer?["arn"]),
    ])
    let provider = context?["webIdFederationData"]?.object?["federatedProvider"]
    return object([
      ("idp", object([("name", provider)])),
      ("session", session),
      (
        "user",
        object([
          ("account", object([("uid", identity["accountId"])])), ("credential_uid", identity["accessKeyId"]),
          ("name", identity["userName"]), ("type", identity["type"]),
          ("type_id", typeID.map { .number(JSONNumber($0)) }),
          ("uid", identity["arn"]), ("uid_alt", identity["principalId"]),
        ])
      ),
    ]) ?? .object(JSONObject([]))
  }

  private static func api(_ record: JSONObject, eventName: String, eventSource: String) -> JSONValue {
    object([
      ("operation", .string(eventName)),
      ("request", object([("data", record["requestParameters"]), ("uid", record["requestID"])])),
      (
        "response",
        object([
          ("data", record["responseElements"]), ("error", record["errorCode"]),
          ("error_message", record["errorMessage"]),
        ])
      ),
      ("service", object([("name", .string(eventSource))])),
    ]) ?? .null
  }

  // An address, or the name of a service that called.
  private static func source(_ text: String?) -> JSONValue {
    guard let text else { return .object(JSONObject([])) }
    let isAddress =
      text.utf8.contains(UInt8(ascii: ":"))
      || text.utf8.allSatisfy {
        ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: ".")
      }
    return .object(JSONObject([JSONObject.Member(isAddress ? "ip" : "domain", .string(text))]))
  }

  // What has no place above, under its own name.
  private static func unmapped(_ record: JSONObject) -> JSONValue? {
    var rest = record.members.filter { !mapped.contains($0.name) }
    if let context = record["userIdentity"]?.object?["sessionContext"] {
      let identity = object([("sessionContext", context)])
      if let identity { rest.append(JSONObject.Member("userIdentity", identity)) }
    }
    return rest.isEmpty ? nil : .object(JSONObject(rest))
  }

  private static let mapped: Set<String> = [
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "requestID", "eventID",
    "eventType", "recipientAccountId", "eventCategory",
  ]

  // An object of what is there; `nil` of nothing.
  private static func object(_ members: [(String, JSONValue?)]) -> JSONValue? {
    let present = members.compactMap { name, value -> JSONObject.Member? in
      guard let value, value != .null else { return nil }
      return JSONObject.Member(name, value)
    }
    return present.isEmpty ? nil : .object(JSONObject(present))
  }
}

extension OCSFEvent {
  // What a call does: a row of `activity_id` of API Activity.
  private struct Activity {
    let id: Int64
    let caption: String
    // The caption, and the action's own name where the schema has no row.
    let name: String

    init(_ eventName: String, readOnly: Bool?) {
      let verbs: [(id: Int64, caption: String, verbs: [String])] = [
        (1, "Create", ["Create", "Generate", "Upload", "Register"]),
        (4, "Delete", ["Delete", "Deregister"]),
        (
          3, "Update",
          [
            "Put", "Update", "Set", "Add", "Remove", "Attach", "Detach", "Tag", "Untag", "Enable", "Disable",
            "Change",
            "Start", "Stop", "Rotate",
          ]
        ),
      ]
      let row = verbs.first { $0.verbs.contains { eventName.utf8.starts(with: $0.utf8) } }
      if readOnly == true {
        (id, caption, name) = (2, "Read", "Read")
      } else if let row {
        (id, caption, name) = (row.id, row.caption, row.caption)
      } else {
        (id, caption, name) = (99, "Other", eventName)
      }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func optional(_ name: String, _ value: JSONValue?) {
    guard let value, value != .null else { return }
    self.name(name)
    self.value(value)
  }
}
