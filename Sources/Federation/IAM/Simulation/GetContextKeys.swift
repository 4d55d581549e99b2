// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetContextKeysForCustomPolicy and GetContextKeysForPrincipalPolicy: which condition keys a simulation of
// these policies would ask for.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
package import StrictJSON

/// `iam:GetContextKeysForCustomPolicy`.
package struct GetContextKeysForCustomPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "GetContextKeysForCustomPolicy"
  package static let isReadOnly = true

  private let policyInputs: [String]

  package init(_ parameters: inout ParameterReader) {
    policyInputs = parameters.policyList("PolicyInputList", isRequired: true)
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("policyInputList", .strings(policyInputs))]))
  }

  package func perform(
    _ call: AuthorizedCall<GetContextKeysForCustomPolicy>,
    _ house: House
  ) throws(ServiceError) -> Proposal {
    Proposal(result: contextKeys(try parsedInputs(policyInputs)))
  }
}

/// `iam:GetContextKeysForPrincipalPolicy`.
package struct GetContextKeysForPrincipalPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "GetContextKeysForPrincipalPolicy"
  package static let isReadOnly = true

  private let policyInputs: [String]
  private let policySourceARN: String

  package init(_ parameters: inout ParameterReader) {
    policyInputs = parameters.policyList("PolicyInputList", isRequired: false)
    policySourceARN = parameters.requiredString("PolicySourceArn", length: 20...2048)
  }

  package var requestParameters: JSONValue? {
    var members = [JSONObject.Member("policySourceArn", .string(policySourceARN))]
    if !policyInputs.isEmpty { members.append(.init("policyInputList", .strings(policyInputs))) }
    return .object(JSONObject(members))
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> PolicySource {
    try await house.policySource(policySourceARN, call)
  }

  package func questions(_ subject: PolicySource, _ call: AuthenticatedCall) -> [Question] {
    [
      Question(
        action: "iam:GetContextKeysForPrincipalPolicy",
        resource: policySourceARN,
        context: subject.tagContext
      )
    ]
  }

  package func perform(
    _ call: AuthorizedCall<GetContextKeysForPrincipalPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let loaded = try await house.policies(of: call.subject)
    return Proposal(result: contextKeys(loaded.identity.map(\.document) + (try parsedInputs(policyInputs))))
  }
}

private func parsedInputs(_ texts: [String]) throws(ServiceError) -> [PolicyDocument] {
  var documents: [PolicyDocument] = []
  for (index, text) in texts.enumerated() {
    do {
      documents.append(try PolicyDocument(json: Array(text.utf8), kind: .identity))
    } catch {
      let reason = ServiceError(error, in: .identity).message ?? "Syntax errors in policy."
      throw .invalidInput("Invalid policy at PolicyInputList.\(index + 1): \(reason)")
    }
  }
  return documents
}

/// Each key once, in the order of the documents.
private func contextKeys(_ documents: [PolicyDocument]) -> ResponseStructure {
  var seen: Set<[UInt8]> = []
  let keys = documents.flatMap(\.contextKeys).filter { seen.insert($0.utf8.map(asciiLowercase)).inserted }
  return ResponseStructure(["ContextKeyNames": .list(keys.map { .string($0) })])
}
