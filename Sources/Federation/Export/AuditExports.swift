// SPDX-License-Identifier: Apache-2.0
//
// All exports of a server, side by side, and how far each of them is behind.

/// Serves all sinks.
package struct AuditExports: Sendable {
  private let exports: [AuditExport]
  private let log: any AuditLogReader
  private let gauges: Gauges

  /// Serves `exports` of `log`, and shows how far each is behind in `gauges`.
  package init(_ exports: [AuditExport], log: any AuditLogReader, gauges: Gauges) {
    self.exports = exports
    self.log = log
    self.gauges = gauges
  }

  /// Serves the sinks until the task is cancelled; no sink waits for another.
  package func run() async {
    await withDiscardingTaskGroup { tasks in
      for export in exports { tasks.addTask { await export.run() } }
      tasks.addTask { await measure() }
    }
  }

  private func measure() async {
    repeat {
      guard !exports.isEmpty, let last = try? await log.lastSequence() else { continue }
      for export in exports {
        guard let kept = export.kept else { continue }
        gauges.set(.auditExportLag, label: export.name, max(0, last - kept))
      }
    } while (try? await Task.sleep(for: .seconds(1))) != nil
  }
}

extension Gauges.Family {
  /// Records that a sink has not accepted yet.
  package static let auditExportLag = Gauges.Family(
    name: "exeat_audit_export_lag_records",
    help: "Records of the audit log that a sink has not accepted yet.",
    label: "sink"
  )
}
