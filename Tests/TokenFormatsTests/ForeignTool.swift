// SPDX-License-Identifier: Apache-2.0
//
// Runs programs that nobody here wrote as judges of what this room writes and reads: xmlsec1, xmllint, openssl, Python.

import Foundation

enum ForeignTool {
  static let xmlsec1 = "/usr/bin/xmlsec1"
  static let xmllint = "/usr/bin/xmllint"
  static let openssl = "/usr/bin/openssl"
  static let python = "/usr/bin/python3"

  static func isPresent(_ tools: String...) -> Bool {
    tools.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static let absent = "one of xmlsec1, xmllint, openssl and python3 is not installed in /usr/bin"

  /// Runs a program: its exit status, what it printed and what it complained of.
  static func run(_ tool: String, _ arguments: [String], in folder: URL? = nil) throws -> (
    status: Int32, output: [UInt8], complaint: String
  ) {
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = folder }
    // Complaints go to a file, so that neither pipe can fill up while the other is read.
    let path = FileManager.default.temporaryDirectory.appending(path: "exeat-complaint-\(UUID().uuidString)")
    guard FileManager.default.createFile(atPath: path.path, contents: nil) else {
      throw CocoaError(.fileWriteUnknown)
    }
    defer { try? FileManager.default.removeItem(at: path) }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: path)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let complaint = String(decoding: try Data(contentsOf: path), as: UTF8.self)
    return (process.terminationStatus, Array(bytes), complaint)
  }

  /// Makes a folder for the time of `body`.
  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "exeat-saml-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}

extension URL {
  /// Writes `octets` to the file `name` in this folder and returns its path.
  func write(_ octets: [UInt8], as name: String) throws -> String {
    let file = appending(path: name)
    try Data(octets).write(to: file)
    return file.path
  }
}
