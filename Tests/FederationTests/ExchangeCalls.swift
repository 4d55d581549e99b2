// SPDX-License-Identifier: Apache-2.0
//
// Calls of the token endpoint that several tests make, and what is in an answer.

import Federation
import IdentityModel
import StrictJSON
import Testing

/// What the token endpoint answered.
struct Exchanged {
  let status: Int
  let body: JSONObject

  subscript(_ name: String) -> String? { body[name]?.string }

  /// The claims of the token that was issued.
  var claims: JSONObject? { self["access_token"].flatMap { try? payloadOfToken($0) } }

  /// `[iss, sub]` of each actor in the claim `act`, the current one first.
  var actors: [[String?]] {
    var found: [[String?]] = []
    var next = claims?["act"]?.object
    while let actor = next {
      found.append([actor["iss"]?.string, actor["sub"]?.string])
      next = actor["act"]?.object
    }
    return found
  }
}

/// `urn:ietf:params:oauth:token-type:` and `name`.
func tokenType(_ name: String) -> String { "urn:ietf:params:oauth:token-type:\(name)" }

extension TestServer {
  /// Trades `token` for one of the role `role`; `more` are further parameters.
  func trade(
    _ role: String,
    _ token: String,
    type: String = tokenType("jwt"),
    _ more: [(String, String)] = []
  ) async throws -> Exchanged {
    let account = try #require(TestServer.account)
    let issuer = try await house.directory.issuer(of: account)
    let pairs =
      [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token_type", type),
        ("subject_token", token), ("audience", "https://api.example"), ("role_arn", role),
      ] + more
    let response = await site.respond(
      to: APIRequest(
        method: "POST",
        target: "/\(issuer?.stored.record.issuerID ?? "")/token",
        headers: [HTTPField("Content-Type", "application/x-www-form-urlencoded")],
        body: Array(pairs.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&").utf8),
        sourceIPAddress: "192.0.2.8",
        tls: nil
      )
    )
    let body = try? JSONReader.read(response.body)
    return Exchanged(status: response.status, body: body?.object ?? JSONObject([]))
  }

  /// The same with `actor` as the actor's token.
  func trade(_ role: String, _ token: String, actor: String) async throws -> Exchanged {
    try await trade(role, token, [("actor_token", actor), ("actor_token_type", tokenType("jwt"))])
  }
}

/// Expects that `answer` is a refusal with the error `code`, whose description has `words`.
func expectRefusal(
  _ answer: Exchanged,
  _ code: String,
  _ words: String = "",
  _ location: SourceLocation = #_sourceLocation
) {
  #expect(answer.status == 400 && answer["error"] == code, "\(answer.body)", sourceLocation: location)
  #expect(answer["access_token"] == nil, sourceLocation: location)
  let description = answer["error_description"] ?? ""
  #expect(words.isEmpty || description.contains(words), "\(description)", sourceLocation: location)
}
