// SPDX-License-Identifier: Apache-2.0
//
// An issuer for the tests: its keys, made with swift-crypto, the tokens that it signs, and its documents, whose fetches
// are counted.

import Crypto
import CryptoExtras
import RelyingParty
import Synchronization
import TokenFormats

let testIssuer = "https://issuer.example/tenant"
let testAudience = "https://api.example"
/// 2027-01-15T08:00:00Z.
let testNow: Int64 = 1_800_000_000

/// A key pair of an issuer.
struct TestKey: Sendable {
  let keyID: String?
  let algorithm: TokenAlgorithm
  private let members: String
  let sign: @Sendable ([UInt8]) throws -> [UInt8]

  static func es384(_ keyID: String? = "ec") -> TestKey {
    let key = P384.Signing.PrivateKey()
    let point = Array(key.publicKey.x963Representation.dropFirst())
    return TestKey(
      keyID: keyID,
      algorithm: .es384,
      members: #""kty":"EC","crv":"P-384","x":"\#(Base64URL.encode(Array(point[..<48])))","#
        + #""y":"\#(Base64URL.encode(Array(point[48...])))""#,
      sign: { Array(try key.signature(for: SHA384.hash(data: $0)).rawRepresentation) }
    )
  }

  static func rs256(_ keyID: String? = "rsa") throws -> TestKey {
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let numbers = try key.publicKey.getKeyPrimitives()
    return TestKey(
      keyID: keyID,
      algorithm: .rs256,
      members: #""kty":"RSA","n":"\#(Base64URL.encode(Array(numbers.modulus)))","#
        + #""e":"\#(Base64URL.encode(Array(numbers.publicExponent)))""#,
      sign: {
        Array(
          try key.signature(for: SHA256.hash(data: $0), padding: .insecurePKCS1v1_5).rawRepresentation
        )
      }
    )
  }

  var jwk: String {
    keyID.map { #"{"kid":"\#($0)",\#(members)}"# } ?? "{\(members)}"
  }

  /// A token; `header` and `payload` are JSON texts.
  func token(_ payload: String, header: String? = nil) throws -> String {
    let named = keyID.map { #","kid":"\#($0)""# } ?? ""
    let header = header ?? #"{"alg":"\#(algorithm.rawValue)","typ":"JWT"\#(named)}"#
    let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    return input + "." + Base64URL.encode(try sign(Array(input.utf8)))
  }
}

/// The claims of a good token, in order; `changes` replaces members by JSON texts, adds them, or leaves them out.
func claims(_ changes: [(String, String?)] = []) -> String {
  var members: [(String, String)] = [
    ("iss", "\"\(testIssuer)\""), ("sub", #""arn:aws:iam::111122223333:role/Worker""#),
    ("aud", "\"\(testAudience)\""), ("iat", "\(testNow - 10)"), ("exp", "\(testNow + 290)"),
    ("jti", #""3f1b2c4d""#),
  ]
  for (name, value) in changes {
    let place = members.firstIndex { $0.0 == name }
    if let place { members.remove(at: place) }
    if let value { members.insert((name, value), at: place ?? members.count) }
  }
  return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
}

/// A JWK set of `keys`.
func jwks(_ keys: [TestKey]) -> String {
  #"{"keys":[\#(keys.map(\.jwk).joined(separator: ","))]}"#
}

/// The documents of an issuer; a test changes them while they are served.
final class TestDocuments: DocumentFetcher {
  struct State {
    var documents: [String: String]
    var cacheControl: String?
    var failure: DocumentFetchError?
    var fetched: [String] = []
    /// Those who wait in `fetch` until `open`.
    var isHeld = false
  }

  let state: Mutex<State>

  init(_ keys: [TestKey], issuer: String = testIssuer, cacheControl: String? = nil) {
    state = Mutex(
      State(
        documents: [
          issuer + "/.well-known/openid-configuration":
            #"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/.well-known/jwks.json"}"#,
          issuer + "/.well-known/jwks.json": jwks(keys),
        ],
        cacheControl: cacheControl
      )
    )
  }

  func set(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }

  /// How often the key set was fetched.
  var keyFetches: Int { state.withLock { $0.fetched.count { $0.hasSuffix("jwks.json") } } }
  var fetched: [String] { state.withLock { $0.fetched } }

  func fetch(_ url: String, accept: String) async throws(DocumentFetchError) -> FetchedDocument {
    state.withLock { $0.fetched.append(url) }
    while state.withLock({ $0.isHeld }) { await Task.yield() }
    let (document, cacheControl, failure) = state.withLock {
      ($0.documents[url], $0.cacheControl, $0.failure)
    }
    if let failure { throw failure }
    guard let document else { throw .refused("answered with status 404") }
    return FetchedDocument(body: Array(document.utf8), cacheControl: cacheControl)
  }
}

/// A clock that a test moves.
final class TestClock: Sendable {
  private let seconds = Mutex(testNow)

  var clock: VerifierClock { VerifierClock { .seconds(self.seconds.withLock { $0 }) } }
  func set(after seconds: Int64) { self.seconds.withLock { $0 = testNow + seconds } }
}

extension TokenVerifier {
  /// The failure of `token`; `nil` when it is accepted.
  func failure(of token: String) async -> VerificationFailure? {
    do throws(VerificationFailure) {
      _ = try await verify(token)
      return nil
    } catch {
      return error
    }
  }
}

/// A verifier of the test issuer.
func testVerifier(
  _ documents: TestDocuments,
  clock: VerifierClock = VerifierClock { .seconds(testNow) },
  requiring requirements: [TokenRequirement] = [],
  type: TrustedIssuer.TokenType = .jwt,
  algorithms: Set<TokenAlgorithm> = [.es384, .rs256],
  settings: VerifierSettings = VerifierSettings()
) throws -> TokenVerifier {
  try TokenVerifier(
    trusting: [
      TrustedIssuer(
        testIssuer,
        audiences: [testAudience],
        algorithms: algorithms,
        requiring: requirements,
        type: type
      )
    ],
    fetcher: documents,
    settings: settings,
    clock: clock
  )
}
