// SPDX-License-Identifier: Apache-2.0
//
// The claim `act`: who acts for the subject of a token, and who did before. Names only: whether an actor may act is for
// whoever takes the token. Source: RFC 8693 §4.1.

package import StrictJSON

/// The actors of a token, the current one first.
package struct ActorChain: Hashable, Sendable {
  /// One who acts for the subject of a token.
  package struct Actor: Hashable, Sendable {
    /// `iss`: who vouches for the name; 1–1,024 characters without controls.
    package let issuer: String
    /// `sub`: the name; 1–255 characters without controls.
    package let subject: String

    /// Pairs an issuer with the name that it vouches for.
    package init(issuer: String, subject: String) {
      self.issuer = issuer
      self.subject = subject
    }
  }

  /// The most actors of a token, the current one included.
  package static let maximumActors = 4

  /// The actors; never empty, the current one first and the earliest last.
  package let actors: [Actor]

  /// The actor who acts now.
  package var current: Actor { actors[0] }

  /// A chain of one.
  package init(_ actor: Actor) {
    actors = [actor]
  }

  private init(actors: [Actor]) {
    self.actors = actors
  }

  /// The chain in the claims of a token that `issuer` issued; `nil` when they have no `act`.
  ///
  /// Of each actor `iss` and `sub` are read and nothing else; where `iss` is missing the actor is one of the issuer of the
  /// token.
  ///
  /// - Throws: `claimMalformed` for an `act` that is not an object, an actor without a `sub`, and more than
  ///   `maximumActors`: a chain that cannot be kept whole is not cut.
  package init?(_ claims: some JSONMembers, issuer: String) throws(JWTVerificationError) {
    guard var next = claims["act"] else { return nil }
    var actors: [Actor] = []
    while true {
      guard let object = next.object, actors.count < Self.maximumActors, let subject = object["sub"]?.string,
        isPrintable(subject, 1...255)
      else { throw .claimMalformed("act") }
      var own = issuer
      if let value = object["iss"] {
        guard let text = value.string, isPrintable(text, 1...1024) else { throw .claimMalformed("act") }
        own = text
      }
      actors.append(Actor(issuer: own, subject: subject))
      guard let prior = object["act"] else { break }
      next = prior
    }
    self.actors = actors
  }

  /// The chain when `actor` acts after the others; `nil` when it would have more than `maximumActors`.
  ///
  /// RFC 8693 §4.1: "The outermost act claim represents the current actor while nested act claims represent prior actors."
  package func followed(by actor: Actor) -> ActorChain? {
    actors.count < Self.maximumActors ? ActorChain(actors: [actor] + actors) : nil
  }

  /// Writes the claim `"act":{"iss":…,"sub":…,"act":{…}}`.
  func write(to writer: inout JSONWriter) {
    write(actors[...], to: &writer)
  }

  // As deep as `maximumActors`.
  private func write(_ actors: ArraySlice<Actor>, to writer: inout JSONWriter) {
    guard let actor = actors.first else { return }
    writer.name("act")
    writer.object { writer in
      writer.member("iss", actor.issuer)
      writer.member("sub", actor.subject)
      write(actors.dropFirst(), to: &writer)
    }
  }
}

/// Text that may go on record and into an answer: as many characters as `length` says, none of them a control.
func isPrintable(_ text: String, _ length: ClosedRange<Int>) -> Bool {
  length.contains(text.unicodeScalars.count)
    && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
}
