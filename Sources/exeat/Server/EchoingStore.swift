// SPDX-License-Identifier: Apache-2.0
//
// Shows each record as it becomes durable: `exeat dev` prints a line per call. Adds nothing to the store.

import AuditTrail
import Federation

/// The store, with an eye on what it records.
struct EchoingStore: AuditSink, RecordWriter {
  let store: any AuditSink & RecordWriter
  let onRecord: (@Sendable (AuditRecord) -> Void)?

  func append(_ record: AuditRecord) async throws(StoreError) {
    try await store.append(record)
    onRecord?(record)
  }

  func commit(_ change: Change, recording record: AuditRecord) async throws(StoreError) {
    try await store.commit(change, recording: record)
    onRecord?(record)
  }
}
