// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetInstanceProfile: a profile with its role and tags.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetInstanceProfile`.
package struct GetInstanceProfile: Action {
  package static let service = ServiceName.iam
  package static let name = "GetInstanceProfile"
  package static let isReadOnly = true

  private let instanceProfileName: String

  package init(_ parameters: inout ParameterReader) {
    instanceProfileName = InstanceProfileRecord.readIdentifier(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["instanceProfileName": instanceProfileName]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ResourceTarget<InstanceProfileRecord> {
    try await house.resource(InstanceProfileRecord.self, instanceProfileName, call)
  }

  package func questions(
    _ subject: ResourceTarget<InstanceProfileRecord>,
    _ call: AuthenticatedCall
  ) -> [Question] {
    [subject.question("iam:GetInstanceProfile")]
  }

  package func perform(
    _ call: AuthorizedCall<GetInstanceProfile>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let profile = try call.subject.existing().record
    let responses = try await house.responses(of: [profile])
    return Proposal(
      result: ResponseStructure(["InstanceProfile": responses.first.map { .structure(profile.tagged($0)) }])
    )
  }
}
