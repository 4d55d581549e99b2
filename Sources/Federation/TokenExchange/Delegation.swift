// SPDX-License-Identifier: Apache-2.0
//
// Who acts for whom in a token exchange: the chain of actors that the issued token will name, who of them is here, and what
// policy may ask about it. Source: RFC 8693 §1.1, §2.1, §4.1, §4.4; docs/token-exchange.md.

import IdentityModel
import StrictJSON
import TokenFormats

/// Who acts for the subject of an exchange.
struct Delegation: Sendable {
  /// Who presented a token as the actor; `nil` when the subject's token names its actors itself.
  let actor: VouchedParty?
  /// Everybody who acts or acted, the current one first.
  let chain: ActorChain

  /// The delegation when `subject` comes with `actor`; `nil` when nobody acts.
  ///
  /// The actors of the subject's token stay, with the new one before them. Throws InvalidIdentityToken when a claim cannot
  /// be read, the subject's token names actors for whom its issuer cannot speak, the actor is the subject or is acted for
  /// itself, the chain gets too long, or the subject's token names another as the one who may act.
  init?(_ subject: VouchedParty, actor: VouchedParty?, _ house: House) throws(ServiceError) {
    let prior = try Self.chain(of: subject)
    if let prior, !house.isOwn(subject) {
      // SECURITY: the issued token is this server's word. That one of its own principals acts, it knows from itself alone.
      guard !prior.actors.contains(where: { house.isOwnIssuer($0.issuer) }) else {
        throw .invalidIdentityToken(
          "The subject's token names an actor of this server, which did not issue it"
        )
      }
      guard actor != nil || prior.current.issuer.utf8.elementsEqual(subject.issuer.utf8) else {
        throw .invalidIdentityToken("The subject's token names an actor of another issuer")
      }
    }
    guard let actor else {
      guard let prior else { return nil }
      self.actor = nil
      chain = prior
      return
    }
    let isSubject =
      actor.issuer.utf8.elementsEqual(subject.issuer.utf8)
      && actor.subject.utf8.elementsEqual(subject.subject.utf8)
    guard !isSubject else { throw .invalidIdentityToken("The actor is the subject") }
    // SECURITY: who acts for the actor would be the one who acts, and policy would be asked about the actor.
    guard actor.claims["act"] == nil else {
      throw .invalidIdentityToken("The actor's token names an actor itself")
    }
    let mayAct: MayAct?
    do {
      mayAct = try MayAct(subject.claims, issuer: subject.issuer)
    } catch {
      throw .invalidIdentityToken("Malformed claim: may_act")
    }
    guard mayAct?.names(actor.claims) ?? true else {
      throw .invalidIdentityToken("The subject's token allows another actor")
    }
    let next = ActorChain.Actor(issuer: actor.issuer, subject: actor.subject)
    self.actor = actor
    guard let prior else {
      chain = ActorChain(next)
      return
    }
    guard let longer = prior.followed(by: next) else {
      throw .invalidIdentityToken("More than \(ActorChain.maximumActors) actors")
    }
    chain = longer
  }

  private static func chain(of party: VouchedParty) throws(ServiceError) -> ActorChain? {
    do {
      return try ActorChain(party.claims, issuer: party.issuer)
    } catch {
      throw .invalidIdentityToken("Malformed claim: act")
    }
  }

  /// `sts:DelegationActor`, `sts:DelegationActorIssuer`, `sts:DelegationDepth`, and `sts:DelegationActorProvider` when a
  /// provider of the account vouched for the actor in this very request.
  var contextEntries: [Question.ContextEntry] {
    var entries: [Question.ContextEntry] = [
      .init("sts:DelegationActor", chain.current.subject),
      .init("sts:DelegationActorIssuer", chain.current.issuer),
      .init("sts:DelegationDepth", String(chain.actors.count)),
    ]
    if let actor { entries.append(.init("sts:DelegationActorProvider", actor.providerARN)) }
    return entries
  }

  /// Of whom the trust policy is asked whether the actor may act for: `sts:DelegationSubject`,
  /// `sts:DelegationSubjectIssuer`, `sts:DelegationSubjectProvider`.
  static func subjectEntries(of party: VouchedParty) -> [Question.ContextEntry] {
    [
      .init("sts:DelegationSubject", party.subject), .init("sts:DelegationSubjectIssuer", party.issuer),
      .init("sts:DelegationSubjectProvider", party.providerARN),
    ]
  }

  /// `[{"iss":…,"sub":…}]`, the current actor first.
  var recorded: JSONValue {
    .array(
      chain.actors.map { one in
        .object(JSONObject([.init("iss", .string(one.issuer)), .init("sub", .string(one.subject))]))
      }
    )
  }
}
