// SPDX-License-Identifier: Apache-2.0
//
// What every engine promises about a change that requires a range to be empty: whether a record stands there at that
// moment decides, and a change that fails so leaves nothing behind.

import Federation
import IdentityModel
import StoreSQLite
import Testing

@Suite struct EmptyRangeContractTests {
  @Test(arguments: Engine.allCases)
  func `a change that requires an empty range fails while a record stands in it`(_ engine: Engine)
    async throws
  {
    try await engine.withStore { store in
      let requirement = Change.Write.requireNone(kind, prefix: "a/")
      func succeeds(_ writes: Change.Write...) async throws -> Bool {
        let before = try await store.lastSequence()
        do {
          try await store.commit(Change(writes), recording: event())
          return true
        } catch {
          #expect(error == .preconditionFailed(RecordKey(kind, "a/")))
          #expect(try await store.lastSequence() == before)
          return false
        }
      }
      // Neighbours of the range, and another kind.
      try await store.commit(
        change(
          put("a"),
          put("a."),
          put("a0"),
          put("A/x"),
          .put(RecordKey(RecordKind("Other"), "a/x"), account: try account(), body: json("{}"), .absent)
        ),
        recording: event()
      )
      #expect(try await succeeds(requirement))
      #expect(try await succeeds(requirement, put("one")))
      #expect(try await store.record(at: key("one")) != nil)

      for id in ["a/", "a/x", "a/\u{10FFFF}"] {
        try await store.commit(change(put(id)), recording: event())
        #expect(try await succeeds(requirement) == false)
        #expect(try await succeeds(put("two"), requirement) == false)
        #expect(try await store.record(at: key("two")) == nil)
        let revision = try #require(try await store.record(at: key(id))).revision
        // What the change itself removes before is not there.
        #expect(try await succeeds(.delete(key(id), revision: revision), requirement))
        #expect(try await store.record(at: key(id)) == nil)
      }
      // What the change itself writes before is there.
      #expect(try await succeeds(put("a/y"), requirement) == false)
      #expect(try await succeeds(requirement, put("a/y")))
    }
  }
}
