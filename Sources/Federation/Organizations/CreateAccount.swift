// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, CreateAccount: an account is born, with a role that the management account may assume. AWS does
// it in the background; here it is done when the call is answered, and what became of it is kept to be asked for.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:CreateAccount`.
package struct CreateAccount: Action {
  package static let service = ServiceName.organizations
  package static let name = "CreateAccount"
  package static let isReadOnly = false

  /// Accounts in one organization, the management account included.
  ///
  /// Source: AWS Organizations quotas, the largest that
  /// AWS grants.
  static let maximumAccounts = 10_000

  private let email: String
  private let accountName: String
  private let roleName: String
  private let tags: [Tag]

  private enum BillingAccess: String, CaseIterable {
    case allow = "ALLOW"
    case deny = "DENY"
  }

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    email = try parameters.organizationsString("Email", length: 6...64, isEmailAddress)
    accountName = try parameters.organizationsString("AccountName", length: 1...50) { name in
      name.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }
    let role = try parameters.optionalOrganizationsString("RoleName", length: 1...64)
    roleName = role ?? "OrganizationAccountAccessRole"
    guard ParameterPattern.name.matches(roleName) else {
      throw .invalidOrganizationsInput(
        .invalidRoleName,
        "The role name contains characters other than letters, digits and +=,.@-_."
      )
    }
    // There is no billing to have access to.
    _ = try parameters.organizationsChoice("IamUserAccessToBilling", of: BillingAccess.self)
    tags = try parameters.organizationsTags()
  }

  package var requestParameters: JSONValue? {
    // As CloudTrail records them.
    var members = [
      JSONObject.Member("email", .string("****")), .init("accountName", .string("****")),
      .init("roleName", .string(roleName)),
    ]
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    (["CreateAccount"] + (tags.isEmpty ? [] : ["TagResource"])).map { action in
      Question(action: "organizations:\(action)", resource: "*", context: tags.requestContext)
    }
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    let organizationID = organization.record.organizationID
    let prefix = OrganizationAccountRecord.prefix(organizationID)
    let (taken, count) = try await house.read { directory in
      (
        try await directory.record(AccountEmailRecord.self, at: AccountEmailRecord.id(call.account, email)),
        try await directory.count(
          of: OrganizationAccountRecord.self,
          prefix: prefix,
          limit: Self.maximumAccounts
        )
      )
    }
    guard count < Self.maximumAccounts else {
      throw .constraintViolation(
        .accountNumber,
        "You have exceeded the allowed number of AWS accounts: \(Self.maximumAccounts)."
      )
    }
    let account = house.entropy.accountID()
    let status = CreateAccountStatusRecord(
      requestID: house.entropy.organizationsID(prefix: "car-", count: 32),
      accountName: accountName,
      state: taken == nil ? .succeeded : .failed,
      account: taken == nil ? account : nil,
      failureReason: taken == nil ? nil : "EMAIL_ALREADY_EXISTS",
      requestDate: call.now
    )
    let member = OrganizationAccountRecord(
      account: account,
      organizationID: organizationID,
      managementAccount: call.account,
      parentID: organization.record.rootID,
      name: accountName,
      email: email,
      joinedMethod: .created,
      joinedDate: call.now,
      status: .active,
      tags: tags
    )
    let role = accessRole(of: account, trusting: call.account, house, at: call.now)
    return try house.propose { change in
      try change.create(
        status,
        id: CreateAccountStatusRecord.prefix(organizationID) + status.requestID,
        account: call.account
      )
      if taken == nil {
        // An id that is in use is a precondition that fails: the call is decided anew, with another one.
        var record = AccountRecord(account: account, createDate: call.now)
        record.organizationID = organizationID
        record.bornIn = organizationID
        try change.create(record, id: account.description, account: account)
        try change.create(
          AccountEmailRecord(account: account),
          id: AccountEmailRecord.id(call.account, email),
          account: account
        )
        try change.add(member)
        try change.create(role, id: RoleRecord.id(account, roleName), account: account)
        for arn in role.attachedPolicies {
          try change.create(
            PolicyAttachmentRecord(role),
            id: PolicyAttachmentRecord.id(of: role, policy: arn, .policy),
            account: account
          )
        }
      }
      return (
        ResponseStructure(["CreateAccountStatus": .structure(status.response)]),
        .object(JSONObject([.init("createAccountStatus", status.recorded)]))
      )
    }
  }

  /// The role by which the management account reaches the new one.
  private func accessRole(
    of account: AccountID,
    trusting management: AccountID,
    _ house: House,
    at now: Instant
  ) -> RoleRecord {
    RoleRecord(
      account: account,
      path: "/",
      name: roleName,
      uniqueID: house.entropy.uniqueID(prefix: IAMEntityKind.role.uniqueIDPrefix),
      createDate: now,
      maxSessionDuration: 3600,
      assumeRolePolicyDocument: """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::\(management):root"},\
        "Action":"sts:AssumeRole"}]}
        """,
      trustedPrincipalIDs: [:],
      tags: [],
      attachedPolicies: ["arn:aws:iam::aws:policy/AdministratorAccess"]
    )
  }
}

/// `[^\s@]+@[^\s@]+\.[^\s@]+`, in printable ASCII.
private func isEmailAddress(_ text: String) -> Bool {
  guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return false }
  let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
  guard parts.count == 2, !parts[0].isEmpty,
    let dot = parts[1].dropFirst().lastIndex(of: UInt8(ascii: "."))
  else { return false }
  return parts[1].index(after: dot) < parts[1].endIndex
}

extension CreateAccountStatusRecord {
  /// What the actions on requests answer.
  var response: ResponseStructure {
    ResponseStructure([
      "Id": .string(requestID),
      "AccountName": .string(accountName),
      "State": .string(state.rawValue),
      "RequestedTimestamp": .timestamp(requestDate, milliseconds: true),
      "CompletedTimestamp": .timestamp(requestDate, milliseconds: true),
      "AccountId": account.map { .string($0.description) },
      "FailureReason": failureReason.map { .string($0) },
    ])
  }

  /// What of it is recorded.
  var recorded: JSONValue {
    .strings([
      "id": requestID, "state": state.rawValue, "accountId": account?.description,
      "failureReason": failureReason, "requestedTimestamp": requestDate.cloudTrailElementForm,
    ]) ?? .null
  }
}
