// SPDX-License-Identifier: Apache-2.0
//
// What the tests of token status ask of a server: its lists as a stranger gets them.

import Federation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats
import TrailStorage

extension TestServer {
  /// The URL of the account's issuer.
  func issuerURL() async throws -> String {
    try #require(await call("GetOutboundWebIdentityFederationInfo")["IssuerIdentifier"])
  }

  /// What a stranger gets at `path` below the account's issuer, or below another one.
  func status(_ path: String, issuerID: String? = nil) async -> (status: Int, body: [UInt8]) {
    var id = issuerID ?? ""
    if issuerID == nil, let account = TestServer.account,
      let issuer = try? await house.directory.issuer(of: account)
    {
      id = issuer.stored.record.issuerID
    }
    let target = "/\(id)\(path)"
    if let document = site.publishedDocument(host: nil, path: target[...]) { return (200, document.body) }
    let response = await site.respond(
      to: APIRequest(
        method: "GET",
        target: target,
        headers: [],
        body: [],
        sourceIPAddress: "192.0.2.9",
        tls: nil
      )
    )
    return (response.status, response.body)
  }

  /// The lists that the aggregation names.
  func lists() async throws -> [String] {
    let answer = await status("/status")
    #expect(answer.status == 200)
    let document = try JSONReader.read(answer.body).object
    return document?["status_lists"]?.array?.compactMap(\.string) ?? []
  }

  /// The discovery document of the account's issuer.
  func discovery() async throws -> JSONObject {
    let answer = await status("/.well-known/openid-configuration")
    let document = try JSONReader.read(answer.body)
    return try #require(document.object)
  }

  /// The status of `token`, as a relying party finds it.
  func statusOf(_ token: String) async throws -> UInt8 {
    let reference = try #require(StatusListReference(try payloadOfToken(token)))
    let number = try #require(reference.uri.split(separator: "/").last)
    let answer = await status("/status/\(number)")
    #expect(answer.status == 200)
    let keys = await status("/.well-known/jwks.json").body
    let list = try VerifiedJWS(String(decoding: answer.body, as: UTF8.self), keys)
      .statusList(reference.uri, at: clock.now, inflate: Zlib.library.decompress)
    return try list.status(of: reference)
  }
}
