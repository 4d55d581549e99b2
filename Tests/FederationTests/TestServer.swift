// SPDX-License-Identifier: Apache-2.0
//
// The whole house without a socket: the real pipeline, the real store in memory, real keys. Only time is fixed, and
// faults (TestFaults) are put in where a test asks for them.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import SigV4
import StoreSQLite
import Synchronization
import Testing
import TrailStorage

/// Credentials of a test.
struct Keys: Sendable {
  let id: String
  let secret: String
  var sessionToken: String?

  static let root = Keys(id: "AKIAROOTROOTROOTROOT", secret: "root-secret")
}

/// Takes everything and keeps nothing.
private struct ForgetfulBucket: TrailBucket {
  func put(_ object: TrailObject) {}
}

/// Lets a few servers live at a time: each store has a thread of its own, and the system gives out a few hundred.
private actor Places {
  static let shared = Places()

  private var free = 32
  private var waiting: [CheckedContinuation<Void, Never>] = []

  nonisolated func withPlace(_ body: () async throws -> Void) async throws {
    await take()
    let ended: Result<Void, any Error>
    do {
      ended = .success(try await body())
    } catch {
      ended = .failure(error)
    }
    await giveBack()
    try ended.get()
  }

  private func take() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  private func giveBack() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

/// A server as a function.
struct TestServer: Sendable {
  static let account = AccountID("123456789012")

  let site: Site
  let store: SQLiteStore
  let sink: FaultySink
  let reader: InterferingReader
  let house: House
  let clock: TestClock
  let providers: TestProviders
  /// What the operator would read in the log.
  let incidents: TestIncidents
  /// Not opened: a test that needs it does.
  let log: TransparencyLog
  let logKey: LogSigningKey

  /// Runs `body` against a new server with the account `123456789012`, its root key, and federation enabled or not.
  static func run(
    enablesFederation: Bool = true,
    keyEncryptionKey: KeyEncryptionKey? = .ephemeral(),
    keySchedule: KeySchedule = .standard,
    issuersInMemory: Int = 4096,
    standardQuota: RequestQuota? = nil,
    _ body: (TestServer) async throws -> Void
  ) async throws {
    try await Places.shared.withPlace {
      let store = try SQLiteStore.inMemory()
      let server = try TestServer(
        store: store,
        keyEncryptionKey: keyEncryptionKey,
        keySchedule: keySchedule,
        issuersInMemory: issuersInMemory,
        standardQuota: standardQuota
      )
      try await store.running {
        if keyEncryptionKey != nil {
          try await server.addAccount(try #require(account), .root, enablesFederation: enablesFederation)
        }
        try await body(server)
      }
    }
  }

  /// The parts on `store`.
  init(
    store: SQLiteStore,
    keyEncryptionKey: KeyEncryptionKey?,
    keySchedule: KeySchedule = .standard,
    issuersInMemory: Int = 4096,
    standardQuota: RequestQuota? = nil,
    history: (any EventHistory)? = nil
  ) throws {
    try self.init(
      store: store,
      ring: keyEncryptionKey.map(KeyEncryptionKeyRing.init),
      keySchedule: keySchedule,
      issuersInMemory: issuersInMemory,
      standardQuota: standardQuota,
      history: history
    )
  }

  /// The parts on `store`, with the key-encryption keys of `ring`.
  init(
    store: SQLiteStore,
    ring: KeyEncryptionKeyRing?,
    keySchedule: KeySchedule = .standard,
    issuersInMemory: Int = 4096,
    standardQuota: RequestQuota? = nil,
    history: (any EventHistory)? = nil
  ) throws {
    let keys = LocalKeys(ring: ring)
    let sink = FaultySink(store)
    let reader = InterferingReader(store)
    let clock = TestClock()
    let region = try #require(Region("us-east-1"))
    let directory = Directory(reader: reader, writer: sink, sealer: keys)
    let incidents = TestIncidents()
    let diagnostics = Diagnostics { incidents.add($0) }
    let providers = TestProviders()
    let logKey = LogSigningKey.ephemeral()
    let log = TransparencyLog(
      store: store,
      keeper: CheckpointMemory(),
      signer: logKey,
      diagnostics: diagnostics
    )
    let house = House(
      directory: directory,
      issuers: Issuers(
        publicURL: try PublicURL("https://sts.example.test"),
        style: .path,
        capacity: issuersInMemory
      ),
      signer: keys,
      sealer: keys,
      entropy: .system,
      diagnostics: diagnostics,
      identityProviders: providers,
      trails: TrailServices(
        buckets: TrailBuckets([.init(name: "account-logs", accounts: nil, bucket: ForgetfulBucket())]),
        progress: store,
        history: history ?? store
      ),
      promiser: LogPromiser(log, signer: logKey),
      keySchedule: keySchedule,
      status: TokenStatusServices(progress: store, zlib: .library)
    )
    self.incidents = incidents
    self.log = log
    self.logKey = logKey
    let metrics = Metrics(actions: .all)
    let pipeline = Pipeline(
      authenticator: Authenticator(
        directory: directory,
        profile: VerificationProfile(
          services: ServiceName.allCases.map(\.rawValue),
          homeRegion: region,
          regionIsAcceptable: { _ in true },
          allowsUnsignedContentType: true
        ),
        acceptedHosts: AcceptedHosts(["sts.example.test"]),
        diagnostics: diagnostics
      ),
      recorder: Recorder(sink: sink, directory: directory),
      house: house,
      actions: .all,
      clock: WallClock { clock.now },
      homeRegion: region,
      diagnostics: diagnostics,
      metrics: metrics,
      throttle: RequestThrottle(standard: standardQuota)
    )
    self.site = Site(
      pipeline: pipeline,
      issuers: house.issuers,
      metrics: metrics,
      statusLists: house.statusLists,
      clock: WallClock { clock.now }
    ) { true }
    self.store = store
    self.sink = sink
    self.reader = reader
    self.house = house
    self.clock = clock
    self.providers = providers
  }

  /// Adds an account with a root key.
  func addAccount(_ account: AccountID, _ keys: Keys, enablesFederation: Bool) async throws {
    try await Bootstrap.createAccount(
      account,
      accessKeyID: keys.id,
      secretAccessKey: Secret(keys.secret),
      enablesFederation: enablesFederation,
      house: house,
      now: clock.now
    )
  }

  /// Sends a form to `service` (by `Action`: STS or IAM), signed by `keys`.
  func call(
    _ action: String,
    _ parameters: KeyValuePairs<String, String> = [:],
    as keys: Keys = .root,
    headers: [HTTPField] = []
  ) async -> Answer {
    await call(action, form: parameters.map { ($0.key, $0.value) }, as: keys, headers: headers)
  }

  /// Sends the pairs of `form` to `service` (by `Action`: STS or IAM), signed by `keys`.
  func call(
    _ action: String,
    form: [(String, String)],
    as keys: Keys = .root,
    headers: [HTTPField] = []
  ) async -> Answer {
    let service: ServiceName = stsActions.contains(action) ? .sts : .iam
    let pairs = [("Action", action), ("Version", service.apiVersion)] + form
    return await send(
      Array(pairs.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&").utf8),
      to: service,
      as: keys,
      headers: headers
    )
  }

  /// Sends `body`, a JSON object, to `service`, signed by `keys`.
  func call(_ service: ServiceName, _ action: String, json body: String, as keys: Keys = .root) async
    -> Answer
  {
    guard case .json(let prefix) = service.wireProtocol else {
      return Answer(status: 0, text: "not of AWS JSON")
    }
    return await send(
      Array(body.utf8),
      to: service,
      as: keys,
      form: [
        HTTPField("Content-Type", "application/x-amz-json-1.1"),
        HTTPField("X-Amz-Target", "\(prefix).\(action)"),
      ]
    )
  }

  /// Sends `body` to `service`, signed by `keys`: a form, unless the signed headers `form` say otherwise.
  func send(
    _ body: [UInt8],
    to service: ServiceName,
    as keys: Keys = .root,
    headers extra: [HTTPField] = [],
    form: [HTTPField] = [HTTPField("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
    signedAt date: Instant? = nil
  ) async -> Answer {
    var headers = [HTTPField("Host", "sts.example.test")] + form
    if let region = Region("us-east-1") {
      headers += RequestSigner.sign(
        SignableRequest(method: "POST", target: "/", headers: headers, body: body),
        credential: SigningCredential(
          accessKeyID: keys.id,
          secretAccessKey: Secret(keys.secret),
          sessionToken: keys.sessionToken
        ),
        region: region,
        service: service.rawValue,
        now: date ?? clock.now
      )
    }
    let response = await site.respond(
      to: APIRequest(
        method: "POST",
        target: "/",
        headers: headers + extra,
        body: body,
        sourceIPAddress: "192.0.2.7",
        tls: nil
      )
    )
    return Answer(
      status: response.status,
      text: String(decoding: response.body, as: UTF8.self),
      headers: Dictionary(
        response.headers.map { ($0.name, $0.value) },
        uniquingKeysWith: { first, _ in first }
      ),
      caller: response.caller
    )
  }

  /// Makes a user with an access key and, when given, a policy.
  func user(_ name: String, policy: String? = nil) async throws -> Keys {
    #expect(await call("CreateUser", ["UserName": name]).status == 200)
    if let policy { try await put(policy, on: name) }
    let answer = await call("CreateAccessKey", ["UserName": name])
    return Keys(
      id: try #require(answer["AccessKeyId"]),
      secret: try #require(answer["SecretAccessKey"])
    )
  }

  /// Puts `policy` on the user `name`.
  func put(_ policy: String, on name: String) async throws {
    let answer = await call(
      "PutUserPolicy",
      ["UserName": name, "PolicyName": "p", "PolicyDocument": policy]
    )
    #expect(answer.status == 200, "\(answer.text)")
  }

  /// What is at `target`, asked for as a verifier does.
  func get(_ target: String, method: String = "GET", headers: [HTTPField] = []) async -> APIResponse {
    await site.respond(
      to: APIRequest(
        method: method,
        target: target,
        headers: headers,
        body: [],
        sourceIPAddress: "192.0.2.7",
        tls: nil
      )
    )
  }

  /// The document at `path`; what is not in memory is brought there, as a request would.
  func document(_ path: some StringProtocol) async -> PublishedDocument? {
    let path = Substring(path)
    if let document = site.publishedDocument(host: nil, path: path) { return document }
    _ = await get(String(path))
    return site.publishedDocument(host: nil, path: path)
  }

  /// Asks for a token with `ES384`.
  func token(as keys: Keys = .root, audience: String = "a") async -> Answer {
    await call("GetWebIdentityToken", ["Audience.member.1": audience, "SigningAlgorithm": "ES384"], as: keys)
  }

  /// The audit log as text, a record each.
  func records() async throws -> [String] {
    try await store.entries(after: 0, limit: 10_000).map { String(decoding: $0.json, as: UTF8.self) }
  }
}

private let stsActions = Set(ActionTable.all.names[.sts] ?? [])
