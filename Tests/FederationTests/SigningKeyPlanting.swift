// SPDX-License-Identifier: Apache-2.0
//
// Records of signing keys that somebody who can write the store, and nothing else, would put there.

import AuditTrail
import Federation
import Foundation
import IdentityModel
import StoreSQLite
import Testing

extension TestServer {
  /// Puts the public half of `key` into the store with this voucher; the private half too when `isWhole`.
  func plant(
    _ key: SealedSigningKey,
    withoutPrivateHalf voucher: [UInt8]?,
    of account: AccountID,
    isWhole: Bool = false
  ) async throws {
    let record = SigningKeyRecord(key, createDate: clock.now, signsFrom: clock.now)
    var body = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(record)) as? [String: Any]
    )
    if !isWhole { body["sealed"] = nil }
    if let voucher { body["voucher"] = Data(voucher).base64EncodedString() }
    try await put(body, SigningKeyRecord.id(account, key.keyID), of: account)
  }

  /// Puts a record there that is of no algorithm.
  func plantNonsense(of account: AccountID) async throws {
    try await put(
      [
        "account": account.description, "keyID": "k", "algorithm": "none", "first": "", "second": "",
        "version": 1, "sealed": "", "createDate": 0,
      ],
      SigningKeyRecord.id(account, KeyID("k")),
      of: account
    )
  }

  /// Puts a copy of `record` at `id`, with another issuer URL and id.
  func plant(_ record: IssuerRecord, issuerID: String, issuer: String) async throws {
    var body = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(record)) as? [String: Any]
    )
    body["issuerID"] = issuerID
    body["issuer"] = issuer
    let octets = Array(try JSONSerialization.data(withJSONObject: body))
    try await put(octets, RecordKey(IssuerRecord.kind, issuerID), of: record.account)
  }

  private func put(_ body: [String: Any], _ id: String, of account: AccountID) async throws {
    let octets = Array(try JSONSerialization.data(withJSONObject: body))
    try await put(octets, RecordKey(SigningKeyRecord.kind, id), of: account)
  }

  private func put(_ octets: [UInt8], _ key: RecordKey, of account: AccountID) async throws {
    let present = try await store.record(at: key)
    try await house.directory.commit(
      Change([.put(key, account: account, body: octets, present.map { .revision($0.revision) } ?? .absent)]),
      of: account,
      recording: AuditRecord(operatorEvent: "Test", account: account, now: clock.now, entropy: .system)
    )
  }
}
