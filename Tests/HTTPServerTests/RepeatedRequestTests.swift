// SPDX-License-Identifier: Apache-2.0
//
// The short way of a request that comes again on its connection: what it answers must be what reading it would.

import Federation
import Foundation
import HTTPServer
import Synchronization
import Testing

/// A document that changes, and everything else as `Echo`.
private final class Changing: RequestResponder {
  let version = Mutex<Int?>(1)
  private let echo = Echo()

  func publishedDocument(host: String?, path: Substring) -> PublishedDocument? {
    guard path == "/doc" else { return nil }
    return version.withLock { $0 }.map { version in
      PublishedDocument(
        body: Array("v\(version)".utf8),
        contentType: "text/plain",
        entityTag: "\"\(version)\""
      )
    }
  }

  func respond(to request: APIRequest) async -> APIResponse { await echo.respond(to: request) }
}

private let get = "GET /doc HTTP/1.1\r\nHost: x\r\n\r\n"

/// What `exchange` received on one connection to a server of `responder`.
private func answers(
  _ responder: any RequestResponder,
  _ exchange: @Sendable @escaping (RawClient) -> [String]
) async throws -> [String] {
  try await withServer(responder: responder) { address in
    try await blocking { exchange(try RawClient(port: address.port)) }
  }
}

extension RawClient {
  /// What came until it ended in `end`.
  fileprivate func receive(to end: String) -> String {
    let octets = Array(end.utf8)
    let received = receiveOctets(seconds: 30) {
      $0.count >= octets.count && $0.suffix(octets.count) == octets[...]
    }
    return String(decoding: received.octets, as: UTF8.self)
  }

  fileprivate func ask(_ request: String, to end: String) -> String {
    send(request)
    return receive(to: end)
  }
}

@Suite(.serialized) struct `A request that comes again on its connection` {
  @Test func `is answered with the document as it is now, or as any other request when there is none`()
    async throws
  {
    let responder = Changing()
    let texts = try await answers(responder) { client in
      var texts = [client.ask(get, to: "v1"), client.ask(get, to: "v1")]
      responder.version.withLock { $0 = 2 }
      texts.append(client.ask(get, to: "v2"))
      responder.version.withLock { $0 = nil }
      texts.append(client.ask(get, to: "\n\n"))
      responder.version.withLock { $0 = 3 }
      texts.append(client.ask(get, to: "v3"))
      return texts
    }
    for (text, version) in zip([texts[0], texts[1], texts[2], texts[4]], [1, 1, 2, 3]) {
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\nDate: "))
      #expect(text.contains("\r\nETag: \"\(version)\"\r\n"))
      #expect(text.hasSuffix("\r\nContent-Length: 2\r\n\r\nv\(version)"))
    }
    #expect(texts[3].contains("X-Echo: yes"))
  }

  @Test func `is a body where a body is due`() async throws {
    let texts = try await answers(Changing()) { client in
      let first = client.ask(get, to: "v1")
      let post =
        "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: \(get.utf8.count)\r\n\r\n"
      let leave = client.ask(post, to: "HTTP/1.1 100 Continue\r\n\r\n")
      let echo = client.ask(get, to: get)
      return [first, leave, echo, client.ask(get, to: "v1")]
    }
    #expect(texts[1] == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(texts[2].contains("POST /echo\n"))
    #expect(texts[2].hasSuffix("\n\n\(get)"))
    #expect(texts[3].hasSuffix("\r\n\r\nv1"))
  }

  @Test func `is the rest of a head where one has begun`() async throws {
    let texts = try await answers(Changing()) { client in
      let first = client.ask(get, to: "v1")
      // The field's value goes on to the end of the line: the octets of the request are part of this one's head.
      client.send("GET /echo HTTP/1.1\r\nX-Part: ")
      usleep(50_000)
      return [first, client.ask(get, to: "\n\n")]
    }
    #expect(texts[1].contains("GET /echo\nX-Part: GET /doc HTTP/1.1\n"))
  }

  @Test func `is answered as often as it came when it comes in one with itself`() async throws {
    let texts = try await answers(Changing()) { client in
      let first = client.ask(get, to: "v1")
      client.send(get + get + get)
      var rest = ""
      while rest.components(separatedBy: "\r\n\r\nv1").count < 4 {
        let more = client.receive(to: "v1")
        guard !more.isEmpty else { break }
        rest += more
      }
      return [first, rest]
    }
    #expect(texts[1].components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 4)
  }

  @Test(arguments: [
    "HEAD /doc HTTP/1.1\r\nHost: x\r\n\r\n", "GET /doc HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"1\"\r\n\r\n",
  ])
  func `is read again when it is no plain GET`(request: String) async throws {
    let texts = try await answers(Changing()) { client in
      [client.ask(request, to: "\r\n\r\n"), client.ask(request, to: "\r\n\r\n")]
    }
    #expect(texts.allSatisfy { $0.hasPrefix("HTTP/1.1 ") && $0.hasSuffix("\r\n\r\n") })
  }

  @Test func `ends its connection when it says so`() async throws {
    let last = "GET /doc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    let texts = try await answers(Changing()) { client in
      [client.ask(get, to: "v1"), client.ask(last, to: "v1"), client.ask(last, to: "v1")]
    }
    #expect(texts[1].contains("\r\nConnection: close\r\n"))
    #expect(texts[2] == "")
  }
}
