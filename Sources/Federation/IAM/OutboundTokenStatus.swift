// SPDX-License-Identifier: Apache-2.0
//
// EnableOutboundTokenStatus, DisableOutboundTokenStatus: whether the account's tokens name a status list, so that each can
// be revoked. Actions of this server beside AWS's own. Source: draft-ietf-oauth-status-list; docs/decisions/0026.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:EnableOutboundTokenStatus`: from now on each token has a place in a status list, or is not issued.
package struct EnableOutboundTokenStatus: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "EnableOutboundTokenStatus"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let issuer = try call.subject.enabled(for: call.account)
    var record = issuer.stored.record
    do {
      // The list is there before the first token names it. A list that nobody names does no harm.
      try await house.statusIndexes.begin(record, now: call.now)
    } catch {
      throw house.diagnostics.serviceError("begin a status list", error)
    }
    record.tokensHaveStatus = true
    let endpoint = record.issuer + StatusLists.path
    return try house.proposeIssuer(record, in: call) {
      (
        ResponseStructure(["StatusListAggregationEndpoint": .string(endpoint)]),
        .strings(["statusListAggregationEndpoint": endpoint])
      )
    }
  }
}

/// `iam:DisableOutboundTokenStatus`: tokens have no place in a list any more; the lists of those that have one stay.
package struct DisableOutboundTokenStatus: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "DisableOutboundTokenStatus"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    var record = try call.subject.enabled(for: call.account).stored.record
    record.tokensHaveStatus = false
    return try house.proposeIssuer(record, in: call) { (nil, nil) }
  }
}

extension House {
  /// The proposal that puts `record` in the place of the issuer of `call`, whose discovery document follows.
  fileprivate func proposeIssuer<A: Action>(
    _ record: IssuerRecord,
    in call: AuthorizedCall<A>,
    _ answer: () -> (ResponseStructure?, JSONValue?)
  ) throws(ServiceError) -> Proposal where A.Subject == IssuerSubject {
    let stored = try call.subject.enabled(for: call.account).stored
    return try propose { change in
      try change.replace(stored, with: record, account: call.account)
      return answer()
    }.changingIssuer()
  }
}
