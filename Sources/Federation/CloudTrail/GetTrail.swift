// SPDX-License-Identifier: Apache-2.0
//
// AWS CloudTrail API, GetTrail, DescribeTrails, ListTrails, GetEventSelectors, GetInsightSelectors: what trails there
// are, and what is in them: every management event.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// An action that reads one trail.
package protocol TrailReading: TrailChange {}

extension TrailReading {
  package static var isReadOnly: Bool { true }
}

/// `cloudtrail:GetTrail`.
package struct GetTrail: TrailReading {
  package static let name = "GetTrail"

  package let trail: TrailNameParameter

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    trail = try TrailNameParameter(&parameters)
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let record = try call.subject.existing(for: call.account).record
    return Proposal(result: ResponseStructure(["Trail": .structure(record.description)]))
  }
}

/// `cloudtrail:DescribeTrails`: those that are asked for and there are, or all.
package struct DescribeTrails: Action {
  package static let service = ServiceName.cloudtrail
  package static let name = "DescribeTrails"
  package static let isReadOnly = true

  private let names: [TrailName]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let texts = parameters.optionalStringList("trailNameList", count: 0...100, memberLength: 0...2048) ?? []
    // Trails of other regions and accounts have no shadows here.
    _ = parameters.optionalBoolean("includeShadowTrails")
    try parameters.check()
    var names: [TrailName] = []
    for text in texts { names.append(try TrailName(text)) }
    self.names = names
  }

  package var requestParameters: JSONValue? {
    names.isEmpty ? nil : .object(JSONObject([.init("trailNameList", .strings(names.map(\.text)))]))
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let found = try await house.trails(of: call.account).filter { trail in
      names.isEmpty
        || names.contains { name in
          name.name.utf8.elementsEqual(trail.name.utf8)
            && (name.arn == nil || name.text.utf8.elementsEqual(trail.arn.description.utf8))
        }
    }
    return Proposal(
      result: ResponseStructure(["trailList": .list(found.map { .structure($0.description) })])
    )
  }
}

/// `cloudtrail:ListTrails`.
package struct ListTrails: Action {
  package static let service = ServiceName.cloudtrail
  package static let name = "ListTrails"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {
    // Five trails are one page.
    _ = parameters.optionalString("NextToken", length: 0...2048)
  }

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let trails = try await house.trails(of: call.account).map { trail in
      ResponseValue.structure(
        ResponseStructure([
          "TrailARN": .string(trail.arn.description), "Name": .string(trail.name),
          "HomeRegion": .string(trail.homeRegion),
        ])
      )
    }
    return Proposal(result: ResponseStructure(["Trails": .list(trails)]))
  }
}

/// `cloudtrail:GetEventSelectors`: every management event, and nothing else.
package struct GetEventSelectors: TrailReading {
  package static let name = "GetEventSelectors"

  package let trail: TrailNameParameter

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    trail = try TrailNameParameter(&parameters, "TrailName")
  }

  package var requestParameters: JSONValue? { .strings(["trailName": trail.value.text]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let record = try call.subject.existing(for: call.account).record
    let selector = ResponseStructure([
      "ReadWriteType": .string("All"), "IncludeManagementEvents": .boolean(true), "DataResources": .list([]),
      "ExcludeManagementEventSources": .list([]),
    ])
    return Proposal(
      result: ResponseStructure([
        "TrailARN": .string(record.arn.description), "EventSelectors": .list([.structure(selector)]),
      ])
    )
  }
}

/// `cloudtrail:GetInsightSelectors`: there are none, which CloudTrail says with an error.
package struct GetInsightSelectors: TrailReading {
  package static let name = "GetInsightSelectors"

  package let trail: TrailNameParameter

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    trail = try TrailNameParameter(&parameters, "TrailName")
  }

  package var requestParameters: JSONValue? { .strings(["trailName": trail.value.text]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let record = try call.subject.existing(for: call.account).record
    throw .cloudTrail("InsightNotEnabled", "Trail \(record.name) does not have Insight Selectors configured")
  }
}
