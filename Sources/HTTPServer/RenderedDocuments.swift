// SPDX-License-Identifier: Apache-2.0
//
// Published documents as whole HTTP/1.1 responses, rendered once a second each. Refuses to decide which
// document answers a request: the responder is asked every time, and a document that changed is rendered
// anew.

import Federation
import NIOCore
import Synchronization

/// Keeps the octets of complete `200` responses.
final class RenderedDocuments: Sendable {
  private struct Entry {
    let document: PublishedDocument
    let date: String
    let octets: ByteBuffer
  }

  /// What is kept is worth a second at most: when there is too much of it, all of it goes.
  private static let limit = 256

  private let entries = Mutex<[String: Entry]>([:])

  /// The response to an unconditional GET of `document` on a connection that stays open.
  func octets(of document: PublishedDocument, date: String, allocator: ByteBufferAllocator) -> ByteBuffer {
    let kept = entries.withLock { $0[document.entityTag] }
    // Equal documents share their storage as a rule: the comparison is one of addresses.
    if let kept, kept.date == date, kept.document == document { return kept.octets }
    let octets = document.response.http1(date: date, closes: false, isHead: false, allocator: allocator)
    entries.withLock { entries in
      if entries.count >= Self.limit { entries.removeAll() }
      entries[document.entityTag] = Entry(document: document, date: date, octets: octets)
    }
    return octets
  }
}
