// SPDX-License-Identifier: Apache-2.0
//
// `exeat account quota`: how many calls an account may make, by the operator's hand and in the store.

import ArgumentParser
import Federation
import IdentityModel
import StrictJSON

/// `exeat account quota`.
struct AccountQuotaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quota",
    abstract: "Limit how many calls an account may make.",
    discussion: """
      Calls beyond it are answered with Throttling, which the SDKs try again. Without --requests-per-second and \
      --unlimited it takes the account's own quota away: then it has that of `exeat serve`. The server must be stopped.
      """
  )

  @Option(help: "The account id, 12 digits.") var account: String
  @Option(help: "The data directory.") var dataDir: String
  @Option(help: "Calls a second; 0 allows the account no calls at all.") var requestsPerSecond: Int?
  @Option(help: "Calls at once after a rest. Default: as many as in ten seconds.") var burst: Int?
  @Flag(help: "No limit for this account, whatever the server's own is.") var unlimited = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    guard let id = AccountID(account) else {
      throw CommandFailure.usage("--account: `\(account)` is not 12 digits")
    }
    let quota = try quota()
    try await AccountStore(DataDirectory(dataDir)).changing(
      sealedBy: nil,
      needsKey: false,
      whileRunning: "stop the server first, and start it again after `exeat account quota`"
    ) { house in
      do {
        try await OperatorAccounts.setQuota(quota, of: id, house: house, now: Assembly.systemClock.now())
      } catch let error as OperatorAccountError {
        throw CommandFailure(error)
      }
    }
    guard !json else {
      var writer = JSONWriter(isOneLine: true)
      writer.object { writer in
        writer.member("accountId", id.description)
        if let quota { quota.write(to: &writer) }
      }
      return Console.out(String(decoding: writer.bytes, as: UTF8.self))
    }
    Console.out("account \(id): \(quota?.words ?? "the quota of the server")")
  }

  private func quota() throws(CommandFailure) -> RequestQuota? {
    if unlimited {
      guard requestsPerSecond == nil, burst == nil else {
        throw .usage("--unlimited does not go with --requests-per-second and --burst")
      }
      return .unlimited
    }
    guard let requestsPerSecond else {
      guard burst == nil else { throw .usage("--burst goes with --requests-per-second") }
      return nil
    }
    let burst = burst ?? RequestQuota.ordinaryBurst(requestsPerSecond: requestsPerSecond)
    guard let quota = RequestQuota(requestsPerSecond: requestsPerSecond, burst: burst) else {
      throw .usage(
        "--requests-per-second is from 0 and --burst from 1, both up to \(RequestQuota.maximum)"
      )
    }
    return quota
  }
}

extension RequestQuota {
  /// Writes the quota as members of an object.
  func write(to writer: inout JSONWriter) {
    guard let requestsPerSecond else {
      writer.name("unlimited")
      return writer.bool(true)
    }
    writer.member("requestsPerSecond", Int64(requestsPerSecond))
    writer.member("burst", Int64(burst))
  }

  fileprivate var words: String {
    switch requestsPerSecond {
    case nil: "any number of calls"
    case 0: "no calls"
    case 1?: "1 call a second, \(burst) at once"
    case let rate?: "\(rate) calls a second, \(burst) at once"
    }
  }
}
