// SPDX-License-Identifier: Apache-2.0
//
// ImportOutboundSigningKey: a key that was made elsewhere becomes the successor of the one that signs. An action of this
// server beside AWS's own. What a key has to be is the signer's to say. Source: docs/decisions/0025.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ImportOutboundSigningKey`.
package struct ImportOutboundSigningKey: SigningKeysAction {
  package static let service = ServiceName.iam
  package static let name = "ImportOutboundSigningKey"
  package static let isReadOnly = false

  private let privateKey: Secret
  private let overlap: SigningKeyOverlap

  package init(_ parameters: inout ParameterReader) {
    privateKey = Secret(parameters.requiredSecret("PrivateKey", length: 1...16_384))
    overlap = SigningKeyOverlap(&parameters)
  }

  package var requestParameters: JSONValue? {
    overlap.recorded.isEmpty ? nil : .object(JSONObject(overlap.recorded))
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let keys = try call.subject.existing()
    let schedule = house.keyKeeping.schedule
    let signsFrom = call.now.advanced(bySeconds: Int64(try overlap.seconds(schedule)))
    let key: SealedSigningKey
    do {
      key = try await house.signer.importKey(privateKey, for: call.account)
    } catch {
      if case .unsuitable = error { throw ServiceError(error) }
      throw house.diagnostics.serviceError("import a signing key", error)
    }
    // SECURITY: neither does one that was revoked come back so, nor one that signs under two ids of this server.
    guard !keys.stored.contains(where: { $0.record.keyID.utf8.elementsEqual(key.keyID.description.utf8) })
    else {
      throw .entityAlreadyExists("The issuer has this key already, or had it: its KeyId is \(key.keyID).")
    }
    let algorithm = key.publicKey.algorithm
    let standings = keys.issuer.signingKeys.standings(at: call.now, schedule)
      .filter { $0.key.algorithm == algorithm }
    if let waiting = standings.first(where: { $0.state == .successor }) { throw .successorWaits(waiting.key) }
    var change = SigningKeysChange(keys)
    try change.requireRoom(at: call.now, schedule)
    let succeeds = standings.contains { $0.state != .revoked }
    change.add(key, createDate: call.now, signsFrom: succeeds ? signsFrom : call.now)
    return try house.proposal(
      change,
      at: call.now,
      recording: [.init("keyId", .string(key.keyID.description))]
    )
  }
}
