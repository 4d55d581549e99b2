// SPDX-License-Identifier: Apache-2.0
//
// A log file of CloudTrail's form, before compression, and what a digest says of it. Source: contract §5.2, §5.3.

import Crypto
package import IdentityModel

/// Records, as CloudTrail writes them to a file.
package struct LogFile: Hashable, Sendable {
  /// A record that goes into a file.
  package struct Entry: Hashable, Sendable {
    /// Its `eventTime`.
    package let eventTime: Instant
    /// Its JSON, byte for byte as it stands in the log.
    package let json: [UInt8]

    /// Pairs a record with its time.
    package init(eventTime: Instant, json: [UInt8]) {
      self.eventTime = eventTime
      self.json = json
    }
  }

  /// The file, uncompressed: `{"Records":[…]}`.
  package let body: [UInt8]
  /// The time of the oldest record.
  package let oldestEventTime: Instant
  /// The time of the newest record.
  package let newestEventTime: Instant

  /// Gathers records, in order; `nil` without one: CloudTrail writes no empty file.
  package init?(_ entries: [Entry]) {
    guard let oldest = entries.map(\.eventTime).min(), let newest = entries.map(\.eventTime).max() else {
      return nil
    }
    var body = Array(#"{"Records":["#.utf8)
    for (position, entry) in entries.enumerated() {
      if position > 0 { body.append(UInt8(ascii: ",")) }
      body.append(contentsOf: entry.json)
    }
    body.append(contentsOf: "]}".utf8)
    self.body = body
    oldestEventTime = oldest
    newestEventTime = newest
  }

  /// What a digest says of the file once it is delivered.
  ///
  /// - Parameters:
  ///   - bucket: the bucket.
  ///   - key: the key, of `TrailLocation.logFileKey`.
  /// - Returns: the reference, with the hash of the uncompressed file.
  package func reference(bucket: String, key: String) -> DigestFile.LogFileReference {
    DigestFile.LogFileReference(
      bucket: bucket,
      key: key,
      hashValue: hexadecimal(SHA256.hash(data: body)),
      newestEventTime: newestEventTime,
      oldestEventTime: oldestEventTime
    )
  }
}
