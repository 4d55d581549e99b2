// SPDX-License-Identifier: Apache-2.0
//
// Published corpora of HTTP/1 requests, read from ../shared/vectors: gunicorn's (raw files, valid and invalid) and
// llhttp's (Markdown with the expected log). Where this server decides otherwise, the file is listed with the reason.

import Foundation
import Glibc
import HTTPServer
import Testing

private let vectors: URL? = {
  var folder = URL(fileURLWithPath: #filePath)
  while folder.path != "/" {
    folder.deleteLastPathComponent()
    for candidate in [folder, folder.deletingLastPathComponent()] {
      let found = candidate.appendingPathComponent("shared/vectors")
      if FileManager.default.fileExists(atPath: found.path) { return found }
    }
  }
  return nil
}()

/// What the server made of the octets: how many requests it served, and whether it then refused one.
private struct Verdict: Sendable {
  let served: Int
  let isRefused: Bool
}

@Suite(.enabled(if: vectors != nil, "../shared/vectors is absent"))
struct `Published HTTP/1 vectors` {
  private func verdict(_ octets: [UInt8], port: Int) async throws -> Verdict {
    try await blocking {
      let client = try RawClient(port: port)
      client.send(octets)
      client.finish()
      let text = client.receive(seconds: 5).text
      let statuses = text.components(separatedBy: "HTTP/1.1 ").dropFirst().filter { !$0.hasPrefix("100 ") }
      let served = statuses.count { $0.hasPrefix("200 ") }
      return Verdict(served: served, isRefused: statuses.contains { $0.hasPrefix("4") })
    }
  }

  /// The octets of a gunicorn file: line ends of the file are dropped, `\r \n \t \0 \xHH` are escapes.
  private func gunicorn(_ file: URL) throws -> [UInt8] {
    var octets: [UInt8] = []
    var rest = try Data(contentsOf: file).filter { $0 != 0x0A }[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
        octets.append(byte)
        continue
      }
      switch escape {
      case UInt8(ascii: "r"): octets.append(0x0D)
      case UInt8(ascii: "n"): octets.append(0x0A)
      case UInt8(ascii: "t"): octets.append(0x09)
      case UInt8(ascii: "0"): octets.append(0x00)
      case UInt8(ascii: "x"):
        octets.append(try #require(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)))
        rest = rest.dropFirst(2)
      default: octets += [byte, escape]
      }
    }
    return octets
  }

  private func files(_ folder: String, suffix: String) throws -> [URL] {
    let directory = try #require(vectors).appendingPathComponent(folder)
    let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
      .filter { $0.lastPathComponent.hasSuffix(suffix) }
    return files.sorted { $0.path < $1.path }
  }

  /// `octets` with a Host line behind each HTTP/1.1 request line that has none after it: most of the files leave it
  /// out, and would be refused for that alone.
  private func withHost(_ octets: [UInt8]) -> [UInt8] {
    let text = octets.map { Character(UnicodeScalar($0)) }
    var result = String(text)
    let lines = result.components(separatedBy: "\r\n")
    var changed: [String] = []
    for (index, line) in lines.enumerated() {
      changed.append(line)
      let head = lines[(index + 1)...].prefix { !$0.isEmpty }
      if line.hasSuffix(" HTTP/1.1"), !head.contains(where: { $0.lowercased().hasPrefix("host:") }) {
        changed.append("Host: example.com")
      }
    }
    result = changed.joined(separator: "\r\n")
    return result.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }

  @Test func `gunicorn's invalid requests are refused`() async throws {
    // Accepted once a Host is there, and why that does no harm.
    let accepted: [String: String] = [:]
    let files = try files("http1-gunicorn/tests/requests/invalid", suffix: ".http")
    #expect(files.count == 74)
    try await withServer { address in
      for file in files {
        let name = file.deletingPathExtension().lastPathComponent
        for octets in [try gunicorn(file), withHost(try gunicorn(file))] {
          let verdict = try await verdict(octets, port: address.port)
          if !verdict.isRefused, accepted[name] == nil {
            Issue.record(Comment(rawValue: "\(name): served \(verdict.served)"))
          }
        }
      }
    }
  }

  @Test func `gunicorn's valid requests are served`() async throws {
    // Refused, and why.
    let refused: [String: String] = [:]
    let files = try files("http1-gunicorn/tests/requests/valid", suffix: ".http")
    #expect(files.count == 63)
    try await withServer { address in
      for file in files {
        let name = file.deletingPathExtension().lastPathComponent
        let verdict = try await verdict(withHost(try gunicorn(file)), port: address.port)
        if verdict.isRefused || verdict.served == 0 {
          if refused[name] == nil { Issue.record(Comment(rawValue: "\(name): served \(verdict.served)")) }
        } else if refused[name] != nil {
          Issue.record(Comment(rawValue: "\(name) is served"))
        }
      }
    }
  }
}
