// SPDX-License-Identifier: Apache-2.0
//
// `exeat issuer check`: whether a JWK set that was uploaded somewhere is still the issuer's; for a timer that warns
// before verifiers fail.

import ArgumentParser
import Federation
import FederationClient
import IdentityModel
import StrictJSON
import TokenFormats

/// `exeat issuer check`.
struct IssuerCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Compare an uploaded JWK set with the issuer's; exit 1 when it is stale or soon will be.",
    discussion: """
      COPY is a file, a folder of `exeat issuer export`, or the URL of a JWK set or of an issuer's documents. It is stale when the issuer signs with a key that it
      lacks, or when it holds a key that the issuer withdrew or never had. An issuer's own set does not say from when a
      key signs, so against --issuer every missing key counts; against --data-dir those that sign within the time of
      --within.
      """
  )

  @Argument(help: ArgumentHelp("The copy.", valueName: "copy")) var copy: String
  @OptionGroup var location: IssuerLocation
  @Option(help: "How far to look ahead: `12h`, `7d`.") var within = "7d"
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let seconds = try seconds()
    let now = Assembly.systemClock.now()
    let (issuer, suspension, freshness) = try await location.withHTTP { http throws(CommandFailure) in
      let (keys, named) = try await keySet(http)
      let issuer = try await location.copy(hasCertificates: false, keySetAlone: true, http, now: now)
      if let named, !named.utf8.elementsEqual(issuer.issuer.utf8) {
        throw .failed("\(copy): \(PublishedIssuerError.otherIssuer(named).words), not `\(issuer.issuer)`")
      }
      return (issuer.issuer, issuer.suspension, KeySetFreshness(of: keys, against: issuer.keys))
    }
    let isStale = freshness.isStale(by: now.advanced(bySeconds: seconds))
    if json {
      Console.out(report(issuer, suspension, freshness, isStale))
    } else {
      for difference in freshness.differences { Console.out(text(difference, now)) }
      if let suspension { Console.out("SUSPENDED: \(suspension.words)") }
      Console.out(verdict(isStale, isSuspended: suspension != nil))
    }
    guard !isStale else { throw ExitCode(1) }
  }

  private func verdict(_ isStale: Bool, isSuspended: Bool) -> String {
    if isStale { return "stale, or stale within \(within)" }
    return isSuspended ? "the copy is the issuer's key set as it is now" : "good for \(within)"
  }

  private func keySet(_ http: FederationHTTPClient) async throws(CommandFailure) -> (JWKSet, issuer: String?)
  {
    let bytes: [UInt8]
    if copy.utf8.starts(with: "https://".utf8) || copy.utf8.starts(with: "http://".utf8) {
      do throws(PublishedIssuerError) {
        return try await PublishedIssuer.keySet(at: copy, http: http, policy: .meant)
      } catch {
        throw .failed(error.words)
      }
    } else {
      let file = LogDisk.isFolder(copy) ? "\(copy)/\(IssuerFile.jwks)" : copy
      guard let read = try LogDisk.read(file, limit: 1 << 20) else {
        throw .failed("there is no file \(file)")
      }
      bytes = read
    }
    do throws(JWKSetError) {
      return (try JWKSet(json: bytes), nil)
    } catch {
      throw .failed("\(copy) is no JWK set: \(PublishedIssuerError.keySet(error).words)")
    }
  }

  private func text(_ difference: KeySetFreshness.Difference, _ now: Instant) -> String {
    switch difference {
    case .missing(let key):
      let name = "missing: the \(key.publicKey.algorithm.rawValue) key \(key.publicKey.thumbprint)"
      guard let signsFrom = key.signsFrom else { return name + ", which may sign already" }
      return name + (signsFrom <= now ? ", which signs" : ", which signs from \(signsFrom.rfc3339)")
    case .withdrawn(let keyID):
      return "withdrawn: the issuer does not publish the key \(Console.printable(keyID)) any more"
    case .foreign(let index):
      return "foreign: key \(index) of the copy, counted from 0, is of a kind that no issuer of Exeat has"
    }
  }

  private func report(
    _ issuer: String,
    _ suspension: IssuerSuspension?,
    _ freshness: KeySetFreshness,
    _ isStale: Bool
  ) -> String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("issuer", issuer)
      writer.name("isStale")
      writer.bool(isStale)
      writer.suspension(suspension)
      writer.name("differences")
      writer.array { writer in
        for difference in freshness.differences {
          writer.object { writer in
            switch difference {
            case .missing(let key):
              writer.member("kind", "missing")
              writer.member("keyId", key.publicKey.thumbprint.description)
              if let signsFrom = key.signsFrom { writer.member("signsFrom", signsFrom.rfc3339) }
            case .withdrawn(let keyID):
              writer.member("kind", "withdrawn")
              writer.member("keyId", keyID)
            case .foreign(let index):
              writer.member("kind", "foreign")
              writer.member("index", Int64(index))
            }
          }
        }
      }
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// `30m`, `12h`, `7d`: up to a year.
  private func seconds() throws(CommandFailure) -> Int64 {
    guard let seconds = durationSeconds(within), seconds <= 366 * 86_400 else {
      throw .usage("--within: `\(within)` is not a time of 0s to 366d")
    }
    return Int64(seconds)
  }
}
