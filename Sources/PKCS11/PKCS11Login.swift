// SPDX-License-Identifier: Apache-2.0
//
// The way into a token: the slot whose token fits the URI, a session, and the login with the PIN from its file, which
// nobody else may read. A PIN that the token refused is not tried again. Source: PKCS #11 v2.40 §5.5, §5.6; POSIX.1 fstat.

import CPKCS11
import Glibc
import IdentityModel
import Synchronization

/// Opens sessions with one token.
final class PKCS11Login: Sendable {
  private let uri: PKCS11URI
  private let refused = Mutex<Secret?>(nil)

  init(_ uri: PKCS11URI) {
    self.uri = uri
  }

  /// A new session, logged in.
  func openSession(
    _ functions: UnsafeMutablePointer<ck_function_list>,
    _ generation: UInt64
  ) throws(PKCS11Error) -> ck_session_handle_t {
    let slot = try findSlot(functions)
    let pin = try readPIN()
    var session = ck_session_handle_t()
    let flags = ck_flags_t(CKF_SERIAL_SESSION | CKF_RW_SESSION)
    let opened =
      functions.pointee.C_OpenSession?(slot, flags, nil, nil, &session) ?? CKR_FUNCTION_NOT_SUPPORTED
    guard opened == CKR_OK else { throw .call(function: "C_OpenSession", code: UInt(opened)) }
    do throws(PKCS11Error) {
      try logIn(functions, session, pin)
      return session
    } catch {
      _ = functions.pointee.C_CloseSession?(session)
      throw error
    }
  }

  private func logIn(
    _ functions: UnsafeMutablePointer<ck_function_list>,
    _ session: ck_session_handle_t,
    _ pin: Secret
  ) throws(PKCS11Error) {
    // Held during the call: of two threads with a wrong PIN, one asks.
    let result: Result<Void, PKCS11Error> = refused.withLock { refused in
      guard refused != pin else { return .failure(.pinRefused) }
      let code: ck_rv_t = pin.withBytes { octets in
        var copy = octets
        defer { copy.withUnsafeMutableBytes { wipe($0) } }
        return functions.pointee.C_Login?(session, ck_user_type_t(CKU_USER), &copy, UInt(copy.count))
          ?? CKR_FUNCTION_NOT_SUPPORTED
      }
      switch code {
      // All sessions of a process with one token are logged in together.
      case CKR_OK, CKR_USER_ALREADY_LOGGED_IN:
        refused = nil
        return .success(())
      // SECURITY: a token locks itself for good after a few wrong PINs.
      case CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_LOCKED, CKR_PIN_EXPIRED:
        refused = pin
        return .failure(.pinRefused)
      default: return .failure(.call(function: "C_Login", code: UInt(code)))
      }
    }
    try result.get()
  }

  private func findSlot(
    _ functions: UnsafeMutablePointer<ck_function_list>
  ) throws(PKCS11Error) -> ck_slot_id_t {
    var slots = [ck_slot_id_t](repeating: 0, count: 256)
    var count = UInt(slots.count)
    let code = functions.pointee.C_GetSlotList?(1, &slots, &count) ?? CKR_FUNCTION_NOT_SUPPORTED
    guard code == CKR_OK else { throw .call(function: "C_GetSlotList", code: UInt(code)) }
    var found: [ck_slot_id_t] = []
    for slot in slots.prefix(Int(count)) {
      var info = ck_token_info()
      guard functions.pointee.C_GetTokenInfo?(slot, &info) == CKR_OK else { continue }
      guard Self.fits(uri.token, info.label), Self.fits(uri.serial, info.serial_number),
        Self.fits(uri.manufacturer, info.manufacturer_id), Self.fits(uri.model, info.model)
      else { continue }
      found.append(slot)
    }
    guard let slot = found.first else { throw .tokenNotFound }
    guard found.count == 1 else { throw .tokenAmbiguous }
    return slot
  }

  /// Whether `field`, blanks at its end aside, is `wanted`.
  private static func fits(_ wanted: String?, _ field: some Any) -> Bool {
    guard let wanted else { return true }
    return withUnsafeBytes(of: field) { octets in
      var text = octets[...]
      while text.last == 0x20 { text.removeLast() }
      return text.elementsEqual(wanted.utf8)
    }
  }

  private func readPIN() throws(PKCS11Error) -> Secret {
    let path = uri.pinSource
    // O_NONBLOCK: a pipe at the path must not make us wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .pinSource(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .pinSource(path: path, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .pinSource(path: path, reason: "it is not a regular file")
    }
    guard status.st_mode & 0o077 == 0 else {
      let mode = String(status.st_mode & 0o7777, radix: 8)
      throw .pinSource(path: path, reason: "its mode \(mode) lets other users in")
    }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw .pinSource(path: path, reason: "it belongs to user \(status.st_uid)")
    }
    var octets = [UInt8](repeating: 0, count: 257)
    defer { octets.withUnsafeMutableBytes { wipe($0) } }
    let count = octets.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw .pinSource(path: path, reason: String(cString: strerror(errno))) }
    var pin = octets.prefix(count)
    if pin.last == UInt8(ascii: "\n") { pin.removeLast() }
    guard (1...255).contains(pin.count), !pin.contains(UInt8(ascii: "\n")) else {
      throw .pinSource(path: path, reason: "it is not one line with a PIN of 1 to 255 octets")
    }
    return Secret(pin)
  }
}

/// Overwrites `memory` with zeros, in a way that the optimiser keeps.
func wipe(_ memory: UnsafeMutableRawBufferPointer) {
  guard let address = memory.baseAddress else { return }
  explicit_bzero(address, memory.count)
}
