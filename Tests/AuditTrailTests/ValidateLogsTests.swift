// SPDX-License-Identifier: Apache-2.0
//
// The AWS CLI's own `cloudtrail validate-logs`, as it is installed, over files that this room made. Only its two
// clients are replaced: S3 by a folder, and CloudTrail's ListPublicKeys by a file.

import AuditTrail
import Crypto
import CryptoExtras
import Foundation
import IdentityModel
import Testing

private let python = Judge.python(with: "awscli.customizations.cloudtrail.validation")

/// Prints what the command prints.
///
/// Arguments: the folder, the trail's ARN, the region, the start and the end.
private let script = """
  import argparse, gzip, io, json, os, sys
  from awscli.customizations.cloudtrail import validation as v
  from botocore.exceptions import ClientError
  import jmespath
  folder, arn, region, start, end = sys.argv[1:]
  class S3:
      def get_object(self, Bucket, Key):
          path = os.path.join(folder, Bucket, Key)
          if not os.path.exists(path):
              raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "gone"}}, "GetObject")
          metadata = path + ".metadata"
          return {"Body": io.BytesIO(gzip.compress(open(path, "rb").read())),
                  "Metadata": json.load(open(metadata)) if os.path.exists(metadata) else {}}
      def get_paginator(self, name):
          assert name == "list_objects"
          return self
      def paginate(self, Bucket, Marker, Prefix):
          root = os.path.join(folder, Bucket)
          keys = sorted(os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs)
          keys = [k for k in keys if k.startswith(Prefix) and k > Marker and not k.endswith(".metadata")]
          class Pages:
              def search(self, path):
                  return jmespath.search(path, {"Contents": [{"Key": k} for k in keys]})
          return Pages()
  class Clients:
      def get_client(self, bucket):
          return S3()
  class CloudTrail:
      def list_public_keys(self, StartTime, EndTime):
          return {"PublicKeyList": json.load(open(os.path.join(folder, "keys.json")))}
      def describe_trails(self, **_):
          return {"trailList": [{"TrailARN": arn, "S3BucketName": "trail-bucket", "S3KeyPrefix": "some/prefix"}]}
  command = v.CloudTrailValidateLogs(None)
  command.handle_args(argparse.Namespace(
      trail_arn=arn, verbose=True, s3_bucket=None, s3_prefix=None, account_id=None, start_time=start, end_time=end))
  command._source_region = region
  command.s3_client_provider = Clients()
  command.organization_client = None
  command.cloudtrail_client = CloudTrail()
  command._call()
  """

/// Four hours of a trail: two log files in each but the third, and a digest at the end of each.
private struct Trail {
  let folder: URL
  let location: TrailLocation
  private(set) var logFiles: [String] = []
  private(set) var digests: [String] = []
  private let key: _RSA.Signing.PrivateKey
  private let publicKey: RSAPublicKeyFile

  init(in folder: URL) throws {
    self.folder = folder
    location = try CloudTrailFileTests.location(prefix: "some/prefix")
    key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let numbers = try key.publicKey.getKeyPrimitives()
    publicKey = RSAPublicKeyFile(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
    let keys = [["Fingerprint": publicKey.fingerprint, "Value": Base64.encode(publicKey.der)]]
    try JSONSerialization.data(withJSONObject: keys).write(to: folder.appending(path: "keys.json"))

    var previous: DigestFile.Previous?
    for hour in 0..<4 {
      let start = CloudTrailFileTests.hour.advanced(bySeconds: Int64(hour) * 3600)
      var references: [DigestFile.LogFileReference] = []
      for part in 0..<(hour == 2 ? 0 : 2) {
        let time = start.advanced(bySeconds: Int64(part) * 600)
        let records = (0..<3).map { number in
          let json = Array(#"{"eventID":"\#(hour)-\#(part)-\#(number)","userAgent":"é"}"#.utf8)
          return LogFile.Entry(eventTime: time.advanced(bySeconds: Int64(number)), json: json)
        }
        let file = try #require(LogFile(records))
        let name = try location.logFileKey(
          at: time,
          random: Array(repeating: UInt8(hour * 2 + part), count: 16)
        )
        try write(file.body, name)
        references.append(file.reference(bucket: location.bucket, key: name))
        logFiles.append(name)
      }
      let digest = DigestFile(
        location: location,
        start: start,
        end: start.advanced(bySeconds: 3600),
        logFiles: references,
        previous: previous,
        publicKeyFingerprint: publicKey.fingerprint
      )
      let signature = Array(
        try key.signature(for: digest.stringToSign, padding: .insecurePKCS1v1_5).rawRepresentation
      )
      try write(digest.body, digest.key)
      let metadata = Dictionary(
        uniqueKeysWithValues: DigestFile.metadata(signature: signature).map { ($0.name, $0.value) }
      )
      try JSONSerialization.data(withJSONObject: metadata).write(to: url(digest.key + ".metadata"))
      previous = digest.previous(signature: signature)
      digests.append(digest.key)
    }
  }

  func url(_ key: String) -> URL {
    folder.appending(path: "\(location.bucket)/\(key)")
  }

  private func write(_ body: [UInt8], _ key: String) throws {
    let url = url(key)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(),
      withIntermediateDirectories: true
    )
    try Data(body).write(to: url)
  }

  func change(_ key: String, _ body: (String) -> String) throws {
    let text = try String(contentsOf: url(key), encoding: .utf8)
    let changed = body(text)
    try #require(changed != text)
    try Data(changed.utf8).write(to: url(key))
  }

  /// What the command says.
  func validate() throws -> String {
    let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management"
    let verdict = try Judge.run(
      #require(python),
      script,
      [folder.path, arn, "eu-central-1", "2026-10-21T08:00:00Z", "2026-10-21T12:00:00Z"]
    )
    #expect(verdict.status == 0, "\(verdict.output)")
    return verdict.output
  }

  func line(_ kind: String, _ key: String, _ verdict: String) -> String {
    "\(kind) file\ts3://\(location.bucket)/\(key)\t\(verdict)\n"
  }
}

@Suite(.enabled(if: python != nil, "needs the AWS CLI (version 1) as a Python package"))
struct ValidateLogsTests {
  private func trail(_ body: (Trail) throws -> Void) throws {
    try Judge.withFolder { folder in try body(Trail(in: folder)) }
  }

  @Test func `the AWS CLI finds the chain and its files valid`() throws {
    try trail { trail in
      let output = try trail.validate()
      #expect(output.contains("4/4 digest files valid\n6/6 log files valid"), "\(output)")
      for key in trail.digests { #expect(output.contains(trail.line("Digest", key, "valid"))) }
      for key in trail.logFiles { #expect(output.contains(trail.line("Log", key, "valid"))) }
    }
  }

  @Test func `the AWS CLI finds a changed byte and a removed file`() throws {
    try trail { trail in
      try trail.change(trail.logFiles[1]) { $0.replacing("0-1-2", with: "0-1-3") }
      try FileManager.default.removeItem(at: trail.url(trail.logFiles[4]))
      let output = try trail.validate()
      #expect(output.contains("4/4 digest files valid"), "\(output)")
      #expect(output.contains("4/6 log files valid, 2/6 log files INVALID"))
      #expect(output.contains(trail.line("Log", trail.logFiles[1], "INVALID: hash value doesn't match")))
      #expect(output.contains(trail.line("Log", trail.logFiles[4], "INVALID: not found")))
    }
  }

  @Test func `the AWS CLI finds a changed, a swapped and a removed digest`() throws {
    try trail { trail in
      try trail.change(trail.digests[3]) { $0.replacing("SHA-256", with: "SHA-512") }
      let output = try trail.validate()
      #expect(
        output.contains(trail.line("Digest", trail.digests[3], "INVALID: signature verification failed")),
        "\(output)"
      )
    }
    try trail { trail in
      for suffix in ["", ".metadata"] {
        let other = try Data(contentsOf: trail.url(trail.digests[0] + suffix))
        try other.write(to: trail.url(trail.digests[1] + suffix))
      }
      let output = try trail.validate()
      #expect(
        output.contains(
          trail.line("Digest", trail.digests[1], "INVALID: has been moved from its original location")
        ),
        "\(output)"
      )
    }
    try trail { trail in
      try FileManager.default.removeItem(at: trail.url(trail.digests[1]))
      let output = try trail.validate()
      #expect(output.contains(trail.line("Digest", trail.digests[1], "INVALID: not found")), "\(output)")
    }
  }

  @Test func `the AWS CLI finds a digest that another key signed`() throws {
    try trail { trail in
      try Judge.withFolder { folder in
        let forged = try Trail(in: folder)
        for suffix in ["", ".metadata"] {
          let file = try Data(contentsOf: forged.url(forged.digests[3] + suffix))
          try file.write(to: trail.url(trail.digests[3] + suffix))
        }
      }
      let output = try trail.validate()
      #expect(
        output.contains("s3://trail-bucket/\(trail.digests[3])\tINVALID: public key not found"),
        "\(output)"
      )
      #expect(output.contains("3/4 digest files valid, 1/4 digest files INVALID"))
    }
  }
}
