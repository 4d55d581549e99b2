// SPDX-License-Identifier: Apache-2.0
//
// The proof that a caller has the private key of a certificate, so that an assertion can be made for the holder of that
// key: a signature over a text that holds for one config, one caller and five minutes. Source:
// docs/decisions/0022; SAML V2.0 Holder-of-Key Assertion Profile §2.4.

package import AWSProtocols
package import IdentityModel
package import TokenFormats

/// The parameters `HolderOfKeyCertificate` and `HolderOfKeySignature`.
package struct HolderOfKeyParameters: Sendable {
  /// How long a proof holds, from the minute that it names.
  ///
  /// Unit: minutes.
  package static let validMinutes = 5

  private let certificate: EncodedCertificate?
  private let signature: [UInt8]

  /// Reads both, or neither.
  ///
  /// Throws ValidationError for one without the other, and for what is no certificate or no base 64.
  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let pem = parameters.optionalString("HolderOfKeyCertificate", length: 1...16_384)
    let text = parameters.optionalString("HolderOfKeySignature", length: 1...2048)
    try parameters.check()
    guard let pem, let text else {
      guard pem == nil, text == nil else {
        throw .validationError("HolderOfKeyCertificate and HolderOfKeySignature go together.")
      }
      certificate = nil
      signature = []
      return
    }
    guard let certificate = EncodedCertificate(pem: pem), certificate.signatureKey != nil else {
      throw .invalidValue(
        "holderOfKeyCertificate",
        "It must be one PEM certificate of an RSA key of 2048 bits or more, or of a key on P-256, P-384 or P-521"
      )
    }
    guard let signature = XMLBase64.decode(text) else {
      throw .invalidValue("holderOfKeySignature", "It must be base64")
    }
    self.certificate = certificate
    self.signature = signature
  }

  /// Whether a proof was sent.
  package var isPresent: Bool { certificate != nil }

  /// The certificate as it is recorded: PEM.
  package var recordedCertificate: String? { certificate?.pem }

  /// The text that is signed for `config` by the caller with `principal` in the minute of `date`: four lines.
  package static func text(config: ARN, caller: ARN, date: Instant) -> String {
    // 20260421T073710Z: everything but the seconds.
    let minute = date.basicFormat.prefix(13) + "Z"
    return "exeat-holder-of-key/v1\n\(config)\n\(caller)\n\(minute)\n"
  }

  /// The key that was proven; `nil` when none was sent.
  ///
  /// Throws AccessDenied when the signature is not the key's over this config, this caller, and the minute of the
  /// request's `X-Amz-Date` or one of the four before it.
  package func provenKey(config: ARN, _ call: AuthenticatedCall) throws(ServiceError) -> SAMLHolderKey? {
    guard let certificate else { return nil }
    for minute in 0..<Self.validMinutes {
      let date = call.requestDate.advanced(bySeconds: -60 * Int64(minute))
      let text = Self.text(config: config, caller: call.caller.principal.arn, date: date)
      if certificate.verifies(signature: signature, of: Array(text.utf8)) {
        return .certificate(certificate.der)
      }
    }
    throw .accessDenied(
      "HolderOfKeySignature is not a signature of the certificate's key for this config, this caller and the last "
        + "\(Self.validMinutes) minutes."
    )
  }
}
