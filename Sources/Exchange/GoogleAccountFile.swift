// SPDX-License-Identifier: Apache-2.0
//
// The file that Google's client libraries read to trade tokens by themselves, and what they expect of a program that
// hands them one. Source: Google AIP-4117 (external account credentials); google-auth, pluggable credentials.

import FederationClient
package import IdentityModel
package import StrictJSON

/// Where a client library of Google gets the token that it trades.
package enum GoogleTokenSource: Hashable, Sendable {
  /// A file that somebody keeps fresh.
  case file(String)
  /// A command that prints the answer of `GoogleAccountFile.executableAnswer`.
  ///
  /// Libraries split it at blanks, without quoting.
  case command(String)
}

/// The external account file of Google's client libraries.
package enum GoogleAccountFile {
  /// The file's content, one JSON object.
  ///
  /// - Parameters:
  ///   - exchange: the provider, the endpoints, the service account.
  ///   - source: where the token is.
  /// - Returns: the object.
  package static func content(_ exchange: GoogleExchange, source: GoogleTokenSource) -> JSONValue {
    var members: [JSONObject.Member] = [
      .init("type", .string("external_account")),
      .init("audience", .string(exchange.provider)),
      .init("subject_token_type", .string("urn:ietf:params:oauth:token-type:jwt")),
      .init("token_url", .string(exchange.tokenURL.description)),
    ]
    if let url = exchange.impersonationURL {
      members.append(.init("service_account_impersonation_url", .string(url.description)))
      if let seconds = exchange.lifetimeSeconds {
        let lifetime = JSONObject.Member("token_lifetime_seconds", .number(JSONNumber(Int64(seconds))))
        members.append(.init("service_account_impersonation", .object(JSONObject([lifetime]))))
      }
    }
    let place: JSONObject.Member
    switch source {
    case .file(let path):
      place = .init("file", .string(path))
    case .command(let command):
      let parts: [JSONObject.Member] = [
        .init("command", .string(command)),
        .init("timeout_millis", .number(JSONNumber(30_000))),
      ]
      place = .init("executable", .object(JSONObject(parts)))
    }
    members.append(.init("credential_source", .object(JSONObject([place]))))
    return .object(JSONObject(members))
  }

  /// What a command prints that hands out `token`.
  package static func executableAnswer(_ token: String, expiration: Instant) -> JSONValue {
    .object(
      JSONObject([
        .init("version", .number(JSONNumber(1))),
        .init("success", .bool(true)),
        .init("token_type", .string("urn:ietf:params:oauth:token-type:jwt")),
        .init("id_token", .string(token)),
        .init("expiration_time", .number(JSONNumber(expiration.seconds))),
      ])
    )
  }
}
