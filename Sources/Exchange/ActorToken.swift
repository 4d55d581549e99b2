// SPDX-License-Identifier: Apache-2.0
//
// The token of whoever acts for the subject of an exchange: a file that somebody keeps fresh, so read anew for each trade.
// Source: RFC 8693 §2.1.

import FederationClient
import IdentityModel

/// Where the actor's token is.
struct ActorToken: Sendable {
  private let path: String
  private let type: String?
  private let environment: ClientEnvironment

  /// Takes `settings` of a target that knows actors; `nil` when they name none.
  init?(_ settings: ExchangeSettings, _ environment: ClientEnvironment) throws(ExchangeSettingsError) {
    guard let path = settings[.actorToken] else {
      if settings[.actorTokenType] != nil { throw .missing(.actorToken) }
      return nil
    }
    self.path = environment.expandingHome(path)
    type = settings[.actorTokenType]
    self.environment = environment
  }

  /// The token as it is now, and its `actor_token_type`.
  func read() throws(ExchangeError) -> (token: SubjectToken, type: String) {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try environment.readFile(path)
    } catch {
      throw .actorToken(reason: "`\(printable(path))` cannot be read")
    }
    let token: SubjectToken
    do throws(SubjectTokenError) {
      token = try SubjectToken(bytes)
    } catch {
      throw .actorToken(reason: "`\(printable(path))` holds neither a JWT nor SAML in base 64")
    }
    return (token, try token.tokenType(type))
  }
}
