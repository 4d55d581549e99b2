// SPDX-License-Identifier: Apache-2.0
//
// A bucket from which a CDN serves an issuer: each document an object with the type and the caching that the server gives
// it. Refuses to make a bucket public: who reads it is its owner's decision. Source: Amazon S3 API, PutObject.

import Federation
import FederationClient
import IdentityModel

/// A bucket, or a prefix in one.
struct IssuerBucket {
  private let name: String
  private let prefix: String
  private let endpoint: HTTPURL
  private let region: Region

  /// Reads `s3://NAME` or `s3://NAME/PREFIX`.
  ///
  /// The endpoint is `--endpoint-url`, then AWS_ENDPOINT_URL_S3, then Amazon's in the region; AWS_ENDPOINT_URL is not
  /// asked, since where Exeat is used it names Exeat.
  init(_ text: String, endpointURL: String?, region: String?) throws(CommandFailure) {
    let environment = ClientEnvironment.live()
    guard text.utf8.starts(with: "s3://".utf8) else {
      throw .usage("--bucket: `\(text)` is not s3://NAME or s3://NAME/PREFIX")
    }
    let parts = text.dropFirst("s3://".count)
      .split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts[0])
    guard isBucketName(name) else {
      throw .usage(
        "--bucket: `\(name)` is not the name of a bucket",
        hint: "3 to 63 of a-z, 0-9, dot and hyphen"
      )
    }
    var prefix = parts.count == 2 ? String(parts[1]) : ""
    while prefix.utf8.last == UInt8(ascii: "/") { prefix.removeLast() }
    self.prefix = prefix.isEmpty ? "" : prefix + "/"
    let named = region ?? environment.variable("AWS_REGION") ?? environment.variable("AWS_DEFAULT_REGION")
    guard let region = Region(named ?? "us-east-1") else {
      throw .usage("--region: `\(named ?? "")` is not a region name")
    }
    self.region = region
    let address =
      endpointURL ?? environment.variable("AWS_ENDPOINT_URL_S3") ?? "https://s3.\(region).amazonaws.com"
    guard let endpoint = try? HTTPURL(address), endpoint.query == nil else {
      throw .usage("--endpoint-url: `\(address)` is not an acceptable URL")
    }
    // SECURITY: credentials do not cross a network without TLS.
    guard
      endpoint.scheme == .https || IPAddress(endpoint.host)?.reach == .loopback
        || endpoint.host == "localhost"
    else { throw .usage("--endpoint-url: `\(address)` is plain http, which only loopback hosts may have") }
    self.endpoint = endpoint
  }

  /// Puts `files` into the bucket, over what is there; returns their keys.
  func put(_ files: [IssuerFile], _ http: FederationHTTPClient) async throws(CommandFailure) -> [String] {
    let credential = RenewedCredential(environment: .live(), region: region, http: http)
    let client = S3Client(
      endpoint: endpoint,
      bucket: name,
      region: region,
      http: http,
      credential: { (now) async throws(CredentialChainError) in try await credential.credential(now: now) },
      clock: Assembly.systemClock.now
    )
    var keys: [String] = []
    for file in files {
      let key = prefix + file.path
      let headers = [
        HTTPField("Content-Type", file.contentType), HTTPField("Cache-Control", file.cacheControl),
      ]
      do throws(S3ClientError) {
        try await client.putObject(key, body: file.body, headers: headers)
      } catch {
        throw failure(error, key)
      }
      keys.append("s3://\(name)/\(key)")
    }
    return keys
  }

  private func failure(_ error: S3ClientError, _ key: String) -> CommandFailure {
    let object = "s3://\(name)/\(key)"
    return switch error {
    case .credential(let error): CommandFailure(clientError: error)
    case .unusableCredential: .failed("the credentials hold characters that cannot be sent")
    case .unusableKey: .usage("--bucket: `\(object)` cannot be the name of an object")
    case .http(let error): .failed("\(object): \(CommandFailure.text(error))", hint: "check --endpoint-url")
    case .refused(let status, let code, let message):
      .failed(
        "\(object): refused with status \(status)" + (code.map { ", \($0)" } ?? "")
          + (message.map { ": \($0)" } ?? ""),
        hint: "objects before it were put; run it again"
      )
    }
  }
}

/// Amazon S3, "Bucket naming rules": 3–63 of `[a-z0-9.-]`, a letter or digit at both ends.
func isBucketName(_ name: String) -> Bool {
  func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
  guard let first = name.utf8.first, let last = name.utf8.last, (3...63).contains(name.utf8.count) else {
    return false
  }
  return isAlphanumeric(first) && isAlphanumeric(last)
    && name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
}
