// SPDX-License-Identifier: Apache-2.0
//
// Writes that keep the tree whole: what stands below a parent is in the parent's index as long as it names the parent.
// Knows no rules of any action.

import IdentityModel
import TokenFormats

extension Change {
  /// Adds that `member` is in its organization.
  mutating func add(_ member: OrganizationAccountRecord) throws(StoreError) {
    let id = member.account.description
    try create(
      member,
      id: OrganizationAccountRecord.id(member.organizationID, member.account),
      account: member.managementAccount
    )
    try create(
      OrganizationChildRecord(childID: id),
      id: OrganizationChildRecord.id(member.parentID, .account, id),
      account: member.managementAccount
    )
  }

  /// Adds `unit` below its parent.
  mutating func add(_ unit: OrganizationalUnitRecord) throws(StoreError) {
    try create(unit, id: unit.unitID, account: unit.managementAccount)
    try create(
      OrganizationChildRecord(childID: unit.unitID),
      id: OrganizationChildRecord.id(unit.parentID, .unit, unit.unitID),
      account: unit.managementAccount
    )
    try name(unit)
  }

  /// Adds that the name of `unit` is taken below its parent.
  mutating func name(_ unit: OrganizationalUnitRecord) throws(StoreError) {
    try create(
      OrganizationalUnitNameRecord(unitID: unit.unitID),
      id: OrganizationalUnitNameRecord.id(unit.parentID, unit.name),
      account: unit.managementAccount
    )
  }
}

extension House {
  /// That `childID` stands below `parentID`; a 5xx when the index does not say so.
  func child(
    _ parentID: String,
    _ type: OrganizationChildRecord.ChildType,
    _ childID: String
  ) async throws(ServiceError) -> Stored<OrganizationChildRecord> {
    try await indexed(at: OrganizationChildRecord.id(parentID, type, childID))
  }

  /// That the name of `unit` is taken below its parent; a 5xx when the index does not say so.
  func name(
    of unit: OrganizationalUnitRecord
  ) async throws(ServiceError) -> Stored<OrganizationalUnitNameRecord> {
    try await indexed(at: OrganizationalUnitNameRecord.id(unit.parentID, unit.name))
  }

  /// What takes `member` out of its organization, besides the account's own record and the organization's.
  func leaving(_ member: Stored<OrganizationAccountRecord>) async throws(ServiceError) -> [Change.Write] {
    let record = member.record
    let child = try await child(record.parentID, .account, record.account.description)
    guard
      let organization = try await read({ directory in
        try await directory.record(OrganizationRecord.self, at: record.organizationID)
      })
    else { throw .internalFailure }
    var change = Change(
      try await detachments(of: record.account.description, in: organization.record)
    )
    change.delete(member)
    change.delete(child)
    return change.writes
  }

  private func indexed<Record: DirectoryRecord>(at id: String) async throws(ServiceError) -> Stored<Record> {
    guard let stored = try await read({ try await $0.record(Record.self, at: id) }) else {
      // Between two reads it may have gone: then the change, which insists on the rest, would not be made.
      throw diagnostics.serviceError(
        "read the tree",
        StoreError.preconditionFailed(RecordKey(Record.kind, id))
      )
    }
    return stored
  }
}

extension OrganizationalUnitNameRecord {
  /// The id under which `name` stands below `parentID`.
  static func id(_ parentID: String, _ name: String) -> String {
    "\(parentID)/\(Base64URL.encode(Array(name.utf8)))"
  }
}

extension OrganizationalUnitRecord {
  /// The prefix of the ids of the units of `organization`.
  static func prefix(_ organization: OrganizationRecord) -> String {
    "ou-\(organization.rootID.dropFirst("r-".utf8.count))-"
  }
}
