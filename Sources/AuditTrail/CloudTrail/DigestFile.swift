// SPDX-License-Identifier: Apache-2.0
//
// The hourly digest: the hashes of the log files of an hour and the signature of the digest before. The key that signs
// is elsewhere: this room makes the bytes to sign and takes the signature. Source: contract §5.3.

import Crypto
package import IdentityModel
import StrictJSON

/// A digest file before it is signed and compressed.
package struct DigestFile: Hashable, Sendable {
  /// A log file, as a digest lists it.
  package struct LogFileReference: Hashable, Sendable {
    /// The bucket.
    package let bucket: String
    /// The key.
    package let key: String
    /// SHA-256 of the uncompressed file, in lower-case hexadecimal.
    package let hashValue: String
    /// The time of the newest record in it.
    package let newestEventTime: Instant
    /// The time of the oldest record in it.
    package let oldestEventTime: Instant

    /// Gathers the parts.
    package init(
      bucket: String,
      key: String,
      hashValue: String,
      newestEventTime: Instant,
      oldestEventTime: Instant
    ) {
      self.bucket = bucket
      self.key = key
      self.hashValue = hashValue
      self.newestEventTime = newestEventTime
      self.oldestEventTime = oldestEventTime
    }
  }

  /// The digest before, as this one refers to it.
  package struct Previous: Hashable, Sendable {
    /// The bucket.
    package let bucket: String
    /// The key.
    package let key: String
    /// SHA-256 of the uncompressed file, in lower-case hexadecimal.
    package let hashValue: String
    /// The signature, in lower-case hexadecimal.
    package let signature: String

    /// Gathers the parts.
    package init(bucket: String, key: String, hashValue: String, signature: String) {
      self.bucket = bucket
      self.key = key
      self.hashValue = hashValue
      self.signature = signature
    }
  }

  /// The algorithm that signs: RSA PKCS#1 v1.5 with SHA-256.
  package static let signatureAlgorithm = "SHA256withRSA"

  /// Where the digest is to be written.
  package let key: String
  /// The file, uncompressed.
  package let body: [UInt8]
  /// What the RSA key signs.
  ///
  /// Shape: end time, `bucket/key`, SHA-256 of the body in hexadecimal, and the signature of the digest before in
  /// hexadecimal or `null`, with line feeds between them.
  package let stringToSign: [UInt8]
  private let bucket: String

  /// Writes a digest.
  ///
  /// - Parameters:
  ///   - location: the trail.
  ///   - start: the beginning of the time that it covers.
  ///   - end: the end; the name of the file follows from it.
  ///   - logFiles: the log files delivered in that time, in order; it may be none.
  ///   - previous: the digest before; `nil` of the first one since logging began.
  ///   - publicKeyFingerprint: `RSAPublicKeyFile.fingerprint` of the key that will sign.
  package init(
    location: TrailLocation,
    start: Instant,
    end: Instant,
    logFiles: [LogFileReference],
    previous: Previous?,
    publicKeyFingerprint: String
  ) {
    let key = location.digestKey(end: end)
    var writer = JSONWriter(capacity: 1024 + 512 * logFiles.count)
    writer.object { writer in
      writer.member("awsAccountId", location.account.description)
      writer.member("digestStartTime", start.rfc3339)
      writer.member("digestEndTime", end.rfc3339)
      writer.member("digestS3Bucket", location.bucket)
      writer.member("digestS3Object", key)
      writer.member("digestPublicKeyFingerprint", publicKeyFingerprint)
      writer.member("digestSignatureAlgorithm", Self.signatureAlgorithm)
      writer.member("newestEventTime", orNull: logFiles.map(\.newestEventTime).max()?.rfc3339)
      writer.member("oldestEventTime", orNull: logFiles.map(\.oldestEventTime).min()?.rfc3339)
      writer.member("previousDigestS3Bucket", orNull: previous?.bucket)
      writer.member("previousDigestS3Object", orNull: previous?.key)
      writer.member("previousDigestHashValue", orNull: previous?.hashValue)
      writer.member("previousDigestHashAlgorithm", orNull: previous == nil ? nil : "SHA-256")
      writer.member("previousDigestSignature", orNull: previous?.signature)
      writer.name("logFiles")
      writer.array { writer in
        for file in logFiles { file.write(to: &writer) }
      }
    }
    self.key = key
    bucket = location.bucket
    body = writer.bytes
    stringToSign = Array(
      """
      \(end.rfc3339)
      \(location.bucket)/\(key)
      \(hexadecimal(SHA256.hash(data: writer.bytes)))
      \(previous?.signature ?? "null")
      """.utf8
    )
  }

  /// The user metadata that the object is stored with: what follows `x-amz-meta-`, and its value.
  ///
  /// - Parameter signature: the octets over `stringToSign`.
  /// - Returns: names without their prefix, and values.
  package static func metadata(signature: [UInt8]) -> [(name: String, value: String)] {
    [("signature", hexadecimal(signature)), ("signature-algorithm", signatureAlgorithm)]
  }

  /// What the next digest says of this one.
  ///
  /// - Parameter signature: the octets over `stringToSign`.
  /// - Returns: the reference.
  package func previous(signature: [UInt8]) -> Previous {
    Previous(
      bucket: bucket,
      key: key,
      hashValue: hexadecimal(SHA256.hash(data: body)),
      signature: hexadecimal(signature)
    )
  }
}

extension DigestFile.LogFileReference {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("s3Bucket", bucket)
      writer.member("s3Object", key)
      writer.member("hashValue", hashValue)
      writer.member("hashAlgorithm", "SHA-256")
      writer.member("newestEventTime", newestEventTime.rfc3339)
      writer.member("oldestEventTime", oldestEventTime.rfc3339)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: String, orNull value: String?) {
    self.name(name)
    if let value { string(value) } else { null() }
  }
}
