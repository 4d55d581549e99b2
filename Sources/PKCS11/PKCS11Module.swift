// SPDX-License-Identifier: Apache-2.0
//
// A PKCS #11 module in this process: loaded once, initialised once, and started anew when a token behind it went away,
// which is how most modules look for it again. Knows nothing of sessions and keys. Source: PKCS #11 v2.40 §5.4; dlopen(3).

import CPKCS11
import Glibc
import Synchronization

/// A loaded module.
///
/// `@unchecked`: INVARIANT: the pointers are set once and never change; the functions behind them may be called by any
/// thread, because the module was initialised with `CKF_OS_LOCKING_OK`; the lock is a C object that is never moved.
final class PKCS11Module: @unchecked Sendable {
  private struct State {
    var generation: UInt64 = 0
    var startedAt: ContinuousClock.Instant?
  }

  private static let loaded = Mutex<[String: PKCS11Module]>([:])

  private let path: String
  private let functions: UnsafeMutablePointer<ck_function_list>
  private let lock: UnsafeMutablePointer<pthread_rwlock_t>
  private let state = Mutex(State())

  /// The module at `path`: one for the process, however many ask.
  static func open(_ path: String) throws(PKCS11Error) -> PKCS11Module {
    let result: Result<PKCS11Module, PKCS11Error> = loaded.withLock { loaded in
      if let module = loaded[path] { return .success(module) }
      do throws(PKCS11Error) {
        let module = try PKCS11Module(path)
        loaded[path] = module
        return .success(module)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private init(_ path: String) throws(PKCS11Error) {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw .module(path: path, reason: dlerror().map { String(cString: $0) } ?? "dlopen")
    }
    guard let symbol = dlsym(handle, "C_GetFunctionList") else {
      dlclose(handle)
      throw .module(path: path, reason: "it has no C_GetFunctionList")
    }
    // INVARIANT: that is the type of the symbol of this name in every module (§5.3).
    let getFunctionList = unsafeBitCast(
      symbol,
      to: (@convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<ck_function_list>?>?) -> ck_rv_t).self
    )
    var list: UnsafeMutablePointer<ck_function_list>?
    guard getFunctionList(&list) == CKR_OK, let list, list.pointee.version.major == 2 else {
      dlclose(handle)
      throw .module(path: path, reason: "it gives no functions of PKCS #11 version 2")
    }
    self.path = path
    self.functions = list
    self.lock = .allocate(capacity: 1)
    pthread_rwlock_init(lock, nil)
    try start()
  }

  deinit {
    pthread_rwlock_destroy(lock)
    lock.deallocate()
  }

  /// Grows each time the module was started: sessions and handles of an older one are gone.
  var generation: UInt64 { state.withLock { $0.generation } }

  /// Calls the module, which is not started anew meanwhile.
  func calling<Value>(
    _ body: (UnsafeMutablePointer<ck_function_list>) throws(PKCS11Error) -> Value
  ) throws(PKCS11Error) -> Value {
    pthread_rwlock_rdlock(lock)
    defer { pthread_rwlock_unlock(lock) }
    return try body(functions)
  }

  /// Starts the module anew, unless somebody did since `generation`; at most once a second.
  ///
  /// Waits for the calls that are being made. Returns whether the module is newer than `generation`.
  func restart(after generation: UInt64) throws(PKCS11Error) -> Bool {
    pthread_rwlock_wrlock(lock)
    defer { pthread_rwlock_unlock(lock) }
    let (current, startedAt) = state.withLock { ($0.generation, $0.startedAt) }
    guard current == generation else { return true }
    if let startedAt, startedAt.duration(to: .now) < .seconds(1) { return false }
    _ = functions.pointee.C_Finalize?(nil)
    try start()
    return true
  }

  private func start() throws(PKCS11Error) {
    var arguments = ck_c_initialize_args()
    arguments.flags = ck_flags_t(CKF_OS_LOCKING_OK)
    let code = functions.pointee.C_Initialize?(&arguments) ?? CKR_FUNCTION_NOT_SUPPORTED
    state.withLock { state in
      state.generation += 1
      state.startedAt = .now
    }
    guard code == CKR_OK || code == CKR_CRYPTOKI_ALREADY_INITIALIZED else {
      throw .call(function: "C_Initialize", code: UInt(code))
    }
  }
}
