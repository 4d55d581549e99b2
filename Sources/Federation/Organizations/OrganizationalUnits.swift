// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, CreateOrganizationalUnit, DescribeOrganizationalUnit, UpdateOrganizationalUnit,
// DeleteOrganizationalUnit.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:CreateOrganizationalUnit`.
package struct CreateOrganizationalUnit: OrganizationTargetAction {
  package static let name = "CreateOrganizationalUnit"
  package static let isReadOnly = false

  /// Units in one organization.
  ///
  /// Source: AWS Organizations quotas.
  static let maximumUnits = 2000

  let targetID: String
  private let unitName: String
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("ParentId", [.root, .unit])
    unitName = try parameters.organizationsString("Name", length: 1...128)
    tags = try parameters.organizationsTags()
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("parentId", .string(targetID)), .init("name", .string(unitName)),
    ]
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: OrganizationTarget, _ call: AuthenticatedCall) -> [Question] {
    (["CreateOrganizationalUnit"] + (tags.isEmpty ? [] : ["TagResource"])).map { action in
      subject.question(action, context: tags.requestContext)
    }
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    guard call.subject.entity != nil else { throw .parentNotFound() }
    let prefix = OrganizationalUnitRecord.prefix(organization.record)
    let (place, taken, count) = try await house.read { directory in
      (
        try await directory.place(targetID, in: organization),
        try await directory.record(
          OrganizationalUnitNameRecord.self,
          at: OrganizationalUnitNameRecord.id(targetID, unitName)
        ),
        try await directory.count(
          of: OrganizationalUnitRecord.self,
          prefix: prefix,
          limit: Self.maximumUnits
        )
      )
    }
    guard place.unitIDs.count < OrganizationalUnitRecord.maximumDepth else {
      throw .constraintViolation(
        .unitDepth,
        "You have exceeded the number of levels that organizational units may nest: "
          + "\(OrganizationalUnitRecord.maximumDepth)."
      )
    }
    guard count < Self.maximumUnits else {
      throw .constraintViolation(
        .unitNumber,
        "You have exceeded the number of organizational units that an organization may have: \(Self.maximumUnits)."
      )
    }
    guard taken == nil else { throw .duplicateUnit() }
    let unit = OrganizationalUnitRecord(
      unitID: house.entropy.organizationsID(prefix: prefix, count: 8),
      organizationID: organization.record.organizationID,
      managementAccount: call.account,
      parentID: targetID,
      name: unitName,
      tags: tags,
      createDate: call.now
    )
    return try house.propose { change in
      try change.add(unit)
      return (
        ResponseStructure(["OrganizationalUnit": unit.response(below: place)]),
        .object(JSONObject([.init("organizationalUnit", unit.recorded)]))
      )
    }
  }
}

/// `organizations:DescribeOrganizationalUnit`.
package struct DescribeOrganizationalUnit: OrganizationTargetAction {
  package static let name = "DescribeOrganizationalUnit"
  package static let isReadOnly = true

  let targetID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("OrganizationalUnitId", [.unit])
  }

  package var requestParameters: JSONValue? { .strings(["organizationalUnitId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    let unit = try call.subject.unit().record
    let place = try await house.read { try await $0.place(unit.parentID, in: organization) }
    return Proposal(result: ResponseStructure(["OrganizationalUnit": unit.response(below: place)]))
  }
}

/// `organizations:UpdateOrganizationalUnit`: another name.
package struct UpdateOrganizationalUnit: OrganizationTargetAction {
  package static let name = "UpdateOrganizationalUnit"
  package static let isReadOnly = false

  let targetID: String
  private let newName: String?

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("OrganizationalUnitId", [.unit])
    newName = try parameters.optionalOrganizationsString("Name", length: 1...128)
  }

  package var requestParameters: JSONValue? {
    .strings(["organizationalUnitId": targetID, "name": newName])
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    let stored = try call.subject.unit()
    let place = try await house.read { try await $0.place(stored.record.parentID, in: organization) }
    var unit = stored.record
    guard let newName, !newName.utf8.elementsEqual(unit.name.utf8) else {
      return Proposal(result: ResponseStructure(["OrganizationalUnit": unit.response(below: place)]))
    }
    let id = OrganizationalUnitNameRecord.id(unit.parentID, newName)
    guard try await house.read({ try await $0.record(OrganizationalUnitNameRecord.self, at: id) }) == nil
    else { throw .duplicateUnit() }
    let oldName = try await house.name(of: unit)
    unit.name = newName
    let renamed = unit
    return try house.propose { change in
      try change.replace(stored, with: renamed, account: call.account)
      change.delete(oldName)
      try change.name(renamed)
      return (
        ResponseStructure(["OrganizationalUnit": renamed.response(below: place)]),
        .object(JSONObject([.init("organizationalUnit", renamed.recorded)]))
      )
    }
  }
}

/// `organizations:DeleteOrganizationalUnit`: an empty one.
package struct DeleteOrganizationalUnit: OrganizationTargetAction {
  package static let name = "DeleteOrganizationalUnit"
  package static let isReadOnly = false

  let targetID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("OrganizationalUnitId", [.unit])
  }

  package var requestParameters: JSONValue? { .strings(["organizationalUnitId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization().record
    let unit = try call.subject.unit()
    let children = OrganizationChildRecord.prefix(targetID)
    let isEmpty = try await house.read { directory in
      try await directory.count(of: OrganizationChildRecord.self, prefix: children, limit: 1) == 0
    }
    guard isEmpty else {
      throw .organizations(
        "OrganizationalUnitNotEmptyException",
        "You tried to delete an organizational unit that still contains accounts or organizational units."
      )
    }
    let child = try await house.child(unit.record.parentID, .unit, targetID)
    let name = try await house.name(of: unit.record)
    let detached = try await house.detachments(of: targetID, in: organization)
    return try house.propose { change in
      change.writes += detached
      change.delete(unit)
      change.delete(child)
      change.delete(name)
      change.writes.append(.requireNone(OrganizationChildRecord.kind, prefix: children))
      return (nil, nil)
    }
  }
}

extension OrganizationTarget {
  /// The unit; throws OrganizationalUnitNotFoundException when there is none.
  func unit() throws(ServiceError) -> Stored<OrganizationalUnitRecord> {
    guard case .unit(let unit) = entity else { throw .unitNotFound() }
    return unit
  }
}

extension OrganizationalUnitRecord {
  /// What the actions on units answer; `place` is its parent.
  func response(below place: OrganizationPlace) -> ResponseValue {
    .structure(
      ResponseStructure([
        "Id": .string(unitID), "Arn": .string(arn.description), "Name": .string(name),
        "Path": .string("\(place.path)\(unitID)/"),
      ])
    )
  }

  /// What of it is recorded.
  var recorded: JSONValue { .strings(["id": unitID, "arn": arn.description, "name": name]) ?? .null }
}
