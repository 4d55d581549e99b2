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
    on threads: SigningThreads = SigningThreads(count: 1, limit: 4096, limitPerAccount: 2048),
    work: @escaping @Sendable (RequestFlow, SigningThreads) async -> Void = { _, _ in }
  ) async -> [RequestFlow] {
    let begun = Begun()
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    threads.together {
      for flow in requests {
        let waits = threads.begin(flow) {
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

  @Test(.timeLimit(.minutes(2)))
  func `behind a hundred requests of one account another account's is next but one`() async {
    let flood = [RequestFlow](repeating: .account(a), count: 100)
    let begun = await order(of: flood + [.account(b)])
    #expect(begun.firstIndex(of: .account(b)) == 1)
    #expect(begun.count == 101)
  }

  @Test(.timeLimit(.minutes(2)))
  func `strangers with a thousand claims have one share together`() async {
    let strangers = (0..<1000).map { RequestFlow.stranger(claim: $0) }
    let begun = await order(of: strangers + [RequestFlow](repeating: .account(b), count: 10))
    #expect(begun.prefix(20).count { $0 == .account(b) } == 10)
  }

  @Test(.timeLimit(.minutes(2)))
  func `among strangers another claim than that of a hundred is next but one`() async {
    let flood = [RequestFlow](repeating: .stranger(claim: 1), count: 100)
    let begun = await order(of: flood + [.stranger(claim: 2)])
    #expect(begun.firstIndex(of: .stranger(claim: 2)) == 1)
  }

  @Test(.timeLimit(.minutes(2)))
  func `costly signatures are charged to the account whose requests wait`() async {
    let requests = (0..<40).map { RequestFlow.account($0.isMultiple(of: 2) ? a : b) }
    let account = a
    let begun = await order(of: requests) { flow, threads in
      guard case .account(let own) = flow else { return }
      let hasTurn = await threads.takeTurn(of: own, cost: own == account ? 90 : 10)
      #expect(hasTurn)
      threads.endTurn()
    }
    // 100 each beside 20 each.
    #expect(begun.prefix(24).count { $0 == .account(a) } == 4)
  }

  @Test(.timeLimit(.minutes(2)))
  func `requests that have no room are refused, and those of others are not`() async throws {
    let threads = SigningThreads(count: 1, limit: 12, limitPerAccount: 8)
    func waits(_ flow: RequestFlow) -> Bool { threads.begin(flow) {} }
    threads.together {
      for _ in 0..<8 { #expect(waits(.account(a))) }
      #expect(!waits(.account(a)))
      for _ in 0..<2 { #expect(waits(.stranger(claim: 1))) }
      // A quarter of the strangers' places is what one claim may have.
      #expect(!waits(.stranger(claim: 1)))
      #expect(waits(.stranger(claim: 2)))
      #expect(waits(.account(b)))
      // All places are taken.
      #expect(!waits(.account(b)))
      #expect(!waits(.stranger(claim: 3)))
      #expect(threads.waitingRequests == 12)
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
