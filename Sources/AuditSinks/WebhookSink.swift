// SPDX-License-Identifier: Apache-2.0
//
// Records as signed batches that are posted, a line each. Accepted means: answered with a status of 200 to 299.
// Source: Standard Webhooks 1.0.0; RFC 9110 §15.5.14 for a batch that is too large.

package import AuditTrail
package import Federation
package import IdentityModel

/// Posts records.
package struct WebhookSink: AuditExportSink {
  /// Posts a body with header lines and returns the status of the answer; follows no redirect.
  package typealias Post =
    @Sendable (_ headers: [HTTPField], _ body: [UInt8]) async throws(AuditExportError) -> Int

  package let name: String
  private let format: ExportFormat
  private let key: DeliveryKey
  private let userAgent: String
  private let clock: WallClock
  private let post: Post

  /// Signs with `key` and posts through `post`.
  package init(
    name: String,
    format: ExportFormat,
    key: DeliveryKey,
    userAgent: String,
    clock: WallClock,
    post: @escaping Post
  ) {
    self.name = name
    self.format = format
    self.key = key
    self.userAgent = userAgent
    self.clock = clock
    self.post = post
  }

  package func deliver(_ entries: [AuditLogEntry]) async throws(AuditExportError) {
    guard let first = entries.first?.sequence, let last = entries.last?.sequence else { return }
    let body = Array(try format.lines(of: entries).joined())
    let id = deliveryID(first: first, last: last, body: body)
    let headers =
      [HTTPField("Content-Type", "application/x-ndjson"), HTTPField("User-Agent", userAgent)]
      + key.headers(id: id, now: clock.now(), body: body)
    switch try await post(headers, body) {
    case 200..<300: return
    case 413 where entries.count > 1:
      // Both halves, or the whole comes again.
      try await deliver(Array(entries.prefix(entries.count / 2)))
      try await deliver(Array(entries.dropFirst(entries.count / 2)))
    case let status: throw .refused(status: status)
    }
  }
}
