// SPDX-License-Identifier: Apache-2.0
//
// The audit log as it leaves the server, to trails and exports: what the newest checkpoint is over, and nothing once the
// log must not be continued. So nobody gets a record from us that the log's key has not signed for.

package import IdentityModel

/// Reads what was signed for.
package struct SignedLog: AccountLogReader {
  private let store: any AccountLogReader
  private let log: TransparencyLog

  /// Reads `store` as far as the newest checkpoint of `log` goes.
  package init(_ store: any AccountLogReader, _ log: TransparencyLog) {
    self.store = store
    self.log = log
  }

  package func entries(
    after sequence: Int64,
    limit: Int
  ) async throws(StoreError) -> [AuditLogEntry] {
    let last = try signedLast()
    return try await store.entries(after: sequence, limit: limit).filter { $0.sequence <= last }
  }

  package func entries(
    of account: AccountID,
    after sequence: Int64,
    through last: Int64,
    limit: Int
  ) async throws(StoreError) -> [AccountLogEntry] {
    let last = min(last, try signedLast())
    return try await store.entries(of: account, after: sequence, through: last, limit: limit)
  }

  /// The newest record that there is now, once it is signed for; throws `unavailable` when that takes five seconds.
  package func lastSequence() async throws(StoreError) -> Int64 {
    let last = try await store.lastSequence()
    for _ in 0..<100 {
      // What may pass, such as a log that is still being opened, is waited for too.
      if log.fault?.mayPass != true, try signedLast() >= last { return last }
      do {
        try await Task.sleep(for: .milliseconds(50))
      } catch {
        throw .unavailable("the reading task was cancelled")
      }
    }
    throw .unavailable("the newest records are not signed for")
  }

  private func signedLast() throws(StoreError) -> Int64 {
    if let fault = log.fault { throw .unavailable("the audit log is not continued: \(fault)") }
    return Int64(clamping: log.publishedSize)
  }
}
