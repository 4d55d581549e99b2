// SPDX-License-Identifier: Apache-2.0
//
// What can be tagged: how requests name it, where it stands, and what policy is asked about it. A new kind of record
// with tags conforms to `NamedResource` or `ARNResource` and has its tag actions.

package import AWSProtocols
package import IdentityModel

/// A kind of record that has tag actions of its own: `TagUser`, `UntagUser`, `ListUserTags`.
package protocol TaggableResource: TaggedRecord {
  /// The word in the names of the tag actions: `User`.
  static var resourceNoun: String { get }
  /// The parameter that names the resource: `UserName`, `PolicyArn`.
  static var identifierParameter: String { get }

  /// Reads `identifierParameter`.
  static func readIdentifier(_ parameters: inout ParameterReader) -> String
  /// Where the resource that `identifier` names stands in `account`; `nil` when it can name none there.
  static func key(of identifier: String, in account: AccountID) -> RecordKey?
  /// The ARN that policy is asked about when `identifier` names nothing.
  static func arn(of identifier: String, in account: AccountID) -> String
  /// Throws when `identifier` could not name a resource of this kind in any account.
  static func require(_ identifier: String) throws(ServiceError)
  /// Why there is nothing to work on when `identifier` names nothing.
  static func absence(of identifier: String) -> ServiceError

  /// Whether `identifier` names this record: a name is exact, although names differ by more than case.
  func isNamed(_ identifier: String) -> Bool
}

/// A resource that requests name by its name.
package protocol NamedResource: TaggableResource {
  /// How long a name may be when it is asked for, in UTF-16 code units.
  static var nameLength: ClosedRange<Int> { get }
}

extension NamedResource {
  package static var identifierParameter: String { resourceNoun + "Name" }
  package static var nameLength: ClosedRange<Int> { 1...128 }

  package static func readIdentifier(_ parameters: inout ParameterReader) -> String {
    parameters.requiredString(identifierParameter, length: nameLength, pattern: .name)
  }

  package static func require(_ name: String) {}
}

extension NamedResource where Self: IAMEntity {
  package static var resourceNoun: String { entityKind.rawValue }

  package static func key(of name: String, in account: AccountID) -> RecordKey? { key(account, name) }

  package static func arn(of name: String, in account: AccountID) -> String {
    ARN(service: "iam", account: account, resource: "\(entityKind.word)/\(name)").description
  }

  package static func absence(of name: String) -> ServiceError {
    .noSuchEntity("The \(entityKind.word) with name \(name) cannot be found.")
  }

  package func isNamed(_ name: String) -> Bool { self.name.utf8.elementsEqual(name.utf8) }
}

/// A resource that requests name by its ARN.
package protocol ARNResource: TaggableResource {
  /// The word in the ARN: `policy`.
  static var resourceType: String { get }
  /// The id of the resource of `account` whose ARN ends with `name`, its path included.
  static func id(of name: String, in account: AccountID) -> String
}

extension ARNResource {
  package static var identifierParameter: String { resourceNoun + "Arn" }

  package static func readIdentifier(_ parameters: inout ParameterReader) -> String {
    parameters.requiredString(identifierParameter, length: 20...2048)
  }

  package static func require(_ arn: String) throws(ServiceError) {
    _ = try ResourceARN(arn, type: resourceType)
  }

  package static func key(of arn: String, in account: AccountID) -> RecordKey? {
    // Nothing has a longer path and name; an id must not be longer than a key may be.
    guard let arn = try? ResourceARN(arn, type: resourceType), arn.account == account,
      arn.name.utf8.count <= 512 + 255
    else { return nil }
    return RecordKey(kind, id(of: arn.name, in: account))
  }

  package static func arn(of arn: String, in account: AccountID) -> String { arn }

  package func isNamed(_ arn: String) -> Bool { self.arn.description.utf8.elementsEqual(arn.utf8) }
}

// MARK: - The resource of a request

/// The resource that an action names.
package enum ResourceTarget<Record: TaggableResource>: ActionSubject {
  /// One of the caller's account.
  case existing(Stored<Record>)
  /// A name that nothing of this kind in the caller's account has.
  case absent(String, of: AccountID)

  package var requirements: [Change.Write] {
    switch self {
    case .existing(let resource): [resource.isUnchanged]
    case .absent(let identifier, let account):
      Record.key(of: identifier, in: account).map { [.require($0, .absent)] } ?? []
    }
  }

  /// The question to policy: whether the caller may do `action` to the resource.
  ///
  /// Its tags are condition keys.
  func question(_ action: String, context: [Question.ContextEntry] = []) -> Question {
    switch self {
    case .existing(let resource):
      return Question(
        action: action,
        resource: resource.record.arn.description,
        context: resource.record.tagContext + context
      )
    case .absent(let identifier, let account):
      // SECURITY: an ARN of another account is judged as one.
      let arn = Record.arn(of: identifier, in: account)
      return Question(
        action: action,
        resource: arn,
        context: context,
        resourceAccount: ARN(arn).flatMap { AccountID($0.parts[4]) }
      )
    }
  }

  /// The resource; throws NoSuchEntity when there is none.
  @discardableResult
  func existing() throws(ServiceError) -> Stored<Record> {
    switch self {
    case .existing(let resource): resource
    case .absent(let identifier, _): throw Record.absence(of: identifier)
    }
  }
}

extension House {
  /// The resource `identifier` of the caller's account.
  ///
  /// Throws ValidationError when it is to be an ARN and is none, InvalidInput when it is the ARN of something else.
  func resource<Record: TaggableResource>(
    _ type: Record.Type,
    _ identifier: String,
    _ call: AuthenticatedCall
  ) async throws(ServiceError) -> ResourceTarget<Record> {
    try Record.require(identifier)
    guard let key = Record.key(of: identifier, in: call.account),
      let found = try await read({ try await $0.record(type, at: key.id) }), found.record.isNamed(identifier)
    else { return .absent(identifier, of: call.account) }
    return .existing(found)
  }
}

// MARK: - What is taggable

extension UserRecord: NamedResource {}

extension RoleRecord: NamedResource {
  package static var nameLength: ClosedRange<Int> { 1...64 }
}

extension InstanceProfileRecord: NamedResource {
  package static var resourceNoun: String { "InstanceProfile" }

  package static func key(of name: String, in account: AccountID) -> RecordKey? {
    RecordKey(kind, id(account, name))
  }

  package static func arn(of name: String, in account: AccountID) -> String {
    ARN(service: "iam", account: account, resource: "instance-profile/\(name)").description
  }

  package static func absence(of name: String) -> ServiceError {
    .noSuchEntity("Instance Profile \(name) cannot be found.")
  }

  package func isNamed(_ name: String) -> Bool { self.name.utf8.elementsEqual(name.utf8) }
}

extension ManagedPolicyRecord: ARNResource {
  package static var resourceNoun: String { "Policy" }
  package static var resourceType: String { "policy" }

  package static func id(of name: String, in account: AccountID) -> String {
    let last = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last
    return id(account, last.map { String(Substring($0)) } ?? name)
  }

  package static func absence(of arn: String) -> ServiceError {
    .noSuchEntity("Policy \(arn) was not found.")
  }
}

extension ARNResource where Self: IdentityProviderRecord {
  package static func id(of name: String, in account: AccountID) -> String { id(account, name) }
}

extension OIDCProviderRecord: ARNResource {
  package static var resourceNoun: String { "OpenIDConnectProvider" }

  package static func absence(of arn: String) -> ServiceError {
    .noSuchEntity("OpenIDConnect Provider not found for arn \(arn)")
  }
}

extension SAMLProviderRecord: ARNResource {
  package static var resourceNoun: String { "SAMLProvider" }

  package static func absence(of arn: String) -> ServiceError {
    .noSuchEntity("Manifest not found for arn \(arn)")
  }
}
