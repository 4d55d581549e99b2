// SPDX-License-Identifier: Apache-2.0
//
// A client that sends exactly the octets that it is given. Blocks, so it runs on threads of its own.

import Foundation
import Glibc

/// Runs `body` on a thread that may block.
func blocking<Result: Sendable>(_ body: @Sendable @escaping () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    // A thread, not a queue: queues share their threads with the tasks that the server needs.
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}

/// A connected TCP socket.
final class RawClient {
  struct Failure: Error {
    let reason: String
  }

  private let socket: Int32

  /// Connects to `port` on this machine, from the loopback address `source` if it is given.
  init(port: Int, from source: String? = nil) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if let source {
      var own = sockaddr_in()
      own.sin_family = sa_family_t(AF_INET)
      own.sin_addr.s_addr = inet_addr(source)
      let result = withUnsafePointer(to: &own) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard result == 0 else { throw Failure(reason: "bind: \(errno)") }
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure(reason: "connect: \(errno)") }
  }

  deinit { close(socket) }

  /// Sends all of `octets`; whether the peer took them.
  @discardableResult func send(_ octets: [UInt8]) -> Bool {
    var sent = 0
    while sent < octets.count {
      let count = octets[sent...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Whether something can be read: a response, or the end.
  var hasEnded: Bool {
    var octet: UInt8 = 0
    return recv(socket, &octet, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) == 0
  }

  /// Has the connection reset, and not ended, when the client goes.
  func resetsAtEnd() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// Ends the sending side.
  func finish() { shutdown(socket, Int32(SHUT_WR)) }

  /// What comes until `enough` says so, the peer ends, or nothing more comes for `seconds`, of which the first octet
  /// has 30 on a machine that is busy; and whether the peer ended.
  func receiveOctets(
    seconds: Double = 3,
    until enough: ([UInt8]) -> Bool = { _ in false }
  ) -> (octets: [UInt8], ended: Bool) {
    var octets: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while !enough(octets) {
      var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      let patience = octets.isEmpty ? max(seconds, 30) : seconds
      guard Glibc.poll(&poll, 1, Int32(patience * 1000)) > 0 else { return (octets, false) }
      let count = recv(socket, &chunk, chunk.count, 0)
      if count <= 0 { return (octets, true) }
      octets.append(contentsOf: chunk[..<count])
    }
    return (octets, false)
  }

  /// The same as text.
  func receive(
    seconds: Double = 3,
    until enough: ([UInt8]) -> Bool = { _ in false }
  ) -> (text: String, ended: Bool) {
    let (octets, ended) = receiveOctets(seconds: seconds, until: enough)
    return (String(decoding: octets, as: UTF8.self), ended)
  }

  /// Sends `request`, and receives until the peer ends or is silent for `seconds`.
  static func exchange(
    _ request: String,
    port: Int,
    seconds: Double = 3
  ) async throws -> (text: String, ended: Bool) {
    try await blocking {
      let client = try RawClient(port: port)
      client.send(request)
      return client.receive(seconds: seconds)
    }
  }
}

/// The result of a program that ran to its end.
struct ProgramResult: Sendable {
  let status: Int32
  let output: String
}

/// Runs `program` with `arguments`; both of its outputs together.
func run(_ program: String, _ arguments: [String]) async throws -> ProgramResult {
  try await blocking {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let octets = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return ProgramResult(status: process.terminationStatus, output: String(decoding: octets, as: UTF8.self))
  }
}

/// The path of an installed program, or `nil`.
func installed(_ program: String) -> String? {
  ["/usr/bin/\(program)", "/usr/local/bin/\(program)"].first { access($0, X_OK) == 0 }
}

/// A new directory that goes away with the value.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
