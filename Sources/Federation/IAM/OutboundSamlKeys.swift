// SPDX-License-Identifier: Apache-2.0
//
// ListOutboundSamlKeys, RotateOutboundSamlKey: the keys that sign an account's SAML, and their successors. Actions of
// this server beside AWS's own. Source: docs/decisions/0022.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// The issuer of the caller's account with its SAML keys as they are stored.
package struct SAMLKeysSubject: ActionSubject {
  let issuer: Issuer
  let stored: [Stored<SAMLSigningKeyRecord>]

  package var requirements: [Change.Write] { [issuer.stored.isUnchanged] }

  static func read(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> SAMLKeysSubject? {
    try await house.read { directory in
      guard let issuer = try await directory.issuer(of: call.account) else { return nil }
      return SAMLKeysSubject(
        issuer: issuer,
        stored: try await directory.allRecords(
          SAMLSigningKeyRecord.self,
          prefix: SAMLSigningKeyRecord.prefix(call.account)
        )
      )
    }
  }
}

extension SAMLKeysSubject {
  /// The key `key` as it signs from `date` on, with the write that says so.
  fileprivate func bringForward(
    _ key: SAMLKey,
    to date: Instant,
    in change: inout Change
  ) throws(StoreError) -> SAMLKey {
    guard let stored = stored.first(where: { key.stands(at: $0.key.id) }) else {
      throw .corrupted("no record of the SAML key `\(key.sealed.keyID)`")
    }
    try change.replace(stored, with: stored.record.signing(from: date), account: key.sealed.account)
    return SAMLKey(
      sealed: key.sealed,
      certificate: key.certificate,
      createDate: key.createDate,
      signsFrom: date
    )
  }
}

extension SAMLKeysSubject? {
  /// The subject; throws NoSuchEntity when the account has no SAML key.
  fileprivate func existing() throws(ServiceError) -> SAMLKeysSubject {
    guard let subject = self, !subject.issuer.samlKeys.keys.isEmpty else {
      throw .noSuchEntity(
        "The account has no SAML keys: they are made with its first SAML federation config."
      )
    }
    return subject
  }
}

extension SAMLKeysSubject?: ActionSubject {
  package var requirements: [Change.Write] { self?.requirements ?? [] }
}

/// `iam:ListOutboundSamlKeys`.
package struct ListOutboundSamlKeys: Action {
  package static let service = ServiceName.iam
  package static let name = "ListOutboundSamlKeys"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> SAMLKeysSubject? {
    try await SAMLKeysSubject.read(call, house)
  }

  package func questions(_ subject: SAMLKeysSubject?, _ call: AuthenticatedCall) -> [Question] {
    [Question(action: "iam:ListOutboundSamlKeys", resource: "*")]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let subject = try call.subject.existing()
    return Proposal(result: subject.issuer.samlKeys.response(subject.issuer, at: call.now))
  }
}

/// `iam:RotateOutboundSamlKey`: a successor of the key that signs, published at once, which signs after an overlap.
package struct RotateOutboundSamlKey: Action {
  package static let service = ServiceName.iam
  package static let name = "RotateOutboundSamlKey"
  package static let isReadOnly = false

  private let algorithm: XMLSignatureAlgorithm?
  private let overlapSeconds: Int?

  package init(_ parameters: inout ParameterReader) {
    let name = parameters.optionalChoice(
      "SigningAlgorithm",
      of: XMLSignatureAlgorithm.allCases.map(\.rawValue)
    )
    algorithm = name.flatMap { XMLSignatureAlgorithm(rawValue: $0) }
    overlapSeconds = parameters.optionalInteger("OverlapSeconds", 0...(30 * 24 * 3600))
  }

  package var requestParameters: JSONValue? {
    var members = JSONObject.Member.ifPresent("signingAlgorithm", algorithm?.rawValue)
    if let overlapSeconds { members.append(.init("overlapSeconds", .integer(overlapSeconds))) }
    return members.isEmpty ? nil : .object(JSONObject(members))
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> SAMLKeysSubject? {
    try await SAMLKeysSubject.read(call, house)
  }

  package func questions(_ subject: SAMLKeysSubject?, _ call: AuthenticatedCall) -> [Question] {
    [Question(action: "iam:RotateOutboundSamlKey", resource: "*")]
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let subject = try call.subject.existing()
    let issuer = subject.issuer
    let states = issuer.samlKeys.states(at: call.now)
    let present = SigningAlgorithm.allCases.filter { family in states.contains { $0.key.family == family } }
    let families = algorithm.map { [$0.family] } ?? present
    let overlap = overlapSeconds ?? SAMLKeyRing.defaultOverlapSeconds
    let signsFrom = call.now.advanced(bySeconds: Int64(overlap))
    var waiting: [SAMLKey] = []
    for family in families {
      guard present.contains(family) else {
        throw .noSuchEntity("The account has no SAML key for this SigningAlgorithm.")
      }
      guard let successor = states.first(where: { $0.key.family == family && $0.state == .successor })?.key
      else { continue }
      // Only who says how long: a call without that may be one that was sent twice.
      guard overlapSeconds != nil, signsFrom < successor.signsFrom else {
        throw .limitExceeded(
          "A successor is published already, and signs from \(successor.signsFrom.rfc3339) on."
        )
      }
      waiting.append(successor)
    }
    let new = families.filter { family in !waiting.contains { $0.family == family } }
    try issuer.samlKeys.requireRoom(for: new.count, at: call.now)
    var change = Change()
    var keys = states.filter { $0.state != .retired }.map(\.key)
    // What nothing was signed with for a while is not kept: neither its certificate nor its sealed private half.
    let retired = states.filter { $0.state == .retired }.map(\.key.sealed.keyID.description)
    for stored in subject.stored {
      if let keyID = stored.record.key?.sealed.keyID.description, retired.contains(keyID) {
        change.delete(stored)
      }
    }
    for family in new {
      keys.append(
        try await house.newSAMLKey(family, of: issuer, to: &change, now: call.now, signsFrom: signsFrom)
      )
    }
    do {
      for key in waiting {
        keys.removeAll { $0.sealed.keyID == key.sealed.keyID }
        keys.append(try subject.bringForward(key, to: signsFrom, in: &change))
      }
      try house.meet(at: issuer, in: &change)
    } catch {
      throw house.diagnostics.serviceError("encode a change", error)
    }
    let successors = keys.suffix(families.count).map(\.sealed.keyID.description)
    return Proposal(
      change: change,
      result: SAMLKeyRing(keys).response(issuer, at: call.now),
      responseElements: .object(JSONObject([.init("keyIds", .strings(Array(successors)))])),
      changesIssuer: true
    )
  }
}

extension SAMLKeyRing {
  /// Throws LimitExceeded when with `count` more there would be too many keys published at `now`.
  func requireRoom(for count: Int, at now: Instant) throws(ServiceError) {
    guard published(at: now).count + count <= Self.maximumPublished else {
      throw .limitExceeded(
        "An account has up to \(Self.maximumPublished) SAML keys published: wait until those that retire are gone."
      )
    }
  }

  /// The keys of `issuer` at `now`, those that are published no more included.
  fileprivate func response(_ issuer: Issuer, at now: Instant) -> ResponseStructure {
    let members = states(at: now).map { key, state, publishedUntil in
      ResponseValue.structure(
        ResponseStructure([
          "KeyId": .string(key.sealed.keyID.description),
          "KeyType": .string(key.family == .rs256 ? "RSA_2048" : "ECC_P384"),
          "Status": .string(state.rawValue),
          "CreateDate": .timestamp(key.createDate, milliseconds: false),
          "SignsFrom": .timestamp(key.signsFrom, milliseconds: false),
          "PublishedUntil": publishedUntil.map { .timestamp($0, milliseconds: false) },
          "Certificate": .string(key.certificate.pem),
        ])
      )
    }
    return ResponseStructure([
      "EntityId": .string(samlEntityID(of: issuer.stored.record)), "OutboundSamlKeys": .list(members),
    ])
  }
}
