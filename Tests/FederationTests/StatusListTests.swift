// SPDX-License-Identifier: Apache-2.0
//
// The format of status lists against the examples of draft-ietf-oauth-status-list (§4.1, §4.2, appendix C), and what a
// reader refuses.

import Federation
import IdentityModel
import LocalKeys
import StrictJSON
import Testing
import TokenFormats
import TrailStorage

@Suite struct StatusListTests {
  private static let uri = "https://example.com/statuslists/1"
  private static let now = Instant(seconds: 1_800_000_000)

  private struct Example {
    let bits: Int
    let lst: String
    let statuses: [Int: UInt8]
    let count: Int
  }

  private static let examples = [
    Example(
      bits: 1,
      lst: "eNrbuRgAAhcBXQ",
      statuses: [0: 1, 3: 1, 4: 1, 5: 1, 7: 1, 8: 1, 9: 1, 13: 1, 15: 1],
      count: 16
    ),
    Example(
      bits: 2,
      lst: "eNo76fITAAPfAgc",
      statuses: [0: 1, 1: 2, 3: 3, 5: 1, 7: 1, 8: 1, 9: 2, 10: 3, 11: 3],
      count: 12
    ),
    Example(
      bits: 1,
      lst:
        "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAA"
        + "AJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb",
      statuses: Dictionary(
        uniqueKeysWithValues: [
          0, 1993, 25460, 159495, 495669, 554353, 645645, 723232, 854545, 934534, 1_000_345,
        ].map { ($0, 1) }
      ),
      count: 1 << 20
    ),
    Example(
      bits: 2,
      lst:
        "eNrt2zENACEQAEEuoaBABP5VIO01fCjIHTMStt9ovGVIAAAAAABAbiEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEB5"
        + "WwIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAID0ugQAAAAAAAAAAAAAAAAAQG12SgAAAAAAAAAAAAAAAAAAAAAAAAAAAOCSIQEAAAAAAAAAAAAAAAAAAAAAAAD8ExIA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwJEuAQAAAAAAAAAAAAAAAAAAAAAAAMB9SwIAAAAAAAAAAAAAAAAAAACoYUoA"
        + "AAAAAAAAAAAAAEBqH81gAQw",
      statuses: [
        0: 1, 1993: 2, 25460: 1, 159495: 3, 495669: 1, 554353: 1, 645645: 2, 723232: 1, 854545: 1, 934534: 2,
        1_000_345: 3,
      ],
      count: 1 << 20
    ),
    Example(
      bits: 4,
      lst:
        "eNrt0EENgDAQADAIHwImkIIEJEwCUpCEBBQRHOy35Li1EjoOQGabAgAAAAAAAAAAAAAAAAAAACC1SQEAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABADrsCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADoxaEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIIoCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAACArpwKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGhqVkAzlwIAAAAAiGVRAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAABx3AoAgLpVAQAAAAAAAAAAAAAAwM89rwMAAAAAAAAAAAjsA9xMBMA",
      statuses: [
        0: 1, 1993: 2, 35460: 3, 459495: 4, 595669: 5, 754353: 6, 845645: 7, 923232: 8, 924445: 9, 934534: 10,
        1_004_534: 11, 1_000_345: 12, 1_030_203: 13, 1_030_204: 14, 1_030_205: 15,
      ],
      count: 1 << 20
    ),
  ]

  @Test(arguments: 0..<5)
  func `the draft's examples are read as it says, and packed as it says`(_ number: Int) throws {
    let example = Self.examples[number]
    let compressed = try #require(Base64URL.decode(example.lst))
    let octets = try #require(Zlib.library.decompress(compressed, StatusListToken.maximumListBytes))
    let list = try #require(StatusList(octets: octets, bits: example.bits))
    #expect(list.count == example.count)
    let found = (0..<list.count).reduce(into: [Int: UInt8]()) { found, index in
      if let status = list.status(at: index), status != StatusList.valid { found[index] = status }
    }
    #expect(found == example.statuses)
    var built = try #require(StatusList(count: example.count, bits: example.bits))
    for (index, status) in example.statuses {
      let wasSet = built.set(status, at: index)
      #expect(wasSet)
    }
    #expect(built == list)
    // The draft's own was compressed with zlib at its highest level, and so is ours.
    #expect(Base64URL.encode(try #require(Zlib.library.compress(built.octets))) == example.lst)
  }

  @Test(arguments: [1, 2, 4, 8])
  func `what is set is read back, and its neighbours stay`(_ bits: Int) throws {
    var generator = SystemRandomNumberGenerator()
    var list = try #require(StatusList(count: 1000, bits: bits))
    var model = [UInt8](repeating: 0, count: list.count)
    for _ in 0..<5000 {
      let index = Int.random(in: 0..<1000, using: &generator)
      let status = UInt8.random(in: 0...UInt8((1 << bits) - 1), using: &generator)
      let wasSet = list.set(status, at: index)
      #expect(wasSet)
      model[index] = status
    }
    #expect((0..<list.count).map { list.status(at: $0) } == model)
    #expect(list.status(at: -1) == nil && list.status(at: list.count) == nil)
    let before = list
    var refused = [list.set(0, at: list.count), list.set(0, at: -1)]
    if bits < 8 { refused.append(list.set(UInt8(1 << bits), at: 0)) }
    #expect(!refused.contains(true) && list == before)
  }

  @Test(arguments: [-8, 0, 3, 5, 7, 9, 16])
  func `other numbers of bits there are none`(_ bits: Int) {
    #expect(StatusList(count: 8, bits: bits) == nil && StatusList(octets: [0], bits: bits) == nil)
  }

  @Test func `zlib data that is not whole, not alone or too long is none`() throws {
    let octets = [UInt8](repeating: 0, count: 131_072)
    let data = try #require(Zlib.library.compress(octets))
    #expect(data.count < 200)
    #expect(Zlib.library.decompress(data, 131_072) == octets)
    #expect(Zlib.library.decompress(data, 131_071) == nil)
    #expect(Zlib.library.decompress(data + [0], 131_072) == nil)
    let beginnings = (0..<data.count).filter { Zlib.library.decompress(Array(data[..<$0]), 131_072) != nil }
    #expect(beginnings.isEmpty)
    // The checksum at the end is looked at (RFC 1950 §2.2, ADLER32).
    let changed = (1...4).filter { place in
      var changed = data
      changed[data.count - place] ^= 1
      return Zlib.library.decompress(changed, 131_072) != nil
    }
    #expect(changed.isEmpty)
    let gzip = try #require(Gzip.zlib.compress(octets))
    #expect(Zlib.library.decompress(gzip, 131_072) == nil)
  }

  // MARK: The signed form

  private struct Signer {
    let keys = LocalKeys(keyEncryptionKey: .ephemeral())
    let key: SealedSigningKey
    let set: [UInt8]

    init() async throws {
      let account = try #require(TestServer.account)
      key = try await keys.makeKey(.es384, for: account)
      set = JWKSet.render(keys: [key.publicKey])
    }

    func sign(_ payload: String, type: String = StatusListToken.type) async throws -> String {
      let input = JWS.signingInput(
        keyID: key.keyID,
        algorithm: .es384,
        payload: Array(payload.utf8),
        type: type
      )
      return JWS.compact(signingInput: input, signature: try await keys.sign(input, with: key))
    }

    func read(_ token: String, at now: Instant = StatusListTests.now) throws -> StatusListToken {
      try VerifiedJWS(token, set).statusList(StatusListTests.uri, at: now, inflate: Zlib.library.decompress)
    }
  }

  private static func payload(
    sub: String = #""sub":"https://example.com/statuslists/1","#,
    times: String = #""iat":1800000000,"exp":1800003600,"ttl":300,"#,
    list: String = #""status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}"#
  ) -> String { "{\(sub)\(times)\(list)}" }

  @Test func `a list that was written is read, and tells the status of its tokens alone`() async throws {
    let signer = try await Signer()
    let compressed = try #require(Zlib.library.compress([0xB9, 0xA3]))
    let payload = StatusListToken.payload(
      uri: Self.uri,
      compressed: compressed,
      aggregation: "https://example.com/statuslists",
      issuedAt: Self.now,
      lifeSeconds: 3600,
      timeToLiveSeconds: 300
    )
    let list = try signer.read(try await signer.sign(String(decoding: payload, as: UTF8.self)))
    #expect(list.issuedAt == Self.now && list.timeToLiveSeconds == 300 && list.uri == Self.uri)
    #expect(list.expiration == Self.now.advanced(bySeconds: 3600))
    #expect(try list.status(of: StatusListReference(index: 0, uri: Self.uri)) == StatusList.invalid)
    #expect(try list.status(of: StatusListReference(index: 1, uri: Self.uri)) == StatusList.valid)
    #expect(throws: StatusListError.indexOutOfBounds(16)) {
      try list.status(of: StatusListReference(index: 16, uri: Self.uri))
    }
    #expect(throws: StatusListError.otherList(Self.uri)) {
      try list.status(of: StatusListReference(index: 0, uri: Self.uri + "0"))
    }
  }

  @Test func `the draft's example token is read, without exp and ttl too`() async throws {
    let signer = try await Signer()
    #expect(try signer.read(try await signer.sign(Self.payload())).list.count == 16)
    let bare = try signer.read(try await signer.sign(Self.payload(times: #""iat":1800000000,"#)))
    #expect(bare.expiration == nil && bare.timeToLiveSeconds == nil)
    let spelled = try await signer.sign(Self.payload(), type: "application/StatusList+jwt")
    #expect(try signer.read(spelled).list.bits == 1)
  }

  @Test func `what is wrong with a list is named, and nothing is told of any token`() async throws {
    let signer = try await Signer()
    let cases: [(String, StatusListError)] = [
      (Self.payload(sub: ""), .claimMissing("sub")),
      (
        Self.payload(sub: #""sub":"https://example.com/statuslists/2","#),
        .otherList("https://example.com/statuslists/2")
      ),
      (Self.payload(times: #""exp":1800003600,"#), .claimMissing("iat")),
      (Self.payload(times: #""iat":"1800000000","#), .claimMalformed("iat")),
      (Self.payload(times: #""iat":1800000061,"#), .issuedInTheFuture(Instant(seconds: 1_800_000_061))),
      (Self.payload(times: #""iat":1,"exp":1799999940,"#), .expired(Instant(seconds: 1_799_999_940))),
      (Self.payload(times: #""iat":1,"exp":-1,"#), .claimMalformed("exp")),
      (Self.payload(times: #""iat":1,"ttl":0,"#), .claimMalformed("ttl")),
      (Self.payload(times: #""iat":1,"ttl":"300","#), .claimMalformed("ttl")),
      (Self.payload(list: #""x":1"#), .claimMissing("status_list")),
      (Self.payload(list: #""status_list":[]"#), .claimMalformed("status_list")),
      (Self.payload(list: #""status_list":{"lst":"eNrbuRgAAhcBXQ"}"#), .claimMalformed("bits")),
      (Self.payload(list: #""status_list":{"bits":3,"lst":"eNrbuRgAAhcBXQ"}"#), .claimMalformed("bits")),
      (Self.payload(list: #""status_list":{"bits":1}"#), .claimMalformed("lst")),
      (Self.payload(list: #""status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ=="}"#), .claimMalformed("lst")),
      (Self.payload(list: #""status_list":{"bits":1,"lst":"AAAA"}"#), .notCompressed),
    ]
    for (payload, expected) in cases {
      let token = try await signer.sign(payload)
      #expect(throws: expected, "\(payload)") { try signer.read(token) }
    }
    // Eight million and eight tokens: more than is ever read.
    let bomb = try #require(Zlib.library.compress([UInt8](repeating: 0, count: (1 << 20) + 1)))
    #expect(bomb.count < 2000)
    let swollen = try await signer.sign(
      Self.payload(list: #""status_list":{"bits":1,"lst":"\#(Base64URL.encode(bomb))"}"#)
    )
    #expect(throws: StatusListError.notCompressed) { try signer.read(swollen) }
    let foreign = try await Signer()
    let token = try await foreign.sign(Self.payload())
    #expect(throws: JWTVerificationError.keyUnknown(foreign.key.keyID.description)) {
      try signer.read(token)
    }
  }

  @Test func `no other kind of token is a list, and a list is no other kind of token`() async throws {
    let signer = try await Signer()
    for type in ["JWT", "application/jwt", "at+jwt", "statuslist+cwt", ""] {
      let token = try await signer.sign(Self.payload(), type: type)
      #expect(throws: StatusListError.notAStatusList) { try signer.read(token) }
    }
    // Whatever claims it has, and whoever it is for: the type alone keeps it from being a token.
    let claims =
      #"{"iss":"https://example.com","aud":"a","sub":"https://example.com/statuslists/1","iat":1800000000,"#
      + #""exp":1800003600,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}"#
    let list = try await signer.sign(claims)
    #expect(try signer.read(list).list.count == 16)
    #expect(throws: JWTVerificationError.typeMismatch(.string(StatusListToken.type))) {
      try PresentedToken(list)
    }
    let token = try await signer.sign(claims, type: "JWT")
    let expectations = ProviderTokenExpectations(
      issuer: "https://example.com",
      clientIDs: ["a"],
      now: Self.now
    )
    let keys = try ProviderKeySet(json: signer.set)
    #expect(try PresentedToken(token).verify(keys: keys, expectations: expectations).audience == "a")
  }

  @Test func `a reference in a token is read, and one that cannot be read is not passed over`() throws {
    func reference(_ json: String) throws -> StatusListReference? {
      let value = try JSONReader.read(json.utf8)
      return try StatusListReference(try #require(value.object))
    }
    #expect(try reference("{}") == nil)
    #expect(try reference(#"{"status":{"other":1}}"#) == nil)
    #expect(
      try reference(#"{"status":{"status_list":{"idx":412,"uri":"https://e.example/1","x":1}}}"#)
        == StatusListReference(index: 412, uri: "https://e.example/1")
    )
    let cases: [(String, String)] = [
      (#"{"status":1}"#, "status"), (#"{"status":null}"#, "status"),
      (#"{"status":{"status_list":[]}}"#, "status_list"),
      (#"{"status":{"status_list":{"uri":"https://e.example/1"}}}"#, "idx"),
      (#"{"status":{"status_list":{"idx":-1,"uri":"https://e.example/1"}}}"#, "idx"),
      (#"{"status":{"status_list":{"idx":"1","uri":"https://e.example/1"}}}"#, "idx"),
      (#"{"status":{"status_list":{"idx":1.5,"uri":"https://e.example/1"}}}"#, "idx"),
      (#"{"status":{"status_list":{"idx":1}}}"#, "uri"),
      (#"{"status":{"status_list":{"idx":1,"uri":""}}}"#, "uri"),
    ]
    for (json, name) in cases {
      #expect(throws: StatusListError.claimMalformed(name), "\(json)") { try reference(json) }
    }
  }
}
