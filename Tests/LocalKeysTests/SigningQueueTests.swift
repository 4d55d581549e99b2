// SPDX-License-Identifier: Apache-2.0
//
// The queue in front of a signer: whose signature is next when one account asks for many, and what happens when there are
// too many. The signer stands still until the test lets it go on, so that nothing here depends on time.

import Federation
import IdentityModel
import LocalKeys
import Synchronization
import Testing
import TokenFormats

@Suite struct SigningQueueTests {
  @Test(.timeLimit(.minutes(20)))
  func `with many signatures of one account waiting, another account's is next but one`() async throws {
    let signer = HeldSigner()
    let threads = SigningThreads(count: 1, limit: 1000, limitPerAccount: 1000)
    let queue = SigningQueue(signer, threads: threads)
    let (flood, other) = (try key("111111111111"), try key("222222222222"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { signer.letGo() }
      for _ in 0..<100 { group.addTask { _ = try await queue.sign([1], with: flood) } }
      // One of them is being made.
      try await until { signer.begun.count == 1 && threads.waiting == 99 }
      group.addTask { _ = try await queue.sign([2], with: other) }
      try await until { threads.waiting == 100 }
      signer.letGo()
      try await group.waitForAll()
    }
    let position = signer.begun.firstIndex(of: other.account)
    #expect(position == 1)
    #expect(signer.begun.count == 101)
    #expect(threads.waiting == 0)
  }

  @Test(.timeLimit(.minutes(20)))
  func `an account that fills its place is refused at once, and others are not`() async throws {
    let signer = HeldSigner()
    let threads = SigningThreads(count: 1, limit: 100, limitPerAccount: 4)
    let queue = SigningQueue(signer, threads: threads)
    let (flood, other) = (try key("111111111111"), try key("222222222222"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { signer.letGo() }
      group.addTask { _ = try await queue.sign([1], with: flood) }
      try await until { signer.begun.count == 1 }
      for _ in 0..<4 { group.addTask { _ = try await queue.sign([1], with: flood) } }
      try await until { threads.waiting == 4 }
      let refusal = await #expect(throws: TokenSignerError.self) { try await queue.sign([1], with: flood) }
      #expect(refusal == .overloaded(retryAfterSeconds: 1))
      group.addTask { _ = try await queue.sign([2], with: other) }
      try await until { threads.waiting == 5 }
      signer.letGo()
      try await group.waitForAll()
    }
    #expect(signer.begun.count == 6)
    // There is room again.
    _ = try await queue.sign([1], with: flood)
  }

  @Test(.timeLimit(.minutes(20)))
  func `a queue that all accounts fill together refuses everybody`() async throws {
    let signer = HeldSigner()
    let threads = SigningThreads(count: 1, limit: 3, limitPerAccount: 3)
    let queue = SigningQueue(signer, threads: threads)
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { signer.letGo() }
      for number in 1...4 {
        let key = try key("\(number)00000000000")
        group.addTask { _ = try await queue.sign([1], with: key) }
        try await until { signer.begun.count == 1 && threads.waiting == number - 1 }
      }
      let newcomer = try key("555555555555")
      let refusal = await #expect(throws: TokenSignerError.self) {
        try await queue.sign([1], with: newcomer)
      }
      #expect(refusal == .overloaded(retryAfterSeconds: 1))
      signer.letGo()
      try await group.waitForAll()
    }
  }

  @Test(.timeLimit(.minutes(20)))
  func `signatures are made on the queue's own threads, whoever asks`() async throws {
    let threads = SigningThreads(count: 2, limit: 100, limitPerAccount: 100)
    let signer = HeldSigner(isHeld: false)
    let queue = SigningQueue(signer, threads: threads)
    let key = try key("111111111111")
    _ = try await queue.sign([1], with: key)
    try await Task(executorPreference: threads) { _ = try await queue.sign([1], with: key) }.value
    let here = threads.asUnownedTaskExecutor()
    #expect(signer.executors == [here, here])
  }

  @Test(.timeLimit(.minutes(20)))
  func `a failure of the signer gives the turn back`() async throws {
    let threads = SigningThreads(count: 1, limit: 10, limitPerAccount: 10)
    let queue = SigningQueue(HeldSigner(isHeld: false, failure: .sealBroken), threads: threads)
    let key = try key("111111111111")
    for _ in 0..<20 {
      await #expect(throws: TokenSignerError.sealBroken) { try await queue.sign([1], with: key) }
    }
  }

  @Test(.timeLimit(.minutes(20)))
  func `real keys sign through the queue, also when threads have left and come again`() async throws {
    let keys = LocalKeys(keyEncryptionKey: .ephemeral())
    let queue = SigningQueue(keys, threads: SigningThreads(count: 2, limit: 4096, limitPerAccount: 4096))
    let account = try Fixtures.account()
    let key = try await queue.makeKey(.es384, for: account)
    #expect(try queue.vouches(for: key))
    #expect(queue.isUnsealed)
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<200 { group.addTask { try await queue.sign(Array("message".utf8), with: key) } }
      for try await signature in group {
        let isValid = try Fixtures.verifies(signature, Array("message".utf8), key.publicKey)
        #expect(isValid)
      }
    }
  }

  @Test(.timeLimit(.minutes(20)))
  func `tasks that never sign keep nobody from signing`() async throws {
    let threads = SigningThreads(count: 1, limit: 100, limitPerAccount: 100)
    let queue = SigningQueue(HeldSigner(isHeld: false), threads: threads)
    let key = try key("111111111111")
    let isSigned = Shared(false)
    // Each makes way for the next: there is always a job.
    let busy = (0..<4).map { _ in
      Task(executorPreference: threads) {
        while !isSigned.value.withLock({ $0 }) { await Task.yield() }
      }
    }
    _ = try await queue.sign([1], with: key)
    isSigned.value.withLock { $0 = true }
    for task in busy { await task.value }
  }

  @Test(.timeLimit(.minutes(20)))
  func `tasks that are made ready together begin when all of them are ready, in order`() async throws {
    let threads = SigningThreads(count: 1, limit: 10, limitPerAccount: 10)
    let begun = Shared<[Int]>([])
    var tasks: [Task<Void, Never>] = []
    threads.together {
      for number in 0..<100 {
        tasks.append(Task(executorPreference: threads) { begun.value.withLock { $0.append(number) } })
      }
      // No thread was woken, so none can have run.
      #expect(begun.value.withLock { $0 } == [])
    }
    for task in tasks { await task.value }
    #expect(begun.value.withLock { $0 } == Array(0..<100))
  }

  private func key(_ account: String) throws -> SealedSigningKey {
    let publicKey = PublicKey.p384(x: [UInt8](repeating: 1, count: 48), y: [UInt8](repeating: 2, count: 48))
    return SealedSigningKey(
      account: try Fixtures.account(account),
      keyID: publicKey.thumbprint,
      publicKey: publicKey,
      version: 1,
      sealed: []
    )
  }

  /// Waits until `condition` holds; the test's time limit ends it.
  private func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(5)) }
  }
}

/// A value that tasks share.
private final class Shared<Value: Sendable>: Sendable {
  let value: Mutex<Value>

  init(_ value: Value) {
    self.value = Mutex(value)
  }
}

/// A signer that notes whose signatures it begins, and ends none before `letGo`.
private final class HeldSigner: TokenSigner {
  private struct State {
    var begun: [AccountID] = []
    var executors: [UnownedTaskExecutor?] = []
    var isHeld: Bool
    var held: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>
  private let failure: TokenSignerError?

  init(isHeld: Bool = true, failure: TokenSignerError? = nil) {
    state = Mutex(State(isHeld: isHeld))
    self.failure = failure
  }

  var begun: [AccountID] { state.withLock { $0.begun } }
  var executors: [UnownedTaskExecutor?] { state.withLock { $0.executors } }
  let isUnsealed = true

  func letGo() {
    let held = state.withLock { state in
      state.isHeld = false
      defer { state.held = [] }
      return state.held
    }
    for continuation in held { continuation.resume() }
  }

  func importKey(
    _ pem: Secret,
    for account: AccountID
  ) async throws(TokenSignerError) -> SealedSigningKey {
    throw .failed("takes no keys")
  }

  func makeReadyKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey? {
    try await makeKey(algorithm, for: account, purpose: purpose)
  }

  func forget(_ keyID: KeyID) {}

  func sign(
    _ message: [UInt8],
    with key: SealedSigningKey,
    algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8] {
    let here = withUnsafeCurrentTask { $0?.unownedTaskExecutor }
    await withCheckedContinuation { done in
      let goesOn = state.withLock { state in
        state.begun.append(key.account)
        state.executors.append(here)
        if state.isHeld { state.held.append(done) }
        return !state.isHeld
      }
      if goesOn { done.resume() }
    }
    if let failure { throw failure }
    return message
  }

  func makeKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey {
    throw .failed("makes no keys")
  }

  func vouches(for key: SealedSigningKey) -> Bool { false }
}
