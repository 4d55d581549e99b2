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
  /// The actors of the subject's token stay, with the new one before them; so do those of the actor's token. Throws
  /// InvalidIdentityToken when a claim cannot be read, both tokens name actors (one chain cannot say what both say), the
  /// chain gets too long, or the subject's token names another as the one who may act.
  init?(_ subject: VouchedParty, actor: VouchedParty?) throws(ServiceError) {
    let prior = try Self.chain(of: subject)
    guard let actor else {
      guard let prior else { return nil }
      self.actor = nil
      chain = prior
      return
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
    let actorsOwn = try Self.chain(of: actor)
    guard prior == nil || actorsOwn == nil else {
      throw .invalidIdentityToken("The subject's and the actor's token both name actors")
    }
    let next = ActorChain.Actor(issuer: actor.issuer, subject: actor.subject)
    self.actor = actor
    guard let earlier = prior ?? actorsOwn else {
      chain = ActorChain(next)
      return
    }
    guard let longer = earlier.followed(by: next) else {
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
