// SPDX-License-Identifier: Apache-2.0
//
// AWS CloudTrail API, AddTags, RemoveTags, ListTags: the tags of trails, which are named by their ARNs.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `cloudtrail:AddTags`: adds tags, or puts them in the places of those with the same keys.
package struct AddTags: TrailChange {
  package static let name = "AddTags"

  package let trail: TrailNameParameter
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    tags = parameters.trailTags()
    trail = try TrailNameParameter(resource: &parameters)
    try tags.requireTrailTags()
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([.init("resourceId", .string(trail.value.text)), .init("tagsList", .tags(tags))])
    )
  }

  package func questions(_ subject: TrailTarget, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("cloudtrail:AddTags", context: tags.requestContext)]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing(for: call.account)
    var record = stored.record
    for tag in tags {
      record.tags.removeAll { $0.key.utf8.elementsEqual(tag.key.utf8) }
      record.tags.append(tag)
    }
    guard record.tags.count <= TrailRecord.maximumTags else { throw .tooManyTrailTags }
    let tagged = record
    return try house.propose { change in
      try change.replace(stored, with: tagged, account: call.account)
      return (nil, nil)
    }
  }
}

/// `cloudtrail:RemoveTags`: takes tags away by their keys.
package struct RemoveTags: TrailChange {
  package static let name = "RemoveTags"

  package let trail: TrailNameParameter
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    tags = parameters.trailTags()
    trail = try TrailNameParameter(resource: &parameters)
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([.init("resourceId", .string(trail.value.text)), .init("tagsList", .tags(tags))])
    )
  }

  package func questions(_ subject: TrailTarget, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("cloudtrail:RemoveTags", context: [.init("aws:TagKeys", values: tags.map(\.key))])]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing(for: call.account)
    var record = stored.record
    record.tags.removeAll { tag in tags.contains { $0.key.utf8.elementsEqual(tag.key.utf8) } }
    let untagged = record
    return try house.propose { change in
      try change.replace(stored, with: untagged, account: call.account)
      return (nil, nil)
    }
  }
}

/// `cloudtrail:ListTags`: the tags of up to 20 trails.
package struct ListTags: Action {
  package static let service = ServiceName.cloudtrail
  package static let name = "ListTags"
  package static let isReadOnly = true

  private let names: [TrailName]

  /// The trails, in the order in which they were asked for.
  package struct Trails: ActionSubject {
    let targets: [TrailTarget]

    package var requirements: [Change.Write] { targets.flatMap(\.requirements) }
  }

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let texts = parameters.requiredStringList("ResourceIdList", count: 1...20, memberLength: 0...2048)
    _ = parameters.optionalString("NextToken", length: 0...2048)
    try parameters.check()
    var names: [TrailName] = []
    for text in texts { names.append(try TrailName(resource: text)) }
    self.names = names
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("resourceIdList", .strings(names.map(\.text)))]))
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> Trails {
    var targets: [TrailTarget] = []
    for name in names { targets.append(try await house.trail(name, call)) }
    return Trails(targets: targets)
  }

  package func questions(_ subject: Trails, _ call: AuthenticatedCall) -> [Question] {
    subject.targets.map { $0.question("cloudtrail:ListTags") }
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    var list: [ResponseValue] = []
    for target in call.subject.targets {
      let record = try target.existing(for: call.account).record
      let tags = record.tags.map { tag in
        ResponseValue.structure(ResponseStructure(["Key": .string(tag.key), "Value": .string(tag.value)]))
      }
      list.append(
        .structure(
          ResponseStructure(["ResourceId": .string(record.arn.description), "TagsList": .list(tags)])
        )
      )
    }
    return Proposal(result: ResponseStructure(["ResourceTagList": .list(list)]))
  }
}

// MARK: - Names and rules

extension TrailName {
  /// Takes the ARN of a trail; throws CloudTrailARNInvalidException for anything else.
  init(resource text: String) throws(ServiceError) {
    guard text.utf8.starts(with: "arn:".utf8) else {
      throw .cloudTrail("CloudTrailARNInvalid", "The trail ARN is not valid: \(text)")
    }
    try self.init(text)
  }
}

extension TrailNameParameter {
  fileprivate init(resource parameters: inout ParameterReader) throws(ServiceError) {
    let text = parameters.requiredString("ResourceId", length: 0...2048)
    try parameters.check()
    value = try TrailName(resource: text)
  }
}

extension [Tag] {
  /// Throws unless a request may give a trail these tags: at most 50, no key twice, none of AWS's own.
  func requireTrailTags() throws(ServiceError) {
    guard count <= TrailRecord.maximumTags else { throw .tooManyTrailTags }
    for (index, tag) in enumerated() {
      guard !asciiLowercased(tag.key).utf8.starts(with: "aws:".utf8) else {
        throw .cloudTrail(
          "InvalidTagParameter",
          "A tag key begins with `aws:`, which is reserved: \(tag.key)"
        )
      }
      guard !self[..<index].contains(where: { $0.key.utf8.elementsEqual(tag.key.utf8) }) else {
        throw .cloudTrail("InvalidTagParameter", "A tag key is given twice: \(tag.key)")
      }
    }
  }
}

extension ServiceError {
  fileprivate static let tooManyTrailTags = ServiceError.cloudTrail(
    "TagsLimitExceeded",
    "A trail has at most \(TrailRecord.maximumTags) tags."
  )
}
