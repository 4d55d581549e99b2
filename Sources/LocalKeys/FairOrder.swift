// SPDX-License-Identifier: Apache-2.0
//
// In which order accounts are served that want more than there is: start-time fair queueing. Owns the order and its
// bounds; refuses to know what is served, by whom and when.
// Source: Goyal, Vin, Cheng: Start-Time Fair Queuing, SIGCOMM 1996, §2.

package import IdentityModel

/// What waits, in an order that gives every account that waits the same share of the work.
///
/// Work is given a start tag: the end of the account's last work, or the start of what is being served now, whichever is
/// later; its end is the start and its cost. The smallest start is next, among equals the one that came first. An account
/// that asks for much queues behind itself, and one that comes back after a rest is not paid for the time it was away.
package struct FairOrder<Element> {
  private struct Entry {
    let start: UInt64
    let arrival: UInt64
    let account: AccountID
    let element: Element

    func isBefore(_ other: Entry) -> Bool { (start, arrival) < (other.start, other.arrival) }
  }

  private struct Flow {
    var end: UInt64
    var waiting: Int
  }

  private let limit: Int
  private let limitPerAccount: Int
  // A binary heap: no entry is before its parent.
  private var entries: [Entry] = []
  private var flows: [AccountID: Flow] = [:]
  private var virtualTime: UInt64 = 0
  private var arrivals: UInt64 = 0

  /// Holds at most `limit`, and of one account at most `limitPerAccount`.
  package init(limit: Int, limitPerAccount: Int) {
    self.limit = limit
    self.limitPerAccount = limitPerAccount
  }

  /// How many wait.
  package var count: Int { entries.count }

  /// Adds work of `cost` for `account`; `false`, and nothing added, when there is no room.
  package mutating func add(_ element: Element, of account: AccountID, cost: UInt64) -> Bool {
    guard entries.count < limit, (flows[account]?.waiting ?? 0) < limitPerAccount else { return false }
    let start = reserve(account, cost, waiting: 1)
    entries.append(Entry(start: start, arrival: arrivals, account: account, element: element))
    arrivals += 1
    rise(entries.count - 1)
    return true
  }

  /// The next to be served.
  package mutating func next() -> Element? {
    guard let first = entries.first else { return nil }
    let last = entries.removeLast()
    if !entries.isEmpty {
      entries[0] = last
      sink()
    }
    virtualTime = max(virtualTime, first.start)
    flows[first.account]?.waiting -= 1
    return first.element
  }

  /// Notes work of `account` that is served at once because nothing waits.
  package mutating func passes(_ account: AccountID, cost: UInt64) {
    virtualTime = max(virtualTime, reserve(account, cost, waiting: 0))
  }

  /// The start of the work, and the account's books brought up to its end.
  private mutating func reserve(_ account: AccountID, _ cost: UInt64, waiting: Int) -> UInt64 {
    var flow = flows[account] ?? Flow(end: 0, waiting: 0)
    let start = max(virtualTime, flow.end)
    flow.end = start + cost
    flow.waiting += waiting
    flows[account] = flow
    // Of an account that waits for nothing and whose end has passed there is nothing to know.
    if flows.count > 64 + 2 * entries.count {
      let now = virtualTime
      flows = flows.filter { $0.value.waiting > 0 || $0.value.end > now }
    }
    return start
  }

  private mutating func rise(_ from: Int) {
    var index = from
    while index > 0 {
      let parent = (index - 1) / 2
      guard entries[index].isBefore(entries[parent]) else { return }
      entries.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func sink() {
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < entries.count {
        if entries[child].isBefore(entries[least]) { least = child }
      }
      guard least != index else { return }
      entries.swapAt(index, least)
      index = least
    }
  }
}
