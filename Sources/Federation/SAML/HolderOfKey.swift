// SPDX-License-Identifier: Apache-2.0
//
// The proof that a caller has the private key of a certificate, so that an assertion can be made for the holder of that
// key: a signature over a text that holds for one issuer, config and caller, and for minutes. Source:
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
  /// How far the clock of the one who proves may be ahead.
  ///
  /// Unit: minutes.
  package static let toleratedMinutes = 1

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

  /// The text that is signed for `config` of the account with the entity id `issuer`, by the caller `caller` in the
  /// minute of `date`: five lines.
  package static func text(issuer: String, config: ARN, caller: ARN, date: Instant) -> String {
    // 20260421T073710Z: everything but the seconds.
    let minute = date.basicFormat.prefix(13) + "Z"
    return "exeat-holder-of-key/v1\n\(issuer)\n\(config)\n\(caller)\n\(minute)\n"
  }

  /// The key that was proven; `nil` when none was sent.
  ///
  /// Throws AccessDenied when the signature is not the key's over this issuer, this config, this caller, and the minute
  /// in which the request arrived, the one after it or one of the four before it.
  ///
  /// SECURITY: what the caller says of the time does not count: it would make an old proof hold longer.
  package func provenKey(
    issuer: String,
    config: ARN,
    _ call: AuthenticatedCall
  ) throws(ServiceError) -> SAMLHolderKey? {
    guard let certificate else { return nil }
    for minute in -Self.toleratedMinutes..<Self.validMinutes {
      let date = call.now.advanced(bySeconds: -60 * Int64(minute))
      let text = Self.text(issuer: issuer, config: config, caller: call.caller.principal.arn, date: date)
      if certificate.verifies(signature: signature, of: Array(text.utf8)) {
        return .certificate(certificate.der)
      }
    }
    throw .accessDenied(
      "HolderOfKeySignature is not a signature of the certificate's key for this issuer, this config, this caller and the last "
        + "\(Self.validMinutes) minutes."
    )
  }
}
