// SPDX-License-Identifier: Apache-2.0
//
// What a verification found, check by check, for people and for programs. Holds no opinion: the checks are made by
// RelyingParty, in this order.

package import StrictJSON
package import TokenFormats

/// The outcome of a verification.
package struct VerificationReport: Hashable, Sendable {
  /// A check, in the order in which they are made; the raw values are the names in JSON.
  package enum Check: String, Hashable, Sendable, CaseIterable {
    /// The token is a signed JWT in compact form, whose header and claims can be read.
    case parse
    /// `iss` is the issuer that was expected, and a URL that may be asked.
    case issuer
    /// `typ` and `alg` are accepted.
    case header
    /// The discovery document was fetched and names the same issuer.
    case discovery
    /// The JWK set was fetched and is one.
    case jwks
    /// The set holds the key that `kid` and `alg` name.
    case key
    /// The signature is that key's.
    case signature
    /// `iss`, `sub`, `aud`, `exp` and `iat` stand and are well-formed, and so are other claims that are known.
    case claims
    /// The expected audience is in `aud`.
    case audience
    /// `exp` has not passed.
    case expiration
    /// `nbf` and `iat` are not in the future.
    case notBefore
    /// The status list that the token names, if it names one, does not hold it revoked or suspended.
    case status
    /// A log that was named has promised that the token is in it.
    case transparency
    /// The token's record is in that log.
    case inclusion

    /// Whether the check is made only where the caller demands it, or the token gives cause.
    var isOptional: Bool {
      self == .audience || self == .status || self == .transparency || self == .inclusion
    }
  }

  /// How a check ended.
  package enum Outcome: Hashable, Sendable {
    /// It held; what was found.
    case passed(String)
    /// It did not hold; why.
    case failed(String)
    /// It was not made; why.
    case notReached(String)
  }

  /// A check and how it ended.
  package struct Entry: Hashable, Sendable {
    /// The check.
    package let check: Check
    /// How it ended.
    package let outcome: Outcome
  }

  /// Every check, in order.
  package private(set) var entries: [Entry]
  /// The header of the token, where it could be read; unverified unless `isAccepted`.
  package let header: JSONObject?
  /// The claims of the token, where they could be read; unverified unless `isAccepted`.
  package let claims: JSONObject?
  /// The token as its log's promise describes it; `nil` unless `transparency` held.
  package let promised: PromisedToken?

  /// Puts the outcome of `inclusion`, which whoever has a proof checks, in its place.
  ///
  /// Nothing changes when a check before it failed.
  package mutating func conclude(inclusion outcome: Outcome) {
    guard failure == nil, let last = entries.indices.last, entries[last].check == .inclusion else { return }
    entries[last] = Entry(check: .inclusion, outcome: outcome)
  }

  /// Whether every check held that was asked for.
  ///
  /// Only the audience, the promise and the inclusion may be left out, when the caller demanded none, and the status of a
  /// token that names no list.
  package var isAccepted: Bool {
    entries.count == Check.allCases.count
      && entries.allSatisfy { entry in
        switch entry.outcome {
        case .passed: true
        case .failed: false
        case .notReached: entry.check.isOptional
        }
      }
  }

  /// The check that failed and why; `nil` when none did.
  package var failure: (check: Check, reason: String)? {
    for entry in entries {
      if case .failed(let reason) = entry.outcome { return (entry.check, reason) }
    }
    return nil
  }

  /// One line for each check: outcome, name, what was found; no control characters.
  package var text: String {
    entries.map { entry in
      let name = entry.check.rawValue
      let padded = name + String(repeating: " ", count: max(0, 12 - name.utf8.count))
      return switch entry.outcome {
      case .passed(let detail): "ok      \(padded) \(printable(detail))"
      case .failed(let reason): "FAILED  \(padded) \(printable(reason))"
      case .notReached(let reason): "-       \(padded) \(printable(reason))"
      }
    }.joined(separator: "\n")
  }

  /// `{"valid":…,"failed":…,"checks":[{"check":…,"outcome":"passed"|"failed"|"notReached","detail":…}],"header":…,
  /// "claims":…}`; `failed` is the name of a check or `null`, and so are `header` and `claims` where unread.
  package var json: [UInt8] {
    // What a stranger wrote stands in it, and it is read on terminals.
    var writer = JSONWriter(capacity: 1024, isOneLine: true)
    writer.object { writer in
      writer.name("valid")
      writer.bool(isAccepted)
      writer.name("failed")
      if let failure { writer.string(failure.check.rawValue) } else { writer.null() }
      writer.name("checks")
      writer.array { writer in for entry in entries { write(entry, to: &writer) } }
      for (name, object) in [("header", header), ("claims", claims)] {
        writer.name(name)
        if let object { writer.value(.object(object)) } else { writer.null() }
      }
    }
    return writer.bytes
  }

  private func write(_ entry: Entry, to writer: inout JSONWriter) {
    let (outcome, detail) =
      switch entry.outcome {
      case .passed(let detail): ("passed", detail)
      case .failed(let reason): ("failed", reason)
      case .notReached(let reason): ("notReached", reason)
      }
    writer.object { writer in
      writer.member("check", entry.check.rawValue)
      writer.member("outcome", outcome)
      writer.member("detail", detail)
    }
  }
}
