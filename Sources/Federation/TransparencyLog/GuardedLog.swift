// SPDX-License-Identifier: Apache-2.0
//
// The one door to the audit log: shut as long as the Merkle log over it must not be continued. Adds nothing to what is
// written. Source: docs/decisions/0017.

package import AuditTrail

/// Appends and writes while the log is sound.
package struct GuardedLog: AuditSink, RecordWriter {
  private let store: any AuditSink & RecordWriter
  private let log: TransparencyLog

  /// Writes to `store` while `log` has no fault.
  package init(_ store: any AuditSink & RecordWriter, _ log: TransparencyLog) {
    self.store = store
    self.log = log
  }

  /// Durable on return; throws `unavailable` also when the log must not be continued.
  package func append(_ record: AuditRecord) async throws(StoreError) {
    try requireSound()
    try await store.append(record)
  }

  /// Durable on return; throws `unavailable` also when the log must not be continued.
  package func commit(_ change: Change, recording record: AuditRecord) async throws(StoreError) {
    try requireSound()
    try await store.commit(change, recording: record)
  }

  private func requireSound() throws(StoreError) {
    guard let fault = log.fault else { return }
    throw .unavailable("the audit log is not continued: \(fault)")
  }
}
