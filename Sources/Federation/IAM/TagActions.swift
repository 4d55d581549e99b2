// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API: TagUser, UntagUser, ListUserTags, and the same three of everything else that has tags. The tags of a user
// or role are principal tags: its revision changes with them, and what was decided for it is decided anew.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:TagUser` and its like: adds tags, or puts them in the places of those with the same keys.
package struct TagResource<Record: TaggableResource>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Tag\(Record.resourceNoun)" }
  package static var isReadOnly: Bool { false }

  private let identifier: String
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    (identifier, tags) = parameters.identified(as: Record.self, besides: "Tags") { $0.requiredTagList() }
    try parameters.check()
    try tags.requireTaggable()
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([Record.recorded(identifier), .init("tags", .tags(tags))]))
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ResourceTarget<Record> {
    try await house.resource(Record.self, identifier, call)
  }

  package func questions(_ subject: ResourceTarget<Record>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:\(Self.name)", context: tags.requestContext)]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing()
    var record = stored.record
    record.tags = try record.tags.tagged(with: tags)
    return try house.propose { change in
      try change.replace(stored, with: record, account: call.account)
      return (nil, nil)
    }
  }
}

/// `iam:UntagUser` and its like: takes tags away by their keys.
package struct UntagResource<Record: TaggableResource>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Untag\(Record.resourceNoun)" }
  package static var isReadOnly: Bool { false }

  private let identifier: String
  private let tagKeys: [String]

  package init(_ parameters: inout ParameterReader) {
    (identifier, tagKeys) = parameters.identified(as: Record.self, besides: "TagKeys") { parameters in
      parameters.requiredStringList("TagKeys", count: 1...50, memberLength: 1...128, memberPattern: .tagKey)
    }
  }

  package var requestParameters: JSONValue? {
    let keys = JSONValue.array(tagKeys.map { .string($0) })
    return .object(JSONObject([Record.recorded(identifier), .init("tagKeys", keys)]))
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ResourceTarget<Record> {
    try await house.resource(Record.self, identifier, call)
  }

  package func questions(_ subject: ResourceTarget<Record>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:\(Self.name)", context: [.init("aws:TagKeys", values: tagKeys)])]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing()
    var record = stored.record
    record.tags = record.tags.untagged(tagKeys)
    return try house.propose { change in
      try change.replace(stored, with: record, account: call.account)
      return (nil, nil)
    }
  }
}

/// `iam:ListUserTags` and its like: the tags in the order of their keys, page by page.
package struct ListResourceTags<Record: TaggableResource>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "List\(Record.resourceNoun)Tags" }
  package static var isReadOnly: Bool { true }

  private let identifier: String
  private let paging: Paging

  package init(_ parameters: inout ParameterReader) {
    (identifier, paging) = parameters.identified(as: Record.self, besides: "Marker") { Paging(&$0) }
  }

  package var requestParameters: JSONValue? { .object(JSONObject([Record.recorded(identifier)])) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ResourceTarget<Record> {
    try await house.resource(Record.self, identifier, call)
  }

  package func questions(_ subject: ResourceTarget<Record>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:\(Self.name)")]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let tags = try call.subject.existing().record.tags
    let sorted = tags.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    let (page, marker) = try paging.page(of: sorted, named: \.key)
    return Proposal(
      result: ResponseStructure([
        "Tags": page.response, "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
      ])
    )
  }
}

extension ParameterReader {
  /// The identifier of a resource and what `read` reads, whose first parameter is `other`: in the order of their names,
  /// as violations stand.
  fileprivate mutating func identified<Record: TaggableResource, Value>(
    as type: Record.Type,
    besides other: String,
    _ read: (inout ParameterReader) -> Value
  ) -> (String, Value) {
    guard other.utf8.lexicographicallyPrecedes(Record.identifierParameter.utf8) else {
      return (Record.readIdentifier(&self), read(&self))
    }
    let value = read(&self)
    return (Record.readIdentifier(&self), value)
  }
}

extension TaggableResource {
  /// The identifier as CloudTrail records it.
  fileprivate static func recorded(_ identifier: String) -> JSONObject.Member {
    let parameter = identifierParameter
    return .init(asciiLowercased(parameter.prefix(1)) + parameter.dropFirst(), .string(identifier))
  }
}
