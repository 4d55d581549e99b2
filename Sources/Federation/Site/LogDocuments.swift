// SPDX-License-Identifier: Apache-2.0
//
// The public half of the Merkle log: its checkpoint and the hashes of its tree. The records themselves are never served:
// they are of all accounts, and leave the data directory only in the hands of whoever may read it.
// Source: C2SP tlog-tiles, "APIs".

import AuditTrail
import IdentityModel

/// Below this is every log.
let logPrefix = "/log/"

extension TransparencyLog {
  /// The path that the log's name spells: `/log/`, and `/log/<time>/` of a log that goes on under another name.
  ///
  /// A tile is cached for ever, so what the one log has served must not be asked for where the other one is.
  private var path: String {
    let name = verifierKey?.name ?? ""
    let path = name.utf8.firstIndex(of: UInt8(ascii: "/")).map { "\(name[$0...])/" } ?? logPrefix
    return path.utf8.starts(with: logPrefix.utf8) ? path : logPrefix
  }

  /// Answers a GET or HEAD of `path`, which begins with `logPrefix`; `nil` when nothing is there.
  func document(_ path: Substring) async -> APIResponse? {
    let own = self.path
    let isOwn = path.utf8.starts(with: own.utf8)
    let resource = LogResource(path: path.dropFirst(isOwn ? own.count : logPrefix.count))
    // Where the first log was stands the checkpoint alone: who followed it sees how the log is called now.
    guard isOwn || resource == .checkpoint else { return nil }
    switch resource {
    case .checkpoint:
      guard let checkpoint else { return nil }
      return answer(checkpoint, "text/plain; charset=utf-8", "no-cache")
    case .tile(let tile):
      do {
        guard let bytes = try await self.tile(tile) else { return nil }
        // A tile never changes: neither does a partial one, whose width is part of its name.
        return answer(bytes, "application/octet-stream", "public, max-age=31536000, immutable")
      } catch {
        return APIResponse(
          status: 503,
          headers: [HTTPField("Content-Type", "text/plain; charset=utf-8")],
          body: Array("unavailable\n".utf8)
        )
      }
    // SECURITY: bundles hold whole records.
    case .entries, nil:
      return nil
    }
  }
}

private func answer(_ body: [UInt8], _ contentType: String, _ cacheControl: String) -> APIResponse {
  APIResponse(
    status: 200,
    headers: [
      HTTPField("Content-Type", contentType), HTTPField("Cache-Control", cacheControl),
      HTTPField("Access-Control-Allow-Origin", "*"), HTTPField("X-Content-Type-Options", "nosniff"),
    ],
    body: body
  )
}
