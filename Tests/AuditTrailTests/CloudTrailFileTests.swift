// SPDX-License-Identifier: Apache-2.0
//
// Names and texts as contract §5.2 and §5.3 spell them.

import AuditTrail
import Crypto
import Foundation
import IdentityModel
import StrictJSON
import Testing

struct CloudTrailFileTests {
  static func location(prefix: String? = nil, organizationID: String? = nil) throws -> TrailLocation {
    try TrailLocation(
      bucket: "trail-bucket",
      prefix: prefix,
      organizationID: organizationID,
      account: #require(AccountID("111122223333")),
      region: #require(Region("eu-central-1")),
      trailName: "management",
      homeRegion: #require(Region("us-east-1"))
    )
  }

  // 2026-10-21T08:00:00Z
  static let hour = Instant(seconds: 1_792_569_600)

  @Test func `log files are called as CloudTrail calls them`() throws {
    let random: [UInt8] = [0, 25, 26, 51, 52, 61, 62, 255, 1, 2, 3, 4, 5, 6, 7, 8]
    let time = Self.hour.advanced(bySeconds: 59)
    #expect(
      try Self.location().logFileKey(at: time, random: random)
        == "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/10/21/"
        + "111122223333_CloudTrail_eu-central-1_20261021T0800Z_AZaz09AHBCDEFGHI.json.gz"
    )
    #expect(
      try Self.location(prefix: "a/b", organizationID: "o-1").logFileKey(at: time, random: random)
        .hasPrefix("a/b/AWSLogs/o-1/111122223333/CloudTrail/eu-central-1/2026/10/21/111122223333_")
    )
    #expect(throws: AuditTrailError.malformedPart("random")) {
      try Self.location().logFileKey(at: time, random: [1])
    }
  }

  @Test func `digest files are called as the AWS CLI looks for them`() throws {
    let key = try Self.location(prefix: "p").digestKey(end: Self.hour)
    #expect(
      key == "p/AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/10/21/"
        + "111122223333_CloudTrail-Digest_eu-central-1_management_us-east-1_20261021T080000Z.json.gz"
    )
    // "last 24..8 characters"
    #expect(key.dropLast(8).suffix(16) == "20261021T080000Z")
  }

  @Test func `a name that would lead elsewhere is refused`() throws {
    func refusal(_ bucket: String, _ prefix: String?, _ trail: String, _ organization: String?)
      -> AuditTrailError?
    {
      do {
        _ = try TrailLocation(
          bucket: bucket,
          prefix: prefix,
          organizationID: organization,
          account: #require(AccountID("111122223333")),
          region: #require(Region("us-east-1")),
          trailName: trail,
          homeRegion: #require(Region("us-east-1"))
        )
        return nil
      } catch {
        return error as? AuditTrailError
      }
    }
    #expect(refusal("b", "p/q", "t", "o") == nil)
    for bad in ["", "a b", "a\n", "a\u{7F}"] {
      #expect(refusal(bad, nil, "t", nil) == .malformedPart("bucket"))
      #expect(refusal("b", bad, "t", nil) == .malformedPart("prefix"))
      #expect(refusal("b", nil, bad, nil) == .malformedPart("trailName"))
      #expect(refusal("b", nil, "t", bad) == .malformedPart("organizationID"))
    }
    #expect(refusal("b/c", nil, "t", nil) == .malformedPart("bucket"))
    #expect(refusal("b", "/p", "t", nil) == .malformedPart("prefix"))
    #expect(refusal("b", "p/", "t", nil) == .malformedPart("prefix"))
    for bad in ["..", "p/../q", "./p", "p//q"] {
      #expect(refusal("b", bad, "t", nil) == .malformedPart("prefix"))
    }
    #expect(refusal("b", nil, "t/u", nil) == .malformedPart("trailName"))
  }

  @Test func `a log file holds its records byte for byte`() throws {
    let entries = [
      LogFile.Entry(eventTime: Self.hour.advanced(bySeconds: 5), json: Array(#"{"a":1}"#.utf8)),
      LogFile.Entry(eventTime: Self.hour, json: Array(#"{"b":"é"}"#.utf8)),
    ]
    let file = try #require(LogFile(entries))
    #expect(String(decoding: file.body, as: UTF8.self) == #"{"Records":[{"a":1},{"b":"é"}]}"#)
    #expect(LogFile([]) == nil)
    let reference = file.reference(bucket: "b", key: "k")
    #expect(
      reference
        == DigestFile.LogFileReference(
          bucket: "b",
          key: "k",
          hashValue: SHA256.hash(data: file.body).map { String(format: "%02x", $0) }.joined(),
          newestEventTime: Self.hour.advanced(bySeconds: 5),
          oldestEventTime: Self.hour
        )
    )
  }

  @Test func `the first digest of a chain, without files, has CloudTrail's members`() throws {
    let digest = DigestFile(
      location: try Self.location(),
      start: Self.hour.advanced(bySeconds: -3600),
      end: Self.hour,
      logFiles: [],
      previous: nil,
      publicKeyFingerprint: "0123"
    )
    let key =
      "AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/10/21/"
      + "111122223333_CloudTrail-Digest_eu-central-1_management_us-east-1_20261021T080000Z.json.gz"
    #expect(digest.key == key)
    #expect(
      String(decoding: digest.body, as: UTF8.self)
        == #"{"awsAccountId":"111122223333","digestStartTime":"2026-10-21T07:00:00Z","#
        + #""digestEndTime":"2026-10-21T08:00:00Z","digestS3Bucket":"trail-bucket","digestS3Object":"\#(key)","#
        + #""digestPublicKeyFingerprint":"0123","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"#
        + #""oldestEventTime":null,"previousDigestS3Bucket":null,"previousDigestS3Object":null,"#
        + #""previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"previousDigestSignature":null,"#
        + #""logFiles":[]}"#
    )
    let hash = SHA256.hash(data: digest.body).map { String(format: "%02x", $0) }.joined()
    #expect(
      String(decoding: digest.stringToSign, as: UTF8.self)
        == "2026-10-21T08:00:00Z\ntrail-bucket/\(key)\n\(hash)\nnull"
    )
    let metadata = DigestFile.metadata(signature: [0xAB, 0x01])
    #expect(metadata.map(\.name) == ["signature", "signature-algorithm"])
    #expect(metadata.map(\.value) == ["ab01", "SHA256withRSA"])
  }

  @Test func `a digest refers to the one before and to its files`() throws {
    let location = try Self.location()
    let first = DigestFile(
      location: location,
      start: Self.hour.advanced(bySeconds: -3600),
      end: Self.hour,
      logFiles: [],
      previous: nil,
      publicKeyFingerprint: "f"
    )
    let files = [3, 1].map { seconds in
      DigestFile.LogFileReference(
        bucket: "b",
        key: "k\(seconds)",
        hashValue: "h",
        newestEventTime: Self.hour.advanced(bySeconds: seconds + 10),
        oldestEventTime: Self.hour.advanced(bySeconds: seconds)
      )
    }
    let second = DigestFile(
      location: location,
      start: Self.hour,
      end: Self.hour.advanced(bySeconds: 3600),
      logFiles: files,
      previous: first.previous(signature: [1, 2]),
      publicKeyFingerprint: "f"
    )
    let json = try #require(try JSONReader.read(second.body).object)
    #expect(json["previousDigestS3Bucket"]?.string == "trail-bucket")
    #expect(json["previousDigestS3Object"]?.string == first.key)
    #expect(
      json["previousDigestHashValue"]?.string
        == SHA256.hash(data: first.body).map { String(format: "%02x", $0) }.joined()
    )
    #expect(json["previousDigestHashAlgorithm"]?.string == "SHA-256")
    #expect(json["previousDigestSignature"]?.string == "0102")
    #expect(json["newestEventTime"]?.string == "2026-10-21T08:00:13Z")
    #expect(json["oldestEventTime"]?.string == "2026-10-21T08:00:01Z")
    let file = try #require(json["logFiles"]?.array?.first?.object)
    #expect(
      file.members.map(\.name)
        == ["s3Bucket", "s3Object", "hashValue", "hashAlgorithm", "newestEventTime", "oldestEventTime"]
    )
    #expect(String(decoding: second.stringToSign, as: UTF8.self).hasSuffix("\n0102"))
  }

  @Test func `a public key is DER in as few octets as it takes`() {
    let small = RSAPublicKeyFile(modulus: [0x00, 0x7F], exponent: [0x01, 0x00, 0x01])
    #expect(small.der == [0x30, 0x08, 0x02, 0x01, 0x7F, 0x02, 0x03, 0x01, 0x00, 0x01])
    let high = RSAPublicKeyFile(modulus: [0x80] + Array(repeating: 0, count: 255), exponent: [3])
    #expect(Array(high.der.prefix(9)) == [0x30, 0x82, 0x01, 0x08, 0x02, 0x82, 0x01, 0x01, 0x00])
    #expect(high.der.count == 4 + 0x108)
    let long = RSAPublicKeyFile(modulus: Array(repeating: 1, count: 130), exponent: [])
    #expect(Array(long.der.prefix(6)) == [0x30, 0x81, 0x88, 0x02, 0x81, 0x82])
    #expect(long.der.suffix(3) == [0x02, 0x01, 0x00])
    #expect(small.fingerprint.utf8.count == 32)
    #expect(small.fingerprint != high.fingerprint)
  }
}
