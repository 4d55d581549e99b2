// SPDX-License-Identifier: Apache-2.0
//
// The order in which accounts are served: deterministic, no clock and no thread.

import IdentityModel
import LocalKeys
import Testing

@Suite struct FairOrderTests {
  private let a: AccountID
  private let b: AccountID

  init() throws {
    a = try Fixtures.account("111111111111")
    b = try Fixtures.account("222222222222")
  }

  private func order(
    limit: Int = 1000,
    limitPerFlow: Int = 1000,
    burst: UInt64 = 0
  ) -> FairOrder<AccountID, String> {
    FairOrder(limit: limit, limitPerFlow: limitPerFlow, burst: burst)
  }

  private func add(
    _ element: String,
    of account: AccountID,
    cost: UInt64,
    to order: inout FairOrder<AccountID, String>,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let isAdded = order.add(element, of: account, cost: cost)
    #expect(isAdded, sourceLocation: location)
  }

  private func addingFails(
    _ element: String,
    of account: AccountID,
    cost: UInt64,
    to order: inout FairOrder<AccountID, String>,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let isAdded = order.add(element, of: account, cost: cost)
    #expect(!isAdded, sourceLocation: location)
  }

  private func expectNext(
    _ element: String?,
    _ order: inout FairOrder<AccountID, String>,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let next = order.next()
    #expect(next == element, sourceLocation: location)
  }

  private func all(_ order: inout FairOrder<AccountID, String>) -> [String] {
    var served: [String] = []
    while let next = order.next() { served.append(next) }
    return served
  }

  @Test func `one account alone is served in order of arrival`() {
    var order = order()
    for number in 0..<100 { add("\(number)", of: a, cost: UInt64(1 + number % 3), to: &order) }
    let served = all(&order)
    #expect(served == (0..<100).map(String.init))
    expectNext(nil, &order)
  }

  @Test func `whoever comes after a flood of another account is next but one`() {
    var order = order()
    for number in 0..<500 { add("a\(number)", of: a, cost: 10, to: &order) }
    expectNext("a0", &order)
    expectNext("a1", &order)
    add("b", of: b, cost: 10, to: &order)
    // The one in service began at the same time, and what began first is first.
    expectNext("b", &order)
    expectNext("a2", &order)
  }

  @Test func `two accounts that both wait take turns`() {
    var order = order()
    for number in 0..<10 { add("a\(number)", of: a, cost: 10, to: &order) }
    for number in 0..<3 { add("b\(number)", of: b, cost: 10, to: &order) }
    let served = all(&order)
    #expect(served.prefix(7) == ["a0", "b0", "a1", "b1", "a2", "b2", "a3"])
  }

  @Test func `a costly signature counts as several cheap ones`() {
    var order = order()
    for number in 0..<10 { add("rsa\(number)", of: a, cost: 30, to: &order) }
    for number in 0..<30 { add("ec\(number)", of: b, cost: 10, to: &order) }
    let first = all(&order).prefix(20)
    #expect(first.count { $0.hasPrefix("rsa") } == 5)
    #expect(first.count { $0.hasPrefix("ec") } == 15)
  }

  @Test func `an account that rested is not paid for it`() {
    var order = order()
    for number in 0..<100 { add("a\(number)", of: a, cost: 10, to: &order) }
    for _ in 0..<50 { _ = order.next() }
    for number in 0..<50 { add("b\(number)", of: b, cost: 10, to: &order) }
    let next = (0..<20).compactMap { _ in order.next() }
    #expect(next.count { $0.hasPrefix("b") } == 10)
  }

  @Test(arguments: [1, 50, 400])
  func `who had less than its share has a burst served first, the same after any rest`(turnsOfRest: Int) {
    var order = order(burst: 30)
    for number in 0..<500 { add("a\(number)", of: a, cost: 10, to: &order) }
    for _ in 0..<(turnsOfRest + 4) { _ = order.next() }
    for number in 0..<50 { add("b\(number)", of: b, cost: 10, to: &order) }
    let next = (0..<24).compactMap { _ in order.next() }
    #expect(next.prefix(4) == ["b0", "b1", "b2", "b3"])
    #expect(next.dropFirst(4).count { $0.hasPrefix("b") } == 10)
  }

  @Test func `a burst that was had is not had again until as much was left to the others`() {
    var order = order(burst: 30)
    for number in 0..<100 { add("a\(number)", of: a, cost: 10, to: &order) }
    for _ in 0..<20 { _ = order.next() }
    for number in 0..<4 { add("b\(number)", of: b, cost: 10, to: &order) }
    for number in 0..<4 { expectNext("b\(number)", &order) }
    add("b4", of: b, cost: 10, to: &order)
    expectNext("a20", &order)
    expectNext("b4", &order)
    for number in 21..<25 { expectNext("a\(number)", &order) }
    for number in 5..<8 { add("b\(number)", of: b, cost: 10, to: &order) }
    for number in 5..<8 { expectNext("b\(number)", &order) }
  }

  @Test func `a burst that was had is known for as long as it counts, however many others come`() throws {
    var order = order(limitPerFlow: 10_000, burst: 30)
    for number in 0..<900 { add("a\(number)", of: a, cost: 10, to: &order) }
    for _ in 0..<20 { _ = order.next() }
    for number in 0..<2 {
      add("b\(number)", of: b, cost: 10, to: &order)
      expectNext("b\(number)", &order)
    }
    for number in 0..<300 {
      order.passes(try Fixtures.account("\(300_000_000_000 + number)"), cost: 1)
    }
    for number in 2..<5 { add("b\(number)", of: b, cost: 10, to: &order) }
    for element in ["b2", "b3", "a20"] { expectNext(element, &order) }
  }

  @Test func `what is served at once counts`() {
    var order = order()
    // A took three turns that nobody waited for; then both wait.
    for _ in 0..<3 { order.passes(a, cost: 10) }
    add("a", of: a, cost: 10, to: &order)
    add("b", of: b, cost: 10, to: &order)
    let served = all(&order)
    #expect(served == ["b", "a"])
  }

  @Test func `the order is full at its limit, and of one account at its own`() {
    var order = order(limit: 5, limitPerFlow: 3)
    for number in 0..<3 { add("a\(number)", of: a, cost: 1, to: &order) }
    addingFails("a3", of: a, cost: 1, to: &order)
    for number in 0..<2 { add("b\(number)", of: b, cost: 1, to: &order) }
    addingFails("b2", of: b, cost: 1, to: &order)
    #expect(order.count(.fresh) == 5)
    // One that was served leaves its place.
    expectNext("a0", &order)
    add("a3", of: a, cost: 1, to: &order)
    #expect(order.count(.fresh) == 5)
  }

  @Test func `a thousand accounts that came and went are forgotten, and the order stays fair`() throws {
    var order = order()
    for number in 0..<1000 {
      let account = try Fixtures.account(String(300_000_000_000 + number))
      add("\(number)", of: account, cost: 7, to: &order)
      expectNext("\(number)", &order)
    }
    for number in 0..<10 { add("a\(number)", of: a, cost: 10, to: &order) }
    add("b", of: b, cost: 10, to: &order)
    expectNext("a0", &order)
    expectNext("b", &order)
  }

  @Test func `in a full order there is room for a flow that waits for little`() throws {
    var order = order(limit: 256, limitPerFlow: 128)
    for number in 0..<128 {
      add("a\(number)", of: a, cost: 1, to: &order)
      add("b\(number)", of: b, cost: 1, to: &order)
    }
    let c = try Fixtures.account("333333333333")
    for number in 0..<2 { add("c\(number)", of: c, cost: 1, to: &order) }
    addingFails("c2", of: c, cost: 1, to: &order)
    addingFails("a128", of: a, cost: 1, to: &order)
    // What was begun is bounded in the same way.
    for account in [a, b] {
      let isAdded = (0..<129).map { _ in order.add("goes on", of: account, cost: 1, .begun) }
      #expect(isAdded.count(where: { $0 }) == 128)
    }
    let isAdded = (0..<3).map { _ in order.add("goes on", of: c, cost: 1, .begun) }
    #expect(isAdded == [true, true, false])
  }

  @Test func `what has room elsewhere is added to a full order`() {
    var order = order(limit: 1, limitPerFlow: 1)
    add("a", of: a, cost: 1, to: &order)
    let isAdded = order.add("b", of: b, cost: 1, hasRoom: true)
    #expect(isAdded)
    let served = all(&order)
    #expect(served == ["a", "b"])
  }

  @Test func `when everything is served, what each flow had is forgotten and time is past it`() throws {
    var order = order()
    for number in 0..<1000 {
      let account = try Fixtures.account(String(300_000_000_000 + number))
      add("\(number)", of: account, cost: 7, to: &order)
    }
    order.passes(a, cost: 1000)
    let first = all(&order)
    #expect(first.count == 1000)
    #expect(order.flowsKnown == 0)
    // Neither is A behind for what it had, nor B before it for having had nothing.
    add("a", of: a, cost: 10, to: &order)
    add("b", of: b, cost: 10, to: &order)
    let served = all(&order)
    #expect(served == ["a", "b"])
  }

  @Test func `flows that come and go while others wait are forgotten`() throws {
    var order = order(limit: 4000, limitPerFlow: 4000)
    for number in 0..<2000 { add("a\(number)", of: a, cost: 10, to: &order) }
    for number in 0..<1000 {
      let account = try Fixtures.account(String(300_000_000_000 + number))
      add("\(number)", of: account, cost: 7, to: &order)
      for _ in 0..<2 { _ = order.next() }
      #expect(order.flowsKnown <= 128)
    }
  }

  @Test func `of one flow what was begun goes before what is fresh`() {
    var order = order()
    for number in 0..<5 { add("a\(number)", of: a, cost: 10, to: &order) }
    expectNext("a0", &order)
    let isAdded = order.add("a0 goes on", of: a, cost: 10, .begun)
    #expect(isAdded)
    expectNext("a0 goes on", &order)
    expectNext("a1", &order)
  }

  @Test func `what was begun is no nearer to its turn than what is fresh of a flow that had less`() {
    var order = order()
    add("a", of: a, cost: 10, to: &order)
    expectNext("a", &order)
    for number in 0..<5 {
      let isAdded = order.add("a\(number)", of: a, cost: 10, .begun)
      #expect(isAdded)
    }
    add("b", of: b, cost: 10, to: &order)
    expectNext("b", &order)
    expectNext("a0", &order)
  }

  @Test func `what was begun and may not go on stops nothing that is fresh`() {
    var order = order()
    let isAdded = order.add("a goes on", of: a, cost: 10, .begun)
    #expect(isAdded)
    add("a", of: a, cost: 10, to: &order)
    add("b", of: b, cost: 10, to: &order)
    let first = order.next(begunMayGoOn: false)
    let second = order.next(begunMayGoOn: false)
    let third = order.next(begunMayGoOn: false)
    #expect([first, second, third] == ["a", "b", nil])
    #expect(order.count(.begun) == 1)
    expectNext("a goes on", &order)
  }

  @Test func `what a flow is served while it waits moves it back`() {
    var order = order()
    for number in 0..<3 { add("a\(number)", of: a, cost: 10, to: &order) }
    for number in 0..<6 { add("b\(number)", of: b, cost: 10, to: &order) }
    expectNext("a0", &order)
    // The signature of a0, made at once, costs as much as three of B.
    order.passes(a, cost: 30)
    let served = all(&order)
    #expect(served == ["b0", "b1", "b2", "b3", "a1", "b4", "a2", "b5"])
  }

  @Test func `what was begun has limits of its own, and a full line has no room`() {
    var order = order(limit: 2, limitPerFlow: 1)
    add("a", of: a, cost: 1, to: &order)
    addingFails("a too", of: a, cost: 1, to: &order)
    let isAdded = order.add("a goes on", of: a, cost: 1, .begun)
    #expect(isAdded)
    let isAddedAgain = order.add("a goes on too", of: a, cost: 1, .begun)
    #expect(!isAddedAgain)
    #expect(order.count(.fresh) == 1)
    #expect(order.count(.begun) == 1)
  }
}
