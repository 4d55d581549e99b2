// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, EnablePolicyType, DisablePolicyType: which types of policy are in force below the root. To
// disable a type detaches every policy of it; enabled again, everything has AWS's own policy and no other.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// The parameters of both.
struct PolicyTypeParameters: Sendable {
  let rootID: String
  let type: OrganizationPolicyType

  init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let type = parameters.requiredChoice("PolicyType", of: OrganizationPolicyType.names)
    rootID = parameters.requiredString("RootId", length: 0...34, pattern: .rootID)
    try parameters.check()
    self.type = try OrganizationPolicyType(served: type)
  }

  var recorded: JSONValue? { .strings(["rootId": rootID, "policyType": type.rawValue]) }

  /// The organization; throws unless the caller manages it, its root is the one that was named, and it has policies.
  func organization(
    _ subject: OrganizationPolicySubject
  ) throws(ServiceError) -> Stored<OrganizationRecord> {
    let organization = try subject.organization()
    guard subject.target != nil else {
      throw .organizations("RootNotFoundException", "You specified a root that doesn't exist.")
    }
    guard organization.record.featureSet == .all else {
      throw .organizations(
        "PolicyTypeNotAvailableForOrganizationException",
        "The policy type \(type.rawValue) is not available for the organization."
      )
    }
    return organization
  }
}

/// `organizations:EnablePolicyType`.
package struct EnablePolicyType: OrganizationPolicyAction {
  package static let name = "EnablePolicyType"
  package static let isReadOnly = false

  private let parameters: PolicyTypeParameters

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    self.parameters = try PolicyTypeParameters(&parameters)
  }

  package var requestParameters: JSONValue? { parameters.recorded }
  package var targetID: String? { parameters.rootID }
  package var policyType: OrganizationPolicyType? { parameters.type }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try parameters.organization(call.subject)
    var organization = stored.record
    guard !organization.enabledTypes.contains(parameters.type) else {
      throw .organizations(
        "PolicyTypeAlreadyEnabledException",
        "The specified policy type is already enabled."
      )
    }
    organization.enabledPolicyTypes.append(parameters.type.rawValue)
    let enabled = organization
    return try house.propose { change in
      try change.replace(stored, with: enabled, account: call.account)
      return (ResponseStructure(["Root": .structure(enabled.rootDescription)]), nil)
    }
  }
}

/// `organizations:DisablePolicyType`.
package struct DisablePolicyType: OrganizationPolicyAction {
  package static let name = "DisablePolicyType"
  package static let isReadOnly = false

  private let parameters: PolicyTypeParameters

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    self.parameters = try PolicyTypeParameters(&parameters)
  }

  package var requestParameters: JSONValue? { parameters.recorded }
  package var targetID: String? { parameters.rootID }
  package var policyType: OrganizationPolicyType? { parameters.type }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try parameters.organization(call.subject)
    var organization = stored.record
    guard organization.enabledTypes.contains(parameters.type) else { throw .policyTypeNotEnabled }
    organization.enabledPolicyTypes.removeAll { $0.utf8.elementsEqual(parameters.type.rawValue.utf8) }
    let disabled = organization
    let type = parameters.type
    let id = disabled.organizationID
    let (targets, attachments) = try await house.read { directory in
      var attachments: [Stored<OrganizationAttachmentRecord>] = []
      let prefix = OrganizationPolicyRecord.prefix(id)
      for policy in try await directory.everyRecord(OrganizationPolicyRecord.self, prefix: prefix)
      where policy.record.type == type {
        attachments += try await directory.everyRecord(
          OrganizationAttachmentRecord.self,
          prefix: OrganizationAttachmentRecord.prefix(id, policy: policy.record.policyID)
        )
      }
      let targets = try await directory.everyRecord(
        OrganizationTargetRecord.self,
        prefix: OrganizationTargetRecord.prefix(id, type)
      )
      return (targets, attachments)
    }
    return try house.propose { change in
      try change.replace(stored, with: disabled, account: call.account)
      for target in targets { change.delete(target) }
      for attachment in attachments { change.delete(attachment) }
      return (ResponseStructure(["Root": .structure(disabled.rootDescription)]), nil)
    }
  }
}

extension ServiceError {
  /// That the type of the policy is not in force.
  static var policyTypeNotEnabled: ServiceError {
    .organizations(
      "PolicyTypeNotEnabledException",
      "This operation can be performed only for enabled policy types."
    )
  }
}

extension ParameterPattern {
  /// A root: `^r-[0-9a-z]{4,32}$`.
  static let rootID = ParameterPattern(#"^r-[0-9a-z]{4,32}$"#) { $0.isIdentifier("r-", 4...32) }

  /// A policy: `^p-[0-9a-zA-Z_]{8,128}$`.
  static let organizationPolicyID = ParameterPattern(#"^p-[0-9a-zA-Z_]{8,128}$"#) { text in
    let rest = text.utf8.dropFirst(2)
    return text.utf8.starts(with: "p-".utf8) && (8...128).contains(rest.count)
      && rest.allSatisfy { byte in
        byte == UInt8(ascii: "_") || byte.isLowerAlphanumeric
          || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      }
  }

  /// A root, an account or a unit.
  static let policyTargetID = ParameterPattern(
    #"^(r-[0-9a-z]{4,32})|(\d{12})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$"#
  ) { text in
    if text.isIdentifier("r-", 4...32) || AccountID(text) != nil { return true }
    let words = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return words.count == 3 && words[0].elementsEqual("ou".utf8) && (4...32).contains(words[1].count)
      && (8...32).contains(words[2].count)
      && (words[1].allSatisfy(\.isLowerAlphanumeric) && words[2].allSatisfy(\.isLowerAlphanumeric))
  }
}

extension String {
  fileprivate func isIdentifier(_ prefix: String, _ length: ClosedRange<Int>) -> Bool {
    let rest = utf8.dropFirst(prefix.utf8.count)
    return utf8.starts(with: prefix.utf8) && length.contains(rest.count)
      && rest.allSatisfy(\.isLowerAlphanumeric)
  }
}

extension UInt8 {
  fileprivate var isLowerAlphanumeric: Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
  }
}

extension OrganizationRecord {
  /// As `Root`.
  var rootDescription: ResponseStructure {
    let root = ARN.organizations(managementAccount, "root/\(organizationID)/\(rootID)")
    let types = enabledPolicyTypes.map { type in
      ResponseValue.structure(
        ResponseStructure(["Type": .string(type), "Status": .string("ENABLED")])
      )
    }
    return ResponseStructure([
      "Id": .string(rootID), "Arn": .string(root.description), "Name": .string("Root"),
      "PolicyTypes": .list(types),
    ])
  }
}
