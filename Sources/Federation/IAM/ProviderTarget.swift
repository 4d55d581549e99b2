// SPDX-License-Identifier: Apache-2.0
//
// Which identity provider an IAM action is about. It is read once; policy judges it and the action works on the same.
// Shared by the actions on OpenID Connect and on SAML providers.

import AWSProtocols
package import IdentityModel

/// The identity provider that an action names.
package enum ProviderTarget<Provider: IdentityProviderRecord>: ActionSubject {
  /// One of the caller's account.
  case existing(Stored<Provider>)
  /// An ARN that no provider of the caller's account has.
  case absent

  package var requirements: [Change.Write] {
    switch self {
    case .existing(let provider): [provider.isUnchanged]
    // Nothing is written about it.
    case .absent: []
    }
  }
}

/// The action `action` on the provider `arn`.
package struct ProviderAction<Provider: IdentityProviderRecord>: ActionTarget {
  let arn: ResourceARN
  let action: String

  /// Reads the ARN from the parameter `name`; the reader's other findings come first.
  init(_ parameters: inout ParameterReader, _ name: String, _ action: String) throws(ServiceError) {
    let text = parameters.requiredString(name, length: 20...2048)
    try parameters.check()
    self.arn = try ResourceARN(text, type: Provider.resourceType)
    self.action = action
  }

  /// Reads the provider.
  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ProviderTarget<Provider> {
    // No provider has a longer name; an id must not be longer than a key may be.
    guard arn.account == call.account, arn.name.utf8.count <= 255 else { return .absent }
    let id = Provider.id(call.account, arn.name)
    let stored = try await house.read { try await $0.record(Provider.self, at: id) }
    guard let stored, stored.record.arn.description.utf8.elementsEqual(arn.text.utf8) else { return .absent }
    return .existing(stored)
  }

  /// The one question to policy.
  package func questions(_ subject: ProviderTarget<Provider>) -> [Question] {
    switch subject {
    case .existing(let provider): [arn.question(action, context: provider.record.tagContext)]
    case .absent: [arn.question(action)]
    }
  }

  /// The provider; throws NoSuchEntity when there is none.
  func existing(_ subject: ProviderTarget<Provider>) throws(ServiceError) -> Stored<Provider> {
    guard case .existing(let provider) = subject else {
      throw .noSuchEntity("\(Provider.missing) not found for arn \(arn.text)")
    }
    return provider
  }

  /// The proposal that replaces the provider by what `edit` makes of it, and changes nothing when that is the same.
  func edit(
    _ subject: ProviderTarget<Provider>,
    _ house: House,
    account: AccountID,
    _ edit: (inout Provider) -> Void
  ) throws(ServiceError) -> Proposal {
    let stored = try existing(subject)
    var record = stored.record
    edit(&record)
    return try house.propose { change in
      if record != stored.record { try change.replace(stored, with: record, account: account) }
      return (nil, nil)
    }
  }
}

extension IdentityProviderRecord {
  /// How AWS calls what it did not find.
  fileprivate static var missing: String {
    Self.self == SAMLProviderRecord.self ? "Manifest" : "OpenIDConnect Provider"
  }
}

extension House {
  /// All providers of the kind `Provider` in `account`, in the order of their ids: there are no more than the quota.
  func providers<Provider: IdentityProviderRecord>(
    _ type: Provider.Type,
    in account: AccountID
  ) async throws(ServiceError) -> [Provider] {
    try await read { try await $0.allRecords(type, prefix: "\(account)/") }.map(\.record)
  }
}
