// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong with a token, and which of it means that the token, or the way to it, is gone for now.
// Source: PKCS #11 v2.40 §11.1.

import CPKCS11

/// Why a token did not do what was asked.
package enum PKCS11Error: Error, Hashable, Sendable {
  /// The module cannot be loaded or is none.
  case module(path: String, reason: String)
  /// No token fits the URI.
  case tokenNotFound
  /// More than one token fits the URI.
  case tokenAmbiguous
  /// The file with the PIN cannot be used.
  case pinSource(path: String, reason: String)
  /// The token refused this PIN before; it is not tried again, because a token locks itself after a few wrong ones.
  case pinRefused
  /// The token has no such key.
  case keyNotFound(String)
  /// The token has several keys of that name.
  case keyAmbiguous(String)
  /// Too many calls wait for the token.
  case busy
  /// The token made or gave something else than was asked for.
  case unexpected(String)
  /// A call failed; the code is a `CKR_` value.
  case call(function: String, code: UInt)

  /// Whether opening the token anew may help.
  var isLoss: Bool {
    switch self {
    case .tokenNotFound: true
    case .call(_, let code): Self.lossCodes.contains(code)
    default: false
    }
  }

  private static let lossCodes: Set<UInt> = [
    CKR_SLOT_ID_INVALID, CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY,
    CKR_DEVICE_REMOVED, CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, CKR_SESSION_CLOSED,
    CKR_SESSION_HANDLE_INVALID, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_USER_NOT_LOGGED_IN,
    CKR_CRYPTOKI_NOT_INITIALIZED, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED,
  ]
}

extension PKCS11Error: CustomStringConvertible {
  package var description: String {
    switch self {
    case .module(let path, let reason): "the PKCS #11 module \(path) cannot be used: \(reason)"
    case .tokenNotFound: "no token fits the URI"
    case .tokenAmbiguous: "more than one token fits the URI"
    case .pinSource(let path, let reason): "the file \(path) with the PIN cannot be used: \(reason)"
    case .pinRefused: "the token refused the PIN; it is not tried again until the file holds another"
    case .keyNotFound(let name): "the token has no key `\(name)`"
    case .keyAmbiguous(let name): "the token has several keys `\(name)`"
    case .busy: "too many calls wait for the token"
    case .unexpected(let what): "the token gave something else than was asked for: \(what)"
    case .call(let function, let code): "\(function) failed with CKR 0x\(String(code, radix: 16))"
    }
  }
}
