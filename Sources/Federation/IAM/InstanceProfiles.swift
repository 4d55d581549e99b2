// SPDX-License-Identifier: Apache-2.0
//
// What the actions on instance profiles share: the answer, and a profile with a role beside it. Source: IAM API,
// `InstanceProfile`.

import AWSProtocols
import IdentityModel
import StrictJSON


/// A profile and a role that one request names.
package struct ProfileAndRole: ActionSubject {
  /// The profile.
  let profile: ResourceTarget<InstanceProfileRecord>
  /// The role.
  let role: EntityTarget<RoleRecord>

  package var requirements: [Change.Write] { profile.requirements + role.requirements }
}

extension House {
  /// The profile and the role of the caller's account.
  func profileAndRole(
    _ profileName: String,
    _ roleName: String,
    _ call: AuthenticatedCall
  ) async throws(ServiceError) -> ProfileAndRole {
    ProfileAndRole(
      profile: try await resource(InstanceProfileRecord.self, profileName, call),
      role: try await target(RoleRecord.self, roleName, call)
    )
  }

  /// `profiles` with their roles, as IAM answers them: without tags, which only an answer about one profile has.
  func responses(of profiles: [InstanceProfileRecord]) async throws(ServiceError) -> [ResponseStructure] {
    let found = try await read { directory in
      var found: [RoleRecord?] = []
      for profile in profiles {
        // A role that is not there any more left the profile since the profile was read.
        guard let name = profile.roleName,
          let role = try await directory.entity(RoleRecord.self, name, of: profile.account)
        else {
          found.append(nil)
          continue
        }
        found.append(role.record)
      }
      return found
    }
    var trustPolicies = try await trustPolicyTexts(of: found.compactMap(\.self))[...]
    return zip(profiles, found).map { profile, role in
      profile.response(role.map { [$0.coreResponse(trustPolicies.removeFirst())] } ?? [])
    }
  }
}

extension InstanceProfileRecord {
  /// The profile with `roles`, without tags.
  func response(_ roles: [ResponseStructure]) -> ResponseStructure {
    ResponseStructure([
      "Path": .string(path), "InstanceProfileName": .string(name), "InstanceProfileId": .string(uniqueID),
      "Arn": .string(arn.description), "CreateDate": .timestamp(createDate, milliseconds: false),
      "Roles": .list(roles.map { .structure($0) }),
    ])
  }

  /// `response` with the tags of the profile.
  func tagged(_ response: ResponseStructure) -> ResponseStructure {
    var structure = response
    if !tags.isEmpty { structure.append("Tags", tags.response) }
    return structure
  }

  /// The profile as CloudTrail records it.
  var recorded: JSONValue? {
    .strings([
      "path": path, "instanceProfileName": name, "instanceProfileId": uniqueID, "arn": arn.description,
      "createDate": createDate.cloudTrailElementForm,
    ])
  }
}
