// SPDX-License-Identifier: Apache-2.0
//
// The session policies that a request for credentials brings: read, checked, recorded in one way whatever the action.
// Source: AWS STS API, AssumeRole and GetFederationToken, `Policy` and `PolicyArns`.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
import StrictJSON

/// `Policy` and `PolicyArns`.
package struct SessionPolicies: Sendable {
  /// The inline policy, byte for byte.
  package let policy: String?
  /// The ARNs of managed policies, in order.
  package let policyARNs: [String]

  /// The most characters of the inline policy and the ARNs together, in UTF-16 code units.
  package static let maximumCharacters = 2048

  /// Reads them: their shape only.
  package init(_ parameters: inout ParameterReader) {
    policy = parameters.optionalString(
      "Policy",
      length: 1...Self.maximumCharacters,
      pattern: .policyDocument
    )
    policyARNs = parameters.structureList(
      "PolicyArns",
      count: 0...10,
      type: "PolicyDescriptorType",
      members: ["arn"]
    ) { descriptor in
      descriptor.requiredString("arn", length: 20...2048)
    }
  }

  /// Throws ValidationError when inline policy and ARNs together are too long.
  package func requireLength() throws(ServiceError) {
    let count = policyARNs.map(\.utf16.count).reduce(policy?.utf16.count ?? 0, +)
    guard count <= Self.maximumCharacters else {
      throw .validationError(
        "The plaintext of inline and managed session policies has \(count) characters; at most "
          + "\(Self.maximumCharacters) are allowed"
      )
    }
  }

  /// Checks that the policies are there and can be read.
  ///
  /// - Parameters:
  ///   - account: the account of the role or the user whose session it will be.
  ///   - session: the session in words, for the log.
  ///   - house: reads the managed policies.
  /// - Throws: MalformedPolicyDocument for an inline policy that is none, and ValidationError for a managed policy that
  ///   `account` has not.
  func requireUsable(in account: AccountID, for session: String, _ house: House) async throws(ServiceError) {
    if let policy { _ = try house.policyDocument(policy, .session, for: session) }
    for arn in policyARNs where AWSManagedPolicy(arn: arn) == nil {
      let found = try await house.read { try await $0.managedPolicyRecord(arn) }
      guard found?.record.account == account else {
        throw .validationError("Policy \(arn) does not exist or is not attachable.")
      }
    }
  }

  /// As CloudTrail records them.
  var recorded: [JSONObject.Member] {
    guard !policyARNs.isEmpty else { return JSONObject.Member.ifPresent("policy", policy) }
    let arns = policyARNs.map { JSONValue.object(JSONObject([.init("arn", .string($0))])) }
    return JSONObject.Member.ifPresent("policy", policy) + [.init("policyArns", .array(arns))]
  }
}
