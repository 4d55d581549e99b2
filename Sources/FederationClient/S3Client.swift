// SPDX-License-Identifier: Apache-2.0
//
// Puts objects into a bucket of anything that speaks Amazon S3's API: path-style, signed with SigV4, whole. Refuses to
// try again (the caller knows when), and to follow a redirect to another region: the bucket's region is a setting.
// Source: Amazon S3 API, PutObject; Amazon S3, "Authenticating Requests: Using the Authorization Header".

import FoundationEssentials
package import IdentityModel
package import SigV4

/// Why an object was not put.
package enum S3ClientError: Error, Hashable, Sendable {
  /// There is no credential to sign with.
  case credential(CredentialChainError)
  /// The credential holds characters that a header cannot carry.
  case unusableCredential
  /// The key holds a `.` or `..` segment or U+0000, which do not survive on the way to a bucket.
  case unusableKey
  /// There is no whole answer: the object may have been stored or not.
  case http(FederationHTTPError)
  /// The bucket said no: the HTTP status, S3's code, and its message for the log.
  ///
  /// The code is 1–64 characters of `[A-Za-z0-9.]`, or `nil` when the answer holds none.
  case refused(status: Int, code: String?, message: String?)
}

/// A bucket reached over HTTP.
package struct S3Client: Sendable {
  /// Finds a credential, which has not expired.
  package typealias Credential =
    @Sendable (_ now: Instant) async throws(CredentialChainError) -> SigningCredential

  private let endpoint: HTTPURL
  private let bucket: String
  private let region: Region
  private let http: FederationHTTPClient
  private let credential: Credential
  private let clock: @Sendable () -> Instant

  /// Makes a client.
  ///
  /// - Parameters:
  ///   - endpoint: the server; what stands in its path comes before the bucket's name.
  ///   - bucket: the name of the bucket.
  ///   - region: the region of the credential scope.
  ///   - http: the way to the network.
  ///   - credential: what to sign with.
  ///   - clock: the wall clock.
  package init(
    endpoint: HTTPURL,
    bucket: String,
    region: Region,
    http: FederationHTTPClient,
    credential: @escaping Credential,
    clock: @escaping @Sendable () -> Instant
  ) {
    self.endpoint = endpoint
    self.bucket = bucket
    self.region = region
    self.http = http
    self.credential = credential
    self.clock = clock
  }

  /// Puts `body` at `key`, over what is there.
  ///
  /// - Parameters:
  ///   - key: the key, any text without `.` and `..` segments.
  ///   - body: the content.
  ///   - extra: `Content-Type` and the like; `x-amz-meta-…` for metadata.
  ///   - timeoutSeconds: how long it may take.
  /// - Throws: `S3ClientError` unless S3 says that it has the object.
  package func putObject(
    _ key: String,
    body: [UInt8],
    headers extra: [HTTPField],
    timeoutSeconds: Int = 60
  ) async throws(S3ClientError) {
    let url = try url(of: key)
    let now = clock()
    let credential: SigningCredential
    do throws(CredentialChainError) {
      credential = try await self.credential(now)
    } catch {
      throw .credential(error)
    }
    guard isFitForHeader(credential.accessKeyID), isFitForHeader(credential.sessionToken ?? "-") else {
      throw .unusableCredential
    }
    let hash = PayloadHash(of: body)
    var headers =
      [HTTPField("Host", endpoint.authority)] + extra + [
        HTTPField("X-Amz-Content-Sha256", hash.hexadecimal),
        // A bucket with Object Lock takes nothing without a checksum.
        HTTPField("X-Amz-Checksum-Sha256", Data(hash.octets).base64EncodedString()),
      ]
    headers += RequestSigner.sign(
      SignableRequest(method: "PUT", target: url.target, headers: headers, body: body),
      credential: credential,
      region: region,
      service: "s3",
      now: now,
      normalizesPath: false,
      encodesPath: false
    )
    let answer: HTTPAnswer
    do throws(FederationHTTPError) {
      answer = try await http.send(
        HTTPCall(method: "PUT", url: url, headers: headers, body: body),
        timeoutSeconds: timeoutSeconds
      )
    } catch {
      throw .http(error)
    }
    guard answer.status == 200 else { throw refusal(answer) }
  }

  private func url(of key: String) throws(S3ClientError) -> HTTPURL {
    let segments = key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard !key.isEmpty, !key.utf8.contains(0),
      !segments.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
    else { throw .unusableKey }
    let base = "\(endpoint.scheme.rawValue)://\(endpoint.authority)\(endpoint.path)"
    let path = segments.map { percentEncoded(String(Substring($0))) }.joined(separator: "/")
    guard let url = try? HTTPURL("\(base)\(base.hasSuffix("/") ? "" : "/")\(percentEncoded(bucket))/\(path)")
    else {
      throw .unusableKey
    }
    return url
  }

  private func refusal(_ answer: HTTPAnswer) -> S3ClientError {
    // S3 begins its errors with an XML declaration, which the reader of Query answers does not know.
    var body = answer.body[...]
    if body.starts(with: "<?xml".utf8), let end = body.firstIndex(of: UInt8(ascii: ">")) {
      body = body[(end + 1)...].drop {
        $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: " ")
      }
    }
    let xml = try? XMLAnswer(Array(body))
    let code = xml?["Error/Code"].flatMap { isErrorCode($0) ? $0 : nil }
    return .refused(status: answer.status, code: code, message: xml?["Error/Message"].map(printable))
  }
}

private func isErrorCode(_ text: String) -> Bool {
  (1...64).contains(text.utf8.count)
    && text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
        true
      default: false
      }
    }
}
