// SPDX-License-Identifier: Apache-2.0
//
// ListOutboundSigningKeys, RotateOutboundSigningKey: the keys that sign an account's tokens, and their successors. Actions
// of this server beside AWS's own. Source: docs/decisions/0025.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// The signing keys of the caller's account.
package struct SigningKeysSubject: ActionSubject {
  let keys: StoredSigningKeys?

  package var requirements: [Change.Write] { keys.map { [$0.issuer.stored.isUnchanged] } ?? [] }

  /// The keys; throws NoSuchEntity when the account has no issuer.
  func existing() throws(ServiceError) -> StoredSigningKeys {
    guard let keys else { throw .noIssuer }
    return keys
  }
}

/// An action on the signing keys of the caller's account.
package protocol SigningKeysAction: Action where Subject == SigningKeysSubject {}

extension SigningKeysAction {
  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError)
    -> SigningKeysSubject
  {
    try await house.read { directory in
      SigningKeysSubject(keys: try await StoredSigningKeys.read(call.account, directory))
    }
  }

  package func questions(_ subject: SigningKeysSubject, _ call: AuthenticatedCall) -> [Question] {
    Self.oneQuestion
  }
}

extension ServiceError {
  /// 404: there is nothing whose keys they could be.
  static let noIssuer = noSuchEntity(
    "The account has no issuer: it is made when outbound identity federation is first enabled."
  )
}

/// `iam:ListOutboundSigningKeys`.
package struct ListOutboundSigningKeys: SigningKeysAction {
  package static let service = ServiceName.iam
  package static let name = "ListOutboundSigningKeys"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let issuer = try call.subject.existing().issuer
    return Proposal(
      result: issuer.signingKeys.response(issuer, at: call.now, house.keyKeeping.schedule)
    )
  }
}

/// `iam:RotateOutboundSigningKey`: a successor of the key that signs, published at once, which signs after an overlap.
package struct RotateOutboundSigningKey: SigningKeysAction {
  package static let service = ServiceName.iam
  package static let name = "RotateOutboundSigningKey"
  package static let isReadOnly = false

  private let algorithm: SigningAlgorithm?
  private let overlap: SigningKeyOverlap

  package init(_ parameters: inout ParameterReader) {
    algorithm = parameters.optionalChoice("SigningAlgorithm", of: SigningAlgorithm.allCases.map(\.rawValue))
      .flatMap { SigningAlgorithm(rawValue: $0) }
    overlap = SigningKeyOverlap(&parameters)
  }

  package var requestParameters: JSONValue? {
    let members = JSONObject.Member.ifPresent("signingAlgorithm", algorithm?.rawValue) + overlap.recorded
    return members.isEmpty ? nil : .object(JSONObject(members))
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let keys = try call.subject.existing()
    let schedule = house.keyKeeping.schedule
    let signsFrom = call.now.advanced(bySeconds: Int64(try overlap.seconds(schedule)))
    let standings = keys.issuer.signingKeys.standings(at: call.now, schedule)
    let present = SigningAlgorithm.allCases.filter { algorithm in
      standings.contains { $0.key.algorithm == algorithm && $0.state != .revoked }
    }
    let chosen = algorithm.map { [$0] } ?? present
    let waiting = chosen.compactMap { algorithm in
      standings.first { $0.key.algorithm == algorithm && $0.state == .successor }?.key
    }
    // Only who says how long: a call without that may be one that was sent twice.
    if let stays = waiting.first(where: { !overlap.isGiven || signsFrom >= $0.signsFrom }) {
      throw .successorWaits(
        stays,
        insteadOf: chosen.filter { other in !waiting.contains { $0.algorithm == other } }
      )
    }
    var change = SigningKeysChange(keys)
    var successors: [String] = []
    for algorithm in chosen {
      if let waiting = waiting.first(where: { $0.algorithm == algorithm }) {
        try house.encoding { () throws(StoreError) in try change.bringForward(waiting, to: signsFrom) }
        successors.append(waiting.keyID.description)
      } else {
        try change.requireRoom(at: call.now, schedule)
        let key = try await house.newSigningKey(algorithm, for: call.account)
        // The first of its algorithm succeeds nobody.
        let isFirst = !present.contains(algorithm)
        change.add(key, createDate: call.now, signsFrom: isFirst ? call.now : signsFrom)
        successors.append(key.keyID.description)
      }
    }
    return try house.proposal(
      change,
      at: call.now,
      recording: [.init("keyIds", .strings(successors))]
    )
  }
}

/// The parameter `OverlapSeconds`: how long a successor is published before it signs.
struct SigningKeyOverlap: Sendable {
  private let given: Int?

  init(_ parameters: inout ParameterReader) {
    given = parameters.optionalInteger("OverlapSeconds", 1...KeySchedule.maximumOverlapSeconds)
  }

  var isGiven: Bool { given != nil }

  var recorded: [JSONObject.Member] { given.map { [.init("overlapSeconds", .integer($0))] } ?? [] }

  /// Throws InvalidInput for less than `schedule` lets anybody ask for.
  func seconds(_ schedule: KeySchedule) throws(ServiceError) -> Int {
    let seconds = given ?? schedule.minimumOverlapSeconds
    guard seconds >= schedule.minimumOverlapSeconds else {
      throw .invalidInput(
        "OverlapSeconds must be at least \(schedule.minimumOverlapSeconds): so long may verifiers keep a key set. A key "
          + "that must not sign any more is revoked."
      )
    }
    return seconds
  }
}

extension ServiceError {
  /// 409: there is a successor already, for which nothing was done with the keys of `others` either.
  static func successorWaits(
    _ key: OutboundSigningKey,
    insteadOf others: [SigningAlgorithm] = []
  ) -> ServiceError {
    let rest = others.map { " \($0.rawValue) was not rotated either: ask for it alone." }.joined()
    return .limitExceeded(
      "A successor of the \(key.algorithm.rawValue) key is published already, and signs from "
        + "\(key.signsFrom.rfc3339) on.\(rest)"
    )
  }
}

extension SigningKeysChange {
  /// Throws LimitExceeded when one more key would be too many in the set.
  func requireRoom(at now: Instant, _ schedule: KeySchedule) throws(ServiceError) {
    guard ring.published(at: now, schedule).count < KeySchedule.maximumPublished else {
      throw .limitExceeded(
        "An issuer has up to \(KeySchedule.maximumPublished) published keys: wait until those that retire are gone."
      )
    }
  }
}

extension House {
  /// A new key for the tokens of `account`.
  func newSigningKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID
  ) async throws(ServiceError) -> SealedSigningKey {
    do {
      return try await signer.makeKey(algorithm, for: account)
    } catch {
      throw diagnostics.serviceError("make a signing key", error)
    }
  }

  /// What `body` gives; a store error is an incident and 5xx.
  func encoding<Result>(_ body: () throws(StoreError) -> Result) throws(ServiceError) -> Result {
    do {
      return try body()
    } catch {
      throw diagnostics.serviceError("encode a change", error)
    }
  }

  /// The proposal of `change`, answered with the keys as they will be, and `elements` besides.
  func proposal(
    _ change: SigningKeysChange,
    at now: Instant,
    revoking revoked: [KeyID] = [],
    answering members: KeyValuePairs<String, ResponseValue?> = [:],
    recording elements: [JSONObject.Member]
  ) throws(ServiceError) -> Proposal {
    let schedule = keyKeeping.schedule
    var result = change.ring.response(change.issuer, at: now, schedule)
    for (name, value) in members { result.append(name, value) }
    return Proposal(
      change: try encoding { () throws(StoreError) in try change.change(at: now, schedule) },
      result: result,
      responseElements: .object(JSONObject(elements)),
      changesIssuer: true,
      revokedKeys: revoked
    )
  }
}

extension SigningKeyRing {
  /// The keys of `issuer` at `now`, those that are published no more included.
  func response(_ issuer: Issuer, at now: Instant, _ schedule: KeySchedule) -> ResponseStructure {
    let members = standings(at: now, schedule).map { standing in
      ResponseValue.structure(
        ResponseStructure([
          "KeyId": .string(standing.key.keyID.description),
          "SigningAlgorithm": .string(standing.key.algorithm.rawValue),
          "Status": .string(standing.state.rawValue),
          "CreateDate": .timestamp(standing.key.createDate, milliseconds: false),
          "SignsFrom": .timestamp(standing.key.signsFrom, milliseconds: false),
          "PublishedUntil": standing.publishedUntil.map { .timestamp($0, milliseconds: false) },
          "RevokeDate": standing.key.revokeDate.map { .timestamp($0, milliseconds: false) },
          "PublicKey": standing.key.publicKey.pem.map { .string($0) },
        ])
      )
    }
    let record = issuer.stored.record
    return ResponseStructure([
      "IssuerIdentifier": .string(record.issuer),
      "IssuerSuspended": record.suspendDate.map { _ in .boolean(true) },
      "KeySetEmptied": record.publishesNoKeys ? .boolean(true) : nil,
      "OutboundSigningKeys": .list(members),
    ])
  }
}
