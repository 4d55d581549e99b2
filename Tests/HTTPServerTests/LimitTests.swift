// SPDX-License-Identifier: Apache-2.0
//
// What one peer, and what all peers together, can take of the server.

import Glibc
import HTTPServer
import Testing

@Suite struct `Limits of connections and bodies` {
  private static let document = "GET /doc HTTP/1.1\r\nHost: x\r\n\r\n"
  private static let held = "GET /until-released HTTP/1.1\r\nHost: x\r\n\r\n"

  /// Whether all is there that `Echo` tells of a request without a body: it ends with an empty line.
  private static func isWhole(_ octets: [UInt8]) -> Bool { octets.suffix(2).elementsEqual("\n\n".utf8) }

  private static func isServed(_ client: RawClient) -> Bool {
    client.send(document)
    return client.receive(until: { $0.last == UInt8(ascii: "}") }).text.hasPrefix("HTTP/1.1 200")
  }

  private static func post(_ count: Int, to client: RawClient) -> Substring {
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(count)\r\n\r\n")
    client.send([UInt8](repeating: 0x62, count: count))
    let isWhole: ([UInt8]) -> Bool = { octets in
      // A refusal is shorter than what was sent.
      octets.count > count || String(decoding: octets, as: UTF8.self).hasPrefix("HTTP/1.1 503 ")
    }
    return client.receive(until: isWhole).text.prefix(12)
  }

  @Test func `busy connections at the limit are kept and a further one is closed`() async throws {
    let responder = Echo()
    try await withServer(responder: responder, configure: { $0.maximumConnections = 3 }) { address in
      try await blocking {
        var kept = try (0..<3).map { _ in try RawClient(port: address.port) }
        for client in kept { client.send(Self.held) }
        #expect(responder.awaitBegun(3))
        let extra = try RawClient(port: address.port)
        extra.send(Self.document)
        let refused = extra.receive()
        #expect(refused.text == "" && refused.ended)
        responder.release()
        for client in kept {
          let text = client.receive(until: Self.isWhole).text
          #expect(text.hasPrefix("HTTP/1.1 200"))
          #expect(Self.isServed(client))
        }
        kept.removeAll()
        usleep(200_000)
        #expect(Self.isServed(try RawClient(port: address.port)))
      }
    }
  }

  @Test func `a new connection takes the place of the one that is idle longest`() async throws {
    try await withServer(configure: { $0.maximumConnections = 2 }) { address in
      try await blocking {
        let first = try RawClient(port: address.port)
        #expect(Self.isServed(first))
        usleep(20_000)
        let second = try RawClient(port: address.port)
        #expect(Self.isServed(second))
        usleep(20_000)
        let third = try RawClient(port: address.port)
        #expect(Self.isServed(third))
        #expect(first.receive().ended)
        #expect(Self.isServed(second) && Self.isServed(third))
      }
    }
  }

  @Test func `one address takes no more than its share`() async throws {
    let responder = Echo()
    try await withServer(
      responder: responder,
      configure: { $0.maximumConnectionsPerLoopbackAddress = 2 }
    ) { address in
      try await blocking {
        let busy = try (0..<2).map { _ in try RawClient(port: address.port) }
        for client in busy { client.send(Self.held) }
        #expect(responder.awaitBegun(2))
        let extra = try RawClient(port: address.port)
        extra.send(Self.document)
        #expect(extra.receive() == ("", true))
        #expect(Self.isServed(try RawClient(port: address.port, from: "127.0.0.2")))
        responder.release()
        for client in busy { _ = client.receive(until: Self.isWhole) }
        #expect(Self.isServed(try RawClient(port: address.port)), "an idle connection of its own makes room")
      }
    }
  }

  @Test func `bodies beyond the memory for them are refused and the memory comes back`() async throws {
    try await withServer(configure: { $0.maximumBufferedBodyBytes = 10_000 }) { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        for _ in 0..<5 { #expect(Self.post(26_000, to: client) == "HTTP/1.1 200") }
        let large = try RawClient(port: address.port)
        #expect(Self.post(27_000, to: large) == "HTTP/1.1 503")
        #expect(Self.post(26_000, to: client) == "HTTP/1.1 200")
        // One connection uses up what all share: another has its own 16 KiB still.
        let holder = try RawClient(port: address.port)
        holder.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n")
        holder.send([UInt8](repeating: 0x62, count: 26_384))
        // When the server has read what the holder sent.
        var refusal: Substring = ""
        for _ in 0..<300 where refusal != "HTTP/1.1 503" {
          usleep(50_000)
          refusal = Self.post(16_385, to: try RawClient(port: address.port))
        }
        #expect(refusal == "HTTP/1.1 503")
        #expect(Self.post(16_384, to: client) == "HTTP/1.1 200")
        #expect(Self.post(16_385, to: client) == "HTTP/1.1 503")
      }
    }
  }

  @Test func `the soft limit of open files is raised`() async throws {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    #expect(getrlimit(resource, &limit) == 0)
    limit.rlim_cur = limit.rlim_max - 1
    #expect(setrlimit(resource, &limit) == 0)
    try await withServer { _ in }
    #expect(getrlimit(resource, &limit) == 0)
    #expect(limit.rlim_cur == limit.rlim_max)
  }

  @Test func `the server listens again after its listener failed`() async throws {
    try await withServer { address in
      try await blocking {
        let kept = try RawClient(port: address.port)
        #expect(Self.isServed(kept))
        // Shutting a listening socket down makes accept fail for good.
        let listeners = (3..<1_024).filter { Self.listens($0, on: address.port) }
        #expect(listeners.count == 1)
        for listener in listeners { shutdown(listener, Int32(SHUT_RDWR)) }
        #expect(Self.isServed(kept))
        // Until then connections are refused.
        var isServed = false
        for _ in 0..<300 where !isServed {
          usleep(100_000)
          isServed = (try? RawClient(port: address.port)).map(Self.isServed) ?? false
        }
        #expect(isServed)
      }
    }
  }

  private static func listens(_ file: Int32, on port: Int) -> Bool {
    var isListening: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0, isListening != 0 else {
      return false
    }
    var address = sockaddr_in()
    length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &length) }
    }
    return result == 0 && Int(in_port_t(bigEndian: address.sin_port)) == port
  }
}
