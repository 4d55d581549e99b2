// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, DecodeAuthorizationMessage: what an encoded authorization failure means. No refusal of this server is
// encoded: each says its reason in its message, so that every encoded message is somebody else's, and invalid here.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `sts:DecodeAuthorizationMessage`.
package struct DecodeAuthorizationMessage: Action {
  package static let service = ServiceName.sts
  package static let name = "DecodeAuthorizationMessage"
  package static let isReadOnly = true

  private let encodedMessage: String

  package init(_ parameters: inout ParameterReader) {
    encodedMessage = parameters.requiredString("EncodedMessage", length: 1...10_240)
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("encodedMessage", .string(encodedMessage))]))
  }

  package func perform(
    _ call: AuthorizedCall<DecodeAuthorizationMessage>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    throw ServiceError(
      code: "InvalidAuthorizationMessageException",
      httpStatus: 400,
      message: "Message is not valid"
    )
  }
}
