// SPDX-License-Identifier: Apache-2.0
//
// Tools of the fault tests: other programs, and callers that note what was acknowledged.

import Federation
import Foundation
import StoreSQLite

/// Runs a program found in `PATH`, its output dropped; returns the exit status.
func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Int32 {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = FileHandle.nullDevice
  process.standardError = FileHandle.nullDevice
  return try await withCheckedThrowingContinuation { ended in
    process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
    do {
      try process.run()
    } catch {
      process.terminationHandler = nil
      ended.resume(throwing: error)
    }
  }
}

/// What many callers were told.
struct Answers: Codable, Sendable {
  /// The event ids whose append succeeded.
  var acknowledged: Set<String> = []
  /// How many appends failed as unavailable.
  var refused = 0

  /// Lets `callers` append `rounds` times each, under event ids that begin with `prefix`.
  init(appendingTo store: SQLiteStore, callers: Int, rounds: Int, prefix: String) async throws {
    self = try await withThrowingTaskGroup(of: Answers.self) { group in
      for caller in 0..<callers {
        group.addTask {
          var answers = Answers()
          for round in 0..<rounds {
            let eventID = "\(prefix)-\(caller)-\(round)"
            do {
              try await store.append(event(eventID))
              answers.acknowledged.insert(eventID)
            } catch StoreError.unavailable {
              answers.refused += 1
            }
          }
          return answers
        }
      }
      return try await group.reduce(into: Answers()) { $0.add($1) }
    }
  }

  private init() {}

  mutating func add(_ other: Answers) {
    acknowledged.formUnion(other.acknowledged)
    refused += other.refused
  }
}
