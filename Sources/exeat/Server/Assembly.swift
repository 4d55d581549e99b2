// SPDX-License-Identifier: Apache-2.0
//
// The only file that sees every adapter: it builds the house from its parts and runs it until it is told to stop.

import Agent
import AuditTrail
import Federation
import FoundationEssentials
import HTTPServer
import IdentityModel
import LocalKeys
import Logging
import PKCS11
import ServiceLifecycle
import SigV4
import StoreSQLite
import TrailStorage
import UnixSignals

#if canImport(Glibc)
  import Glibc
#endif

/// What a server is made of.
struct ServerPlan: Sendable {
  let listen: ListenAddress
  let publicURL: PublicURL
  let issuerStyle: IssuerStyle
  let homeRegion: Region
  /// Host names beside the public URL's own under which clients may call.
  let acceptedHosts: [String]
  /// The networks of proxies that are trusted to name the client's address.
  var trustedProxies: [IPRange] = []
  let tls: TLSSource
  /// What everything is sealed under; `nil` for a sealed server.
  let keyEncryptionKeys: KeyEncryptionKeyRing?
  /// What follows the keys' file; `nil` when there is none.
  var keyWatch: KeyEncryptionKeyWatch?
  /// Where signing keys are made and stay; `nil` for the store.
  var signingToken: PKCS11Token?
  let identityProviders: IdentityProviderSettings
  /// The Merkle log over the audit log.
  let log: LogPlan
  /// Where records go besides the store.
  var auditExport = AuditExportSettings.none
  /// How long signing keys live.
  var keySchedule = KeySchedule.standard
  /// What trails may write to; `nil` for nothing.
  var trails: TrailDeliverySettings?
  /// What accounts without a quota of their own may call; `nil` for any number of calls.
  var requestQuota: RequestQuota?
  /// What is served.
  var actions = ActionTable.all
  /// What tests may withhold; `nil` in production.
  var withheldKeySets: WithheldKeySets?
  /// Called after each record that became durable; `nil` in production.
  let onRecord: (@Sendable (AuditRecord) -> Void)?
  /// Work to be done on the store before the first request.
  let prepare: @Sendable (House, Instant) async throws -> Void
  /// Called once, when requests are accepted.
  let onReady: @Sendable (BoundAddress) throws -> Void
}

/// Builds and runs a server.
enum Assembly {
  static let systemClock = WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Runs `plan` on `store` until SIGTERM or SIGINT; requests in flight are finished first.
  static func run(_ plan: ServerPlan, store: SQLiteStore, logger: Logger) async throws {
    let keys = LocalKeys(ring: plan.keyEncryptionKeys, token: plan.signingToken)
    let cores = ProcessLimits.cores
    // A thousand requests are some tenths of a second; who has more than those waiting is told to come back.
    let threads = SigningThreads(
      count: cores,
      limit: 4096,
      limitPerAccount: 1024,
      start: ThreadSchedule.givingWay
    )
    let signer = SigningQueue(keys, threads: threads)
    let diagnostics = Diagnostics { incident in
      logger.log(
        level: incident.severity == .error ? .error : .notice,
        "could not \(incident.what)",
        metadata: ["cause": .string(incident.cause)]
      )
    }
    let log = TransparencyLog(
      store: store,
      keeper: plan.log.keeper,
      signer: plan.log.signer,
      diagnostics: diagnostics
    )
    let writes = EchoingStore(store: GuardedLog(store, log), onRecord: plan.onRecord)
    let directory = Directory(reader: store, writer: writes, sealer: keys)
    let issuers = Issuers(publicURL: plan.publicURL, style: plan.issuerStyle)
    let house = House(
      directory: directory,
      issuers: issuers,
      signer: signer,
      sealer: keys,
      entropy: .system,
      diagnostics: diagnostics,
      identityProviders: plan.identityProviders.providers,
      trails: TrailServices(buckets: plan.trails?.buckets ?? .none, progress: store, history: store),
      promiser: LogPromiser(log, signer: plan.log.signer),
      keySchedule: plan.keySchedule,
      status: TokenStatusServices(progress: store, zlib: .library),
      withheldKeySets: plan.withheldKeySets
    )
    let metrics = Metrics(actions: plan.actions)
    let recorder = Recorder(sink: writes, directory: directory)
    let pipeline = Pipeline(
      authenticator: Authenticator(
        directory: directory,
        profile: .query(homeRegion: plan.homeRegion),
        acceptedHosts: AcceptedHosts(plan.acceptedHosts + [plan.publicURL.host]),
        diagnostics: diagnostics
      ),
      recorder: recorder,
      house: house,
      actions: plan.actions,
      clock: systemClock,
      homeRegion: plan.homeRegion,
      diagnostics: diagnostics,
      metrics: metrics,
      throttle: RequestThrottle(standard: plan.requestQuota)
    )
    let site = Site(
      pipeline: pipeline,
      issuers: issuers,
      metrics: metrics,
      log: log,
      statusLists: house.statusLists,
      clock: systemClock
    ) {
      guard log.fault == nil, (try? await directory.opensStoredSecrets()) == true else { return false }
      return await recorder.isHealthy(
        probe: AuditRecord(
          operatorEvent: "CheckReadiness",
          account: nil,
          now: systemClock.now(),
          entropy: .system
        )
      )
    }
    var configuration = HTTPServerConfiguration(
      host: plan.listen.host,
      port: plan.listen.port,
      eventLoopThreads: min(8, cores)
    )
    configuration.trustedProxies = plan.trustedProxies
    let server = HTTPServer(
      configuration: configuration,
      tls: plan.tls,
      responder: site,
      tasks: threads,
      logger: logger
    )

    let followers = LogFollowers(
      directory: directory,
      progress: store,
      sinks: plan.auditExport.sinks.map(\.name)
    )
    let signed = SignedLog(store, log)
    let exports = AuditExports(
      plan.auditExport.sinks.map { sink in
        AuditExport(sink: sink, log: signed, store: store) { report($0, logger) }
      },
      log: signed,
      gauges: metrics.gauges
    )
    let digestKeys = Turnstile()
    let delivery = TrailDelivery(
      trails: { () async throws(StoreError) in
        try await directory.everyRecord(TrailRecord.self, prefix: "").map { TrailTerms($0.record) }
      },
      log: signed,
      progress: store,
      buckets: plan.trails?.buckets ?? .none,
      signer: signer,
      digestKeys: digestKeys,
      gzip: .zlib,
      clock: systemClock,
      entropy: .system,
      diagnostics: diagnostics,
      schedule: plan.trails?.schedule ?? TrailSchedule()
    )

    let watched = KeyEncryptionKeyWatch.Parts(
      keys: keys,
      store: store,
      resealing: Resealing(
        directory: directory,
        progress: store,
        digestKeys: digestKeys,
        entropy: .system,
        clock: systemClock
      ),
      clock: systemClock,
      logger: logger,
      dropped: { directory.forgetEverything() },
      // What could not be vouched for, or not be signed, is made when it is asked for again.
      unsealed: { house.publication.readAllAgain() }
    )

    let (whileStarting, started) = AsyncStream.makeStream(of: Void.self)
    // Stopped in reverse order: no more requests, then no more keys, then the store, when all it holds is durable.
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: Work { try await store.run { resume in threads.together(resume) } }),
          // Signed to the end: what a stopped server recorded is under its last checkpoint.
          .init(service: Work({ await log.run() }, atEnd: { await log.settle() })),
          .init(
            service: Work {
              await plan.log.retention(store, log, followers, systemClock, diagnostics)?.run()
            },
            successTerminationBehavior: .ignore
          ),
          .init(service: Work { await keys.rsaKeyPool.run() }),
          .init(service: Work { await store.keepEventHistory() }),
          .init(
            service: Work {
              await exports.run()
              await plan.auditExport.shutDown()
            }
          ),
          .init(
            service: Work {
              await delivery.run { try await Task.sleep(for: .seconds(1)) }
              await plan.trails?.shutDown()
            }
          ),
          .init(
            service: Work {
              await house.publication.run(clock: systemClock) { try await Task.sleep(for: .seconds(1)) }
            }
          ),
          .init(
            service: Work {
              await KeySweep(house, clock: systemClock).run {
                try await Task.sleep(for: .milliseconds($0))
              }
            }
          ),
          .init(service: Work { await plan.keyWatch?.run(watched) }, successTerminationBehavior: .ignore),
          // Most of the code that a start runs is not run again: two thirds of what is resident then.
          .init(
            service: Work {
              for await _ in whileStarting {}
              if (try? await Task.sleep(for: .seconds(1))) != nil { ProcessMemory.giveBack() }
              // A service that ends while another is being stopped is taken for one that failed.
              try? await gracefulShutdown()
            }
          ),
          .init(
            service: Work {
              // The log's name is for ever, and a start that fails must not choose it.
              try server.checkCertificate()
              try await plan.log.open(log, logger)
              try await plan.prepare(house, systemClock.now())
              try await house.publication.checkFirstIssuer()
              if keys.isUnsealed, try await directory.opensStoredSecrets() == false {
                logger.error("the key-encryption key does not open this store: API calls are refused")
              }
              try await server.run { address in
                started.finish()
                do {
                  try plan.onReady(address)
                } catch {
                  logger.error("cannot report readiness", metadata: ["cause": "\(error)"])
                }
              }
            }
          ),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: quiet(logger)
      )
    )
    try await group.run()
  }

  private static func report(_ notice: ExportNotice, _ logger: Logger) {
    switch notice {
    case .stalled(let sink, let cause):
      logger.warning(
        "records cannot be exported; they are kept and sent later",
        metadata: ["sink": "\(sink)", "cause": "\(cause)"]
      )
    case .resumed(let sink, let failures):
      logger.notice(
        "records are exported again",
        metadata: ["sink": "\(sink)", "failures": "\(failures)"]
      )
    case .rolledBack(let sink, let kept, let last):
      logger.error(
        "the store is older than what was exported; the export goes on behind its newest record",
        metadata: ["sink": "\(sink)", "exported": "\(kept)", "newest": "\(last)"]
      )
    }
  }

  // The lifecycle library reports every step at debug level, and failures are reported by the command itself.
  private static func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    logger.logLevel = .critical
    return logger
  }
}

/// A piece of long work, ended by cancellation when the group shuts down gracefully; `atEnd` follows undisturbed.
private struct Work: Service {
  let body: @Sendable () async throws -> Void
  let atEnd: @Sendable () async -> Void

  init(_ body: @escaping @Sendable () async throws -> Void, atEnd: @escaping @Sendable () async -> Void = {})
  {
    self.body = body
    self.atEnd = atEnd
  }

  func run() async throws {
    try await cancelWhenGracefulShutdown { try await body() }
    await atEnd()
  }
}

extension VerificationProfile {
  /// How requests of AWS Query services must be signed.
  static func query(homeRegion: Region) -> VerificationProfile {
    VerificationProfile(
      services: ServiceName.allCases.map(\.rawValue),
      homeRegion: homeRegion,
      regionIsAcceptable: { _ in true },
      allowsUnsignedContentType: true
    )
  }
}
