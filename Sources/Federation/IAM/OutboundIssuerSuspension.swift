// SPDX-License-Identifier: Apache-2.0
//
// SuspendOutboundIssuer, ResumeOutboundIssuer: no token of the account, of any kind, from the answer on, and by choice no
// keys for verifiers either. Actions of this server beside AWS's own. Source: docs/decisions/0025.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:SuspendOutboundIssuer`: beyond what disabling does, it can empty the key set.
package struct SuspendOutboundIssuer: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "SuspendOutboundIssuer"
  package static let isReadOnly = false

  private let emptyKeySet: Bool?

  package init(_ parameters: inout ParameterReader) {
    emptyKeySet = parameters.optionalBoolean("EmptyKeySet")
  }

  package var requestParameters: JSONValue? {
    emptyKeySet.map { .object(JSONObject([.init("emptyKeySet", .bool($0))])) }
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    guard let issuer = call.subject.issuer else { throw .noIssuer }
    var record = issuer.stored.record
    let suspendDate = record.suspendDate ?? call.now
    // Sent again without it, it does not bring the keys back: that is for resuming.
    let isEmptied = record.publishesNoKeys || emptyKeySet == true
    record.suspendDate = suspendDate
    record.isKeySetEmptied = isEmptied
    return try house.proposal(
      record,
      replacing: issuer,
      result: ResponseStructure([
        "IssuerIdentifier": .string(record.issuer),
        "SuspendDate": .timestamp(suspendDate, milliseconds: false), "KeySetEmptied": .boolean(isEmptied),
      ]),
      recording: [
        .init("suspendDate", .string(suspendDate.cloudTrailElementForm)),
        .init("keySetEmptied", .bool(isEmptied)),
      ]
    )
  }
}

/// `iam:ResumeOutboundIssuer`: what a suspension took away is back.
package struct ResumeOutboundIssuer: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "ResumeOutboundIssuer"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    guard let issuer = call.subject.issuer else { throw .noIssuer }
    var record = issuer.stored.record
    record.suspendDate = nil
    record.isKeySetEmptied = nil
    return try house.proposal(
      record,
      replacing: issuer,
      result: ResponseStructure(["IssuerIdentifier": .string(record.issuer)]),
      recording: [.init("issuerIdentifier", .string(record.issuer))]
    )
  }
}

extension House {
  fileprivate func proposal(
    _ record: IssuerRecord,
    replacing issuer: Issuer,
    result: ResponseStructure,
    recording elements: [JSONObject.Member]
  ) throws(ServiceError) -> Proposal {
    let change = try encoding { () throws(StoreError) in
      var change = Change()
      try change.replace(issuer.stored, with: record, account: record.account)
      return change
    }
    return Proposal(
      change: change,
      result: result,
      responseElements: .object(JSONObject(elements)),
      changesIssuer: true
    )
  }
}
