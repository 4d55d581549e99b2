// SPDX-License-Identifier: Apache-2.0
//
// ListOutboundFederationConfigs: the configs in the order of their names, page by page, without tags. An action of this
// server beside AWS's own.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListOutboundFederationConfigs`.
package struct ListOutboundFederationConfigs: Action {
  package static let service = ServiceName.iam
  package static let name = "ListOutboundFederationConfigs"
  package static let isReadOnly = true

  private let paging: Paging
  private let tokenType: FederationTokenType?

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    tokenType = parameters.optionalChoice("TokenType", of: FederationTokenType.allCases.map(\.rawValue))
      .flatMap { FederationTokenType(rawValue: $0) }
  }

  package var requestParameters: JSONValue? { .strings(["tokenType": tokenType?.rawValue]) }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = FederationConfigRecord.arn(call.account, "*").description
    return [Question(action: "iam:ListOutboundFederationConfigs", resource: resource)]
  }

  package func perform(
    _ call: AuthorizedCall<ListOutboundFederationConfigs>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    // A page is a page of all configs: a token type leaves some out of it, as IAM's filters leave pages short.
    let (page, marker) = try await paging.page(
      of: FederationConfigRecord.self,
      prefix: "\(call.account)/",
      house
    )
    let configs = page.map(\.record).filter { tokenType == nil || $0.tokenType == tokenType }
    return Proposal(
      result: ResponseStructure([
        "OutboundFederationConfigs": .list(configs.map { .structure($0.listResponse) }),
        "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
      ])
    )
  }
}
