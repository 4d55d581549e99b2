// SPDX-License-Identifier: Apache-2.0
//
// Where a trail's files go, and how they are compressed: a place that takes whole objects under keys. Knows neither
// disks nor networks; refuses to know what an object says. Source: Amazon S3 API, PutObject; RFC 1952.

/// An object to be put.
package struct TrailObject: Sendable {
  /// The key: `AWSLogs/123456789012/CloudTrail/…`.
  package let key: String
  /// The content, as it is stored: gzip.
  package let body: [UInt8]
  /// User metadata: what follows `x-amz-meta-`, in lower case, and its value.
  ///
  /// None of log files.
  package let metadata: [(name: String, value: String)]

  /// Gathers the parts.
  package init(key: String, body: [UInt8], metadata: [(name: String, value: String)]) {
    self.key = key
    self.body = body
    self.metadata = metadata
  }
}

/// Why an object was not put; the causes are for the log.
package enum TrailBucketError: Error, Hashable, Sendable {
  /// The bucket answered, and did not take it.
  ///
  /// The code is one of S3's, `[A-Za-z0-9.]`, 1–64 characters: `NoSuchBucket`, `AccessDenied`.
  case refused(code: String, cause: String)
  /// The bucket did not answer: the object may be there or not.
  case unreachable(cause: String)
}

/// Takes objects.
package protocol TrailBucket: Sendable {
  /// Puts `object`, whole or not at all; durable on return.
  ///
  /// Idempotent: the same object may be put again when it is not known how the last time ended.
  func put(_ object: TrailObject) async throws(TrailBucketError)
}

/// Compresses.
package struct Gzip: Sendable {
  /// The gzip member that holds the octets; `nil` when it cannot be made, for want of memory.
  ///
  /// The same octets give the same member: it names neither a time nor a file (RFC 1952 §2.3).
  package var compress: @Sendable ([UInt8]) -> [UInt8]?

  /// Wraps `compress`.
  package init(compress: @escaping @Sendable ([UInt8]) -> [UInt8]?) {
    self.compress = compress
  }
}
