// SPDX-License-Identifier: Apache-2.0
//
// Clients that take their time, limits, and the end of the server.

import Foundation
import Glibc
import HTTPServer
import Synchronization
import Testing

@Suite struct `Slow clients and shutdown` {
  private func shortened(_ configuration: inout HTTPServerConfiguration) {
    // Long enough for a client on a busy machine that wants to be in time.
    configuration.headerTimeout = .seconds(1)
    configuration.bodyTimeout = .seconds(1)
    configuration.idleTimeout = .seconds(2)
  }

  /// Sends `parts` with 100 ms between them until the server ends; the text, and how long it took.
  private func drip(_ parts: [String], port: Int) async throws -> (text: String, seconds: Double, ended: Bool)
  {
    try await blocking {
      let client = try RawClient(port: port)
      let start = Date()
      for part in parts {
        if !client.send(part) { break }
        usleep(100_000)
        if client.hasEnded { break }
      }
      let (text, ended) = client.receive(seconds: 3)
      return (text, Date().timeIntervalSince(start), ended)
    }
  }

  @Test func `a head that drips in is cut off in time`() async throws {
    let result = try await withServer(configure: shortened) { address in
      try await drip(
        ["GET /doc HTTP/1.1\r\n"] + Array(repeating: "X-A: a\r\n", count: 300),
        port: address.port
      )
    }
    #expect(result.text.hasPrefix("HTTP/1.1 408 "))
    #expect(result.ended)
    // It would have gone on for 30.
    #expect(result.seconds < 20)
  }

  @Test func `a head that drips in behind a request is cut off in time`() async throws {
    // Only the deadline of the head is short.
    let (first, rest) = try await withServer(configure: { $0.headerTimeout = .milliseconds(400) }) {
      address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send("GET /doc HTTP/1.1\r\nHost: x\r\n\r\n")
        let first = client.receive(seconds: 30) { $0.last == UInt8(ascii: "}") }
        client.send("G")
        return (first.text, client.receive(seconds: 30))
      }
    }
    #expect(first.hasPrefix("HTTP/1.1 200 "))
    #expect(rest.text.hasPrefix("HTTP/1.1 408 "))
    #expect(rest.ended)
  }

  @Test func `a body that drips in is cut off in time`() async throws {
    let result = try await withServer(configure: shortened) { address in
      try await drip(
        ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"] + Array(repeating: "b", count: 90),
        port: address.port
      )
    }
    #expect(result.text.hasPrefix("HTTP/1.1 408 "))
    #expect(result.ended)
  }

  @Test func `silent and idle connections are closed without a word`() async throws {
    let (silent, idle) = try await withServer(configure: shortened) { address in
      async let silent = RawClient.exchange("", port: address.port)
      async let idle = RawClient.exchange("GET /doc HTTP/1.1\r\nHost: x\r\n\r\n", port: address.port)
      return try await (silent, idle)
    }
    #expect(silent.text == "" && silent.ended)
    #expect(idle.text.hasSuffix(#"{"keys":[]}"#) && idle.ended)
  }

  @Test func `a client that never reads does not keep its connection`() async throws {
    let ended = try await withServer(responder: Echo(largeBytes: 20_000_000), configure: shortened) {
      address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        usleep(4_000_000)
        // The server is gone: what is left is what the kernels held, far less than the document.
        return client.receive(seconds: 1).text.utf8.count < 20_000_000
      }
    }
    #expect(ended)
  }

  @Test func `a slow responder is waited for`() async throws {
    let response = try await withServer(configure: shortened) { address in
      try await RawClient.exchange(
        "GET /slow/3000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        port: address.port
      )
    }
    #expect(response.text.contains("GET /slow/3000"))
  }

  @Test func `shutdown with a hundred requests in flight loses none`() async throws {
    let responder = Echo()
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let responses = Task {
      try await withServer(responder: responder) { address in
        // The exchanges outlive this closure: the server is told to stop while they are under way.
        let exchanges = Task {
          try await blocking {
            let clients = try (0..<100).map { _ in try RawClient(port: address.port) }
            for client in clients { client.send("GET /slow/3000 HTTP/1.1\r\nHost: x\r\n\r\n") }
            // What the server has not read yet is not in flight: it may be refused.
            #expect(responder.awaitBegun(100))
            continuation.finish()
            return clients.map { $0.receive(seconds: 30) }.map { ($0.text, $0.ended) }
          }
        }
        for await _ in started {}
        return exchanges
      }.value
    }
    let all = try await responses.value
    #expect(all.count == 100)
    for (text, ended) in all {
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(text.contains("\r\nConnection: close\r\n"))
      #expect(ended)
    }
    #expect(responder.answered.withLock { $0 } == 100)
  }

  @Test func `the grace has an end`() async throws {
    let start = ContinuousClock.now
    try await withServer(configure: { $0.shutdownGrace = .milliseconds(500) }) { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send("GET /slow/60000 HTTP/1.1\r\nHost: x\r\n\r\n")
        usleep(200_000)
      }
    }
    #expect(ContinuousClock.now - start < .seconds(30))
  }
}
