// SPDX-License-Identifier: Apache-2.0
//
// What the other side gave for a token, and its forms for programs: JSON, shell exports, the document of a credential
// process. Source: RFC 6749 §5.1; AWS SDKs and Tools Reference Guide, process credential provider.

package import IdentityModel
package import SigV4
import StrictJSON

/// An access token of the other side.
package struct AccessToken: Sendable {
  /// The token: visible ASCII.
  package let secret: Secret
  /// `token_type`; `vault` for a token of Vault.
  package let type: String
  /// Its end; `nil` when nobody said, or for a token without an end.
  package let expiration: Instant?
  /// `scope`, where the other side says it.
  package var scope: String?
  /// `issued_token_type`, where the other side says it.
  package var issuedTokenType: String?
}

/// What an exchange gave.
package enum ExchangedCredential: Sendable {
  /// A token for a header.
  case token(AccessToken)
  /// A credential for AWS's signature, with its end.
  case aws(SigningCredential, Instant)

  /// The end of its life; `nil` when nobody said.
  package var expiration: Instant? {
    switch self {
    case .token(let token): token.expiration
    case .aws(_, let expiration): expiration
    }
  }

  /// The token alone; `nil` for a credential of AWS, which is three texts.
  package var raw: Secret? {
    if case .token(let token) = self { token.secret } else { nil }
  }

  /// The credential as a `credential_process` prints it; `nil` for a token.
  package var credentialProcess: Secret? {
    guard case .aws(let credential, let expiration) = self else { return nil }
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("Version", 1)
      writer.member("AccessKeyId", credential.accessKeyID)
      writer.member("SecretAccessKey", text(credential.secretAccessKey))
      if let token = credential.sessionToken { writer.member("SessionToken", token) }
      writer.member("Expiration", expiration.rfc3339)
    }
    return Secret(writer.bytes)
  }

  /// One JSON object: `access_token`, `token_type`, `expires_at` and what else was said; for AWS the document of a
  /// credential process.
  package var json: Secret {
    guard case .token(let token) = self else { return credentialProcess ?? Secret([]) }
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("access_token", text(token.secret))
      writer.member("token_type", token.type)
      if let expiration = token.expiration { writer.member("expires_at", expiration.rfc3339) }
      if let scope = token.scope { writer.member("scope", scope) }
      if let type = token.issuedTokenType { writer.member("issued_token_type", type) }
    }
    return Secret(writer.bytes)
  }

  /// Lines `export NAME='…'` for a shell.
  ///
  /// - Parameter variable: the name for a token; AWS's own names stand for a credential of AWS.
  /// - Returns: the lines, without a line feed at the end.
  package func shellExports(variable: String) -> Secret {
    switch self {
    case .token(let token):
      return Secret(exportLine(variable, text(token.secret)))
    case .aws(let credential, let expiration):
      var lines = exportLine("AWS_ACCESS_KEY_ID", credential.accessKeyID)
      lines += "\n" + exportLine("AWS_SECRET_ACCESS_KEY", text(credential.secretAccessKey))
      if let token = credential.sessionToken { lines += "\n" + exportLine("AWS_SESSION_TOKEN", token) }
      lines += "\n" + exportLine("AWS_CREDENTIAL_EXPIRATION", expiration.rfc3339)
      return Secret(lines)
    }
  }
}

private func text(_ secret: Secret) -> String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }

/// `export NAME='value'`, of which a shell reads the value as it stands.
///
/// Source: POSIX.1 XCU §2.2.2.
package func exportLine(_ name: String, _ value: String) -> String {
  let quoted = value.utf8.split(separator: UInt8(ascii: "'"), omittingEmptySubsequences: false)
    .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "'\\''")
  return "export \(name)='\(quoted)'"
}
