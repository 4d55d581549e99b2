// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetUserPolicy: the document of an inline policy, byte for byte as it was put, URL-encoded.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetUserPolicy`.
package struct GetUserPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "GetUserPolicy"
  package static let isReadOnly = true

  private let policyName: String
  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    policyName = parameters.requiredString("PolicyName", length: 1...128, pattern: .name)
    userName = parameters.requiredString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["userName": userName, "policyName": policyName])
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> UserTarget {
    try await house.userTarget(userName, call)
  }

  package func questions(_ subject: UserTarget, _ call: AuthenticatedCall) -> [Question] {
    subject.question("iam:GetUserPolicy", call)
  }

  package func perform(
    _ call: AuthorizedCall<GetUserPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let policy = try await house.existingUserPolicy(policyName, of: userName, call.account)
    return Proposal(
      result: ResponseStructure([
        "UserName": .string(userName), "PolicyName": .string(policyName),
        "PolicyDocument": .string(urlEncoded(policy.record.policyDocument)),
      ])
    )
  }
}

/// RFC 3986 percent-encoding of everything but unreserved characters, as IAM answers documents.
private func urlEncoded(_ text: String) -> String {
  let digits = Array("0123456789ABCDEF".utf8)
  var result: [UInt8] = []
  result.reserveCapacity(text.utf8.count * 2)
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      result.append(byte)
    default:
      result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
    }
  }
  return String(decoding: result, as: UTF8.self)
}
