// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, EnableOutboundWebIdentityFederation, DisableOutboundWebIdentityFederation,
// GetOutboundWebIdentityFederationInfo: the switch of an account's issuer. Source: contract §1.2–1.4, §1.10.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:EnableOutboundWebIdentityFederation`: makes the issuer at the first call; later ones give the same issuer.
package struct EnableOutboundWebIdentityFederation: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "EnableOutboundWebIdentityFederation"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    guard let issuer = call.subject.issuer else {
      return try await firstEnable(try await house.existingAccount(call.account), call, house)
    }
    guard !issuer.stored.record.isEnabled else {
      throw ServiceError(
        code: "FeatureEnabled",
        httpStatus: 409,
        message: "Outbound identity federation is already enabled for account \(call.account)"
      )
    }
    return try house.propose { change in
      var record = issuer.stored.record
      record.isEnabled = true
      try change.replace(issuer.stored, with: record, account: call.account)
      return answer(record.issuer)
    }
  }

  private func firstEnable(
    _ account: Stored<AccountRecord>,
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    do {
      let creation = try await IssuerCreation.make(for: call.account, house: house, now: call.now)
      var record = account.record
      record.issuerID = creation.issuer.issuerID
      var change = creation.change
      try change.replace(account, with: record, account: call.account)
      let (result, elements) = answer(creation.issuer.issuer)
      return Proposal(
        change: change,
        result: result,
        responseElements: elements,
        changesIssuer: true
      )
    } catch {
      throw house.diagnostics.serviceError("make an issuer", error)
    }
  }

  private func answer(_ issuer: String) -> (ResponseStructure?, JSONValue?) {
    (
      ResponseStructure(["IssuerIdentifier": .string(issuer)]),
      .object(JSONObject([.init("issuerIdentifier", .string(issuer))]))
    )
  }
}

/// `iam:DisableOutboundWebIdentityFederation`: no more tokens; documents stay up, issued tokens stay valid.
package struct DisableOutboundWebIdentityFederation: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "DisableOutboundWebIdentityFederation"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    guard let issuer = call.subject.issuer, issuer.stored.record.isEnabled else {
      throw .featureDisabled("Outbound identity federation is already disabled for account \(call.account)")
    }
    return try house.propose { change in
      var record = issuer.stored.record
      record.isEnabled = false
      try change.replace(issuer.stored, with: record, account: call.account)
      return (nil, nil)
    }
  }
}

/// `iam:GetOutboundWebIdentityFederationInfo`.
package struct GetOutboundWebIdentityFederationInfo: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "GetOutboundWebIdentityFederationInfo"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let record = try call.subject.enabled(for: call.account).stored.record
    var result = ResponseStructure([
      "IssuerIdentifier": .string(record.issuer), "JwtVendingEnabled": .boolean(true),
    ])
    if record.suspendDate != nil { result.append("IssuerSuspended", .boolean(true)) }
    if record.promisesTransparency == true {
      result.append("TokenTransparencyEnabled", .boolean(true))
      result.append("LogVerifierKey", house.promiser.promiseKey.map { .string($0) })
    }
    if record.tokensHaveStatus == true { result.append("TokenStatusEnabled", .boolean(true)) }
    return Proposal(result: result)
  }
}

extension IssuerSubject {
  /// The issuer; throws FeatureDisabled when the account has none or it is off.
  func enabled(for account: AccountID) throws(ServiceError) -> Issuer {
    guard let issuer, issuer.stored.record.isEnabled else {
      throw .featureDisabled("Outbound identity federation is disabled for account \(account)")
    }
    return issuer
  }
}

extension ServiceError {
  fileprivate static func featureDisabled(_ message: String) -> ServiceError {
    ServiceError(code: "FeatureDisabled", httpStatus: 404, message: message)
  }
}
