// SPDX-License-Identifier: Apache-2.0
//
// Calls about federation configs that many tests make.

import Federation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

extension TestServer {
  /// Makes the OIDC config `name` for `https://api.example.com`; `settings` take the places of these.
  func makeConfig(
    _ name: String = "api",
    _ settings: KeyValuePairs<String, String> = [:],
    as keys: Keys = .root
  ) async -> Answer {
    var form = [
      ("Name", name), ("TokenType", "OIDC"), ("TargetService", "https://api.example.com"),
      ("Audience", "example-service"),
    ]
    for (name, value) in settings {
      form.removeAll { $0.0 == name }
      form.append((name, value))
    }
    return await call("CreateOutboundFederationConfig", form: form, as: keys)
  }

  /// Asks for a token of the config `name`.
  func configToken(
    of name: String = "api",
    seconds: Int? = nil,
    as keys: Keys = .root
  ) async -> Answer {
    let form = [("FederationConfigName", name)] + (seconds.map { [("DurationSeconds", "\($0)")] } ?? [])
    return await call("GetOutboundFederationToken", form: form, as: keys)
  }

  /// How many tokens are on record.
  func recordedTokens() async throws -> Int {
    try await records().count { $0.contains("webIdentityTokenId") }
  }
}

/// The header or the claims of a token, unverified: its part number `index`.
func tokenPart(_ token: String?, _ index: Int) throws -> JSONObject {
  let parts = try #require(token).split(separator: ".", omittingEmptySubsequences: false)
  #expect(parts.count == 3)
  let octets = try #require(Base64URL.decode(parts[index]))
  return try #require(try JSONReader.read(octets, maximumBytes: 1 << 16, maximumDepth: 8).object)
}
