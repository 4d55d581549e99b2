// SPDX-License-Identifier: Apache-2.0
//
// What tests say of an error.

import TokenFormats

/// The case of an error with the name of the part or claim, without what the token said.
func label(_ error: JWTVerificationError) -> String {
  switch error {
  case .tooLong: "tooLong"
  case .notCompact: "notCompact"
  case .notBase64URL(let part):
    "notBase64URL \(part)".replacing("TokenFormats.JWTVerificationError.Part.", with: "")
  case .notJSON(let part, _): "notJSON \(part)".replacing("TokenFormats.JWTVerificationError.Part.", with: "")
  case .notAnObject(let part):
    "notAnObject \(part)".replacing("TokenFormats.JWTVerificationError.Part.", with: "")
  case .algorithmMissing: "algorithmMissing"
  case .algorithmNotAllowed: "algorithmNotAllowed"
  case .extensionNotUnderstood(let name): "extensionNotUnderstood \(name)"
  case .keyIDMissing: "keyIDMissing"
  case .keyUnknown: "keyUnknown"
  case .keyAmbiguous: "keyAmbiguous"
  case .keyDoesNotFit: "keyDoesNotFit"
  case .keyNotDetermined: "keyNotDetermined"
  case .typeMismatch: "typeMismatch"
  case .signatureInvalid: "signatureInvalid"
  case .claimMissing(let name): "claimMissing \(name)"
  case .claimMalformed(let name): "claimMalformed \(name)"
  case .issuerMismatch: "issuerMismatch"
  case .audienceMismatch: "audienceMismatch"
  case .authorizedPartyMismatch: "authorizedPartyMismatch"
  case .severalAudiences: "severalAudiences"
  case .tooOld: "tooOld"
  case .expired: "expired"
  case .notYetValid: "notYetValid"
  case .issuedInTheFuture: "issuedInTheFuture"
  }
}
