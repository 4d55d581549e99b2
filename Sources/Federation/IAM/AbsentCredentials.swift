// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API: the credentials that nobody has here, as passwords, MFA devices, SSH keys and certificates. Clients that
// clean up after a user ask for them: lists are empty, and there is no login profile.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// A kind of credential that a user may have in AWS and nobody has here.
package protocol AbsentCredential: Sendable {
  /// The action that lists it.
  static var listAction: String { get }
  /// The list in the answer.
  static var listMember: String { get }
  /// The longest user name that the action takes.
  static var maximumNameLength: Int { get }
}

/// `iam:ListMFADevices`.
package enum MFADevice: AbsentCredential {
  package static let listAction = "ListMFADevices"
  package static let listMember = "MFADevices"
  package static let maximumNameLength = 128
}

/// `iam:ListSSHPublicKeys`.
package enum SSHPublicKey: AbsentCredential {
  package static let listAction = "ListSSHPublicKeys"
  package static let listMember = "SSHPublicKeys"
  package static let maximumNameLength = 64
}

/// `iam:ListSigningCertificates`.
package enum SigningCertificate: AbsentCredential {
  package static let listAction = "ListSigningCertificates"
  package static let listMember = "Certificates"
  package static let maximumNameLength = 128
}

/// `iam:ListServiceSpecificCredentials`.
package enum ServiceSpecificCredential: AbsentCredential {
  package static let listAction = "ListServiceSpecificCredentials"
  package static let listMember = "ServiceSpecificCredentials"
  package static let maximumNameLength = 64
}

/// Lists none of a user's credentials of a kind that does not exist here.
package struct ListAbsentCredentials<Credential: AbsentCredential>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { Credential.listAction }
  package static var isReadOnly: Bool { true }

  private let userName: String?

  package init(_ parameters: inout ParameterReader) {
    _ = Paging(&parameters)
    userName = parameters.optionalString("UserName", length: 1...Credential.maximumNameLength, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> UserTarget {
    try await house.userTarget(userName, call)
  }

  package func questions(_ subject: UserTarget, _ call: AuthenticatedCall) -> [Question] {
    subject.question("iam:\(Self.name)", call)
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) throws(ServiceError) -> Proposal {
    try call.subject.existing()
    return emptyPage(Credential.listMember)
  }
}

/// `iam:ListVirtualMFADevices`.
package struct ListVirtualMFADevices: Action {
  package static let service = ServiceName.iam
  package static let name = "ListVirtualMFADevices"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {
    _ = parameters.optionalChoice("AssignmentStatus", of: ["Assigned", "Unassigned", "Any"])
    _ = Paging(&parameters)
  }

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) -> Proposal {
    emptyPage("VirtualMFADevices")
  }
}

private func emptyPage(_ member: String) -> Proposal {
  var result = ResponseStructure()
  result.append(member, .list([]))
  result.append("IsTruncated", .boolean(false))
  return Proposal(result: result)
}

/// What is asked of a login profile.
package protocol LoginProfileUse: Sendable {
  /// The action.
  static var action: String { get }
  /// Whether it only reads.
  static var isReadOnly: Bool { get }
}

/// `iam:GetLoginProfile`.
package enum ReadingLoginProfile: LoginProfileUse {
  package static let action = "GetLoginProfile"
  package static let isReadOnly = true
}

/// `iam:DeleteLoginProfile`.
package enum DeletingLoginProfile: LoginProfileUse {
  package static let action = "DeleteLoginProfile"
  package static let isReadOnly = false
}

/// Finds no login profile: nobody signs in with a password.
package struct AbsentLoginProfile<Use: LoginProfileUse>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { Use.action }
  package static var isReadOnly: Bool { Use.isReadOnly }

  private let userName: String?

  package init(_ parameters: inout ParameterReader) {
    userName = parameters.optionalString("UserName", length: 1...64, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> UserTarget {
    try await house.userTarget(userName, call)
  }

  package func questions(_ subject: UserTarget, _ call: AuthenticatedCall) -> [Question] {
    subject.question("iam:\(Self.name)", call)
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) throws(ServiceError) -> Proposal {
    try call.subject.existing()
    throw .noSuchEntity("Login Profile for User \(call.subject.userName ?? "root") cannot be found.")
  }
}
