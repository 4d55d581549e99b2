// SPDX-License-Identifier: Apache-2.0
//
// The calls about federation configs: make one what a document says, read and delete them, ask for a token. Refuses to
// judge what the server judges. Source: docs/actions, "Outbound federation, beside AWS's own".

package import IdentityModel
package import SigV4

/// Why a config was not made what a document says.
package enum FederationConfigError: Error, Hashable, Sendable {
  /// The call failed.
  case call(STSClientError)
  /// The config is for tokens of another kind, which never changes.
  case tokenType(stored: String)
}

/// What `apply` did.
package enum FederationConfigOutcome: String, Hashable, Sendable {
  /// There was no config of that name.
  case created
  /// It was another, or had other tags.
  case updated
  /// It was what the document says already.
  case unchanged
}

/// A token of a config.
package struct FederationToken: Sendable {
  /// The token: a JWT, a SAML response in base 64, or a SAML assertion in base64url.
  package let token: String
  /// `OIDC` or `SAML`.
  package let tokenType: String
  /// Where it is to be taken.
  package let targetService: String
  /// For whom it is.
  package let audience: String
  /// Its end.
  package let expiration: Instant
  /// `Response` or `Assertion`; `nil` for a token that is not SAML.
  package let samlForm: String?
}

/// Calls IAM about federation configs with one credential.
package struct FederationConfigClient: Sendable {
  private let client: AWSQueryClient
  private let credential: SigningCredential

  /// Makes a client that signs with `credential`.
  package init(_ client: AWSQueryClient, credential: SigningCredential) {
    self.client = client
    self.credential = credential
  }

  /// Makes the config `name` what `document` says.
  ///
  /// Asks first, and writes only what is different. Tags come after the rest; what fails in between is done by the next
  /// try.
  ///
  /// - Parameters:
  ///   - document: what it is to be.
  ///   - name: its name.
  ///   - now: the time at which metadata in the document is to be valid.
  /// - Returns: the config as it is then, and what was done.
  /// - Throws: `FederationConfigError` of the first step that fails.
  package func apply(
    _ document: FederationConfigDocument,
    to name: String,
    now: Instant
  ) async throws(FederationConfigError) -> (FederationConfig, FederationConfigOutcome) {
    let stored: FederationConfig
    do throws(STSClientError) {
      stored = try await get(name)
    } catch .refused("NoSuchEntity", _, _, _) {
      return (try await write("CreateOutboundFederationConfig", name, document.creation), .created)
    } catch {
      throw .call(error)
    }
    let tokenType = stored.text(.tokenType)
    guard document.text(.tokenType)?.utf8.elementsEqual(tokenType.utf8) == true else {
      throw .tokenType(stored: tokenType)
    }
    guard !document.describes(stored) else { return (stored, .unchanged) }
    let updated = try await write("UpdateOutboundFederationConfig", name, document.update(now: now))
    do throws(STSClientError) {
      return (try await retagged(updated, from: stored.tags, to: document.tags), .updated)
    } catch {
      throw .call(error)
    }
  }

  private func write(
    _ action: String,
    _ name: String,
    _ parameters: [(name: String, value: String)]
  ) async throws(FederationConfigError) -> FederationConfig {
    do throws(STSClientError) {
      return try config(in: try await call(action, name, parameters))
    } catch {
      throw .call(error)
    }
  }

  /// The config with the tags `wanted` in place of `present`.
  private func retagged(
    _ config: FederationConfig,
    from present: [Tag],
    to wanted: [Tag]
  ) async throws(STSClientError) -> FederationConfig {
    // Keys that differ in nothing but ASCII case are one key to the server: a new tag takes the place of the old one.
    let kept = Set(wanted.map { Array(asciiLowercased($0.key).utf8) })
    let surplus = present.filter { !kept.contains(Array(asciiLowercased($0.key).utf8)) }
    let new = wanted.filter { tag in
      !present.contains {
        $0.key.utf8.elementsEqual(tag.key.utf8) && $0.value.utf8.elementsEqual(tag.value.utf8)
      }
    }
    guard !surplus.isEmpty || !new.isEmpty else { return config }
    if !surplus.isEmpty {
      let keys = surplus.enumerated().map { (name: "TagKeys.member.\($0 + 1)", value: $1.key) }
      _ = try await call("UntagOutboundFederationConfig", config.name, keys)
    }
    if !new.isEmpty {
      let parameters = FederationConfigMember.tags.parameters(.tags(new))
      _ = try await call("TagOutboundFederationConfig", config.name, parameters)
    }
    return try await get(config.name)
  }

  /// The config `name`; throws `STSClientError`, `NoSuchEntity` when there is none.
  package func get(_ name: String) async throws(STSClientError) -> FederationConfig {
    try config(in: try await call("GetOutboundFederationConfig", name))
  }

  /// Deletes the config `name`; throws `STSClientError`, `NoSuchEntity` when there is none.
  package func delete(_ name: String) async throws(STSClientError) {
    _ = try await call("DeleteOutboundFederationConfig", name)
  }

  /// All configs, without their tags, in the order of the server; throws `STSClientError`.
  package func list() async throws(STSClientError) -> [FederationConfig] {
    let action = "ListOutboundFederationConfigs"
    var configs: [FederationConfig] = []
    var marker: String?
    while true {
      let parameters = [(name: "MaxItems", value: "1000")] + (marker.map { [("Marker", $0)] } ?? [])
      let answer = try await client.call(action, parameters, signedBy: credential)
      let result = ActionResult(answer: answer, action: action)
      for element in result.elements("OutboundFederationConfigs/member") {
        configs.append(try read(element, "OutboundFederationConfigs/member", in: result))
      }
      guard result.text("IsTruncated") == "true" else { return configs }
      let next = try result.element("Marker")
      // A server that never comes to an end is not followed.
      guard next != marker else { throw result.malformed("Marker") }
      marker = next
    }
  }

  /// A token of the config `name`.
  ///
  /// - Parameters:
  ///   - name: the config.
  ///   - durationSeconds: how long it is to live; `nil` for as long as the config says.
  /// - Returns: the token, and what the service needs to know of it.
  /// - Throws: `STSClientError`; the limits are the server's to check, and its message tells.
  package func token(
    _ name: String,
    durationSeconds: Int? = nil
  ) async throws(STSClientError) -> FederationToken {
    let action = "GetOutboundFederationToken"
    var parameters = [(name: "FederationConfigName", value: name)]
    if let durationSeconds { parameters.append(("DurationSeconds", String(durationSeconds))) }
    let answer = try await client.call(action, parameters, signedBy: credential)
    let result = ActionResult(answer: answer, action: action)
    let token = try result.element("Token")
    // The token goes to standard output and into forms and headers: an alphabet of encodings or nothing.
    guard token.utf8.allSatisfy(isEncodedText) else { throw result.malformed("Token") }
    return FederationToken(
      token: token,
      tokenType: try result.element("TokenType"),
      targetService: try result.element("TargetService"),
      audience: try result.element("Audience"),
      expiration: try result.instant("Expiration"),
      samlForm: result.text("SamlForm")
    )
  }

  private func call(
    _ action: String,
    _ name: String,
    _ parameters: [(name: String, value: String)] = []
  ) async throws(STSClientError) -> ActionResult {
    let answer = try await client.call(action, [("Name", name)] + parameters, signedBy: credential)
    return ActionResult(answer: answer, action: action)
  }

  private func config(in result: ActionResult) throws(STSClientError) -> FederationConfig {
    guard let element = result.elements("OutboundFederationConfig").first else {
      throw result.malformed("OutboundFederationConfig")
    }
    return try read(element, "OutboundFederationConfig", in: result)
  }

  private func read(
    _ element: XMLAnswer,
    _ path: String,
    in result: ActionResult
  ) throws(STSClientError) -> FederationConfig {
    do throws(FederationConfigElementError) {
      return try FederationConfig(element)
    } catch {
      throw result.malformed("\(path)/\(error.path)")
    }
  }
}

/// The alphabets of base 64, base64url and the compact form of a JWT.
private func isEncodedText(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: "-_.+/=".utf8.contains(byte)
  }
}
