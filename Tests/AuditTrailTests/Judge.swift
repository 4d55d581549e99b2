// SPDX-License-Identifier: Apache-2.0
//
// Runs Python as a foreign implementation: what this room writes, somebody else's code must read. The interpreter is
// the one of the end-to-end tests when it is there, and otherwise the system's.

import Foundation

enum Judge {
  /// A Python that can import `modules`; `nil` when there is none.
  static func python(with modules: String) -> String? {
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    for _ in 0..<2 { folder = folder.deletingLastPathComponent() }
    let candidates = [
      folder.appending(path: ".build/venv/bin/python").path, "/usr/local/bin/python3", "/usr/bin/python3",
    ]
    return candidates.first { candidate in
      FileManager.default.isExecutableFile(atPath: candidate)
        && (try? run(candidate, "import \(modules)", []))?.status == 0
    }
  }

  /// Runs a script: its exit status and what it wrote.
  static func run(_ python: String, _ script: String, _ arguments: [String]) throws -> (
    status: Int32, output: String
  ) {
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = ["-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
  }

  /// Makes a folder for the time of `body`.
  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "exeat-audit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
