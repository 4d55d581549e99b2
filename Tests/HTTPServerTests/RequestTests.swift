// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 requests, good and bad, octet by octet. Source: RFC 9112; RFC 9110 §5, §10.1.1.

import Foundation
import Glibc
import HTTPServer
import Testing

@Suite struct `HTTP/1.1 requests` {
  private func send(_ request: String, finishing: Bool = false) async throws -> String {
    try await withServer { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send(request)
        if finishing { client.finish() }
        // Where the server ends the connection its end is waited for; otherwise silence has to do.
        let isLast = finishing || request.contains("Connection: close\r\n")
        return client.receive(seconds: isLast ? 30 : 1).text
      }
    }
  }

  private func bodyOf(_ response: String) -> String {
    response.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
  }

  @Test func `a request arrives as it was sent`() async throws {
    let response = try await send(
      "POST /a%2Fb/../c?x=%41&y=+ HTTP/1.1\r\nhOsT: Example.com:8080\r\nX-Dup: one\r\nx-dup:  two \t\r\n"
        + "X-Ünïcode: ok\r\n".replacing("Ünï", with: "Uni")
        + "X-Utf8: grüße\r\nX-Empty:\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    )
    #expect(
      bodyOf(response)
        == "POST /a%2Fb/../c?x=%41&y=+\nhOsT: Example.com:8080\nX-Dup: one\nx-dup: two\nX-Unicode: ok\n"
        + "X-Utf8: grüße\nX-Empty: \nContent-Length: 5\nConnection: close\npeer 127.0.0.1\ntls none\n\nhello"
    )
    #expect(!response.contains("Date: mine"))
  }

  @Test func `a chunked body arrives whole`() async throws {
    let response = try await send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n"
        + "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"
    )
    #expect(response.hasSuffix("\n\nhello world"))
  }

  @Test(arguments: [
    ("no Host", "GET / HTTP/1.1\r\n\r\n"),
    ("two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"),
    ("Host list", "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n"),
    ("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    ("Host with user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    ("Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("absolute form", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("authority form", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"),
    ("asterisk form", "GET * HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("fragment", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("target not ASCII", "GET /ü HTTP/1.1\r\nHost: x\r\n\r\n"),
    (
      "CL and TE",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    (
      "TE and CL",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    ),
    ("TE gzip", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("TE identity", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n"),
    (
      "TE twice",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    ("TE in 1.0", "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("CL twice", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ("CL signed", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na"),
    ("CL list", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na"),
    ("two content types", "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n"),
    ("obs-fold", "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n"),
    ("space before colon", "GET / HTTP/1.1\r\nHost: x\r\nX-A : a\r\n\r\n"),
    ("space in name", "GET / HTTP/1.1\r\nHost: x\r\nX A: a\r\n\r\n"),
    ("NUL", "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n"),
    ("bell", "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\u{7}b\r\n\r\n"),
    ("DEL", "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\u{7F}b\r\n\r\n"),
    ("replacement character", "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\u{FFFD}b\r\n\r\n"),
    ("bare CR", "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n"),
    ("bare LF", "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\nX-B: b\r\n\r\n"),
    ("bare LF everywhere", "GET / HTTP/1.1\nHost: x\n\n"),
    ("trailer", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: a\r\n\r\n"),
    ("unknown method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("lower-case method", "get / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("HTTP/0.9", "GET /\r\n\r\n"),
    ("HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
    ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n"),
    ("RTSP", "GET / RTSP/1.1\r\nHost: x\r\n\r\n"),
    ("RTSP 1.0", "OPTIONS * RTSP/1.0\r\nHost: x\r\n\r\n"),
    ("ICE", "SOURCE / ICE/1.0\r\nHost: x\r\n\r\n"),
    ("CONNECT to a path", "CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("CONNECT with a body", "CONNECT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"),
    ("TLS hello", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}"),
  ])
  func `what two readers could read differently is refused and the connection ends`(
    name: String,
    request: String
  ) async throws {
    let (text, ended) = try await withServer { address in
      try await RawClient.exchange(request + "GET /doc HTTP/1.1\r\nHost: x\r\n\r\n", port: address.port)
    }
    #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(name): \(text)")
    #expect(text.hasSuffix("\r\n\r\n400 Bad Request\n"), "\(name)")
    #expect(text.components(separatedBy: "HTTP/1.1 ").count == 2, "\(name): one response and no more")
    #expect(ended, "\(name)")
  }

  @Test func `RTSP behind a request and in pieces is refused after that request was answered`() async throws {
    let (text, ended) = try await withServer { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        for part in ["GET /doc HTTP/1.1\r\nHost: x\r\n\r\nGET /doc RT", "SP", "/1.1\r", "\nHost: x\r\n\r\n"] {
          client.send(part)
          usleep(50_000)
        }
        return client.receive(seconds: 3)
      }
    }
    #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(text.hasSuffix("\r\n\r\n400 Bad Request\n"))
    #expect(text.components(separatedBy: "HTTP/1.1 ").count == 3)
    #expect(ended)
  }

  @Test func `octets that are not UTF-8 are refused`() async throws {
    let text = try await withServer { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send(Array("GET / HTTP/1.1\r\nHost: x\r\nX-A: ".utf8) + [0xFF, 0xFE] + Array("\r\n\r\n".utf8))
        return client.receive(seconds: 1).text
      }
    }
    #expect(text.hasPrefix("HTTP/1.1 400 "))
  }

  @Test(arguments: [65_536, 65_537])
  func `a body of 64 KiB is taken and one octet more is not`(length: Int) async throws {
    let body = String(repeating: "b", count: length)
    let fixed = try await send(
      "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(length)\r\n\r\n\(body)"
    )
    let chunked = try await send(
      "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "8000\r\n\(body.prefix(32_768))\r\n\(String(length - 32_768, radix: 16))\r\n"
        + "\(body.dropFirst(32_768))\r\n0\r\n\r\n"
    )
    for response in [fixed, chunked] {
      if length == 65_536 {
        #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(response.hasSuffix(body))
      } else {
        #expect(response.hasPrefix("HTTP/1.1 413 "))
        #expect(response.contains("\r\nConnection: close\r\n"))
      }
    }
  }

  @Test func `a client that announces ten megabytes is refused before it sends them`() async throws {
    let response = try await send(
      "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n"
    )
    #expect(response.hasPrefix("HTTP/1.1 413 "))
    #expect(!response.contains("100 Continue"))
  }

  @Test func `a refusal arrives although the client goes on sending`() async throws {
    let response = try await send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
        + String(repeating: "b", count: 3_000_000)
    )
    #expect(response.hasPrefix("HTTP/1.1 413 "))
  }

  @Test func `100-continue is answered and other expectations fail`() async throws {
    let text = try await withServer { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        let first = client.receive(until: { $0.suffix(4).elementsEqual("\r\n\r\n".utf8) }).text
        client.send("hi")
        return first + "|" + client.receive(seconds: 0.5).text
      }
    }
    #expect(text.hasPrefix("HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 200 OK\r\n"))
    #expect(
      try await send("POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n")
        .hasPrefix("HTTP/1.1 417 ")
    )
  }

  @Test func `heads beyond the limits of size and number are refused`() async throws {
    func head(lines: Int, size: Int) -> String {
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        + (0..<lines).map { "X-\($0): \(String(repeating: "v", count: size))\r\n" }.joined() + "\r\n"
    }
    #expect(try await send(head(lines: 62, size: 10)).hasPrefix("HTTP/1.1 200 "))
    #expect(try await send(head(lines: 63, size: 10)).hasPrefix("HTTP/1.1 431 "))
    #expect(try await send(head(lines: 1, size: 16_000)).hasPrefix("HTTP/1.1 200 "))
    #expect(try await send(head(lines: 1, size: 16_384)).hasPrefix("HTTP/1.1 431 "))
    #expect(try await send(head(lines: 17, size: 1_000)).hasPrefix("HTTP/1.1 431 "))
    #expect(
      try await send("GET /\(String(repeating: "p", count: 17_000)) HTTP/1.1\r\nHost: x\r\n\r\n")
        .hasPrefix("HTTP/1.1 431 ")
    )
  }

  @Test func `pipelined requests are answered in order, slow ones too`() async throws {
    let response = try await send(
      "GET /slow/200 HTTP/1.1\r\nHost: x\r\n\r\nGET /doc HTTP/1.1\r\nHost: x\r\n\r\n"
        + "POST /slow/50 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        + "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    let order = ["GET /slow/200", #"{"keys":[]}"#, "POST /slow/50", "abc", "GET /last"]
    let positions = order.compactMap { response.range(of: $0)?.lowerBound }
    #expect(positions.count == order.count)
    #expect(positions == positions.sorted())
    #expect(!response.contains("/never"))
  }

  @Test func `a thousand pipelined requests are answered, and held back while nobody reads`() async throws {
    let count = try await withServer(responder: Echo(largeBytes: 20_000)) { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        let request = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
        let last = "GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        client.send(String(repeating: request, count: 999) + last)
        usleep(300_000)
        return client.receive().text.components(separatedBy: "HTTP/1.1 200 OK").count - 1
      }
    }
    #expect(count == 1_000)
  }

  @Test func `garbage behind a good request does not harm its response`() async throws {
    let response = try await send("GET /slow/50 HTTP/1.1\r\nHost: x\r\n\r\n\u{1}garbage\r\n\r\n")
    #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(response.components(separatedBy: "HTTP/1.1 ").last?.hasPrefix("400 ") == true)
  }

  @Test func `kilobytes of garbage do not harm the response before them`() async throws {
    let garbage = "\r\n\r\nGET\u{1}" + String(repeating: "garbage ", count: 10_000)
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nq=42"
    #expect(try await send(head + garbage).hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(try await send(garbage).hasPrefix("HTTP/1.1 400 "))
  }

  @Test func `HTTP/1.0 is served without Host and the connection ends`() async throws {
    let response = try await send("GET /doc HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(response.contains("\r\nConnection: close\r\n"))
  }

  @Test func `an offered upgrade is ignored and the connection ends`() async throws {
    let response = try await send(
      "GET /doc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        + "HTTP2-Settings: AAMAAABk\r\n\r\n"
    )
    #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(response.contains("\r\nConnection: close\r\n"))
  }

  @Test func `a client that ended its side gets its answer`() async throws {
    #expect(
      try await send("GET /slow/100 HTTP/1.1\r\nHost: x\r\n\r\n", finishing: true).contains("GET /slow/100")
    )
    #expect(try await send("GET /doc HTTP/1.1\r\nHost:", finishing: true).hasPrefix("HTTP/1.1 400 "))
    #expect(try await send("PR", finishing: true).hasPrefix("HTTP/1.1 400 "))
    #expect(try await send("", finishing: true) == "")
  }

  @Test func `a response that would split in two is not sent`() async throws {
    let response = try await send("GET /split HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(response.hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
    #expect(!response.contains("X-B"))
  }

  @Test func `HEAD to the responder has no body`() async throws {
    let response = try await send("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(response.hasSuffix("\r\n\r\n"))
    #expect(!response.contains("Content-Length: 0"))
  }

  @Test func `the address in use is named`() async throws {
    try await withServer { address -> Void in
      await #expect(throws: HTTPServerError.addressInUse(host: "127.0.0.1", port: address.port)) {
        try await withServer(configure: { $0.port = address.port }) { _ in () }
      }
    }
    await #expect(throws: HTTPServerError.self) {
      try await withServer(configure: { $0.host = "192.0.2.1" }) { _ in () }
    }
  }
}
