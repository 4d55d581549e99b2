// SPDX-License-Identifier: Apache-2.0
//
// A token of SoftHSM 2 for one test process, made by its own tool; where the module is not installed, tests that need it
// are skipped with a message.

import Foundation
import PKCS11
import Synchronization
import Testing

/// A directory of SoftHSM tokens.
///
/// The module reads SOFTHSM2_CONF once, when it is loaded: all tests of the process share one directory.
enum SoftToken {
  static let module = "/usr/lib/softhsm/libsofthsm2.so"
  static let pin = "exeat-test-1234"

  static var isInstalled: Bool {
    FileManager.default.fileExists(atPath: module)
      && FileManager.default.isExecutableFile(atPath: "/usr/bin/softhsm2-util")
  }

  /// Where tokens and PIN files are.
  static let folder: String = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("softhsm-\(UUID().uuidString)")
      .path
    try? FileManager.default.createDirectory(atPath: folder + "/tokens", withIntermediateDirectories: true)
    let text = "directories.tokendir = \(folder)/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    try? Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/softhsm2.conf"))
    setenv("SOFTHSM2_CONF", folder + "/softhsm2.conf", 1)
    return folder
  }()

  private static let number = Mutex(0)

  /// The label of a token that nobody else uses.
  static func make() throws -> String {
    let label = "exeat-\(number.withLock { $0 += 1; return $0 })"
    try #require(labels.contains(label))
    return label
  }

  // Made before the module is loaded: it looks for tokens when it is started.
  private static let labels: Set<String> = {
    var labels: Set<String> = []
    for number in 1...20 {
      let label = "exeat-\(number)"
      let isMade: Void? = try? run(
        "--init-token",
        "--free",
        "--label",
        label,
        "--pin",
        pin,
        "--so-pin",
        "so-" + pin
      )
      if isMade != nil { labels.insert(label) }
    }
    return labels
  }()

  static func run(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/softhsm2-util")
    process.arguments = arguments
    process.environment = ["SOFTHSM2_CONF": folder + "/softhsm2.conf", "PATH": "/usr/bin:/bin"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "softhsm2-util \(arguments)")
  }

  /// A file with `pin` for its owner alone.
  static func pinFile(_ pin: String = pin, mode: Int = 0o600) throws -> String {
    let path = folder + "/pin-\(UUID().uuidString)"
    try Data((pin + "\n").utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return path
  }

  static func uri(_ label: String, object: String? = nil, pinFile: String? = nil) throws -> PKCS11URI {
    let file = try pinFile ?? Self.pinFile()
    let object = object.map { ";object=\($0)" } ?? ""
    return try PKCS11URI(
      "pkcs11:token=\(label)\(object)?module-path=\(module)&pin-source=\(file)",
      requiresObject: !object.isEmpty
    )
  }

  /// Moves the token `label` to where no module looks.
  static func moveAway(_ label: String) throws -> (from: String, to: String) {
    let tokens = folder + "/tokens"
    for name in try FileManager.default.contentsOfDirectory(atPath: tokens) {
      let object = try Data(contentsOf: URL(fileURLWithPath: "\(tokens)/\(name)/token.object"))
      guard object.range(of: Data((label + " ").utf8)) != nil else { continue }
      let (from, to) = ("\(tokens)/\(name)", "\(folder)/away-\(name)")
      try FileManager.default.moveItem(atPath: from, toPath: to)
      return (from, to)
    }
    throw PKCS11Error.tokenNotFound
  }
}
