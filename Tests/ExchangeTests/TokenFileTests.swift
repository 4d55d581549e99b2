// SPDX-License-Identifier: Apache-2.0

import Exchange
import Foundation
import IdentityModel
import Testing

struct TokenFileTests {
  private func withDirectory(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "exeat-token-file-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test func `a file is for its owner alone, whatever stood there before`() throws {
    try withDirectory { directory in
      let path = directory + "/token"
      try "old, and longer than the new one".write(toFile: path, atomically: false, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
      try TokenFile.replace(path, with: Secret("new"))
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
      #expect(try mode(path) == 0o600)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["token"])
    }
  }

  @Test func `a symbolic link is replaced and what it points at stays`() throws {
    try withDirectory { directory in
      let other = directory + "/other"
      try "other".write(toFile: other, atomically: false, encoding: .utf8)
      try FileManager.default.createSymbolicLink(atPath: directory + "/token", withDestinationPath: other)
      try TokenFile.replace(directory + "/token", with: Secret("new"))
      #expect(try String(contentsOfFile: other, encoding: .utf8) == "other")
      #expect(try String(contentsOfFile: directory + "/token", encoding: .utf8) == "new")
    }
  }

  @Test func `what cannot be written is told, and nothing is left behind`() throws {
    try withDirectory { directory in
      #expect(throws: TokenFileError(path: directory + "/none/token", errno: ENOENT)) {
        try TokenFile.replace(directory + "/none/token", with: Secret("new"))
      }
      // A directory in the place of the file.
      try FileManager.default.createDirectory(
        atPath: directory + "/token",
        withIntermediateDirectories: false
      )
      #expect(throws: TokenFileError.self) {
        try TokenFile.replace(directory + "/token", with: Secret("new"))
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["token"])
    }
  }
}
