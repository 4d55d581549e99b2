// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreateAccountAlias, DeleteAccountAlias, ListAccountAliases: one name for the account, which no other has.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateAccountAlias`: takes the place of the alias before, as AWS's does.
package struct CreateAccountAlias: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateAccountAlias"
  package static let isReadOnly = false

  private let alias: String

  package init(_ parameters: inout ParameterReader) {
    alias = parameters.requiredString("AccountAlias", length: 3...63, pattern: .accountAlias)
  }

  package var requestParameters: JSONValue? { .strings(["accountAlias": alias]) }

  package func perform(
    _ call: AuthorizedCall<CreateAccountAlias>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    // Whoever has it: that much every account may learn, as with AWS.
    guard try await house.read({ try await $0.record(AccountAliasRecord.self, at: alias) }) == nil else {
      throw .entityAlreadyExists("The account alias \(alias) already exists.")
    }
    let account = try await house.existingAccount(call.account)
    let former = try await house.aliasRecord(of: account)
    var record = account.record
    record.alias = alias
    return try house.propose { change in
      try change.create(AccountAliasRecord(account: call.account), id: alias, account: call.account)
      if let former { change.delete(former) }
      try change.replace(account, with: record, account: call.account)
      return (nil, nil)
    }
  }
}

/// `iam:DeleteAccountAlias`.
package struct DeleteAccountAlias: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteAccountAlias"
  package static let isReadOnly = false

  private let alias: String

  package init(_ parameters: inout ParameterReader) {
    alias = parameters.requiredString("AccountAlias", length: 3...63, pattern: .accountAlias)
  }

  package var requestParameters: JSONValue? { .strings(["accountAlias": alias]) }

  package func perform(
    _ call: AuthorizedCall<DeleteAccountAlias>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let account = try await house.existingAccount(call.account)
    guard let known = account.record.alias, known.utf8.elementsEqual(alias.utf8),
      let stored = try await house.aliasRecord(of: account)
    else { throw .noSuchEntity("The account alias \(alias) cannot be found.") }
    var record = account.record
    record.alias = nil
    return try house.propose { change in
      change.delete(stored)
      try change.replace(account, with: record, account: call.account)
      return (nil, nil)
    }
  }
}

/// `iam:ListAccountAliases`: one at most, so one page.
package struct ListAccountAliases: Action {
  package static let service = ServiceName.iam
  package static let name = "ListAccountAliases"
  package static let isReadOnly = true

  private let paging: Paging

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
  }

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<ListAccountAliases>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let alias = try await house.existingAccount(call.account).record.alias
    let aliases = ListSource.values(alias.map { [($0, $0)] } ?? [])
    let (page, marker) = try await paging.page(of: [aliases], house)
    return Proposal(
      result: ResponseStructure([
        "AccountAliases": .list(page.map { .string($0) }), "IsTruncated": .boolean(marker != nil),
        "Marker": marker.map { .string($0) },
      ])
    )
  }
}

extension House {
  /// The record of the alias of `account`, when it has one.
  fileprivate func aliasRecord(
    of account: Stored<AccountRecord>
  ) async throws(ServiceError) -> Stored<AccountAliasRecord>? {
    guard let alias = account.record.alias else { return nil }
    return try await read { try await $0.record(AccountAliasRecord.self, at: alias) }
  }
}
