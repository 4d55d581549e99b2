// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListInstanceProfiles and ListInstanceProfilesForRole: page by page, without tags.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListInstanceProfiles`.
package struct ListInstanceProfiles: Action {
  package static let service = ServiceName.iam
  package static let name = "ListInstanceProfiles"
  package static let isReadOnly = true

  private let paging: Paging
  private let pathPrefix: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    pathPrefix = parameters.optionalString("PathPrefix", length: 1...512, pattern: .pathPrefix) ?? "/"
  }

  package var requestParameters: JSONValue? { .strings(["pathPrefix": pathPrefix]) }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "instance-profile\(pathPrefix)")
    return [Question(action: "iam:ListInstanceProfiles", resource: resource.description)]
  }

  package func perform(
    _ call: AuthorizedCall<ListInstanceProfiles>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    // A page is a page of all profiles: a path leaves some out of it, as AWS leaves pages short.
    let (page, marker) = try await paging.page(
      of: InstanceProfileRecord.self,
      prefix: "\(call.account)/",
      house
    )
    let profiles = page.map(\.record).filter { $0.path.utf8.starts(with: pathPrefix.utf8) }
    return Proposal(result: try await house.list(of: profiles, marker))
  }
}

/// `iam:ListInstanceProfilesForRole`.
package struct ListInstanceProfilesForRole: Action {
  package static let service = ServiceName.iam
  package static let name = "ListInstanceProfilesForRole"
  package static let isReadOnly = true

  private let paging: Paging
  private let roleName: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    roleName = parameters.requiredString("RoleName", length: 1...64, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["roleName": roleName]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    RoleRecord
  > {
    try await house.target(RoleRecord.self, roleName, call)
  }

  package func questions(_ subject: EntityTarget<RoleRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:ListInstanceProfilesForRole")]
  }

  package func perform(
    _ call: AuthorizedCall<ListInstanceProfilesForRole>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let prefix = RoleInstanceProfileRecord.prefix(call.account, role: roleName)
    let (page, marker) = try await paging.page(of: RoleInstanceProfileRecord.self, prefix: prefix, house)
    let profiles = try await house.read { directory in
      var profiles: [InstanceProfileRecord] = []
      for entry in page {
        let id = InstanceProfileRecord.id(call.account, entry.record.instanceProfileName)
        guard let profile = try await directory.record(InstanceProfileRecord.self, at: id)?.record else {
          // Gone since the page was read.
          continue
        }
        profiles.append(profile)
      }
      return profiles
    }
    return Proposal(result: try await house.list(of: profiles, marker))
  }
}

extension House {
  fileprivate func list(
    of profiles: [InstanceProfileRecord],
    _ marker: String?
  ) async throws(ServiceError) -> ResponseStructure {
    ResponseStructure([
      "InstanceProfiles": .list(try await responses(of: profiles).map { .structure($0) }),
      "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
    ])
  }
}
