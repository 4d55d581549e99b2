// SPDX-License-Identifier: Apache-2.0
//
// Records as lines of a file. Accepted means: synced to disk.

package import AuditTrail
import Dispatch
package import Federation
import IdentityModel
import Synchronization

/// Appends records to a file, mode 0600.
package final class FileSink: AuditExportSink {
  package let name: String
  private let format: ExportFormat
  private let clock: WallClock
  private let file: Mutex<AppendedFile>
  // A sync blocks: it gets a thread of its own instead of one of the few that run tasks.
  private let thread = DispatchQueue(label: "exeat.audit-export.file")

  /// Gathers the parts; the file is opened with the first records.
  package init(name: String, path: String, format: ExportFormat, rotation: FileRotation, clock: WallClock) {
    self.name = name
    self.format = format
    self.clock = clock
    self.file = Mutex(AppendedFile(path: path, rotation: rotation))
  }

  deinit { close() }

  /// Lets go of the file, which the next records open again.
  package func close() {
    file.withLock { $0.close() }
  }

  package func deliver(_ entries: [AuditLogEntry]) async throws(AuditExportError) {
    let lines = try format.lines(of: entries)
    let now = clock.now()
    let result: Result<Void, AuditExportError> = await withCheckedContinuation { done in
      thread.async {
        done.resume(
          returning: self.file.withLock { file in
            Result { () throws(AuditExportError) in try file.append(lines, now: now) }
          }
        )
      }
    }
    try result.get()
  }
}
