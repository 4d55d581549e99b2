// SPDX-License-Identifier: Apache-2.0
//
// RevokeOutboundSigningKey: a key signs nothing from the answer on, and leaves the key set with it. An action of this
// server beside AWS's own. Source: docs/decisions/0025.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:RevokeOutboundSigningKey`.
package struct RevokeOutboundSigningKey: SigningKeysAction {
  package static let service = ServiceName.iam
  package static let name = "RevokeOutboundSigningKey"
  package static let isReadOnly = false

  private let keyID: String

  package init(_ parameters: inout ParameterReader) {
    keyID = parameters.requiredString("KeyId", length: 1...128)
  }

  package var requestParameters: JSONValue? { .strings(["keyId": keyID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let keys = try call.subject.existing()
    let schedule = house.keyKeeping.schedule
    let standings = keys.issuer.signingKeys.standings(at: call.now, schedule)
    guard let revoked = standings.first(where: { $0.key.keyID.description.utf8.elementsEqual(keyID.utf8) })
    else { throw .noSuchEntity("The issuer has no signing key with the KeyId `\(keyID)`.") }
    let algorithm = revoked.key.algorithm
    var change = SigningKeysChange(keys)
    var wasMade = false
    // Sent twice, it is done once.
    if revoked.state != .revoked {
      try house.encoding { () throws(StoreError) in try change.revoke(revoked.key, at: call.now) }
    }
    if revoked.state == .signing {
      if let waiting = standings.first(where: { $0.key.algorithm == algorithm && $0.state == .successor }) {
        try house.encoding { () throws(StoreError) in try change.bringForward(waiting.key, to: call.now) }
      } else {
        // Without another one nobody would get a token; so there is one before this one goes.
        let key = try await house.newSigningKey(algorithm, for: call.account)
        change.add(key, createDate: call.now, signsFrom: call.now)
        wasMade = true
      }
    }
    let successor = change.ring.signingKey(algorithm, at: call.now)?.keyID.description
    var elements = JSONObject.Member.ifPresent("successorKeyId", successor)
    elements.append(.init("successorWasMade", .bool(wasMade)))
    return try house.proposal(
      change,
      at: call.now,
      revoking: [revoked.key.keyID],
      answering: ["SuccessorKeyId": successor.map { .string($0) }, "SuccessorWasMade": .boolean(wasMade)],
      recording: elements
    )
  }
}
