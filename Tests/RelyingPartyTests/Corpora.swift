// SPDX-License-Identifier: Apache-2.0
//
// Finds the published test corpora beside the checkout and reads them with our own strict reader.

import Foundation
import StrictJSON

enum Corpora {
  /// `shared/vectors` in the nearest folder above this file that has it; `nil` when there is none.
  static let folder: URL? = {
    var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent("shared/vectors")
      if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
      folder.deleteLastPathComponent()
    }
    return nil
  }()

  static var arePresent: Bool { folder != nil }
  static let absent = "the published test corpora (../shared/vectors) are not beside the checkout"

  struct Missing: Error {
    let path: String
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    guard let folder else { throw Missing(path: path) }
    return Array(try Data(contentsOf: folder.appendingPathComponent(path)))
  }

  static func text(_ path: String) throws -> String {
    String(decoding: try bytes(path), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  static func json(_ path: String) throws -> JSONValue {
    try JSONReader.read(bytes(path), maximumBytes: 1 << 24, maximumDepth: 64)
  }
}

extension JSONValue {
  /// The member `name` of an object, or `null`.
  subscript(_ name: String) -> JSONValue { object?[name] ?? .null }

  /// The value as JSON text.
  var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.value(self)
    return writer.bytes
  }
}

/// Octets from hexadecimal text.
func hex(_ text: String) -> [UInt8] {
  let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
