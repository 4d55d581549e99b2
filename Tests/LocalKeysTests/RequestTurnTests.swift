// SPDX-License-Identifier: Apache-2.0
//
// In which order requests are begun. All of them come before the one thread is called, so that nothing here depends on
// time.

import Federation
import IdentityModel
import LocalKeys
import Synchronization
import Testing

@Suite struct RequestTurnTests {
  private let a: AccountID
  private let b: AccountID

  init() throws {
    a = try Fixtures.account("111111111111")
    b = try Fixtures.account("222222222222")
  }

  /// The flows of `requests` in the order in which they were begun; `work` is what each of them does.
  private func order(
    of requests: [RequestFlow],
    octets: @Sendable (RequestFlow) -> Int = { _ in 0 },
    on threads: SigningThreads = SigningThreads(count: 1, limit: 4096, limitPerAccount: 2048),
    work: @escaping @Sendable (RequestFlow, SigningThreads) async -> Void = { _, _ in }
  ) async -> [RequestFlow] {
    let begun = Begun()
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    threads.together {
      for flow in requests {
        let waits = threads.begin(flow, octets: octets(flow)) {
          Task(executorPreference: threads) {
            begun.flows.withLock { $0.append(flow) }
            await work(flow, threads)
            end.yield()
          }
        }
        #expect(waits)
      }
      #expect(begun.flows.withLock { $0.isEmpty })
    }
    var left = requests.count
    for await _ in ended {
      left -= 1
      if left == 0 { break }
    }
    return begun.flows.withLock { $0 }
  }

  @Test(.timeLimit(.minutes(20)))
  func `behind a hundred requests of one account another account's is next but one`() async {
    let flood = [RequestFlow](repeating: .account(a), count: 100)
    let begun = await order(of: flood + [.account(b)])
    #expect(begun.firstIndex(of: .account(b)) == 1)
    #expect(begun.count == 101)
  }

  @Test(.timeLimit(.minutes(20)), arguments: [RequestFlow.stranger(claim: 1), .reader(network: 1)])
  func `the first twenty requests of an account that comes back go before a flood, and only an account's`(
    other: RequestFlow
  ) async throws {
    let flood = [RequestFlow](repeating: .account(a), count: 100)
    let begun = Begun()
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    let late = [RequestFlow](repeating: other, count: 12) + [RequestFlow](repeating: .account(b), count: 24)
    let all = await order(
      of: flood,
      work: { _, threads in
        // One thread gives the turns: this one.
        let count = begun.flows.withLock { flows in
          flows.append(.account(a))
          return flows.count
        }
        guard count == 30 else { return }
        for flow in late {
          let waits = threads.begin(flow, octets: 0) {
            Task(executorPreference: threads) {
              begun.flows.withLock { $0.append(flow) }
              end.yield()
            }
          }
          #expect(waits)
        }
      }
    )
    #expect(all.count == 100)
    var left = late.count
    for await _ in ended {
      left -= 1
      if left == 0 { break }
    }
    let after = begun.flows.withLock { $0.dropFirst(30) }
    #expect(after.prefix(20).count { $0 == .account(b) } == 20)
    #expect(after.prefix(26).count { $0 == .account(b) } == 22)
    #expect(after.prefix(26).count { $0 == other } == 2)
  }

  @Test(.timeLimit(.minutes(20)))
  func `strangers with a thousand claims have one share together`() async {
    let strangers = (0..<1000).map { RequestFlow.stranger(claim: $0) }
    let begun = await order(of: strangers + [RequestFlow](repeating: .account(b), count: 10))
    #expect(begun.prefix(20).count { $0 == .account(b) } == 10)
  }

  @Test(.timeLimit(.minutes(20)))
  func `among strangers another claim than that of a hundred is next but one`() async {
    let flood = [RequestFlow](repeating: .stranger(claim: 1), count: 100)
    let begun = await order(of: flood + [.stranger(claim: 2)])
    #expect(begun.firstIndex(of: .stranger(claim: 2)) == 1)
  }

  @Test(.timeLimit(.minutes(20)))
  func `a claim that comes again is served within 64 turns, however many new ones pour in`() async {
    let threads = SigningThreads(count: 1, limit: 4096, limitPerAccount: 1024)
    let begun = Begun()
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    @Sendable func ask(_ claim: Int) {
      let waits = threads.begin(.stranger(claim: claim), octets: 0) {
        let count = begun.flows.withLock { flows in
          flows.append(.stranger(claim: claim))
          return flows.count
        }
        guard count < 2000 else {
          end.yield()
          return
        }
        // That of 0 comes again; any other one makes place for one that nobody has seen.
        ask(claim == 0 ? 0 : claim + 16)
      }
      #expect(waits)
    }
    threads.together { for claim in [0, 1, 3, 5, 7, 9, 11, 13, 15] { ask(claim) } }
    for await _ in ended { break }
    let places = begun.flows.withLock { flows in flows.indices.filter { flows[$0] == .stranger(claim: 0) } }
    #expect(places.count >= 2000 / 65)
    #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 <= 64 })
  }

  @Test(.timeLimit(.minutes(20)))
  func `readers have a share of their own beside strangers`() async {
    let strangers = [RequestFlow](repeating: .stranger(claim: 1), count: 100)
    let begun = await order(of: strangers + [.reader(network: 1)])
    #expect(begun.firstIndex(of: .reader(network: 1)) == 1)
  }

  @Test(.timeLimit(.minutes(20)))
  func `a large body counts as several requests`() async {
    let requests = (0..<60).map { RequestFlow.account($0.isMultiple(of: 2) ? a : b) }
    let account = a
    let begun = await order(of: requests, octets: { $0 == .account(account) ? 60_000 : 0 })
    // 50 each beside 10 each.
    #expect(begun.prefix(24).count { $0 == .account(a) } == 4)
  }

  @Test(.timeLimit(.minutes(20)))
  func `costly signatures are charged to the account whose requests wait`() async {
    let requests = (0..<40).map { RequestFlow.account($0.isMultiple(of: 2) ? a : b) }
    let account = a
    let work: @Sendable (RequestFlow, SigningThreads) async -> Void = { flow, threads in
      guard case .account(let own) = flow else { return }
      let hasTurn = await threads.takeTurn(of: own, cost: own == account ? 90 : 10)
      #expect(hasTurn)
      threads.endTurn()
    }
    let begun = await order(of: requests, work: work)
    // 100 each beside 20 each.
    #expect(begun.prefix(24).count { $0 == .account(a) } == 4)
  }

  @Test(.timeLimit(.minutes(20)))
  func `requests that have no room are refused, and those of others are not`() async throws {
    let threads = SigningThreads(count: 1, limit: 12, limitPerAccount: 8)
    func waits(_ flow: RequestFlow) -> Bool { threads.begin(flow, octets: 0) {} }
    threads.together {
      for _ in 0..<8 { #expect(waits(.account(a))) }
      #expect(!waits(.account(a)))
      for _ in 0..<2 { #expect(waits(.stranger(claim: 1))) }
      // A quarter of the strangers' places is what one claim may have.
      #expect(!waits(.stranger(claim: 1)))
      #expect(waits(.stranger(claim: 2)))
      #expect(waits(.account(b)))
      // All places are taken, but strangers and readers have their own.
      #expect(!waits(.account(b)))
      for claim in [3, 4, 4, 5, 5] { #expect(waits(.stranger(claim: claim))) }
      #expect(!waits(.stranger(claim: 6)))
      for network in [1, 1, 2, 2, 3, 3, 4, 4] { #expect(waits(.reader(network: network))) }
      #expect(!waits(.reader(network: 5)))
      #expect(threads.waitingRequests == 25)
    }
    // The thread works them off, and there is room again.
    while threads.waitingRequests > 0 { try await Task.sleep(for: .milliseconds(5)) }
    let begun = await order(of: [.account(a)], on: threads)
    #expect(begun == [.account(a)])
  }
}

private final class Begun: Sendable {
  let flows = Mutex<[RequestFlow]>([])
}
