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
  }

  private enum Place {
    case turn(Turn)
    case nextStranger
  }

  /// What a request costs apart from its signature, beside `SigningQueue.cost`.
  private static let costOfRequest: UInt64 = 10

  private var order: FairOrder<Flow, Place>
  // SECURITY: whoever has proved nothing shares one place with all the others of whom nothing is known, whatever key ids
  // they claim: invented ones take nothing from an account that calls. Among themselves the claims have turns.
  private var strangers: FairOrder<Int, Start>

  /// At most `limit` requests and as many signatures wait, of one account at most `limitPerAccount` of each.
  init(limit: Int, limitPerAccount: Int) {
    order = FairOrder(limit: limit, limitPerFlow: limitPerAccount)
    strangers = FairOrder(limit: limitPerAccount, limitPerFlow: max(1, limitPerAccount / 4))
  }

  /// Signatures that wait.
  var signatures: Int { order.count(.begun) }
  /// Requests that wait to be begun.
  var requests: Int { order.count(.fresh) }

  /// Adds a request; `false` when there is no room.
  mutating func add(_ start: @escaping Start, of flow: RequestFlow) -> Bool {
    switch flow {
    case .account(let account):
      return order.add(.turn(.begin(start)), of: .account(account), cost: Self.costOfRequest)
    case .stranger(let claim):
      guard order.hasRoom(of: .strangers), strangers.add(start, of: claim, cost: 1) else { return false }
      return order.add(.nextStranger, of: .strangers, cost: Self.costOfRequest)
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
    case .turn(let turn): turn
    // INVARIANT: there are as many strangers as places for them.
    case .nextStranger: strangers.next().map(Turn.begin)
    case nil: nil
    }
  }
}
