// SPDX-License-Identifier: Apache-2.0
//
// Published corpora of HTTP/1 requests, read from ../shared/vectors: gunicorn's (raw files, valid and
// invalid) and llhttp's (Markdown with the expected log). Where this server decides otherwise, the file is
// listed with the reason.

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

  /// `octets` with a Host line behind each HTTP/1.1 request line that has none after it: most of the files
  /// leave it out, and would be refused for that alone.
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
    // Accepted, and why that does no harm.
    let limits = "within this server's limits of 16 KiB and 64 fields"
    let names = "no field name stands for another one here: `Content_Length` is just a field"
    let accepted = [
      "006": limits, "007": limits, "008": limits, "010": limits, "017": limits,
      "limit_header_default_01": limits, "040": names, "chunked_07": names,
      "019": "X-Forwarded fields are not believed, so they cannot contradict each other",
    ]
    let files = try files("http1-gunicorn/tests/requests/invalid", suffix: ".http")
    #expect(files.count == 74)
    try await withServer { address in
      for file in files {
        let name = file.deletingPathExtension().lastPathComponent
        let octets = try gunicorn(file)
        let asPublished = try await verdict(octets, port: address.port)
        let hosted = try await verdict(withHost(octets), port: address.port)
        let isRefused = asPublished.isRefused && hosted.isRefused
        #expect(isRefused == (accepted[name] == nil), "\(name)")
      }
    }
  }

  @Test func `gunicorn's valid requests are served`() async throws {
    // Refused, and why.
    let fragment = "a target has no fragment (RFC 9112 §3.2)"
    let coding = "transfer codings other than chunked alone are refused"
    let form = "only the origin form is served"
    let proxy = "the PROXY protocol is not spoken"
    let method = "not a registered method"
    let fold = "obs-fold is refused (RFC 9112 §5.2)"
    let host = "`=` in Host: refused in the corpus's own 011 and 012"
    let refused = [
      "002": host, "003": host, "005": fragment, "009": fragment, "012": "trailers are refused",
      "013": "white space in a chunk extension", "025": coding, "025_line": coding,
      "027": "the target is not ASCII", "028": "white space before the colon", "029": coding, "030": coding,
      "031": method, "031compat": method, "031compat2": method, "compat_obs_fold": fold,
      "compat_obs_fold_huge": fold, "pp_01": proxy, "pp_02": proxy, "pp_04": proxy, "pp_05": proxy,
      "099": "the file ends before its Content-Length",
      "rfc9112_smuggle_gzip_chunked_01": coding, "rfc9112_smuggle_te_identity_chunked_01": coding,
      "rfc9112_target_absolute_01": form, "rfc9112_target_absolute_https_01": form,
      "rfc9112_target_absolute_ipv6_01": form, "rfc9112_target_absolute_userinfo_01": form,
      "rfc9112_target_authority_connect_01": form, "rfc9112_target_authority_ipv6_01": form,
    ]
    let files = try files("http1-gunicorn/tests/requests/valid", suffix: ".http")
    #expect(files.count == 63)
    try await withServer { address in
      for file in files {
        let name = file.deletingPathExtension().lastPathComponent
        let verdict = try await verdict(withHost(try gunicorn(file)), port: address.port)
        #expect((verdict.served > 0 && !verdict.isRefused) == (refused[name] == nil), "\(name)")
      }
    }
  }

  /// One case of an llhttp file.
  private struct Case {
    let title: String
    let octets: [UInt8]
    /// Whether the expected log ends in an error.
    let isError: Bool
  }

  /// The strict cases of an llhttp file: those of type `request`.
  private func llhttp(_ file: URL) throws -> [Case] {
    let text = try String(contentsOf: file, encoding: .utf8)
    let pattern =
      #/<!-- meta=\{"type": "request"[^>]*-->\n```http\n(?<input>[\s\S]*?)\n```\n[^`]*```log\n(?<log>[\s\S]*?)```/#
    return text.matches(of: pattern).map { match in
      let title = text[..<match.range.lowerBound].split(separator: "\n").last { $0.hasPrefix("#") } ?? "?"
      // As upstream's test runner reads it: escaped line ends vanish, line ends are CRLF, escapes are octets.
      var rest = match.input.replacing("\\\n", with: "").replacing("\n", with: "\r\n").utf8[...]
      var octets: [UInt8] = []
      while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "\\"), let escape = rest.first else {
          octets.append(byte)
          continue
        }
        switch escape {
        case UInt8(ascii: "r"): octets.append(0x0D)
        case UInt8(ascii: "n"): octets.append(0x0A)
        case UInt8(ascii: "t"): octets.append(0x09)
        case UInt8(ascii: "f"): octets.append(0x0C)
        case UInt8(ascii: "x"):
          let digits = String(decoding: rest.dropFirst().prefix(2), as: UTF8.self)
          octets.append(UInt8(digits, radix: 16) ?? 0)
          rest = rest.dropFirst(2)
        default: octets.append(byte); continue
        }
        rest = rest.dropFirst()
      }
      return Case(title: String(title), octets: octets, isError: match.log.contains("error code="))
    }
  }

  @Test func `llhttp's strict cases are decided as llhttp decides them`() async throws {
    // Decided otherwise: errors that are served, and good requests that are refused; and why.
    let closed = "the request before the connection's end is served, what stands behind it is not read"
    let upgrade = "an offered upgrade is ignored, what stands behind it is not read"
    let pause = "the error is the test's own pause"
    let incomplete = "the request is not complete when the client ends"
    let form = "only the origin form is served"
    let coding = "transfer codings other than chunked alone are refused"
    let host = "`=` in Host"
    let version = "only HTTP/1.0 and HTTP/1.1 are spoken"
    let otherwise = [
      "connection.md ### No restart when keep-alive is off (1.0)": closed,
      "connection.md ### CRLF between requests, explicit `close`": closed,
      "connection.md ### CRLF between requests, explicit `close` followed by tab": closed,
      "connection.md ### Multiple tokens with folding and LWS": upgrade,
      "connection.md ### Upgrade GET request": upgrade,
      "connection.md ### Upgrade POST request": upgrade,
      "connection.md ### Setting a flag and pausing": pause,
      "connection.md ### Emitting part of body and pausing": pause,
      "connection.md ### CRLF between requests, implicit `keep-alive`": incomplete,
      "content-length.md ## Spaces in `Content-Length` (surrounding)": incomplete,
      "content-length.md ### Tabs in `Content-Length` (surrounding)": incomplete,
      "content-length.md ## Content-Length reset when no body is received": incomplete,
      "pipelining.md ## Should parse multiple events": incomplete,
      "transfer-encoding.md ### Parsing and setting flag": incomplete,
      "transfer-encoding.md ### Chunk extensions": incomplete,
      "transfer-encoding.md ### Chunk extensions quoting": incomplete,
      "transfer-encoding.md ### Trailing headers": "trailers are refused",
      "transfer-encoding.md ## POST with `chunked` as last transfer-encoding": coding,
      "transfer-encoding.md ## POST with `chunked` as last transfer-encoding (multiple headers)": coding,
      "method.md ### M-SEARCH request": form,
      "method.md ### SOURCE request with ICE": version,
      "method.md ### OPTIONS request with RTSP": version,
      "method.md ### ANNOUNCE request with RTSP": version,
      "uri.md ## Host terminated by a query string": form,
      "uri.md ## `host:port` terminated by a query string": form,
      "uri.md ## `host:port` terminated by a space": form,
      "uri.md ## `host:port` and basic auth": form,
      "uri.md ## Fragment in URI": "a target has no fragment (RFC 9112 §3.2)",
      "sample.md ## curl GET": host,
      "sample.md ## Firefox GET": host,
      "sample.md ## No HTTP version": "HTTP/0.9 is not spoken",
      "sample.md ## 255 ASCII in header value": "not UTF-8",
    ]
    let files = try files("http1-llhttp/test/request", suffix: ".md")
    let cases = try files.flatMap { file in
      try llhttp(file).map { (name: "\(file.lastPathComponent) \($0.title)", item: $0) }
    }
    #expect(cases.count == 128)
    #expect(cases.count { $0.item.isError } >= 40)
    let seen = try await withServer { address in
      var seen: Set<String> = []
      for (name, item) in cases {
        let verdict = try await verdict(withHost(item.octets), port: address.port)
        let agrees = item.isError ? verdict.isRefused : verdict.served > 0 && !verdict.isRefused
        #expect(agrees == (otherwise[name] == nil), "\(name): \(verdict)")
        seen.insert(name)
      }
      return seen
    }
    #expect(Set(otherwise.keys).isSubset(of: seen), "a listed case is not in the corpus")
  }
}
