// SPDX-License-Identifier: Apache-2.0
//
// Frames as an attacker sends them. Source: RFC 9113 §4.1, §6; CVE-2023-44487, CVE-2024-27316.

import Glibc
import HTTPServer
import NIOCore
import NIOHPACK
import Testing

@Suite struct `HTTP/2 abuse` {
  private static let preface =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4, flags: 0, stream: 0)

  private static func frame(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8] = []) -> [UInt8] {
    let length = payload.count
    return [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags]
      + (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * UInt32($0))) } + payload
  }

  private static func block(_ fields: [(String, String)]) throws -> [UInt8] {
    var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    var buffer = ByteBuffer()
    try encoder.encode(headers: HPACKHeaders(fields), to: &buffer)
    return Array(buffer.readableBytesView)
  }

  private static let get = [(":method", "GET"), (":scheme", "http"), (":path", "/doc"), (":authority", "x")]

  /// The types of the frames in `octets`, with the error code of a GOAWAY or RST_STREAM.
  private static func frames(_ octets: [UInt8]) -> [(type: UInt8, stream: Int, code: UInt8?)] {
    var rest = octets[...]
    var found: [(UInt8, Int, UInt8?)] = []
    while rest.count >= 9 {
      let head = Array(rest.prefix(9))
      let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      let payload = Array(rest.dropFirst(9).prefix(length))
      let code = head[3] == 7 && payload.count >= 8 ? payload[7] : head[3] == 3 ? payload.last : nil
      found.append((head[3], Int(head[7]) << 8 | Int(head[8]), code))
      rest = rest.dropFirst(9 + length)
    }
    return found
  }

  private func send(
    _ octets: [UInt8],
    seconds: Double = 2,
    configure: (inout HTTPServerConfiguration) -> Void = { _ in }
  ) async throws -> (frames: [(type: UInt8, stream: Int, code: UInt8?)], ended: Bool) {
    let (received, ended) = try await withServer(configure: configure) { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send(octets)
        return client.receiveOctets(seconds: seconds)
      }
    }
    return (Self.frames(received), ended)
  }

  @Test func `streams opened and reset at once end the connection`() async throws {
    // The first block puts the authority in the table of both sides; what follows is sent as literals.
    let literal = try Self.block(Self.get.map { $0 })
    var octets = Self.preface
    for index in 0..<2_000 {
      let stream = UInt32(index * 2 + 1)
      octets += Self.frame(type: 1, flags: 0x5, stream: stream, payload: literal)
      octets += Self.frame(type: 3, flags: 0, stream: stream, payload: [0, 0, 0, 8])
    }
    let result = try await send(octets)
    #expect(result.ended)
    #expect(result.frames.filter { $0.type == 1 }.count < 1_000)
  }

  private static let post = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "x")]

  @Test func `a malformed stream leaves the others of its connection alone`() async throws {
    let streams = (0..<20).map { UInt32($0 * 2 + 1) }
    var octets = Self.preface
    for stream in streams {
      let fields = Self.post + [("content-length", stream == 1 ? "5" : "3")]
      octets += Self.frame(type: 1, flags: 0x4, stream: stream, payload: try Self.block(fields))
    }
    for stream in streams { octets += Self.frame(type: 0, flags: 1, stream: stream, payload: [97, 98, 99]) }
    let result = try await send(octets)
    #expect(!result.ended)
    #expect(result.frames.filter { $0.type == 3 }.map(\.stream) == [1])
    #expect(
      Set(result.frames.filter { $0.type == 1 }.map(\.stream)) == Set(streams.dropFirst().map(Int.init))
    )
  }

  @Test func `an error of the connection ends it, requests or not`() async throws {
    var octets = Self.preface + Self.frame(type: 1, flags: 0x4, stream: 1, payload: try Self.block(Self.post))
    // DATA on stream 0 (RFC 9113 §6.1).
    octets += Self.frame(type: 0, flags: 0, stream: 0, payload: [1])
    let result = try await send(octets)
    #expect(result.ended)
    #expect(result.frames.contains { $0.type == 7 && $0.code != 0 })
  }

  @Test func `a stream whose body finds no memory is refused and the others are served`() async throws {
    var octets = Self.preface
    for stream: UInt32 in [1, 3] {
      octets += Self.frame(type: 1, flags: 0x4, stream: stream, payload: try Self.block(Self.post))
      octets += Self.frame(type: 0, flags: 0, stream: stream, payload: [UInt8](repeating: 97, count: 12_000))
    }
    octets += Self.frame(type: 0, flags: 1, stream: 1)
    octets += Self.frame(type: 1, flags: 0x4, stream: 5, payload: try Self.block(Self.post))
    octets += Self.frame(type: 0, flags: 1, stream: 5, payload: [UInt8](repeating: 97, count: 7_000))
    let result = try await send(octets) { $0.maximumBodyBytesPerConnection = 20_000 }
    #expect(!result.ended)
    // REFUSED_STREAM
    #expect(result.frames.filter { $0.type == 3 }.map { [$0.stream, Int($0.code ?? 0)] } == [[3, 7]])
    #expect(Set(result.frames.filter { $0.type == 1 }.map(\.stream)) == [1, 5])
  }

  @Test func `a header block without an end ends the connection`() async throws {
    var octets = Self.preface + Self.frame(type: 1, flags: 0x1, stream: 1, payload: try Self.block(Self.get))
    for _ in 0..<100 {
      octets += Self.frame(type: 9, flags: 0, stream: 1, payload: [0x40, 1, 0x61, 1, 0x62])
    }
    let result = try await send(octets)
    #expect(result.ended)
    #expect(result.frames.contains { $0.type == 7 && $0.code != 0 })
  }

  @Test func `pings beyond counting end the connection`() async throws {
    var octets = Self.preface
    for _ in 0..<5_000 {
      octets += Self.frame(type: 6, flags: 0, stream: 0, payload: [0, 0, 0, 0, 0, 0, 0, 0])
    }
    let result = try await send(octets)
    #expect(result.ended)
  }

  @Test(arguments: [
    [(":method", "GET"), (":scheme", "http"), (":path", "/doc")],
    [(":method", "GET"), (":scheme", "http"), (":path", "doc"), (":authority", "x")],
    [(":method", "GET"), (":scheme", "http"), (":path", "http://x/doc"), (":authority", "x")],
    [(":method", "GET"), (":scheme", "http"), (":path", "/doc"), (":authority", "x"), ("host", "y")],
    [(":method", "GET"), (":scheme", "http"), (":path", "/doc"), (":authority", "x y")],
    [(":method", "GET"), (":scheme", "http"), (":path", "/doc"), (":authority", "x"), ("a", "b\r\nc: d")],
    [(":method", "GET"), (":scheme", "http"), (":path", "/doc"), (":authority", "x"), ("a b", "c")],
    [(":method", "GET"), (":scheme", "http"), (":path", "/doc"), (":authority", "x"), ("A", "c")],
    [
      (":method", "GET"), (":scheme", "http"), (":path", "/doc"), (":authority", "x"),
      ("transfer-encoding", "chunked"),
    ],
    [
      (":method", "GET"), (":scheme", "http"), (":path", "/doc"), (":authority", "x"),
      ("connection", "close"),
    ],
    [(":method", "GET"), (":method", "PUT"), (":scheme", "http"), (":path", "/doc"), (":authority", "x")],
    [(":method", "CONNECT"), (":authority", "x:1")],
  ])
  func `a malformed request is not served`(fields: [(String, String)]) async throws {
    let octets = Self.preface + Self.frame(type: 1, flags: 0x5, stream: 1, payload: try Self.block(fields))
    let (received, _) = try await withServer { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.send(octets)
        return client.receiveOctets(seconds: 0.7)
      }
    }
    let body = Array(#"{"keys":[]}"#.utf8)
    #expect(received.firstRange(of: body) == nil)
    let refusal = Array("400 Bad Request".utf8)
    #expect(
      received.firstRange(of: refusal) != nil
        || Self.frames(received).contains { $0.type == 3 || $0.type == 7 }
    )
  }

  @Test func `an idle connection, a stalled stream and a stalled body end in time`() async throws {
    func shortened(_ configuration: inout HTTPServerConfiguration) {
      configuration.idleTimeout = .milliseconds(400)
      configuration.bodyTimeout = .milliseconds(400)
    }
    let idle = try await send(Self.preface, seconds: 30, configure: shortened)
    #expect(idle.ended)
    #expect(idle.frames.contains { $0.type == 7 && $0.code == 0 })
    // A window of zero: the response can never leave.
    let noWindow =
      Array(Self.preface.prefix(24))
      + Self.frame(type: 4, flags: 0, stream: 0, payload: [0, 4, 0, 0, 0, 0])
    let stalled = try await send(
      noWindow + Self.frame(type: 1, flags: 0x5, stream: 1, payload: try Self.block(Self.get)),
      seconds: 30,
      configure: shortened
    )
    #expect(stalled.ended)
    #expect(stalled.frames.contains { $0.type == 3 && $0.stream == 1 })
    let post = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "x")]
    let body = try await send(
      Self.preface + Self.frame(type: 1, flags: 0x4, stream: 1, payload: try Self.block(post)),
      seconds: 30,
      configure: shortened
    )
    #expect(body.ended)
    #expect(body.frames.contains { $0.type == 1 && $0.stream == 1 })
  }
}
