// SPDX-License-Identifier: Apache-2.0
//
// Published documents as relying parties and browsers fetch them. Source: RFC 9110 §8.8, §13.1.2; Fetch.

import HTTPServer
import Foundation
import Glibc
import Testing

@Suite struct `Published documents` {
  private func head(_ request: String) async throws -> String {
    try await withServer { address in
      try await RawClient.exchange("\(request)\r\nHost: x\r\nConnection: close\r\n\r\n", port: address.port)
        .text
    }
  }

  @Test func `a document comes with its validators, its lifetime and leave for other origins`() async throws {
    let response = try await head("GET /doc?x=1 HTTP/1.1")
    let lines = response.components(separatedBy: "\r\n")
    #expect(lines.first == "HTTP/1.1 200 OK")
    for line in [
      "Content-Type: application/json", "Cache-Control: public, max-age=300", #"ETag: "v1""#,
      "Access-Control-Allow-Origin: *", "X-Content-Type-Options: nosniff", "Content-Length: 11",
      "Connection: close",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(lines.last == #"{"keys":[]}"#)
    #expect(!lines.contains { $0.hasPrefix("Server:") })
    let date = try #require(lines.first { $0.hasPrefix("Date: ") })
    #expect(
      date.wholeMatch(
        of: #/Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/#
      )
        != nil
    )
  }

  @Test func `HEAD has the fields of GET and no body`() async throws {
    let get = try await head("GET /doc HTTP/1.1").components(separatedBy: "\r\n\r\n")
    let response = try await head("HEAD /doc HTTP/1.1").components(separatedBy: "\r\n\r\n")
    func withoutDate(_ head: String) -> [String] {
      head.components(separatedBy: "\r\n").filter { !$0.hasPrefix("Date: ") }
    }
    #expect(withoutDate(response[0]) == withoutDate(get[0]))
    #expect(response[1] == "")
  }

  @Test(arguments: [
    (#""v1""#, 304), (#"W/"v1""#, 304), ("*", 304), (#""v0", "v1""#, 304), (#""a,b",W/"v1""#, 304),
    (#""v0""#, 200), ("v1", 200), (#""v1"#, 200), (#""v0", *"#, 200), (#"w/"v1""#, 200), (#""V1""#, 200),
  ])
  func `If-None-Match decides by weak comparison`(value: String, status: Int) async throws {
    let response = try await head("GET /doc HTTP/1.1\r\nIf-None-Match: \(value)")
    #expect(response.hasPrefix("HTTP/1.1 \(status) "))
    #expect(response.contains(#"ETag: "v1""#))
    if status == 304 {
      #expect(!response.contains("Content-Length"))
      #expect(response.hasSuffix("\r\n\r\n"))
    }
  }

  @Test(arguments: ["POST", "PUT", "DELETE", "PATCH"])
  func `other methods are not allowed on a document`(method: String) async throws {
    let response = try await head("\(method) /doc HTTP/1.1\r\nContent-Length: 0")
    #expect(response.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n"))
    #expect(response.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"))
  }

  @Test func `a preflight is answered`() async throws {
    let response = try await head(
      "OPTIONS /doc HTTP/1.1\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: GET"
    )
    #expect(response.hasPrefix("HTTP/1.1 204 No Content\r\n"))
    #expect(response.contains("\r\nAccess-Control-Allow-Origin: *\r\n"))
    #expect(response.contains("\r\nAccess-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"))
    #expect(!response.contains("Content-Length"))
  }

  @Test func `the Host field selects the document`() async throws {
    let text = try await withServer { address in
      try await RawClient.exchange(
        "GET /host HTTP/1.1\r\nHost: issuer.example\r\nConnection: close\r\n\r\n",
        port: address.port
      ).text
    }
    #expect(text.hasSuffix(#"{"keys":[]}"#))
    #expect(try await head("GET /host HTTP/1.1").contains("X-Echo: yes"))
  }

  @Test func `a document of a megabyte reaches a client that reads slowly`() async throws {
    let received = try await withServer(responder: Echo(largeBytes: 1_000_000)) { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        usleep(600_000)
        return client.receive().text.utf8.filter { $0 == 0x61 }.count
      }
    }
    #expect(received >= 1_000_000)
  }
}
