// SPDX-License-Identifier: Apache-2.0
//
// Which buckets trails may write to, and how often they do: the settings, and the buckets that follow from them. Fits
// the S3 client to the seam of the house; neither knows the other.

import Federation
import FederationClient
import IdentityModel
import TrailStorage

/// What the server gives to trails.
struct TrailDeliverySettings: Sendable {
  /// The buckets.
  let buckets: TrailBuckets
  /// How often files are written.
  let schedule: TrailSchedule
  private let http: FederationHTTPClient

  /// Reads `--trail-bucket`, `--trail-bucket-ca`, `--trail-delivery-interval` and `--trail-digest-interval`.
  ///
  /// - Parameters:
  ///   - settings: the settings.
  ///   - region: the region of buckets that name none.
  /// - Throws: `CommandFailure` for one that cannot be used.
  init(_ settings: Settings, region: Region) throws(CommandFailure) {
    var schedule = TrailSchedule()
    let seconds = "a number of seconds from 1 to 86400"
    schedule.deliverySeconds =
      try settings.parsed("trail-delivery-interval", expected: seconds, interval) ?? schedule.deliverySeconds
    schedule.digestSeconds =
      try settings.parsed("trail-digest-interval", expected: seconds, interval) ?? schedule.digestSeconds
    self.schedule = schedule
    let http = FederationHTTPClient(trustRoots: try Self.trustRoots(settings["trail-bucket-ca"]?.text))
    self.http = http
    let credential = RenewedCredential(environment: .live(), region: region, http: http)
    let texts = settings["trail-bucket"]
    var given: [TrailBuckets.Given] = []
    for text in texts?.text.split(separator: ",") ?? [] {
      let bucket = try TrailBucketSetting(String(text), origin: texts?.origin ?? "", region: region)
      given.append(bucket.given(http: http, credential: credential))
    }
    buckets = TrailBuckets(given)
  }

  /// Closes the connections to buckets; no delivery may follow.
  func shutDown() async {
    await http.shutdown()
  }

  private static func trustRoots(_ path: String?) throws(CommandFailure) -> TrustRoots {
    guard let path else { return .system }
    do {
      return try .systemAnd(file: path, in: .live())
    } catch {
      switch error {
      case .unreadable(let path, _): throw .usage("--trail-bucket-ca: cannot read \(path)")
      case .notCertificates(let path):
        throw .usage("--trail-bucket-ca: \(path) holds no certificates in PEM form")
      }
    }
  }
}

private func interval(_ text: String) -> Int64? {
  Int64(text).flatMap { (1...86_400).contains($0) ? $0 : nil }
}

/// One bucket: `NAME[@ACCOUNT[+ACCOUNT…]]=DIRECTORY`, or `=URL[?region=REGION]`.
private struct TrailBucketSetting {
  private enum Target {
    case directory(String)
    case s3(HTTPURL, Region)
  }

  private let name: String
  private let accounts: Set<AccountID>?
  private let target: Target

  init(_ text: String, origin: String, region: Region) throws(CommandFailure) {
    let example =
      "for example audit=/srv/trails, or audit@111122223333=https://s3.eu-west-1.amazonaws.com?region=eu-west-1"
    guard let equals = text.firstIndex(of: "=") else {
      throw .usage("\(origin): `\(text)` is not NAME=DIRECTORY or NAME=URL", hint: example)
    }
    let words = text[..<equals].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(words[0])
    guard isBucketName(name) else {
      throw .usage(
        "\(origin): `\(name)` is not the name of a bucket",
        hint: "3 to 63 of a-z, 0-9, dot and hyphen"
      )
    }
    if words.count == 2 {
      let parts = words[1].split(separator: "+", omittingEmptySubsequences: false)
      let accounts = parts.compactMap { AccountID($0) }
      guard accounts.count == parts.count else {
        throw .usage(
          "\(origin): `\(words[1])` is not a list of account ids",
          hint: "12 digits each, + between them"
        )
      }
      self.accounts = Set(accounts)
    } else {
      accounts = nil
    }
    let place = String(text[text.index(after: equals)...])
    if place.hasPrefix("/") {
      target = .directory(place)
      return
    }
    guard let url = try? HTTPURL(place) else {
      throw .usage("\(origin): `\(place)` is neither an absolute path nor a URL", hint: example)
    }
    // SECURITY: credentials do not cross a network without TLS.
    guard url.scheme == .https || IPAddress(url.host)?.reach == .loopback || url.host == "localhost" else {
      throw .usage("\(origin): `\(place)` is plain http, which only loopback hosts may have")
    }
    target = .s3(url, try Self.region(of: url, origin) ?? region)
  }

  private static func region(of url: HTTPURL, _ origin: String) throws(CommandFailure) -> Region? {
    guard let query = url.query else { return nil }
    guard query.hasPrefix("region="), let region = Region(query.dropFirst("region=".count)) else {
      throw .usage("\(origin): `?\(query)` is not ?region=REGION")
    }
    return region
  }

  func given(http: FederationHTTPClient, credential: RenewedCredential) -> TrailBuckets.Given {
    let bucket: any TrailBucket =
      switch target {
      case .directory(let path): DirectoryBucket(path: path)
      case .s3(let url, let region):
        S3TrailBucket(
          client: S3Client(
            endpoint: url,
            bucket: name,
            region: region,
            http: http,
            credential: { (now) async throws(CredentialChainError) in
              try await credential.credential(now: now)
            },
            clock: Assembly.systemClock.now
          )
        )
      }
    return TrailBuckets.Given(name: name, accounts: accounts, bucket: bucket)
  }
}

/// A bucket that is reached over HTTP.
private struct S3TrailBucket: TrailBucket {
  let client: S3Client

  func put(_ object: TrailObject) async throws(TrailBucketError) {
    // As CloudTrail stores its files.
    let content = [HTTPField("Content-Type", "application/json"), HTTPField("Content-Encoding", "gzip")]
    let metadata = object.metadata.map { HTTPField("x-amz-meta-\($0.name)", $0.value) }
    do {
      try await client.putObject(object.key, body: object.body, headers: content + metadata)
    } catch {
      switch error {
      case .refused(_, let code, _): throw .refused(code: code ?? "Refused", cause: String(describing: error))
      case .unusableKey: throw .refused(code: "InvalidURI", cause: String(describing: error))
      case .credential, .unusableCredential:
        throw .refused(code: "CredentialUnavailable", cause: String(describing: error))
      case .http: throw .unreachable(cause: String(describing: error))
      }
    }
  }
}
