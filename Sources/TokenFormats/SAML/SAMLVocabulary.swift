// SPDX-License-Identifier: Apache-2.0
//
// The namespaces and identifiers of SAML 2.0 and of the signatures and encryption that it uses, spelled once. Source:
// SAML Core 2.0 §1.1, §8; SAML Metadata 2.0 §1.1; XML Signature 1.1 §6; XML Encryption 1.1 §5.

extension XMLNamespace {
  /// SAML 2.0 assertions.
  package static let saml = XMLNamespace("saml", "urn:oasis:names:tc:SAML:2.0:assertion")
  /// SAML 2.0 protocols.
  package static let samlp = XMLNamespace("samlp", "urn:oasis:names:tc:SAML:2.0:protocol")
  /// SAML 2.0 metadata.
  package static let md = XMLNamespace("md", "urn:oasis:names:tc:SAML:2.0:metadata")
  /// XML Signature.
  package static let ds = XMLNamespace("ds", "http://www.w3.org/2000/09/xmldsig#")
  /// XML Signature 1.1.
  static let dsig11 = XMLNamespace("dsig11", "http://www.w3.org/2009/xmldsig11#")
  /// XML Encryption.
  static let xenc = XMLNamespace("xenc", "http://www.w3.org/2001/04/xmlenc#")
  /// XML Encryption 1.1.
  static let xenc11 = XMLNamespace("xenc11", "http://www.w3.org/2009/xmlenc11#")
  /// Exclusive canonicalization; the name of the algorithm too.
  static let ec = XMLNamespace("ec", "http://www.w3.org/2001/10/xml-exc-c14n#")
}

/// Identifiers of SAML 2.0 and of XML Encryption.
enum SAMLURI {
  static let exclusiveCanonicalization: XMLText = "http://www.w3.org/2001/10/xml-exc-c14n#"
  static let envelopedSignature: XMLText = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
  static let protocolSupport: XMLText = "urn:oasis:names:tc:SAML:2.0:protocol"
  static let success: XMLText = "urn:oasis:names:tc:SAML:2.0:status:Success"
  static let bearer: XMLText = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
  static let holderOfKey: XMLText = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
  static let httpPOST: XMLText = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
  static let httpRedirect: XMLText = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
  static let p384: XMLText = "urn:oid:1.3.132.0.34"
  static let element: XMLText = "http://www.w3.org/2001/04/xmlenc#Element"
  static let aes256GCM: XMLText = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
  static let rsaOAEP: XMLText = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
  static let mgf1SHA256: XMLText = "http://www.w3.org/2009/xmlenc11#mgf1sha256"
  static let sha256: XMLText = "http://www.w3.org/2001/04/xmlenc#sha256"
  static let sha384: XMLText = "http://www.w3.org/2001/04/xmldsig-more#sha384"
  static let sha512: XMLText = "http://www.w3.org/2001/04/xmlenc#sha512"
}
