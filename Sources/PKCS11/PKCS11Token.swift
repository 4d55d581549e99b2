// SPDX-License-Identifier: Apache-2.0
//
// A token by its URI: found, opened and logged in to when it is needed, by a few threads of its own with a session each;
// given up when it goes away, and taken up again by itself when it is back. Refuses to know what its keys are for.
// Source: PKCS #11 v2.40 §5.5, §5.6; RFC 7512.

import CPKCS11
import Dispatch
import Synchronization

/// A token, whether it is there at the moment or not.
package final class PKCS11Token: Sendable {
  /// Which token, and how to log in.
  package let uri: PKCS11URI
  private let workers: [Worker]
  private let turn = Atomic<Int>(0)
  private let waiting = Atomic<Int>(0)
  private let login: PKCS11Login

  /// Calls that may wait at once, more than a token does in seconds.
  private static let waitingLimit = 256

  /// Prepares to use the token of `uri` on `threads` threads; nothing is opened yet.
  package init(_ uri: PKCS11URI, threads: Int = 4) {
    self.uri = uri
    let login = PKCS11Login(uri)
    self.login = login
    self.workers = (0..<max(1, threads)).map { Worker($0, uri, login) }
  }

  /// What `body` makes of a session, on a thread of the token's own.
  ///
  /// What fails because the token went away is tried once more with the token opened anew; so `body` must be able to run
  /// twice. Throws `PKCS11Error`.
  package func run<Value: Sendable>(
    _ body: @escaping @Sendable (PKCS11Session) throws(PKCS11Error) -> Value
  ) async throws(PKCS11Error) -> Value {
    defer { waiting.subtract(1, ordering: .relaxed) }
    guard waiting.add(1, ordering: .relaxed).newValue <= Self.waitingLimit else { throw .busy }
    let number = turn.wrappingAdd(1, ordering: .relaxed).newValue
    return try await workers[abs(number % workers.count)].run(body)
  }
}

/// One thread with one session.
///
/// `@unchecked`: INVARIANT: `session` is touched on `queue` alone, which is serial.
private final class Worker: @unchecked Sendable {
  private let queue: DispatchQueue
  private let uri: PKCS11URI
  private let login: PKCS11Login
  private var session: (module: PKCS11Module, handle: ck_session_handle_t, generation: UInt64)?

  init(_ number: Int, _ uri: PKCS11URI, _ login: PKCS11Login) {
    self.queue = DispatchQueue(label: "exeat.pkcs11.\(number)", qos: .userInitiated)
    self.uri = uri
    self.login = login
  }

  func run<Value: Sendable>(
    _ body: @escaping @Sendable (PKCS11Session) throws(PKCS11Error) -> Value
  ) async throws(PKCS11Error) -> Value {
    let result: Result<Value, PKCS11Error> = await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: self.attempt(body)) }
    }
    return try result.get()
  }

  private func attempt<Value>(
    _ body: (PKCS11Session) throws(PKCS11Error) -> Value
  ) -> Result<Value, PKCS11Error> {
    do throws(PKCS11Error) {
      let module = try PKCS11Module.open(uri.modulePath)
      let generation = module.generation
      do throws(PKCS11Error) {
        return .success(try once(module, body))
      } catch {
        close()
        guard error.isLoss, try module.restart(after: generation) else { throw error }
        return .success(try once(module, body))
      }
    } catch {
      if error.isLoss { close() }
      return .failure(error)
    }
  }

  private func once<Value>(
    _ module: PKCS11Module,
    _ body: (PKCS11Session) throws(PKCS11Error) -> Value
  ) throws(PKCS11Error) -> Value {
    try module.calling { functions throws(PKCS11Error) in
      let generation = module.generation
      if session?.generation != generation { session = nil }
      if session == nil {
        session = (module, try login.openSession(functions, generation), generation)
      }
      guard let handle = session?.handle else { throw .tokenNotFound }
      return try body(PKCS11Session(functions: functions, handle: handle))
    }
  }

  private func close() {
    guard let (module, handle, generation) = session else { return }
    session = nil
    try? module.calling { functions throws(PKCS11Error) in
      guard module.generation == generation else { return }
      _ = functions.pointee.C_CloseSession?(handle)
    }
  }
}
