// SPDX-License-Identifier: Apache-2.0
//
// Holds a trust against what its service is known to take, before anything fails in production. Pure: what is known of the
// issuer is an argument.

import IdentityModel

/// Something that will not work, or may not.
package struct TrustFinding: Hashable, Sendable {
  /// How bad it is.
  package enum Severity: String, Sendable {
    /// The service will refuse the tokens.
    case error
    /// It may.
    case warning
  }

  /// What kind of trouble it is.
  package enum Code: String, CaseIterable, Sendable {
    case algorithm = "AlgorithmNotTaken"
    case algorithmUnconfirmed = "AlgorithmUnconfirmed"
    case subject = "SubjectTooLong"
    case audience = "AudienceNotTaken"
    case audienceLength = "AudienceTooLong"
    case audiences = "TooManyAudiences"
    case lifetime = "LifetimeTooLong"
    case insecure = "IssuerNotHTTPS"
    case notPublic = "IssuerNotPublic"
    case unreachable = "IssuerUnreachable"
    case keys = "TooManyKeys"
    case noKey = "NoKeyOfAlgorithm"
    case unnamedAlgorithm = "KeyWithoutAlgorithm"
    case certificates = "CertificatesInKeySet"
    case placeholder = "PlaceholderInUse"
  }

  package let severity: Severity
  package let code: Code
  /// What is wrong and what to do, one line.
  package let sentence: String

  init(_ severity: Severity, _ code: Code, _ sentence: String) {
    self.severity = severity
    self.code = code
    self.sentence = sentence
  }

  /// `error: CODE: sentence`.
  package var text: String { "\(severity.rawValue): \(code.rawValue): \(sentence)" }
}

/// Looks for what a service does not take.
package enum TrustLint {
  /// Every finding, errors first.
  ///
  /// - Parameters:
  ///   - service: who is to take the tokens.
  ///   - terms: what the tokens say.
  ///   - facts: what is known of the issuer; `nil` when nobody knows which it is.
  /// - Returns: what will not work, and what may not.
  package static func findings(_ service: TrustService, _ terms: TrustTerms, _ facts: IssuerFacts?)
    -> [TrustFinding]
  {
    let all = tokens(service, terms) + (facts.map { issuer(service, terms, $0) } ?? []) + placeholders(terms)
    return all.filter { $0.severity == .error } + all.filter { $0.severity == .warning }
  }

  /// What a private address means for a service; `nil` when it does not mind.
  package static func reachability(_ service: TrustService, _ facts: IssuerFacts) -> TrustFinding? {
    guard service.limits.reach != .nobody else { return nil }
    let remedy = "publish its documents at a public https address with `exeat issuer export`"
    if service.limits.reach == .internet {
      if let address = facts.privateAddress {
        return TrustFinding(
          .error,
          .notPublic,
          "\(service.title) cannot reach an issuer at \(address), which is not on the internet: \(remedy)"
        )
      }
      guard facts.isPublicName else {
        return TrustFinding(
          .error,
          .notPublic,
          "\(service.title) cannot resolve the issuer's name: \(remedy)"
        )
      }
      return nil
    }
    return facts.privateAddress.map { address in
      TrustFinding(
        .warning,
        .notPublic,
        "the issuer lies at \(address): it must be reachable from where the service runs; otherwise \(remedy)"
      )
    }
  }

  // MARK: tokens

  private static func tokens(_ service: TrustService, _ terms: TrustTerms) -> [TrustFinding] {
    let limits = service.limits
    var found: [TrustFinding] = []
    if service.tokenType == .oidc {
      let taken = limits.algorithms.map(\.rawValue)
      if !taken.contains(terms.algorithm) {
        found.append(
          TrustFinding(
            .error,
            .algorithm,
            "\(service.title) does not take \(terms.algorithm); it takes \(taken.joined(separator: ", "))"
          )
        )
      } else if limits.unconfirmed.contains(where: { $0.rawValue == terms.algorithm }) {
        found.append(
          TrustFinding(
            .warning,
            .algorithmUnconfirmed,
            "nobody has shown that \(service.title) takes \(terms.algorithm); \(limits.preferredAlgorithm.rawValue) is safe"
          )
        )
      }
      found += audiences(service, terms)
    }
    if let most = limits.maximumSubjectBytes, terms.subject.utf8.count > most {
      found.append(
        TrustFinding(
          .error,
          .subject,
          "the subject has \(terms.subject.utf8.count) bytes; \(service.title) takes \(most)"
        )
      )
    }
    if let most = limits.maximumDurationSeconds, terms.durationSeconds > most {
      found.append(
        TrustFinding(
          .error,
          .lifetime,
          "the tokens live \(terms.durationSeconds) s; \(service.title) takes at most \(most) s"
        )
      )
    } else if service.tokenType == .oidc, terms.durationSeconds > 3600 {
      found.append(
        TrustFinding(
          .warning,
          .lifetime,
          "only a federation config gives tokens of more than an hour; `exeat token` does not"
        )
      )
    }
    return found
  }

  private static func audiences(_ service: TrustService, _ terms: TrustTerms) -> [TrustFinding] {
    let limits = service.limits
    var found: [TrustFinding] = []
    if let only = limits.onlyAudience, !terms.audiences.contains(where: { $0.utf8.elementsEqual(only.utf8) })
    {
      found.append(TrustFinding(.error, .audience, "\(service.title) takes no other audience than `\(only)`"))
    }
    if let most = limits.maximumAudienceBytes,
      let long = terms.audiences.first(where: { $0.utf8.count > most })
    {
      found.append(
        TrustFinding(
          .error,
          .audienceLength,
          "an audience has \(long.utf8.count) bytes; \(service.title) takes \(most)"
        )
      )
    }
    if limits.takesOneAudience, terms.audiences.count > 1 {
      found.append(
        TrustFinding(
          .error,
          .audiences,
          "\(service.title) takes tokens for one audience, and these are for \(terms.audiences.count)"
        )
      )
    }
    return found
  }

  // MARK: issuer

  private static func issuer(_ service: TrustService, _ terms: TrustTerms, _ facts: IssuerFacts)
    -> [TrustFinding]
  {
    guard service.limits.reach != .nobody else { return [] }
    var found: [TrustFinding] = []
    if !facts.isSecure {
      found.append(TrustFinding(.error, .insecure, "the issuer is not https: services refuse it"))
    }
    if let finding = reachability(service, facts) { found.append(finding) }
    switch facts.keys {
    case .failure(let problem):
      found.append(TrustFinding(.error, .unreachable, "the issuer does not answer: \(problem.reason)"))
    case .success(let keys):
      if let most = service.limits.maximumKeys, keys.count > most {
        found.append(
          TrustFinding(.error, .keys, "the key set has \(keys.count) keys; \(service.title) reads \(most)")
        )
      }
      if !keys.contains(where: { $0.algorithm == nil || $0.algorithm == terms.algorithm }) {
        found.append(TrustFinding(.error, .noKey, "the issuer publishes no key for \(terms.algorithm)"))
      }
      if keys.contains(where: { $0.algorithm == nil }) {
        found.append(
          TrustFinding(.warning, .unnamedAlgorithm, "a key without `alg`: strict services leave it out")
        )
      }
      if service.limits.certificates == .forbiddenInUploads, keys.contains(where: \.hasCertificate) {
        found.append(
          TrustFinding(
            .warning,
            .certificates,
            "a key has a certificate: a key set for upload must have none, as `exeat issuer export --no-x5c` makes it"
          )
        )
      }
    }
    return found
  }

  private static func placeholders(_ terms: TrustTerms) -> [TrustFinding] {
    terms.placeholders.map { TrustFinding(.warning, .placeholder, "`\($0.text)` stands for the \($0.name)") }
  }
}
