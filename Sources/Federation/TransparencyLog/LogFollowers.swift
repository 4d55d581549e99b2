// SPDX-License-Identifier: Apache-2.0
//
// Who still has to read the audit log: trails that deliver, and exports. Records do not leave the store ahead of them.

import IdentityModel

/// Those who follow the audit log.
package struct LogFollowers: Sendable {
  private let directory: Directory
  private let progress: any ProgressReader
  private let sinks: [String]

  /// The name of the export whose position stands in the progress `name`; `nil` for any other.
  package static func sink(ofProgress name: String) -> String? {
    let prefix = ExportPosition.progressName("")
    return name.utf8.starts(with: prefix.utf8) ? String(name.dropFirst(prefix.count)) : nil
  }

  /// The trails in `directory`, and the exports named `sinks`; how far they have come stands in `progress`.
  package init(directory: Directory, progress: any ProgressReader, sinks: [String]) {
    self.directory = directory
    self.progress = progress
    self.sinks = sinks
  }

  /// How many of the oldest records every one of them has taken; `UInt64.max` when nobody follows.
  package func taken() async throws -> UInt64 {
    var least = Int64.max
    for sink in sinks {
      let position = try ExportPosition(await progress.progress(of: ExportPosition.progressName(sink)))
      least = min(least, position.kept)
    }
    for stored in try await directory.everyRecord(TrailRecord.self, prefix: "") {
      let trail = stored.record
      let state = try await TrailDeliveryState.read(from: progress, trail.account, trail.name)
      if let state, !state.isFinished { least = min(least, state.position) }
      // A logging that the delivery has not seen yet begins where the trail says.
      if trail.isLogging, let start = trail.startedAfter, state?.startedAfter != start {
        least = min(least, start)
      }
    }
    return least == .max ? .max : UInt64(max(0, least))
  }
}
