// SPDX-License-Identifier: Apache-2.0
//
// AWS CloudTrail API, LookupEvents: the account's own event history, newest first. The record of this call is part of it
// from the next call on.

package import AWSProtocols
import AuditTrail
package import IdentityModel
package import StrictJSON

/// `cloudtrail:LookupEvents`.
package struct LookupEvents: Action {
  package static let service = ServiceName.cloudtrail
  package static let name = "LookupEvents"
  package static let isReadOnly = true

  private let attribute: (key: LookupAttribute, value: String)?
  private let start: Instant?
  private let end: Instant?
  private let wantsInsights: Bool
  private let maxResults: Int
  private let after: EventPosition?

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let attributes = parameters.structureList(
      "LookupAttributes",
      count: 0...50,
      type: "LookupAttribute",
      members: ["AttributeKey", "AttributeValue"]
    ) { attribute in
      (
        attribute.requiredChoice("AttributeKey", of: LookupAttribute.allCases.map(\.rawValue)),
        attribute.requiredString("AttributeValue", length: 1...2000)
      )
    }
    start = parameters.optionalTimestamp("StartTime")
    end = parameters.optionalTimestamp("EndTime")
    wantsInsights = parameters.optionalChoice("EventCategory", of: ["insight"]) != nil
    maxResults = parameters.optionalInteger("MaxResults", 1...50) ?? 50
    let token = parameters.optionalString("NextToken", length: 0...2048)
    try parameters.check()
    guard attributes.count <= 1 else {
      throw .cloudTrail("InvalidLookupAttributes", "Only one lookup attribute can be specified.")
    }
    attribute = attributes.first.flatMap { name, value in
      LookupAttribute(rawValue: name).map { ($0, value) }
    }
    if let start, let end, start > end {
      throw .cloudTrail("InvalidTimeRange", "The start time is after the end time.")
    }
    after = try token.map { token throws(ServiceError) in try EventPosition(nextToken: token) }
  }

  package var requestParameters: JSONValue? {
    var members: [JSONObject.Member] = []
    if let attribute {
      let object = JSONObject([
        .init("attributeKey", .string(attribute.key.rawValue)),
        .init("attributeValue", .string(attribute.value)),
      ])
      members.append(.init("lookupAttributes", .array([.object(object)])))
    }
    members += JSONObject.Member.ifPresent("startTime", start?.rfc3339)
    members += JSONObject.Member.ifPresent("endTime", end?.rfc3339)
    members.append(.init("maxResults", .integer(maxResults)))
    return .object(JSONObject(members))
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    // Insights are computed nowhere here.
    guard !wantsInsights else { return Proposal(result: ResponseStructure(["Events": .list([])])) }
    let query = EventQuery(
      account: call.account,
      attribute: attribute?.key,
      value: attribute?.value ?? "",
      start: start,
      // A second has a thousand milliseconds, and whoever names a second means all of it.
      end: end.map { $0.milliseconds % 1000 == 0 ? Instant(milliseconds: $0.milliseconds + 999) : $0 },
      after: after,
      limit: maxResults + 1
    )
    let found: [HistoricalEvent]
    do {
      found = try await house.trails.history.events(query)
    } catch {
      throw house.diagnostics.serviceError("look up events", error)
    }
    let page = found.prefix(maxResults)
    return Proposal(
      result: ResponseStructure([
        "Events": .list(page.map { .structure($0.response) }),
        "NextToken": found.count > maxResults ? page.last.map { .string($0.position.nextToken) } : nil,
      ])
    )
  }
}

extension HistoricalEvent {
  fileprivate var response: ResponseStructure {
    ResponseStructure([
      "EventId": .string(summary.eventID),
      "EventName": .string(summary.eventName),
      "ReadOnly": .string(summary.readOnly),
      "AccessKeyId": summary.accessKeyID.map { .string($0) },
      "EventTime": .timestamp(summary.eventTime, milliseconds: false),
      "EventSource": .string(summary.eventSource),
      "Username": summary.username.map { .string($0) },
      "Resources": .list(
        summary.resources.map { resource in
          .structure(
            ResponseStructure([
              "ResourceType": .string(resource.type), "ResourceName": .string(resource.name),
            ])
          )
        }
      ),
      "CloudTrailEvent": .string(String(decoding: json, as: UTF8.self)),
    ])
  }
}

extension EventPosition {
  /// `milliseconds.sequence`: it says where to go on, and opens nothing.
  fileprivate var nextToken: String { "\(eventTime.milliseconds).\(sequence)" }

  fileprivate init(nextToken: String) throws(ServiceError) {
    let parts = nextToken.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 2, let time = Int64(Substring(parts[0])), let sequence = Int64(Substring(parts[1]))
    else { throw .cloudTrail("InvalidNextToken", "The next token is not one of this server's.") }
    self.init(eventTime: Instant(milliseconds: time), sequence: sequence)
  }
}
