// SPDX-License-Identifier: Apache-2.0
//
// A first look at the SAML metadata of a provider, and what may not be asked of one yet. The metadata is a stranger's XML:
// it is looked at as bytes, kept and given back. Refuses to parse it.

import AWSProtocols
import IdentityModel

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

/// Throws InvalidInput unless `text` looks like SAML metadata: markup with an `EntityDescriptor`, and no document type.
///
/// Not a check of well-formedness. Source: SAML 2.0 Metadata §2.3.2.
func requireMetadata(_ text: String) throws(ServiceError) {
  let bytes = Array(text.utf8)
  let first = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
  guard first == UInt8(ascii: "<"), !bytes.contains(0), !declaresDocumentType(bytes),
    hasEntityDescriptor(bytes)
  else { throw .invalidInput("Could not parse metadata") }
}

/// Whether `<!DOCTYPE` or `<!ENTITY` stands anywhere, in whatever case.
private func declaresDocumentType(_ bytes: [UInt8]) -> Bool {
  bytes.indices.contains { start in
    bytes[start] == UInt8(ascii: "<")
      && ["<!doctype", "<!entity"].contains { word in
        asciiLowercased(String(decoding: bytes[start...].prefix(word.utf8.count), as: UTF8.self)) == word
      }
  }
}

/// Whether a start tag has the local name `EntityDescriptor`.
private func hasEntityDescriptor(_ bytes: [UInt8]) -> Bool {
  bytes.indices.contains { start in
    guard bytes[start] == UInt8(ascii: "<") else { return false }
    let name = bytes[(start + 1)...].prefix { byte in
      byte > 0x20 && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "<")
    }
    let local = name.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).last ?? name
    return local.elementsEqual("EntityDescriptor".utf8)
  }
}
