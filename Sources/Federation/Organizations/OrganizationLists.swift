// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, ListRoots, ListOrganizationalUnitsForParent, ListParents, ListChildren: the tree, one step at a
// time. ListAWSServiceAccessForOrganization, ListDelegatedAdministrators: nobody has such a thing here.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:ListRoots`: the one root, with the types of policy that are enabled in it.
package struct ListRoots: Action {
  package static let service = ServiceName.organizations
  package static let name = "ListRoots"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    _ = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization().record
    let root = ResponseStructure([
      "Id": .string(organization.rootID),
      "Arn": .string(organization.arn(of: organization.rootID).description),
      "Name": .string("Root"),
      "PolicyTypes": .list(organization.enabledPolicyTypes.map(policyTypeStatus)),
    ])
    return Proposal(result: ResponseStructure(["Roots": .list([.structure(root)])]))
  }
}

/// `organizations:ListOrganizationalUnitsForParent`: those directly below a root or a unit.
package struct ListOrganizationalUnitsForParent: OrganizationTargetAction {
  package static let name = "ListOrganizationalUnitsForParent"
  package static let isReadOnly = true

  let targetID: String
  private let paging: OrganizationsPaging

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("ParentId", [.root, .unit])
    paging = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["parentId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    guard call.subject.entity != nil else { throw .parentNotFound() }
    let (children, nextToken) = try await paging.page(
      of: OrganizationChildRecord.self,
      prefix: OrganizationChildRecord.prefix(targetID, .unit),
      house
    )
    let place = try await house.read { try await $0.place(targetID, in: organization) }
    var units: [ResponseValue] = []
    for child in children {
      let found = try await house.read { directory in
        try await directory.record(OrganizationalUnitRecord.self, at: child.childID)
      }
      if let found { units.append(found.record.response(below: place)) }
    }
    return Proposal(
      result: ResponseStructure([
        "OrganizationalUnits": .list(units), "NextToken": nextToken.map { .string($0) },
      ])
    )
  }
}

/// `organizations:ListParents`: the one parent of an account or a unit.
package struct ListParents: OrganizationTargetAction {
  package static let name = "ListParents"
  package static let isReadOnly = true

  let targetID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("ChildId", [.account, .unit])
    _ = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["childId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) throws(ServiceError) -> Proposal {
    _ = try call.authenticated.managedOrganization()
    guard let parentID = call.subject.entity?.parentID else {
      throw .organizations(
        "ChildNotFoundException",
        "You specified an account or organizational unit that doesn't exist in your organization."
      )
    }
    let isRoot = OrganizationsIDKind(parentID) == .root
    let parent = ResponseStructure([
      "Id": .string(parentID), "Type": .string(isRoot ? "ROOT" : "ORGANIZATIONAL_UNIT"),
    ])
    return Proposal(result: ResponseStructure(["Parents": .list([.structure(parent)])]))
  }
}

/// `organizations:ListChildren`: the accounts, or the units, directly below a root or a unit.
package struct ListChildren: OrganizationTargetAction {
  package static let name = "ListChildren"
  package static let isReadOnly = true

  let targetID: String
  private let type: OrganizationChildRecord.ChildType
  private let paging: OrganizationsPaging

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("ParentId", [.root, .unit])
    let type = try parameters.organizationsChoice(
      "ChildType",
      of: OrganizationChildRecord.ChildType.self
    )
    guard let type else {
      throw .invalidOrganizationsInput(.inputRequired, "You must specify `childType`.")
    }
    self.type = type
    paging = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? {
    .strings(["parentId": targetID, "childType": type.rawValue])
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    _ = try call.authenticated.managedOrganization()
    guard call.subject.entity != nil else { throw .parentNotFound() }
    let (children, nextToken) = try await paging.page(
      of: OrganizationChildRecord.self,
      prefix: OrganizationChildRecord.prefix(targetID, type),
      house
    )
    let list = children.map { child in
      ResponseValue.structure(
        ResponseStructure(["Id": .string(child.childID), "Type": .string(type.rawValue)])
      )
    }
    return Proposal(
      result: ResponseStructure(["Children": .list(list), "NextToken": nextToken.map { .string($0) }])
    )
  }
}

/// What an organization may have elsewhere and has none of here: an action that answers an empty list.
package protocol EmptyOrganizationList: Action where Subject == NoSubject {
  /// The member of the answer.
  static var listName: String { get }

  init()
}

extension EmptyOrganizationList {
  package static var service: ServiceName { .organizations }
  package static var isReadOnly: Bool { true }

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    _ = try OrganizationsPaging(&parameters)
    self.init()
  }

  package var requestParameters: JSONValue? { nil }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    [Question(action: "organizations:\(Self.name)", resource: "*")]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) throws(ServiceError) -> Proposal {
    _ = try call.authenticated.managedOrganization()
    return Proposal(result: ResponseStructure([Self.listName: .list([])]))
  }
}

/// `organizations:ListAWSServiceAccessForOrganization`.
package struct ListAWSServiceAccessForOrganization: EmptyOrganizationList {
  package static let name = "ListAWSServiceAccessForOrganization"
  package static let listName = "EnabledServicePrincipals"

  package init() {}
}

/// `organizations:ListDelegatedAdministrators`.
package struct ListDelegatedAdministrators: EmptyOrganizationList {
  package static let name = "ListDelegatedAdministrators"
  package static let listName = "DelegatedAdministrators"

  package init() {}
}
