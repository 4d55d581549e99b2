// SPDX-License-Identifier: Apache-2.0
//
// Makes the tokens of `exeat rp-test`: good ones from GetWebIdentityToken, others signed by the issuer's own key through
// SignOutboundTestToken, others with a key that is made here and published nowhere. Knows what is in a token, not what a
// service should make of it.

import Crypto
import CryptoExtras
import FederationClient
import IdentityModel
import SigV4
import StrictJSON
import TokenFormats

/// Makes tokens.
struct TokenWorkshop {
  let audience: String
  let issuer: String
  /// What the issuer's tokens say, by algorithm.
  let drafts: [SigningAlgorithm: TokenDraft]
  /// The JWK set, as it is published.
  let keySet: String
  private let iam: AWSQueryClient
  private let sts: STSClient
  private let credential: SigningCredential
  /// The issuer's keys.
  let keys: SigningKeyClient
  private let foreign = P384.Signing.PrivateKey()

  /// Asks the issuer for one token of each algorithm, and for its keys.
  ///
  /// - Throws: `CommandFailure` when it signs no test tokens, before anything else is asked.
  init(
    iam: AWSQueryClient,
    sts: STSClient,
    credential: SigningCredential,
    http: FederationHTTPClient,
    audience: String,
    algorithms: [SigningAlgorithm]
  ) async throws {
    self.iam = iam
    self.sts = sts
    self.credential = credential
    self.keys = SigningKeyClient(iam, credential: credential)
    self.audience = audience
    // SECURITY: tokens of an issuer that people rely on are not for trying, good ones neither.
    _ = try await Self.sign("{}", "{}", .es384, nil, iam, credential)
    var drafts: [SigningAlgorithm: TokenDraft] = [:]
    for algorithm in algorithms {
      let token = try await sts.getWebIdentityToken(
        audiences: [audience],
        algorithm: algorithm.rawValue,
        durationSeconds: nil,
        tags: []
      ).token
      guard let draft = TokenDraft(token, algorithm: algorithm) else {
        throw CommandFailure.failed("the issuer's token cannot be read")
      }
      drafts[algorithm] = draft
    }
    guard let issuer = drafts.values.first?.string("iss") else {
      throw CommandFailure.failed("the issuer's token names no issuer")
    }
    self.drafts = drafts
    self.issuer = issuer
    // The issuer is the user's own `exeat dev`, on loopback.
    let policy = IssuerPolicy(allowPrivateAddresses: true, allowHTTPOnLoopback: true)
    do {
      let url = try HTTPURL(issuer + "/.well-known/jwks.json")
      let answer = try await IssuerFetcher(http: http, policy: policy).fetch(url)
      keySet = String(decoding: answer.body, as: UTF8.self)
    } catch {
      throw CommandFailure.failed("the issuer's key set cannot be fetched")
    }
  }

  /// A token that the issuer vends.
  func vended(
    _ algorithm: SigningAlgorithm,
    audiences: [String]? = nil,
    seconds: Int? = nil,
    tags: [Tag] = []
  ) async throws -> String {
    try await sts.getWebIdentityToken(
      audiences: audiences ?? [audience],
      algorithm: algorithm.rawValue,
      durationSeconds: seconds,
      tags: tags
    ).token
  }

  /// `draft`, signed with the issuer's key for its algorithm, whatever it says.
  func signed(_ draft: TokenDraft) async throws -> String {
    try await signed(draft.headerText, draft.claimsText, draft.algorithm)
  }

  /// Two texts, signed with the issuer's key for `algorithm`.
  func signed(_ header: String, _ payload: String, _ algorithm: SigningAlgorithm) async throws -> String {
    try await Self.sign(header, payload, algorithm, nil, iam, credential)
  }

  /// `draft`, signed with the issuer's key `keyID`, whether its time has come or not.
  func signed(_ draft: TokenDraft, keyID: String) async throws -> String {
    try await Self.sign(draft.headerText, draft.claimsText, draft.algorithm, keyID, iam, credential)
  }

  /// Has the issuer's key set answered with 503 for the next `seconds`; 0 ends that.
  func withholdKeySet(seconds: Int) async throws {
    _ = try await iam.call(
      "WithholdOutboundTestKeySet",
      [("Seconds", String(seconds))],
      signedBy: credential
    )
  }

  private static func sign(
    _ header: String,
    _ payload: String,
    _ algorithm: SigningAlgorithm,
    _ keyID: String?,
    _ iam: AWSQueryClient,
    _ credential: SigningCredential
  ) async throws -> String {
    let parameters =
      [(name: "Header", value: header), ("Payload", payload), ("SigningAlgorithm", algorithm.rawValue)]
      + (keyID.map { [(name: "KeyId", value: $0)] } ?? [])
    let answer = try await Self.answer(parameters, iam, credential)
    guard let token = answer["SignOutboundTestTokenResponse/SignOutboundTestTokenResult/Token"] else {
      throw CommandFailure.failed("the issuer signed no token")
    }
    return token
  }

  private static func answer(
    _ parameters: [(name: String, value: String)],
    _ iam: AWSQueryClient,
    _ credential: SigningCredential
  ) async throws -> XMLAnswer {
    do throws(STSClientError) {
      return try await iam.call("SignOutboundTestToken", parameters, signedBy: credential)
    } catch {
      guard case .refused("InvalidAction", _, _, _) = error else { throw error }
      throw CommandFailure.failed(
        "the issuer signs no test tokens",
        hint: "the issuer of `exeat rp-test` is a running `exeat dev`"
      )
    }
  }

  /// `draft` with the signature of a P-384 key that nobody published.
  func foreignSigned(_ draft: TokenDraft) throws -> String {
    let input = signingInput(draft)
    let signature = try foreign.signature(for: SHA384.hash(data: Array(input.utf8))).rawRepresentation
    return input + "." + Base64URL.encode(Array(signature))
  }

  /// `draft` with the signature of an RSA key that nobody published.
  func foreignRSASigned(_ draft: TokenDraft) throws -> String {
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let input = signingInput(draft)
    let digest = SHA256.hash(data: Array(input.utf8))
    let signature = try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation
    return input + "." + Base64URL.encode(Array(signature))
  }

  /// The public half of that P-384 key, as a JWK.
  var foreignJWK: String {
    let point = Array(foreign.publicKey.x963Representation.dropFirst())
    return #"{"kty":"EC","crv":"P-384","x":"\#(Base64URL.encode(Array(point[..<48])))","#
      + #""y":"\#(Base64URL.encode(Array(point[48...])))"}"#
  }

  /// `draft` with an HMAC under `secret`, and its `alg`.
  func authenticated(_ draft: TokenDraft, _ algorithm: String, secret: [UInt8]) -> String {
    let input = signingInput(draft.header("alg", quoted(algorithm)))
    let message = Array(input.utf8), key = SymmetricKey(data: secret)
    let code: [UInt8] =
      switch algorithm {
      case "HS384": Array(HMAC<SHA384>.authenticationCode(for: message, using: key))
      case "HS512": Array(HMAC<SHA512>.authenticationCode(for: message, using: key))
      default: Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
      }
    return input + "." + Base64URL.encode(code)
  }

  func signingInput(_ draft: TokenDraft) -> String {
    Base64URL.encode(Array(draft.headerText.utf8)) + "." + Base64URL.encode(Array(draft.claimsText.utf8))
  }

  /// The issuer's public key for `algorithm`, as a JWK and as PEM; `nil` when it publishes none.
  func publicKey(_ algorithm: SigningAlgorithm) -> (jwk: String, pem: String)? {
    let keys = (try? JSONReader.read(keySet.utf8))?.object?["keys"]?.array ?? []
    for key in keys {
      guard let object = key.object, object["alg"]?.string == algorithm.rawValue else { continue }
      func octets(_ name: String) -> [UInt8] { object[name]?.string.flatMap { Base64URL.decode($0) } ?? [] }
      let pem: String? =
        switch algorithm {
        case .rs256: try? _RSA.Signing.PublicKey(n: octets("n"), e: octets("e")).pemRepresentation
        case .es384:
          try? P384.Signing.PublicKey(x963Representation: [4] + octets("x") + octets("y")).pemRepresentation
        }
      return pem.map { (key.text, $0) }
    }
    return nil
  }
}
