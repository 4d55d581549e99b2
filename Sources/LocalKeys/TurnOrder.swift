// SPDX-License-Identifier: Apache-2.0
//
// Whose turn it is: requests that were not begun yet and signatures of those that were, in one order that is fair to
// accounts. Owns what each costs and to whom it is charged; refuses to know what is done in a turn.
// Source: docs/decisions/0033-requests-in-turn.md.

import Federation
import IdentityModel

/// What waits for its turn.
struct TurnOrder {
  /// What begins a request.
  typealias Start = @Sendable () -> Void

  /// A turn.
  enum Turn {
    case begin(Start)
    case sign(UnsafeContinuation<Void, Never>)
  }

  private enum Flow: Hashable {
    case account(AccountID)
    case strangers
    case readers
  }

  private enum Place {
    case turn(Turn)
    case nextStranger
    case nextReader
  }

  /// What a request of `octets` costs apart from its signature, beside `SigningQueue.cost`.
  private static func costOfRequest(octets: Int) -> UInt64 { 10 + UInt64(octets / 1_500) }
  /// What an account may be ahead of the others: ten tokens of ES384.
  ///
  /// One that calls little has its few calls of a moment answered at once, and not each behind one of an account that floods.
  private static let burst: UInt64 = 200
  /// How many turns strangers take among themselves, whatever they claim.
  private static let claims = 64

  private var order: FairOrder<Flow, Place>
  // SECURITY: whoever has proved nothing shares one place with all the others of whom nothing is known, whatever key ids
  // they claim: invented ones take nothing from an account that calls. Among themselves the claims have turns.
  // They are few, so that one that comes again does not wait behind ever new ones.
  private var strangers: FairOrder<Int, Start>
  // Who asks for the server's health does not wait behind calls for which nobody vouches.
  private var readers: FairOrder<Int, Start>

  /// At most `limit` requests and as many signatures wait, of one account at most `limitPerAccount` of each; as many
  /// requests of strangers, and as many of readers.
  init(limit: Int, limitPerAccount: Int) {
    order = FairOrder(limit: limit, limitPerFlow: limitPerAccount, burst: Self.burst)
    strangers = FairOrder(limit: limitPerAccount, limitPerFlow: max(1, limitPerAccount / 4))
    readers = strangers
  }

  /// Signatures that wait.
  var signatures: Int { order.count(.begun) }
  /// Requests that wait to be begun.
  var requests: Int { order.count(.fresh) }

  /// Adds a request with a body of `octets`; `false` when there is no room.
  mutating func add(_ start: @escaping Start, of flow: RequestFlow, octets: Int) -> Bool {
    let cost = Self.costOfRequest(octets: octets)
    switch flow {
    case .account(let account):
      return order.add(.turn(.begin(start)), of: .account(account), cost: cost)
    case .stranger(let claim):
      guard strangers.add(start, of: claim & (Self.claims - 1), cost: cost) else { return false }
      return order.add(.nextStranger, of: .strangers, cost: cost, hasRoom: true, mayBurst: false)
    case .reader(let network):
      guard readers.add(start, of: network & (Self.claims - 1), cost: cost) else { return false }
      return order.add(.nextReader, of: .readers, cost: cost, hasRoom: true, mayBurst: false)
    }
  }

  /// Adds a signature; `false` when there is no room.
  mutating func add(
    _ signature: UnsafeContinuation<Void, Never>,
    of account: AccountID,
    cost: UInt64
  ) -> Bool {
    order.add(.turn(.sign(signature)), of: .account(account), cost: cost, .begun)
  }

  /// Notes a signature that is made at once.
  mutating func passes(_ account: AccountID, cost: UInt64) {
    order.passes(.account(account), cost: cost)
  }

  /// The next turn; no signature unless it may be made.
  mutating func next(maySign: Bool) -> Turn? {
    switch order.next(begunMayGoOn: maySign) {
    case .turn(let turn): return turn
    // INVARIANT: there are as many strangers as places for them, and as many readers.
    case .nextStranger: return strangers.next().map(Turn.begin)
    case .nextReader: return readers.next().map(Turn.begin)
    case nil:
      // They have none either, and begin anew as accounts do.
      return (strangers.next() ?? readers.next()).map(Turn.begin)
    }
  }
}
