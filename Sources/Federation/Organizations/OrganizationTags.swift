// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, TagResource, UntagResource, ListTagsForResource: the tags of what has an id in an organization.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// What can be tagged.
private let taggable: Set<OrganizationsIDKind> = [.root, .unit, .account, .policy]

/// `organizations:TagResource`: adds tags, or puts them in the places of those with the same keys.
package struct TagOrganizationResource: OrganizationTargetAction {
  package static let name = "TagResource"
  package static let isReadOnly = false

  let targetID: String
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("ResourceId", taggable)
    tags = try parameters.organizationsTags(isRequired: true)
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("resourceId", .string(targetID)), .init("tags", .tags(tags))]))
  }

  package func questions(_ subject: OrganizationTarget, _ call: AuthenticatedCall) -> [Question] {
    [subject.question(Self.name, context: tags.requestContext)]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    _ = try call.authenticated.managedOrganization()
    let entity = try call.subject.taggable()
    let all = entity.resource.tags.overridden(by: tags)
    guard all.count <= 50 else { throw .tooManyOrganizationsTags }
    return try house.propose { change in
      try change.retag(entity, all)
      return (nil, nil)
    }
  }
}

/// `organizations:UntagResource`: takes tags away by their keys; those that are not there are not missed.
package struct UntagOrganizationResource: OrganizationTargetAction {
  package static let name = "UntagResource"
  package static let isReadOnly = false

  let targetID: String
  private let keys: [String]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("ResourceId", taggable)
    keys = try parameters.organizationsTagKeys()
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("resourceId", .string(targetID)), .init("tagKeys", .strings(keys))]))
  }

  package func questions(_ subject: OrganizationTarget, _ call: AuthenticatedCall) -> [Question] {
    [subject.question(Self.name, context: [.init("aws:TagKeys", values: keys)])]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    _ = try call.authenticated.managedOrganization()
    let entity = try call.subject.taggable()
    let kept = entity.resource.tags.filter { tag in
      !keys.contains { $0.utf8.elementsEqual(tag.key.utf8) }
    }
    return try house.propose { change in
      try change.retag(entity, kept)
      return (nil, nil)
    }
  }
}

/// `organizations:ListTagsForResource`: all of them, on one page.
package struct ListOrganizationTags: OrganizationTargetAction {
  package static let name = "ListTagsForResource"
  package static let isReadOnly = true

  let targetID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("ResourceId", taggable)
    _ = try OrganizationsPaging(&parameters, hasMaxResults: false)
  }

  package var requestParameters: JSONValue? { .strings(["resourceId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) throws(ServiceError) -> Proposal {
    _ = try call.authenticated.managedOrganization()
    let tags = try call.subject.taggable().resource.tags.map { tag in
      ResponseValue.structure(ResponseStructure(["Key": .string(tag.key), "Value": .string(tag.value)]))
    }
    return Proposal(result: ResponseStructure(["Tags": .list(tags)]))
  }
}

extension OrganizationTarget {
  /// What has the id; throws TargetNotFoundException when nothing has.
  fileprivate func taggable() throws(ServiceError) -> OrganizationEntity {
    guard let entity else {
      throw .organizations("TargetNotFoundException", "You specified a target that doesn't exist.")
    }
    return entity
  }
}

extension Change {
  /// Adds that `entity` has `tags`: no policy of the organization asks for them, so its revision stays.
  fileprivate mutating func retag(_ entity: OrganizationEntity, _ tags: [Tag]) throws(StoreError) {
    switch entity {
    case .root(let stored): try retag(stored, tags)
    case .unit(let stored): try retag(stored, tags)
    case .account(let stored): try retag(stored, tags)
    case .policy(let stored): try retag(stored, tags)
    }
  }

  private mutating func retag<Record: OrganizationResource>(
    _ stored: Stored<Record>,
    _ tags: [Tag]
  ) throws(StoreError) {
    var record = stored.record
    record.tags = tags
    try replace(stored, with: record, account: record.managementAccount)
  }
}
