// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, GetCallerIdentity: who am I? Needs no permission, and no policy can deny it.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `sts:GetCallerIdentity`.
package struct GetCallerIdentity: Action {
  package static let service = ServiceName.sts
  package static let name = "GetCallerIdentity"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] { [] }

  package func perform(_ call: AuthorizedCall<GetCallerIdentity>, _ house: House) -> Proposal {
    Proposal(
      result: ResponseStructure([
        "Arn": .string(call.principal.arn.description),
        "UserId": .string(call.principal.uniqueID),
        "Account": .string(call.account.description),
      ])
    )
  }
}
