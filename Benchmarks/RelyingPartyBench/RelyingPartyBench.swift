// SPDX-License-Identifier: Apache-2.0
//
// What a verification by RelyingParty costs beside the bare signature check of swift-crypto, for ES384 and RS256. Run by
// Benchmarks/relying_party.py in a release build; one thread; each figure is the best of several rounds, taken in turns
// so that a busy machine hurts both alike. Prints one line of JSON for each algorithm.

import Crypto
import CryptoExtras
import RelyingParty
import TokenFormats

private let issuer = "https://tokens.example.com/f3b1c9d2-5a7e-4c1b-9d2e-8a6f0c3b7e15"
private let audience = "https://api.example.com"

/// The issuer's documents, in memory: they are asked for once.
private struct Documents: DocumentFetcher {
  let jwks: String

  func fetch(_ url: String, accept: String) async throws(DocumentFetchError) -> FetchedDocument {
    let body =
      url.hasSuffix("openid-configuration") ? #"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/jwks"}"# : jwks
    return FetchedDocument(body: Array(body.utf8), cacheControl: "max-age=3600")
  }
}

private struct Signer {
  let algorithm: TokenAlgorithm
  let jwk: String
  let sign: ([UInt8]) throws -> [UInt8]
  let verify: @Sendable (_ signature: [UInt8], _ message: [UInt8]) -> Bool
}

private func es384() -> Signer {
  let key = P384.Signing.PrivateKey()
  let point = Array(key.publicKey.x963Representation.dropFirst())
  let publicKey = key.publicKey
  return Signer(
    algorithm: .es384,
    jwk: #""kty":"EC","crv":"P-384","x":"\#(Base64URL.encode(Array(point[..<48])))","#
      + #""y":"\#(Base64URL.encode(Array(point[48...])))""#,
    sign: { Array(try key.signature(for: SHA384.hash(data: $0)).rawRepresentation) },
    verify: { signature, message in
      guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else {
        return false
      }
      return publicKey.isValidSignature(signature, for: SHA384.hash(data: message))
    }
  )
}

private func rs256() throws -> Signer {
  let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
  let numbers = try key.publicKey.getKeyPrimitives()
  let publicKey = key.publicKey
  return Signer(
    algorithm: .rs256,
    jwk: #""kty":"RSA","n":"\#(Base64URL.encode(Array(numbers.modulus)))","#
      + #""e":"\#(Base64URL.encode(Array(numbers.publicExponent)))""#,
    sign: {
      Array(
        try key.signature(for: SHA256.hash(data: $0), padding: .insecurePKCS1v1_5).rawRepresentation
      )
    },
    verify: { signature, message in
      publicKey.isValidSignature(
        _RSA.Signing.RSASignature(rawRepresentation: signature),
        for: SHA256.hash(data: message),
        padding: .insecurePKCS1v1_5
      )
    }
  )
}

/// A token as GetWebIdentityToken vends it to a role with tags.
private func token(_ signer: Signer, number: Int, now: Int64) throws -> String {
  let header =
    #"{"kid":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs","typ":"JWT","alg":"\#(signer.algorithm.rawValue)"}"#
  let payload =
    #"{"aud":"\#(audience)","sub":"arn:aws:iam::111122223333:role/service/Worker","https://sts.amazonaws.com/":"#
    + #"{"aws_account":"111122223333","source_region":"us-east-1","principal_id":"#
    + #""arn:aws:iam::111122223333:role/service/Worker","org_id":"o-abc1234567","ou_path":"#
    + #"["o-abc1234567/r-ab12/ou-ab12-11111111/"],"principal_tags":{"team":"payments","env":"prod"},"#
    + #""original_session_exp":"2026-11-21T22:00:00Z","request_tags":{"purpose":"deploy"}},"#
    + #""iss":"\#(issuer)","exp":\#(now + 300),"iat":\#(now),"jti":"3f1b2c4d-1111-2222-3333-\#(100_000_000_000 + number)"}"#
  let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
  return input + "." + Base64URL.encode(try signer.sign(Array(input.utf8)))
}

@main
struct RelyingPartyBench {
  static let tokens = 200

  static func main() async throws {
    // Arguments name the algorithms to measure; a profile wants one alone.
    let named = CommandLine.arguments.dropFirst()
    for signer in [es384(), try rs256()] where named.isEmpty || named.contains(signer.algorithm.rawValue) {
      try await measure(signer)
    }
  }

  private static func measure(_ signer: Signer) async throws {
    let now: Int64 = 1_800_000_000
    let jwks = #"{"keys":[{"kid":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",\#(signer.jwk)}]}"#
    let verifier = try TokenVerifier(
      trusting: [TrustedIssuer(issuer, audiences: [audience])],
      fetcher: Documents(jwks: jwks),
      clock: VerifierClock { .seconds(now) }
    )
    let tokens = try (0..<Self.tokens).map { try token(signer, number: $0, now: now) }
    let parts = try tokens.map { token in
      guard let end = token.lastIndex(of: "."),
        let signature = Base64URL.decode(token[token.index(after: end)...])
      else { throw VerificationFailure.notCompact }
      return (signature: signature, message: Array(token[..<end].utf8))
    }
    let rounds = signer.algorithm == .es384 ? 10 : 40
    var raw = Duration.seconds(1000)
    var whole = Duration.seconds(1000)
    for _ in 0..<rounds {
      raw = min(
        raw,
        ContinuousClock().measure {
          for part in parts where !signer.verify(part.signature, part.message) { print("raw: refused") }
        }
      )
      whole = min(
        whole,
        try await ContinuousClock().measure {
          for token in tokens { _ = try await verifier.verify(token) }
        }
      )
    }
    let rawRate = Double(Self.tokens) / (raw / .seconds(1))
    let rate = Double(Self.tokens) / (whole / .seconds(1))
    print(
      #"{"algorithm":"\#(signer.algorithm.rawValue)","raw_per_second":\#(Int(rawRate)),"#
        + #""verify_per_second":\#(Int(rate)),"ratio":\#((rate / rawRate * 1000).rounded() / 1000)}"#
    )
  }
}
