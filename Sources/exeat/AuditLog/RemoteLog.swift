// SPDX-License-Identifier: Apache-2.0
//
// A log behind http or https: its checkpoint and the tiles of hashes. Records are not fetched: a server gives out none.
// Source: C2SP tlog-tiles, "APIs".

import AuditTrail
import FederationClient
import IdentityModel

/// A log at a URL.
///
/// Everything that comes from it is checked against the log's signed checkpoint, so plain http serves as well.
struct RemoteLog: LogSource {
  /// The URL that the names of the files are appended to.
  let prefix: String
  private let http: FederationHTTPClient

  /// How long one file may take.
  private static let timeoutSeconds = 10

  /// Takes the URL as it was given, with or without a slash at its end.
  ///
  /// Throws when it is no acceptable URL, or has a query.
  init(_ url: String, http: FederationHTTPClient) throws(CommandFailure) {
    var text = url
    while text.utf8.last == UInt8(ascii: "/") { text.removeLast() }
    guard let parsed = try? HTTPURL(text + "/checkpoint"), parsed.query == nil else {
      throw .usage("--log: `\(url)` is not the URL of a log")
    }
    prefix = text
    self.http = http
  }

  var name: String { prefix }
  var holdsRecords: Bool { false }

  func file(_ resource: LogResource) async throws(CommandFailure) -> [UInt8]? {
    let limit: Int
    switch resource {
    case .checkpoint: limit = SignedNote.maximumBytes
    case .tile(let tile): limit = tile.width * MerkleHash.byteCount
    case .entries: return nil
    }
    let address = "\(prefix)/\(resource.path)"
    guard let url = try? HTTPURL(address) else { throw .failed("`\(address)` is not an acceptable URL") }
    let answer: HTTPAnswer
    do throws(FederationHTTPError) {
      answer = try await http.send(
        HTTPCall(method: "GET", url: url),
        timeoutSeconds: Self.timeoutSeconds,
        maximumBodyBytes: limit
      )
    } catch {
      throw .failed("\(address): \(CommandFailure.text(error))")
    }
    switch answer.status {
    case 200: return answer.body
    case 404, 410: return nil
    default: throw .failed("\(address): answered with status \(answer.status)")
    }
  }

  func prunedRecords(ofTree size: UInt64) async throws(CommandFailure) -> UInt64 { 0 }

  func place(of id: String, inTree size: UInt64) async throws(CommandFailure) -> UInt64? { nil }
}
