// SPDX-License-Identifier: Apache-2.0
//
// SignOutboundTestToken: signs whatever header and payload it is given, so that `exeat rp-test` can make the tokens that
// no issuer should, also with a key that is published and does not sign yet. `exeat dev` alone serves it: it is in no table
// but `ActionTable.development`, in no model of clients and in no list of actions. Source: docs/rp-test.md.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// `iam:SignOutboundTestToken`, for development.
package struct SignOutboundTestToken: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "SignOutboundTestToken"
  package static let isReadOnly = true

  private let header: String
  private let payload: String
  private let algorithm: SigningAlgorithm
  private let keyID: String?

  package init(_ parameters: inout ParameterReader) {
    header = parameters.requiredString("Header", length: 1...131_072)
    payload = parameters.requiredString("Payload", length: 1...131_072)
    let name = parameters.requiredChoice("SigningAlgorithm", of: SigningAlgorithm.allCases.map(\.rawValue))
    algorithm = SigningAlgorithm(rawValue: name) ?? .es384
    keyID = parameters.optionalString("KeyId", length: 1...128)
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject(
        [.init("signingAlgorithm", .string(algorithm.rawValue))] + JSONObject.Member.ifPresent("keyId", keyID)
      )
    )
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    guard let key = key(call.subject.issuer, call.now) else {
      throw .noSuchEntity("The account has no issuer with such a key for \(algorithm.rawValue).")
    }
    let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    let signed = Array(input.utf8)
    do {
      let signature = try await house.signer.sign(signed, with: key)
      let token = JWS.compact(signingInput: signed, signature: signature)
      return Proposal(result: ResponseStructure(["Token": .string(token)]))
    } catch {
      throw house.diagnostics.serviceError("sign a test token", error)
    }
  }

  /// The key that was asked for, whether its time has come or not; the one that signs when none was.
  private func key(_ issuer: Issuer?, _ now: Instant) -> SealedSigningKey? {
    guard let keyID else { return issuer?.signingKey(algorithm, at: now) }
    return issuer?.signingKeys.keys.first { key in
      key.algorithm == algorithm && key.canSign && key.keyID.description.utf8.elementsEqual(keyID.utf8)
    }?.sealed
  }
}
