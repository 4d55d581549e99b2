// SPDX-License-Identifier: Apache-2.0
//
// One page, given to one browser, once: on a loopback port, under a path that nobody can guess, and only to a process of
// the user who runs this. The address stands on the browser's command line, where other users see it; the kernel says
// whose the connection is. Source: RFC 9112 §2, §9.6; proc_pid_net(5), `/proc/net/tcp`.

import IdentityModel
import TokenFormats

#if canImport(Glibc)
  import Glibc
#endif

/// A page that is given out once.
struct LoopbackPage: ~Copyable {
  /// Where the page is.
  let url: String

  private let listener: Int32
  private let port: UInt16
  private let target: String
  private let response: [UInt8]

  /// Listens for the browser that is to have `html`; `policy` is the page's Content-Security-Policy.
  init(_ html: String, policy: String) throws(CommandFailure) {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard listener >= 0 else { throw Self.failure }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    guard let port = bound(listener, &address), listen(listener, 16) == 0 else {
      close(listener)
      throw Self.failure
    }
    self.port = port
    var generator = SystemRandomNumberGenerator()
    target = "/" + Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    url = "http://127.0.0.1:\(port)\(target)"
    let head = [
      "HTTP/1.1 200 OK", "Content-Type: text/html; charset=utf-8", "Content-Length: \(html.utf8.count)",
      "Content-Security-Policy: \(policy); frame-ancestors 'none'", "Cache-Control: no-store",
      "X-Content-Type-Options: nosniff", "Referrer-Policy: origin", "Connection: close",
    ]
    response = Array((head.joined(separator: "\r\n") + "\r\n\r\n" + html).utf8)
  }

  deinit { close(listener) }

  /// Waits for the browser and gives it the page.
  ///
  /// Throws when none has asked within `seconds`.
  func serve(seconds: Int) throws(CommandFailure) {
    let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
    while ContinuousClock.now < deadline {
      let left = (ContinuousClock.now.duration(to: deadline) / .milliseconds(1)).rounded(.up)
      var watched = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&watched, 1, Int32(max(0, left))) > 0 else { continue }
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { continue }
      defer { close(connection) }
      if answer(connection) { return }
    }
    throw .failed("no browser asked for the page within \(seconds) s", hint: "see --browser and --print")
  }

  /// Whether the page went out on `connection`.
  private func answer(_ connection: Int32) -> Bool {
    // SECURITY: before anything is read, so that nobody else even keeps this process waiting.
    guard isOwn(connection) else { return false }
    // A browser may connect ahead of time and say nothing.
    var patience = timeval(tv_sec: 2, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    let request = requestLine(connection)
    let wanted = "GET \(target) HTTP/1.1"
    guard let request, constantTimeEqual(request, wanted.utf8) else {
      let refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      if request != nil { _ = send(Array(refusal.utf8), on: connection) }
      return false
    }
    guard send(response, on: connection) else { return false }
    // Until the browser has taken it: what is closed with octets unread is thrown away on the other side too.
    shutdown(connection, Int32(SHUT_WR))
    var rest = [UInt8](repeating: 0, count: 4096)
    while recv(connection, &rest, rest.count, 0) > 0 {}
    return true
  }

  /// The first line of a request of at most 16 KiB; `nil` when none comes.
  private func requestLine(_ connection: Int32) -> ArraySlice<UInt8>? {
    var head: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    let end = Array("\r\n\r\n".utf8)
    while head.count <= 16_384 {
      let count = recv(connection, &chunk, chunk.count, 0)
      guard count > 0 else { return nil }
      head += chunk[..<count]
      if head.indices.contains(where: { head[$0...].starts(with: end) }) {
        return head.prefix { $0 != UInt8(ascii: "\r") }
      }
    }
    return nil
  }

  private func send(_ octets: [UInt8], on connection: Int32) -> Bool {
    var sent = 0
    while sent < octets.count {
      let count = octets.withUnsafeBytes { buffer in
        Glibc.send(
          connection,
          buffer.baseAddress?.advanced(by: sent),
          buffer.count - sent,
          Int32(MSG_NOSIGNAL)
        )
      }
      guard count > 0 || errno == EINTR else { return false }
      sent += max(0, count)
    }
    return true
  }

  /// Whether the other end of `connection` belongs to the user of this process.
  private func isOwn(_ connection: Int32) -> Bool {
    var peer = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isKnown = withUnsafeMutablePointer(to: &peer) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(connection, $0, &length) == 0 }
    }
    guard isKnown else { return false }
    let ends = [UInt16(bigEndian: peer.sin_port), port].map { Self.entry(peer.sin_addr.s_addr, $0) }
    // A socket for both versions of IP stands in the table of the newer one, as ::ffff:127.0.0.1.
    let mapped = "0000000000000000" + Self.hexadecimal(UInt64(UInt32(bigEndian: 0xFFFF)), 8)
    let owner = Self.owner("/proc/net/tcp", ends) ?? Self.owner("/proc/net/tcp6", ends.map { mapped + $0 })
    return owner == String(geteuid())
  }

  /// The user of the open connection between `ends`, the other side's first; `nil` when the table does not know it.
  private static func owner(_ path: String, _ ends: [String]) -> String? {
    guard let table = try? StandardInput.read(file: path, limit: 64 << 20) else { return nil }
    // "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid …"; 01 is ESTABLISHED.
    for line in table.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
      if fields.count > 7, Array(fields[1...2]) == ends, fields[3] == "01" { return fields[7] }
    }
    return nil
  }

  /// An address and a port as the kernel writes them: the bytes of the address as one number of the machine.
  private static func entry(_ address: in_addr_t, _ port: UInt16) -> String {
    hexadecimal(UInt64(address), 8) + ":" + hexadecimal(UInt64(port), 4)
  }

  private static func hexadecimal(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  private static var failure: CommandFailure {
    .failed("cannot listen on 127.0.0.1: \(String(cString: strerror(errno)))", hint: "see --print")
  }
}

/// The port of `listener`, bound to `address`.
private func bound(_ listener: Int32, _ address: inout sockaddr_in) -> UInt16? {
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      bind(listener, pointer, length) == 0 && getsockname(listener, pointer, &length) == 0
    }
  }
  return isBound ? UInt16(bigEndian: address.sin_port) : nil
}
