// SPDX-License-Identifier: Apache-2.0
//
// EnableOutboundTokenTransparency, DisableOutboundTokenTransparency: whether the account's tokens carry the log's promise
// that they are in it. Actions of this server beside AWS's own. Source: docs/decisions/0018.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:EnableOutboundTokenTransparency`: from now on each token carries a promise, or is not issued.
package struct EnableOutboundTokenTransparency: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "EnableOutboundTokenTransparency"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let issuer = try call.subject.enabled(for: call.account)
    guard let key = house.promiser.promiseKey else {
      throw .serviceUnavailable("The log's key is missing: nothing can be promised.")
    }
    return try house.propose { change in
      var record = issuer.stored.record
      record.promisesTransparency = true
      try change.replace(issuer.stored, with: record, account: call.account)
      return (
        ResponseStructure(["LogVerifierKey": .string(key)]),
        .strings(["logVerifierKey": key])
      )
    }
  }
}

/// `iam:DisableOutboundTokenTransparency`: tokens carry no promise any more, and relying parties that demand one refuse
/// them.
package struct DisableOutboundTokenTransparency: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "DisableOutboundTokenTransparency"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let issuer = try call.subject.enabled(for: call.account)
    return try house.propose { change in
      var record = issuer.stored.record
      record.promisesTransparency = false
      try change.replace(issuer.stored, with: record, account: call.account)
      return (nil, nil)
    }
  }
}
