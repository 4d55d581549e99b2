// SPDX-License-Identifier: Apache-2.0
//
// Roles as IAM answers them: which members an answer has depends on the action. Source: IAM API, `Role`; responses
// recorded from IAM.

import AWSProtocols
import IdentityModel
import StrictJSON

extension RoleRecord {
  /// The role without its settings, as CreateRole and instance profiles show it; `trustPolicy` is the text to show.
  func coreResponse(_ trustPolicy: String) -> ResponseStructure {
    ResponseStructure([
      "Path": .string(path), "RoleName": .string(name), "RoleId": .string(uniqueID),
      "Arn": .string(arn.description), "CreateDate": .timestamp(createDate, milliseconds: false),
      "AssumeRolePolicyDocument": .string(urlEncoded(trustPolicy)),
    ])
  }

  /// The role as CreateRole answers it.
  func createdResponse(_ trustPolicy: String) -> ResponseStructure {
    var structure = coreResponse(trustPolicy)
    structure.append("PermissionsBoundary", boundaryResponse)
    if !tags.isEmpty { structure.append("Tags", tags.response) }
    return structure
  }

  /// The role in a list, where IAM leaves boundary, tags and last use out.
  func listResponse(_ trustPolicy: String) -> ResponseStructure {
    var structure = coreResponse(trustPolicy)
    structure.append("Description", description.map { .string($0) })
    structure.append("MaxSessionDuration", .integer(Int64(maxSessionDuration)))
    return structure
  }

  /// The role with all that IAM tells.
  ///
  /// When it was last used is not kept: that member is empty.
  func response(_ trustPolicy: String) -> ResponseStructure {
    var structure = listResponse(trustPolicy)
    structure.append("PermissionsBoundary", boundaryResponse)
    if !tags.isEmpty { structure.append("Tags", tags.response) }
    structure.append("RoleLastUsed", .structure(ResponseStructure()))
    return structure
  }

  /// The role as CloudTrail records it.
  func recorded(_ trustPolicy: String) -> JSONValue? {
    .strings([
      "path": path, "roleName": name, "roleId": uniqueID, "arn": arn.description,
      "createDate": createDate.cloudTrailElementForm, "assumeRolePolicyDocument": urlEncoded(trustPolicy),
    ])
  }
}
