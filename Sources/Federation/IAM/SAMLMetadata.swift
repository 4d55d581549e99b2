// SPDX-License-Identifier: Apache-2.0
//
// A first look at the SAML metadata of a provider, and what may not be asked of one yet. The metadata is a stranger's XML:
// it is read by the strict reader, kept as it is and given back.

import AWSProtocols
import IdentityModel
import TokenFormats

/// The parameters about encrypted assertions.
struct SAMLEncryptionParameters {
  private let isGiven: Bool

  /// Reads `AddPrivateKey`, `AssertionEncryptionMode` and `RemovePrivateKey`.
  init(_ parameters: inout ParameterReader) {
    // SECURITY: no length, since a refusal for its length would show the key.
    let addition = parameters.optionalString("AddPrivateKey", length: 0...Int.max)
    let mode = parameters.optionalChoice("AssertionEncryptionMode", of: ["Required", "Allowed"])
    let removal = parameters.optionalString("RemovePrivateKey", length: 22...64)
    isGiven = addition != nil || mode != nil || removal != nil
  }

  /// Throws InvalidInput when one of them was sent.
  ///
  /// SECURITY: a private key that nothing uses is not taken in, and encryption that is not enforced is not promised.
  func refuse() throws(ServiceError) {
    guard !isGiven else {
      throw .invalidInput("Encrypted SAML assertions are not supported by this server.")
    }
  }
}

/// Throws InvalidInput unless `text` is SAML metadata: well-formed XML without a document type, whose root is an
/// `EntityDescriptor`, or an `EntitiesDescriptor` that holds one.
///
/// What the roles in it say is read when an assertion comes: `SAMLAuthority`. Source: SAML 2.0 Metadata §2.3.
func requireMetadata(_ text: String) throws(ServiceError) {
  guard let root = try? XMLReader.read(Array(text.utf8)),
    root.matches("EntityDescriptor", in: .md)
      || (root.matches("EntitiesDescriptor", in: .md) && !root.elements("EntityDescriptor", in: .md).isEmpty)
  else { throw .invalidInput("Could not parse metadata") }
}
