// SPDX-License-Identifier: Apache-2.0
//
// Names to addresses, once, so that the address that was judged is the address that is connected to. Refuses to know
// which addresses are acceptable. Source: POSIX.1 getaddrinfo; RFC 6724 for the order.

import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Finds the addresses of a host.
package struct HostResolver: Sendable {
  /// The addresses of a host name or of a numeric host, in the order in which to try them; empty when there are none.
  package var addresses: @Sendable (_ host: String) async -> [IPAddress]

  /// Wraps `addresses`.
  package init(addresses: @escaping @Sendable (_ host: String) async -> [IPAddress]) {
    self.addresses = addresses
  }

  /// The operating system's resolver, which gets 5 seconds.
  package static let system = HostResolver { host in
    await withCheckedContinuation { continuation in
      let answer = FirstAnswer(continuation)
      DispatchQueue.global().async { answer.give(lookUp(host)) }
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(5)) { answer.give([]) }
    }
  }
}

/// Resumes a continuation with whichever answer comes first.
private final class FirstAnswer: Sendable {
  private let continuation: Mutex<CheckedContinuation<[IPAddress], Never>?>

  init(_ continuation: CheckedContinuation<[IPAddress], Never>) {
    self.continuation = Mutex(continuation)
  }

  func give(_ addresses: [IPAddress]) {
    continuation.withLock { $0.take() }?.resume(returning: addresses)
  }
}

private func lookUp(_ host: String) -> [IPAddress] {
  var hints = addrinfo()
  hints.ai_family = AF_UNSPEC
  #if canImport(Glibc)
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
  #else
    hints.ai_socktype = SOCK_STREAM
  #endif
  var list: UnsafeMutablePointer<addrinfo>?
  guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
  defer { freeaddrinfo(list) }
  var found: [IPAddress] = []
  var next = list
  while let entry = next?.pointee {
    next = entry.ai_next
    // The address begins 4 octets into sockaddr_in and 8 octets into sockaddr_in6.
    guard let raw = UnsafeRawPointer(entry.ai_addr) else { continue }
    switch entry.ai_family {
    case AF_INET:
      found += [IPAddress(octets: UnsafeRawBufferPointer(start: raw + 4, count: 4))].compactMap(\.self)
    case AF_INET6:
      found += [IPAddress(octets: UnsafeRawBufferPointer(start: raw + 8, count: 16))].compactMap(\.self)
    default: continue
    }
  }
  return found
}
