// SPDX-License-Identifier: Apache-2.0
//
// Whose turn a request is taken to be: what a connection has proved, and nothing that it claims.

import Dispatch
import Federation
import Glibc
import HTTPServer
import IdentityModel
import Synchronization
import Testing

@Suite struct RequestFlowTests {
  private let a: AccountID

  init() throws {
    a = try #require(AccountID("111111111111"))
  }

  /// A request that claims `keyID`; the responder takes `path` for what it proves.
  private func request(_ path: String, _ keyID: String?) -> String {
    let claim = keyID.map {
      "Authorization: AWS4-HMAC-SHA256 Credential=\($0)/20260101/us-east-1/sts/aws4_request, Signature=00\r\n"
    }
    return "POST \(path) HTTP/1.1\r\nHost: a.example\r\n\(claim ?? "")Content-Length: 0\r\n\r\n"
  }

  /// Sends `requests` on one connection, each when the one before was answered; the answers.
  private func exchange(_ requests: [String], port: Int) async throws -> [String] {
    try await blocking {
      let client = try RawClient(port: port)
      return requests.map { request in
        client.send(request)
        return client.receive(seconds: 30) { $0.suffix(4).elementsEqual("\r\n\r\n".utf8) }.text
      }
    }
  }

  private func flows(
    of requests: [String],
    configure: (inout HTTPServerConfiguration) -> Void = { _ in }
  ) async throws -> [RequestFlow] {
    let tasks = ListeningExecutor()
    return try await withServer(responder: Prover(), tasks: tasks, configure: configure) { address in
      for answer in try await exchange(requests, port: address.port) { #expect(answer.contains("200 OK")) }
      return tasks.flows
    }
  }

  @Test func `a connection is an account's when its last request proved it`() async throws {
    let flows = try await flows(of: (0..<3).map { _ in request("/proves", "AKIAONE") })
    #expect(flows.count == 3)
    #expect(flows.first?.isStranger == true)
    #expect(flows.dropFirst() == [.account(a), .account(a)])
  }

  @Test func `a request that proves nothing takes the account from its connection`() async throws {
    let flows = try await flows(
      of: [
        request("/proves", "AKIAONE"), request("/fails", "AKIAONE"), request("/proves", "AKIAONE"),
        request("/proves", "AKIAONE"),
      ]
    )
    #expect(flows.map(\.isStranger) == [true, false, true, false])
  }

  @Test func `another key on a connection that proved one is a stranger's`() async throws {
    let flows = try await flows(
      of: [
        request("/proves", "AKIAONE"), request("/fails", "AKIATWO"), request("/proves", nil),
        request("/proves", "AKIAONE"), request("/proves", "AKIAONE"),
      ]
    )
    #expect(flows.map(\.isStranger) == [true, true, true, true, false])
  }

  @Test func `strangers are told apart by the key that they claim, and by nothing else`() async throws {
    let flows = try await flows(
      of: [
        request("/fails", "AKIAONE"), request("/fails?x=1", "AKIAONE"), request("/fails", "AKIATWO"),
        request("/fails", nil), request("/fails", nil),
      ]
    )
    #expect(flows.count == 5)
    #expect(flows[0] == flows[1])
    #expect(flows[3] == flows[4])
    #expect(Set(flows).count == 3)
  }

  @Test func `strangers who claim nothing are told apart by their networks`() async throws {
    let proxies = [try #require(IPRange(Array("127.0.0.1/32".utf8)))]
    let requests = ["192.0.2.1", "198.51.100.1", "2001:db8::1", "2001:db8::2", "192.0.2.1"].map {
      "POST /fails HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: \($0)\r\nContent-Length: 0\r\n\r\n"
    }
    let flows = try await flows(of: requests, configure: { $0.trustedProxies = proxies })
    #expect(flows.count == 5)
    #expect(flows[0] == flows[4])
    #expect(flows[2] == flows[3])
    #expect(Set(flows).count == 3)
  }

  @Test func `a document is a reader's, and takes the account from no connection`() async throws {
    let page = "GET /page HTTP/1.1\r\nHost: a.example\r\nAuthorization: Credential=AKIATWO/\r\n\r\n"
    let flows = try await flows(
      of: [page, request("/proves", "AKIAONE"), page, request("/proves", "AKIAONE")]
    )
    #expect(flows.count == 4)
    #expect(flows.map(\.isReader) == [true, false, true, false])
    #expect(flows[0] == flows[2])
    #expect(flows[3] == .account(a))
  }

  @Test func `what needs nothing is answered without a turn`() async throws {
    let flows = try await flows(of: ["GET /live HTTP/1.1\r\nHost: a.example\r\n\r\n", request("/live", nil)])
    #expect(flows.isEmpty)
  }

  @Test func `the length of a body is what a turn costs more`() async throws {
    let tasks = ListeningExecutor()
    try await withServer(responder: Prover(), tasks: tasks) { address in
      let request = "POST /fails HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nabcde"
      _ = try await exchange([request], port: address.port)
    }
    #expect(tasks.octets == [5])
  }

  @Test(.timeLimit(.minutes(20)))
  func `a request whose client has gone before its turn is not worked on`() async throws {
    let tasks = ListeningExecutor()
    tasks.holds()
    let responder = Echo()
    try await withServer(responder: responder, tasks: tasks) {
      $0.maximumConnections = 1
      // Longer than the test: a request that is never counted out fails it.
      $0.shutdownGrace = .seconds(600)
    } _: { address in
      try await blocking {
        let client = try RawClient(port: address.port)
        client.resetsAtEnd()
        client.send("POST /held HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n")
        withExtendedLifetime(client) {
          while tasks.flows.isEmpty { usleep(2_000) }
        }
      }
      try await blocking {
        // There is room for another connection when this one is gone.
        let document = "GET /doc HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
        var answer = ""
        while !answer.contains("200 OK") {
          let other = try RawClient(port: address.port)
          other.send(document)
          answer = other.receive(seconds: 30).text
        }
      }
      tasks.release()
    }
    #expect(tasks.flows.count == 1)
    #expect(responder.begun.withLock { $0 } == 0)
  }

  @Test func `a proof on one connection is none on another`() async throws {
    let tasks = ListeningExecutor()
    try await withServer(responder: Prover(), tasks: tasks) { address in
      _ = try await exchange([request("/proves", "AKIAONE")], port: address.port)
      _ = try await exchange([request("/proves", "AKIAONE")], port: address.port)
    }
    #expect(tasks.flows.map(\.isStranger) == [true, true])
  }

  @Test func `a request for which there is no room is refused, and its connection keeps what it proved`()
    async throws
  {
    let tasks = ListeningExecutor()
    let answers = try await withServer(responder: Prover(), tasks: tasks) { address in
      let requests = (0..<4).map { _ in request("/proves", "AKIAONE") }
      tasks.refuses(at: 2)
      return try await exchange(requests, port: address.port)
    }
    #expect(answers.map { $0.contains("503 Service Unavailable") } == [false, false, true, false])
    #expect(answers[2].contains("Retry-After: 1\r\n"))
    #expect(tasks.flows.map(\.isStranger) == [true, false, false, false])
  }
}

extension RequestFlow {
  fileprivate var isStranger: Bool {
    switch self {
    case .account, .reader: false
    case .stranger: true
    }
  }

  fileprivate var isReader: Bool {
    if case .reader = self { true } else { false }
  }
}

/// Takes whoever asks for `/proves` for the account `111111111111`.
private struct Prover: RequestResponder {
  func publishedDocument(host: String?, path: Substring) -> PublishedDocument? { nil }

  func immediateAnswer(method: String, path: Substring) -> APIResponse? {
    path == "/live" ? APIResponse(status: 200, headers: [], body: []) : nil
  }

  func respond(to request: APIRequest) async -> APIResponse {
    var response = APIResponse(status: 200, headers: [], body: [])
    response.caller = request.path == "/proves" ? AccountID("111111111111") : nil
    return response
  }
}

/// Begins every request at once, and notes whose turn it was taken to be.
private final class ListeningExecutor: RequestExecutor {
  private struct State {
    var flows: [RequestFlow] = []
    var octets: [Int] = []
    var refusedIndex: Int?
    var held: [@Sendable () -> Void]?
  }

  private let queue = DispatchQueue(label: "exeat.test.requests")
  private let state = Mutex(State())

  var flows: [RequestFlow] { state.withLock { $0.flows } }

  /// The lengths of their bodies.
  var octets: [Int] { state.withLock { $0.octets } }

  /// Begins none before `release`.
  func holds() { state.withLock { $0.held = [] } }

  /// Begins what was held.
  func release() {
    let held = state.withLock { state in
      defer { state.held = nil }
      return state.held ?? []
    }
    for start in held { start() }
  }

  /// Has no room for the request that comes after `index` others.
  func refuses(at index: Int) { state.withLock { $0.refusedIndex = index } }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  func together(_ body: () -> Void) { body() }

  func begin(_ flow: RequestFlow, octets: Int, _ start: @escaping @Sendable () -> Void) -> Bool {
    let (hasRoom, isHeld) = state.withLock { state in
      state.octets.append(octets)
      state.flows.append(flow)
      state.held?.append(start)
      return (state.refusedIndex != state.flows.count - 1, state.held != nil)
    }
    if hasRoom, !isHeld { start() }
    return hasRoom
  }
}
