// SPDX-License-Identifier: Apache-2.0
//
// What tells the users of one SAML provider of one account from everybody else's: AWS's `NameQualifier`. Source: AWS STS
// API, AssumeRoleWithSAML, `NameQualifier`; IAM User Guide, keys for SAML federation.

import Crypto

/// The `NameQualifier` of a SAML provider.
package enum SAMLNameQualifier {
  /// `BASE64 ( SHA1 ( issuer + account + "/" + name ) )`: a name and no protection, so that SHA-1 does.
  package static func of(issuer: String, account: String, provider name: String) -> String {
    XMLBase64.encode(Array(Insecure.SHA1.hash(data: Array("\(issuer)\(account)/\(name)".utf8))))
  }
}
