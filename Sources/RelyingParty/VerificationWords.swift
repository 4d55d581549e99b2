// SPDX-License-Identifier: Apache-2.0
//
// The words for what failed: exhaustive switches, so that a new case stops the build. Texts are lower case, one line,
// values in backticks with their control characters replaced, so that a stranger's words cannot steer a terminal.

import IdentityModel
package import StrictJSON
package import TokenFormats

extension VerificationFailure {
  /// The name of the check that failed, without the token's words: for counting and for logs.
  ///
  /// Shape: the name of the case.
  public var name: String {
    switch self {
    case .tooLong: "tooLong"
    case .notCompact: "notCompact"
    case .notBase64URL: "notBase64URL"
    case .notJSON: "notJSON"
    case .notAnObject: "notAnObject"
    case .algorithmMissing: "algorithmMissing"
    case .algorithmNotAllowed: "algorithmNotAllowed"
    case .extensionNotUnderstood: "extensionNotUnderstood"
    case .typeNotAllowed: "typeNotAllowed"
    case .keyIDMissing: "keyIDMissing"
    case .issuerNotTrusted: "issuerNotTrusted"
    case .keysUnavailable: "keysUnavailable"
    case .keyUnknown: "keyUnknown"
    case .keyAmbiguous: "keyAmbiguous"
    case .keyDoesNotFit: "keyDoesNotFit"
    case .signatureInvalid: "signatureInvalid"
    case .claimMissing: "claimMissing"
    case .claimMalformed: "claimMalformed"
    case .audienceMismatch: "audienceMismatch"
    case .expired: "expired"
    case .notYetValid: "notYetValid"
    case .issuedInTheFuture: "issuedInTheFuture"
    case .lifetimeTooLong: "lifetimeTooLong"
    case .requirementNotMet: "requirementNotMet"
    case .replayed: "replayed"
    case .replayCacheFull: "replayCacheFull"
    case .revoked: "revoked"
    case .suspended: "suspended"
    case .statusUnknown: "statusUnknown"
    case .statusUnavailable: "statusUnavailable"
    }
  }
}

extension VerificationFailure: CustomStringConvertible {
  /// What failed, in words, for a log; a client need not hear it.
  public var description: String {
    switch self {
    case .tooLong(let limit): "the token is longer than \(limit) bytes"
    case .notCompact: "a token is three parts joined by dots: header, payload, signature"
    case .notBase64URL(let part): "the \(part.rawValue) is not base64url without padding"
    case .notJSON(let part, let reason): "the \(part.rawValue) is not JSON: \(shown(reason))"
    case .notAnObject(let part): "the \(part.rawValue) is not a JSON object"
    case .algorithmMissing: "the header holds no `alg`"
    case .algorithmNotAllowed(let name): "the `alg` is `\(shown(name))`, which is not accepted"
    case .extensionNotUnderstood(let name): "the header holds `\(name)`, which changes how a token is read"
    case .typeNotAllowed(let type?): "the `typ` `\(shown(type))` is that of another kind of token"
    case .typeNotAllowed(nil): "the header holds no `typ`, or it is not a string"
    case .keyIDMissing:
      "the header holds no `kid`, or one that is no string; only an issuer of one key needs none"
    case .issuerNotTrusted(let issuer): "the issuer `\(shown(issuer))` is not trusted"
    case .keysUnavailable(let reason): "the keys of the issuer cannot be had: \(shown(reason.description))"
    case .keyUnknown(let id): "the issuer has no usable key with the kid `\(shown(id))`"
    case .keyAmbiguous(let id): "the issuer has several keys with the kid `\(shown(id))`"
    case .keyDoesNotFit(let algorithm): "the key with this `kid` is not for \(algorithm.rawValue)"
    case .signatureInvalid: "the signature is not that key's over this header and payload"
    case .claimMissing(let name): "there is no `\(shown(name))`"
    case .claimMalformed(let name): "`\(shown(name))` has the wrong type or an impossible value"
    case .audienceMismatch(let audiences):
      "the token is for \(audiences.map { "`\(shown($0))`" }.joined(separator: ", "))"
    case .expired(let seconds): "the token expired at \(time(seconds))"
    case .notYetValid(let seconds): "the token is not valid before \(time(seconds))"
    case .issuedInTheFuture(let seconds): "the token was issued in the future, at \(time(seconds))"
    case .lifetimeTooLong(let limit): "the token lives longer than \(limit) s"
    case .requirementNotMet(let requirement): "not met: \(shown(requirement))"
    case .replayed: "the token was used before"
    case .replayCacheFull: "as many tokens are remembered as may be"
    case .revoked: "the token was revoked"
    case .suspended: "the token is suspended"
    case .statusUnknown(let status): "the status of the token is \(status), which is not known"
    case .statusUnavailable(let reason): "the status of the token cannot be found out: \(shown(reason))"
    }
  }
}

/// `text` with every control character replaced by a space, cut to a length that a log can bear.
func shown(_ text: String) -> String {
  var scalars = String.UnicodeScalarView()
  for scalar in text.unicodeScalars.prefix(512) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: scalars.append(" ")
    default: scalars.append(scalar)
    }
  }
  return String(scalars)
}

private func time(_ seconds: Int64) -> String { Instant(seconds: seconds).rfc3339 }

/// Why a status list says nothing, in words.
func reason(_ error: StatusListError) -> String {
  switch error {
  case .claimMissing(let name): "there is no `\(name)`"
  case .claimMalformed(let name): "`\(name)` has the wrong type or an impossible value"
  case .notAStatusList: "the `typ` is not `\(StatusListToken.type)`"
  case .otherList(let uri): "it is the list `\(uri)`"
  case .expired(let instant): "the list expired at \(instant.rfc3339)"
  case .issuedInTheFuture(let instant): "the list was issued in the future, at \(instant.rfc3339)"
  case .notCompressed: "`lst` is no zlib data, or is too long"
  case .indexOutOfBounds(let index): "the list has no place \(index)"
  }
}

/// Why a text is no JSON, in words.
package func reason(_ error: JSONReaderError) -> String {
  switch error {
  case .tooLarge(let limit): "longer than \(limit) bytes"
  case .tooDeep(let limit, _): "nested deeper than \(limit)"
  case .notUTF8: "not UTF-8 without a byte order mark"
  case .unexpectedEnd: "it ends too early"
  case .unexpectedByte(let offset): "unexpected byte at offset \(offset)"
  case .badEscape(let offset): "malformed escape at offset \(offset)"
  case .duplicateName(let name, _): "the name `\(name)` stands twice"
  }
}

/// Why a document is no discovery document, in words.
package func reason(_ error: DiscoveryDocumentError) -> String {
  switch error {
  case .json(let error): reason(error)
  case .notAnObject: "it is not a JSON object"
  case .memberMissing(let name): "there is no `\(name)`"
  case .memberMalformed(let name): "`\(name)` has the wrong type or is empty"
  }
}

/// Why a document is no JWK set, in words.
package func reason(_ error: JWKSetError) -> String {
  switch error {
  case .json(let error): reason(error)
  case .keysMissing: "there is no array `keys`"
  case .tooManyKeys(let limit): "more than \(limit) keys"
  case .privateMember(let index, let name): "key \(index) holds the private member `\(name)`"
  case .malformedKey(let index, let member): "key \(index) is malformed in `\(member)`"
  }
}
