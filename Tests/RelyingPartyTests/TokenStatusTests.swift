// SPDX-License-Identifier: Apache-2.0
//
// Tokens that say where their status stands: lists of all three kinds of compression, and everything that can be wrong
// with one. The compressed lists were made with zlib 1.2.13 (Python's zlib.compress, level 0 and 9).

import RelyingParty
import Testing
import TokenFormats

private let listURI = testIssuer + "/status/1"

struct TokenStatusTests {
  private let key = TestKey.es384()

  /// Place 5 and the last place are revoked, everything around them is valid.
  static let lists: [(kind: String, last: Int, text: String)] = [
    (
      "stored", 319,
      "eAEBKADX_yAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIAFqACh"
    ),
    (
      "fixed", 319,
      "eNpTYCAKNAAABagAoQ"
    ),
    (
      "dynamic", 4799,
      "eNodkE1ozwEcxp83b-tfDqMo2awoduEibyuzAy03Lyskp7XtYmmyAxtpqJW8roQtpnZCUpiLDOMiJy9ripJhKEU2N_"
        + "9-x2893-flU00tCtplgaPOC2pm0CkvA0tOLXUsmC-Pgx-cKupc0CDXgludG9S6YJZcAhudR9SBYI_cDY457dTGYLN8"
        + "ErRzlxoInshLwWGnl7oQvJG3gxXOH6oq6JIXgl-d39T64L68H9znnKK-BSfk3WCrc4taFUzIY-Bsp42qCN7LP8A1zg"
        + "OqI2iRL4L_nMvFWf59Be5w5hXitfIA2OAsLqyOyDPAx84wNRk0yVPga2eSqgtG5B6w27lDLSkmDIIPnblUX7BLbgJ7"
        + "nWnqWnBcvgL-dA5Tm4J6-RA44ZwtapyRP4EdzobC-aD8GTzvdBZW3-UucIvTSPUEU_IQeLrYW-58SW4G25whqjp4Kd"
        + "8D3zqrqedBX5E77uyk5gS_5AVFUIl6F3wssPc726j6oFl-Cu51Vhacy_OnwdvOADUarJBHwD5nkPoStMo1YKVTR_UH"
        + "dXIlWOO0UBPB9YJzGd1y6llwVb4J_vXR_xWjZdM"
    ),
  ]

  static let unreadable: [(what: String, text: String)] = [
    (
      "swelling",
      "eNrtwTEBAAAAwqD1T20IX6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAE4DAPEAAQ"
    ),
    (
      "cut",
      "eNpTYCAKNAA"
    ),
    (
      "checksum",
      "eNpTYCAKNAAABagAoA"
    ),
    (
      "raw",
      "U2AgCjQAAA"
    ),
    (
      "gzip",
      "H4tTYCAKNAAABagAoQ"
    ),
    (
      "more",
      "eNpTYCAKNAAAAAWoAKE"
    ),
    (
      "empty",
      ""
    ),
  ]

  private func status(_ index: String) -> (String, String?) {
    ("status", #"{"status_list":{"idx":\#(index),"uri":"\#(listURI)"}}"#)
  }

  private func list(
    _ text: String,
    changes: [(String, String?)] = [],
    typ: String = "statuslist+jwt",
    key: TestKey? = nil
  ) throws -> String {
    var members: [(String, String)] = [
      ("sub", "\"\(listURI)\""), ("iat", "\(testNow - 10)"), ("exp", "\(testNow + 600)"), ("ttl", "300"),
      ("status_list", #"{"bits":1,"lst":"\#(text)"}"#),
    ]
    for (name, value) in changes {
      members.removeAll { $0.0 == name }
      if let value { members.append((name, value)) }
    }
    let payload = "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    let header = #"{"alg":"ES384","kid":"ec","typ":"\#(typ)"}"#
    return try (key ?? self.key).token(payload, header: header)
  }

  private func failure(_ list: String?, index: String = "4") async throws -> VerificationFailure? {
    let documents = TestDocuments([key])
    documents.set { $0.documents[listURI] = list }
    return await (try testVerifier(documents)).failure(of: try key.token(claims([status(index)])))
  }

  @Test(arguments: lists.indices)
  func `a token is refused when its place in the list says that it is revoked`(at: Int) async throws {
    let (kind, last, text) = Self.lists[at]
    let list = try list(text)
    #expect(try await failure(list, index: "4") == nil, "\(kind)")
    #expect(try await failure(list, index: "5") == .revoked, "\(kind)")
    #expect(try await failure(list, index: "\(last - 1)") == nil, "\(kind)")
    #expect(try await failure(list, index: "\(last)") == .revoked, "\(kind)")
    #expect(try await failure(list, index: "\(last + 1)")?.name == "statusUnavailable", "\(kind)")
  }

  @Test(arguments: unreadable.indices)
  func `a list that cannot be read says nothing, and the token is refused`(at: Int) async throws {
    let (what, text) = Self.unreadable[at]
    #expect(try await failure(try list(text))?.name == "statusUnavailable", "\(what)")
  }

  @Test func `a list that is not one for this token now is not believed`() async throws {
    let text = Self.lists[1].text
    let wrong: [(String, String?)] = [
      ("absent", nil), ("no token", "x"),
      ("another list's", try list(text, changes: [("sub", #""https://issuer.example/tenant/status/2""#)])),
      ("expired", try list(text, changes: [("exp", "\(testNow - 61)")])),
      ("from the future", try list(text, changes: [("iat", "\(testNow + 61)")])),
      ("without time", try list(text, changes: [("iat", nil)])),
      ("another kind of token", try list(text, typ: "JWT")),
      ("somebody else's", try list(text, key: .es384())),
    ]
    for (what, list) in wrong {
      let failure = try await failure(list)
      #expect(failure?.name == "statusUnavailable", "\(what)")
      #expect(failure?.isTransient == true, "\(what)")
    }
  }

  @Test(arguments: [
    #""x""#, #"{"status_list":1}"#, #"{"status_list":{"idx":-1,"uri":"x"}}"#, #"{"status_list":{"idx":1}}"#,
  ])
  func `a status that cannot be read refuses the token`(json: String) async throws {
    let verifier = try testVerifier(TestDocuments([key]))
    let token = try key.token(claims([("status", json)]))
    #expect(await verifier.failure(of: token) == .claimMalformed("status"))
  }

  @Test func `a token is refused for what its status is, and nothing but valid is good`() async throws {
    // Two bits for each: places 0 to 3 have the statuses 0 to 3.
    let list = try list("", changes: [("status_list", #"{"bits":2,"lst":"eNp7AgAA5QDl"}"#)])
    #expect(try await failure(list, index: "0") == nil)
    #expect(try await failure(list, index: "1") == .revoked)
    #expect(try await failure(list, index: "2") == .suspended)
    #expect(try await failure(list, index: "3") == .statusUnknown(3))
    for failure in [VerificationFailure.suspended, .statusUnknown(3)] { #expect(!failure.isTransient) }
  }

  @Test func `the words say which list it was, and what is wrong with it`() async throws {
    let expired = try list(Self.lists[1].text, changes: [("exp", "\(testNow - 61)")])
    #expect(
      try await failure(expired)
        == .statusUnavailable("`\(listURI)`: the list expired at 2027-01-15T07:58:59Z")
    )
    #expect(try await failure(nil) == .statusUnavailable("`\(listURI)`: answered with status 404"))
  }

  @Test func `a status of another kind is not looked at`() async throws {
    let verifier = try testVerifier(TestDocuments([key]))
    #expect(await verifier.failure(of: try key.token(claims([("status", #"{"other":{}}"#)]))) == nil)
  }

  @Test func `a list is fetched again when its time has come, and not before`() async throws {
    let documents = TestDocuments([key], cacheControl: "max-age=3600")
    let list = try list(Self.lists[1].text)
    documents.set { $0.documents[listURI] = list }
    let clock = TestClock()
    let verifier = try testVerifier(documents, clock: clock.clock)
    for (second, fetches) in [(Int64(0), 1), (1, 1), (299, 1), (300, 2), (301, 2)] {
      clock.set(after: second)
      let token = try key.token(
        claims([status("4"), ("iat", "\(testNow + second)"), ("exp", "\(testNow + second + 300)")])
      )
      #expect(await verifier.failure(of: token) == nil)
      #expect(documents.fetched.count { $0 == listURI } == fetches)
    }
  }

  /// A token with a status that is good for an hour.
  private func lastingToken() throws -> String {
    try key.token(claims([status("4"), ("iat", "\(testNow)"), ("exp", "\(testNow + 3600)")]))
  }

  @Test func `many who ask at once make one fetch`() async throws {
    let documents = TestDocuments([key])
    let list = try list(Self.lists[1].text)
    let verifier = try testVerifier(documents)
    #expect(await verifier.failure(of: try key.token(claims())) == nil)
    documents.set {
      $0.documents[listURI] = list
      $0.isHeld = true
    }
    let token = try lastingToken()
    let refused = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<60 { group.addTask { await verifier.failure(of: token) != nil } }
      group.addTask {
        while !documents.fetched.contains(listURI) { await Task.yield() }
        // Time for the others to come too.
        for _ in 0..<10_000 { await Task.yield() }
        documents.set { $0.isHeld = false }
        return false
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(refused == 0)
    #expect(documents.fetched.count { $0 == listURI } == 1)
  }

  static let expirations: [(expiration: Int64, seconds: [Int64], fetches: [Int])] = [
    (-30, [0, 9, 10, 19, 20], [1, 1, 2, 2, 3]), (-58, [0, 1], [1, 1]), (4, [0, 9, 10], [1, 1, 2]),
  ]

  @Test(arguments: expirations)
  func `a list that has expired within the leeway is fetched once in ten seconds`(
    expiration: Int64,
    seconds: [Int64],
    fetches: [Int]
  ) async throws {
    let documents = TestDocuments([key])
    let list = try list(Self.lists[1].text, changes: [("exp", "\(testNow + expiration)")])
    documents.set { $0.documents[listURI] = list }
    let clock = TestClock()
    let verifier = try testVerifier(documents, clock: clock.clock)
    for (second, count) in zip(seconds, fetches) {
      clock.set(after: second)
      #expect(await verifier.failure(of: try lastingToken()) == nil)
      #expect(documents.fetched.count { $0 == listURI } == count)
    }
  }

  @Test func `no list is used beyond its expiration and the leeway`() async throws {
    let documents = TestDocuments([key])
    let list = try list(Self.lists[1].text, changes: [("exp", "\(testNow - 58)")])
    documents.set { $0.documents[listURI] = list }
    let clock = TestClock()
    let verifier = try testVerifier(documents, clock: clock.clock)
    #expect(await verifier.failure(of: try lastingToken()) == nil)
    clock.set(after: 2)
    #expect(await verifier.failure(of: try lastingToken())?.name == "statusUnavailable")
  }

  @Test func `a late failure keeps the good list`() async throws {
    let documents = TestDocuments([key], cacheControl: "max-age=3600")
    let list = try list(Self.lists[1].text)
    documents.set { $0.documents[listURI] = list }
    let clock = TestClock()
    let verifier = try testVerifier(documents, clock: clock.clock)
    #expect(await verifier.failure(of: try lastingToken()) == nil)
    documents.set { $0.documents[listURI] = nil }
    clock.set(after: 300)
    #expect(await verifier.failure(of: try lastingToken())?.name == "statusUnavailable")
    // One whose verification began earlier.
    clock.set(after: 299)
    #expect(await verifier.failure(of: try lastingToken()) == nil)
  }
}
