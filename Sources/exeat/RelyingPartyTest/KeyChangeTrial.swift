// SPDX-License-Identifier: Apache-2.0
//
// Changes the keys of the issuer step by step and sends tokens after each step, again and again until the service does what
// it should or the time is over that a cache may keep a key set. The issuer is for development: `TokenWorkshop` has seen to
// that before anything is changed. Source: docs/rp-test.md.

import Federation
import FederationClient
import IdentityModel

/// The part of `exeat rp-test` in which keys change.
struct KeyChangeTrial {
  /// How long a service may go on with the key set that it has, and half a minute: `max-age` of the set is 300.
  ///
  /// Unit: seconds.
  static let ordinaryWait = 330

  let workshop: TokenWorkshop
  let target: RelyingPartyTarget
  let draft: TokenDraft
  /// How long the service is waited for after a change.
  ///
  /// Unit: seconds.
  let wait: Int

  private typealias Case = RelyingPartyCase
  private typealias Row = RelyingPartyReport.Row

  /// Tries the cases in `ids`, and steps in which there is one of them; `note` is told what is waited for.
  ///
  /// - Returns: their rows, in their order.
  /// - Throws: `CommandFailure`, `STSClientError`: the issuer did not do what it was asked to.
  func rows(_ ids: Set<String>, note: (String) -> Void) async throws -> [RelyingPartyReport.Row] {
    // SECURITY: what is rotated and revoked is the issuer of the tokens, which signed a test token, and no other one.
    guard try await workshop.keys.list().issuer.utf8.elementsEqual(workshop.issuer.utf8) else {
      throw CommandFailure.failed("the endpoints of STS and IAM are not those of one issuer")
    }
    func wants(_ cases: Case...) -> Bool { cases.contains { ids.contains($0.id) } }
    var rows: [Row] = []
    if wants(.rotatedNewKey, .rotatedOldKey, .rotatedSwappedKeyID) { rows += try await rotated(note) }
    if wants(.revokedKey, .revokedNextKey) { rows += try await revoked(note) }
    if wants(.withheldForeignKey, .withheldUnknownKeyID, .withheldAndBack) {
      rows += try await withheld(note)
    }
    return rows.filter { ids.contains($0.test.id) }
  }

  // MARK: Steps

  private func rotated(_ note: (String) -> Void) async throws -> [Row] {
    let algorithm = draft.algorithm.rawValue
    // What a run before left waiting the service may know already.
    for waiting in try await workshop.keys.list().keys
    where waiting.algorithm == algorithm && waiting.status == "Successor" {
      _ = try await workshop.keys.revoke(waiting.keyID)
    }
    let old = try await signingKey()
    await warm(old)
    let keys = try await workshop.keys.rotate(algorithm: algorithm, overlapSeconds: nil).keys
    guard let new = keys.first(where: { $0.algorithm == algorithm && $0.status == "Successor" })?.keyID else {
      throw CommandFailure.failed("the issuer made no next key")
    }
    note("a next key is published; waiting up to \(wait) s for the service to take it")
    let newRow = try await asked(.rotatedNewKey) { try await token(new) }
    let oldRow = await target.row(of: .rotatedOldKey, token: try await token(old))
    let swapped = try await workshop.signed(fresh().header("kid", quoted(new)), keyID: old)
    return [newRow, oldRow, await target.row(of: .rotatedSwappedKeyID, token: swapped)]
  }

  private func revoked(_ note: (String) -> Void) async throws -> [Row] {
    let old = try await signingKey()
    await warm(old)
    // Nobody signs with it afterwards; and each token is shown once, since a service may take none twice.
    var tokens: [String] = []
    for _ in 0..<mostAttempts { tokens.append(try await token(old)) }
    guard let next = try await workshop.keys.revoke(old).successorKeyID else {
      throw CommandFailure.failed("the issuer has no key in place of the revoked one")
    }
    note("a key is revoked; waiting up to \(wait) s for the service to drop it")
    var unused = tokens[...]
    let oldRow = try await asked(.revokedKey) { unused.popFirst() ?? tokens[0] }
    return [oldRow, try await asked(.revokedNextKey) { try await token(next) }]
  }

  private func withheld(_ note: (String) -> Void) async throws -> [Row] {
    let known = try await signingKey()
    await warm(known)
    // Whoever is interrupted leaves an issuer that recovers by itself.
    try await workshop.withholdKeySet(seconds: wait + 60)
    note("the key set is withheld; sending tokens with unknown `kid` for \(wait) s")
    let rows: Result<[Row], any Error>
    do {
      rows = .success(try await refusedThroughout(known))
    } catch {
      rows = .failure(error)
    }
    try await workshop.withholdKeySet(seconds: 0)
    return try rows.get() + [try await asked(.withheldAndBack) { try await token(known) }]
  }

  /// The answers to tokens of unknown keys until the time is over, or until one is let in.
  private func refusedThroughout(_ known: String) async throws -> [Row] {
    let start = ContinuousClock.now
    var rows: [Row]
    while true {
      let seconds = elapsed(since: start)
      let foreign = fresh().header("alg", #""ES384""#).header("kid", quoted(randomName()))
      let unknown = fresh().header("kid", quoted(randomName()))
      rows = [
        await target.row(of: .withheldForeignKey, token: try workshop.foreignSigned(foreign)),
        await target.row(of: .withheldUnknownKeyID, token: try await workshop.signed(unknown, keyID: known)),
      ].map { $0.withoutKeySet(after: seconds) }
      guard seconds < wait, !rows.contains(where: { $0.verdict == .letIn }) else { return rows }
      try await Task.sleep(for: interval)
    }
  }

  // MARK: Asking

  /// Asks with tokens of `make` until the answer is right, or the time is over; the last answer, and when it came.
  private func asked(_ test: Case, _ make: () async throws -> String) async throws -> Row {
    let start = ContinuousClock.now
    var attempts = 0
    while true {
      let seconds = elapsed(since: start)
      var row = await target.row(of: test, token: try await make())
      attempts += 1
      row.seconds = seconds
      // However slow the service: the last token is sent when the time is over, and not before.
      guard row.verdict != .right, seconds < wait else { return row.judged(attempts: attempts) }
      try await Task.sleep(for: interval)
    }
  }

  /// Has the service look its issuer's keys up, if it does that for the first token.
  private func warm(_ keyID: String) async {
    guard let token = try? await token(keyID) else { return }
    _ = await target.row(of: .rotatedOldKey, token: token)
  }

  private func elapsed(since start: ContinuousClock.Instant) -> Int {
    Int((ContinuousClock.now - start).components.seconds)
  }

  /// Sixty times in all, and not more often than twice a second.
  private var interval: Duration { .milliseconds(max(500, wait * 1000 / 60)) }

  private var mostAttempts: Int { min(62, 2 * wait + 2) }

  // MARK: Tokens

  private func signingKey() async throws -> String {
    let keys = try await workshop.keys.list().keys
    let signing = keys.first { $0.algorithm == draft.algorithm.rawValue && $0.status == "Signing" }
    guard let signing else { throw CommandFailure.failed("the issuer has no key that signs") }
    return signing.keyID
  }

  private func token(_ keyID: String) async throws -> String {
    try await workshop.signed(fresh().header("kid", quoted(keyID)), keyID: keyID)
  }

  /// The draft as of now, with an id of its own, and a life longer than anything here takes.
  private func fresh() -> TokenDraft {
    let now = Assembly.systemClock.now().seconds
    return draft.claim("iat", "\(now)").claim("exp", "\(now + Int64(max(3600, wait + 600)))")
      .claim("jti", quoted(randomName()))
  }

  private func randomName() -> String { Entropy.system.uuid() }
}

extension RelyingPartyReport.Row {
  /// The answer of a service that was asked `attempts` times, until it did what it should.
  fileprivate func judged(attempts: Int) -> Self {
    let after = seconds ?? 0
    switch verdict {
    case .right where attempts == 1: return with(verdict, answer)
    case .right: return with(verdict, "\(answer) after \(after) s")
    case .letIn: return with(.stillLetIn, "\(answer) after \(after) s")
    default: return with(verdict, "\(answer) after \(after) s")
    }
  }

  /// The answer while there is no key set: a service that says that it cannot tell has not let anybody in.
  fileprivate func withoutKeySet(after seconds: Int) -> Self {
    let cannotTell = verdict == .odd && status.map { $0 >= 500 } == true
    return with(cannotTell ? .right : verdict, "\(answer) after \(seconds) s", seconds)
  }

  private func with(_ verdict: RelyingPartyReport.Verdict, _ answer: String, _ seconds: Int? = nil) -> Self {
    RelyingPartyReport.Row(
      test: test,
      verdict: verdict,
      answer: answer,
      status: status,
      seconds: seconds ?? self.seconds,
      failure: failure
    )
  }
}
