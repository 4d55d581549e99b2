// SPDX-License-Identifier: Apache-2.0
//
// What every engine promises about reading a range: by bytes, whatever the characters. The judge is a filter and a
// sort over an array.

import Federation
import Testing

@Suite struct RecordRangeContractTests {
  private static let ids = [
    "a", "A", "a%", "a%b", "a_", "a_b", "aXb", "ab", "a*", "a?b", "a[b]", "a'b", "a\\b", "a\u{1}", "b", " ",
    "%", "_",
    "é", "e", "e\u{301}", "e\u{301}x", "éx", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}",
    "\u{D7FF}x",
    "\u{E000}", "\u{FFFF}", "\u{FFFF}a", "\u{10000}", "\u{10FFFF}", "\u{10FFFF}z", "\u{10FFFF}\u{10FFFF}",
    "a\u{10FFFF}", "a\u{10FFFF}b", "123456789012/alice", "123456789012/bob", "1234567890123/x", "K",
    "\u{212A}",
  ]

  private static let prefixes =
    ["", "a%", "a_", "x", "123456789012/", "\u{10FFFF}\u{10FFFF}\u{10FFFF}", "\u{D7FE}", "\0", "a\0"] + ids

  private func ids(_ records: [StoredRecord]) -> [[UInt8]] {
    records.map { Array($0.key.id.utf8) }
  }

  private func expected(prefix: String, after: String?) -> [[UInt8]] {
    Self.ids.map { Array($0.utf8) }
      .filter { id in
        id.starts(with: prefix.utf8) && (after.map { $0.utf8.lexicographicallyPrecedes(id) } ?? true)
      }
      .sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func fill(_ store: any Store) async throws {
    var all = Change([])
    for id in Self.ids {
      all.writes.append(try put(id))
      all.writes.append(
        .put(RecordKey(RecordKind("Role"), id), account: try account(), body: json("{}"), .absent)
      )
    }
    try await store.commit(all, recording: event())
  }

  @Test(arguments: Engine.allCases)
  func `a range holds the ids that begin with the prefix, in byte order`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await fill(store)
      for prefix in Self.prefixes {
        let found = try await store.records(of: kind, prefix: prefix, after: nil, limit: 1000)
        #expect(ids(found) == expected(prefix: prefix, after: nil), "prefix \(prefix.debugDescription)")
        #expect(found.allSatisfy { $0.key.kind == kind })
      }
    }
  }

  @Test(arguments: Engine.allCases)
  func `a range continues after any text, whether such an id exists or not`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await fill(store)
      for prefix in ["", "a", "\u{10FFFF}"] {
        for after in Self.prefixes + ["a\0b", "zzz"] {
          let found = try await store.records(of: kind, prefix: prefix, after: after, limit: 1000)
          #expect(
            ids(found) == expected(prefix: prefix, after: after),
            "prefix \(prefix.debugDescription) after \(after.debugDescription)"
          )
        }
      }
    }
  }

  @Test(arguments: Engine.allCases)
  func `pages put together are the whole range`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await fill(store)
      for limit in [1, 2, 7] {
        var pages: [[UInt8]] = []
        var after: String?
        while true {
          let page = try await store.records(of: kind, prefix: "", after: after, limit: limit)
          #expect(page.count <= limit)
          guard let last = page.last else { break }
          pages += ids(page)
          after = last.key.id
        }
        #expect(pages == expected(prefix: "", after: nil))
      }
    }
  }

  @Test(arguments: Engine.allCases)
  func `a limit of zero or less is an empty range`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await fill(store)
      for limit in [0, -1, .min] {
        #expect(try await store.records(of: kind, prefix: "", after: nil, limit: limit).isEmpty)
      }
    }
  }
}
