// SPDX-License-Identifier: Apache-2.0
//
// An issuer with real keys for the tests: discovery and JWK set as the project publishes them, tokens signed here.

import Crypto
import CryptoExtras
import FederationClient
import Foundation
import IdentityModel
import NIOSSL
import StrictJSON
import TokenFormats

/// A P-384 or RSA key that signs tokens.
struct TestKey: Sendable {
  let publicKey: PublicKey
  private let sign: @Sendable ([UInt8]) throws -> [UInt8]

  static func p384() -> TestKey {
    let key = P384.Signing.PrivateKey()
    let point = Array(key.publicKey.x963Representation.dropFirst())
    return TestKey(publicKey: .p384(x: Array(point[..<48]), y: Array(point[48...]))) { bytes in
      Array(try key.signature(for: bytes).rawRepresentation)
    }
  }

  static func rsa() throws -> TestKey {
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let numbers = try key.publicKey.getKeyPrimitives()
    return TestKey(
      publicKey: .rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
    ) { bytes in
      Array(try key.signature(for: bytes, padding: .insecurePKCS1v1_5).rawRepresentation)
    }
  }

  private init(publicKey: PublicKey, sign: @escaping @Sendable ([UInt8]) throws -> [UInt8]) {
    self.publicKey = publicKey
    self.sign = sign
  }

  /// A token with the claims; those that are given replace the usual ones, `nil` removes one.
  func token(
    issuer: String,
    _ changes: [String: JSONValue?] = [:],
    keyID: String? = nil,
    header: String? = nil,
    promise: ((PromisedToken) throws -> TransparencyPromise)? = nil
  ) throws -> String {
    var claims: [(String, JSONValue)] = [
      ("aud", .string("https://rp.example")), ("sub", .string("arn:aws:iam::000000000000:user/u")),
      ("iss", .string(issuer)), ("exp", number(testNow.seconds + 300)), ("iat", number(testNow.seconds)),
      ("jti", .string("00000000-0000-4000-8000-000000000000")), ("nbf", number(testNow.seconds)),
    ]
    for (name, value) in changes {
      claims.removeAll { $0.0 == name }
      if let value { claims.append((name, value)) }
    }
    var payload = JSONWriter()
    payload.object { writer in
      for (name, value) in claims {
        writer.name(name)
        writer.value(value)
      }
    }
    let keyID = KeyID(keyID ?? publicKey.thumbprint.description)
    let described = PromisedToken(algorithm: publicKey.algorithm, keyID: keyID, payload: payload.bytes)
    var input = JWS.signingInput(
      keyID: keyID,
      algorithm: publicKey.algorithm,
      payload: payload.bytes,
      promise: try promise?(described)
    )
    if let header {
      input = Array("\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(payload.bytes))".utf8)
    }
    return JWS.compact(signingInput: input, signature: try sign(input))
  }
}

extension TestKey {
  /// A Status List Token for `uri` of two bits a token: places 0 to 3 have the statuses 0 to 3, and so on; compressed with
  /// zlib 1.2.13.
  func statusList(_ uri: String, issuedAt: Int64 = testNow.seconds) throws -> String {
    let payload =
      #"{"sub":"\#(uri)","iat":\#(issuedAt),"exp":\#(issuedAt + 3600),"ttl":300,"#
      + #""status_list":{"bits":2,"lst":"eNp78gQAAq4ByQ"}}"#
    let input = JWS.signingInput(
      keyID: publicKey.thumbprint,
      algorithm: publicKey.algorithm,
      payload: Array(payload.utf8),
      type: StatusListToken.type
    )
    return JWS.compact(signingInput: input, signature: try sign(input))
  }
}

func number(_ value: Int64) -> JSONValue {
  // A number keeps its spelling, and only the reader makes one.
  (try? JSONReader.read(String(value).utf8)) ?? .null
}

/// Serves discovery and the JWK set of `keys` under the issuer that the Host header and `path` make.
func issuerAnswer(
  scheme: String = "http",
  path: String = "/tenant",
  keys: [PublicKey],
  discovery: @escaping @Sendable (_ issuer: String) -> ServerAnswer? = { _ in nil },
  jwks: @escaping @Sendable () -> ServerAnswer? = { nil }
) -> @Sendable (ReceivedRequest) -> ServerAnswer {
  { request in
    let issuer = "\(scheme)://\(request["host"] ?? "")\(path)"
    switch request.target {
    case "\(path)/.well-known/openid-configuration":
      let body = DiscoveryDocument.render(issuer: issuer, jwksURI: "\(issuer)/.well-known/jwks.json")
      return discovery(issuer) ?? .answer(status: 200, headers: [], body: body)
    case "\(path)/.well-known/jwks.json":
      return jwks() ?? .answer(status: 200, headers: [], body: JWKSet.render(keys: keys))
    default: return .text("", status: 404)
    }
  }
}

/// A certificate for `issuer.example`, `*.wild.example` and 127.0.0.1 that is its own root, made by the openssl command.
struct TestCertificate {
  let context: NIOSSLContext
  let file: String

  static let canBeMade = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

  init(in home: TestHome) async throws {
    file = "\(home.path)/cert.pem"
    let key = "\(home.path)/key.pem"
    _ = try await home.environment().runProcess([
      "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
      "-days",
      "2", "-subj", "/CN=test", "-addext",
      "subjectAltName=DNS:Issuer.example,DNS:*.wild.example,IP:127.0.0.1", "-keyout", key,
      "-out",
      file,
    ])
    context = try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
      )
    )
  }
}
