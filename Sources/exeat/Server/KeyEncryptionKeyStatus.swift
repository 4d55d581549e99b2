// SPDX-License-Identifier: Apache-2.0
//
// What a server says about its key-encryption keys, in a file beside them: which keys it has, and how far everything is
// sealed under the first. Written by the server, or by the command while no server runs; holds nothing secret.

import Federation
import FoundationEssentials
import IdentityModel
import StrictJSON

/// `DATA-DIR/key-encryption-key.status`.
struct KeyEncryptionKeyStatus: Hashable, Sendable {
  /// How far a change of the key is.
  enum State: String, Hashable, Sendable {
    /// Something may still be sealed under an older key.
    case resealing
    /// Nothing in the store needs an older key; sessions do, until they expire.
    case complete
    /// The change stopped for `cause`, and will be tried again.
    case failed
    /// The file was changed in a way that would lose something; the server goes on with the keys that it had.
    case refused
  }

  /// The names of the keys in use, the one that seals first.
  var keys: [String]
  /// Since when the first one seals.
  var currentSince: Instant
  /// How far the change is.
  var state: State
  /// Secrets that were looked at, sealed again, and that no key opens.
  var examined = 0
  var resealed = 0
  var unopened = 0
  /// When this was written.
  var updated: Instant
  /// Why it failed or was refused.
  var cause: String?

  /// The longest that a session lives, and so how long an older key is needed.
  ///
  /// Unit: seconds.
  static let longestSessionSeconds: Int64 = 36 * 3600

  /// Reads the file at `path`; `nil` when there is none that this program wrote.
  static func read(_ path: String) -> KeyEncryptionKeyStatus? {
    guard let bytes = try? StandardInput.read(file: path, limit: 65_536),
      case .object(let object)? = try? JSONReader.read(bytes),
      let keys = object["keys"]?.array?.compactMap(\.string), !keys.isEmpty,
      let currentSince = object["currentSince"]?.string.flatMap({ Instant(rfc3339: $0) }),
      let state = object["state"]?.string.flatMap(State.init(rawValue:)),
      let updated = object["updated"]?.string.flatMap({ Instant(rfc3339: $0) })
    else { return nil }
    func count(_ name: String) -> Int { object[name]?.int64.map(Int.init(clamping:)) ?? 0 }
    return KeyEncryptionKeyStatus(
      keys: keys,
      currentSince: currentSince,
      state: state,
      examined: count("examined"),
      resealed: count("resealed"),
      unopened: count("unopened"),
      updated: updated,
      cause: object["cause"]?.string
    )
  }

  /// Puts the file at `path`, whole, in place of the one before.
  func write(to path: String) throws(CommandFailure) {
    do {
      try Data((json.text(isOneLine: false) + "\n").utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw .failed("cannot write \(path)")
    }
  }

  /// The content of the file.
  var json: JSONValue {
    var members: [JSONObject.Member] = [
      .init("state", .string(state.rawValue)),
      .init("keys", .array(keys.map(JSONValue.string))),
      .init("currentSince", .string(currentSince.rfc3339)),
      .init("examined", .number(JSONNumber(Int64(examined)))),
      .init("resealed", .number(JSONNumber(Int64(resealed)))),
      .init("unopened", .number(JSONNumber(Int64(unopened)))),
      .init("updated", .string(updated.rfc3339)),
    ]
    if let cause { members.append(.init("cause", .string(cause))) }
    return .object(JSONObject(members))
  }

  /// When the older keys are no longer needed by any session.
  var sessionsEnd: Instant { currentSince.advanced(bySeconds: Self.longestSessionSeconds) }

  mutating func note(_ progress: ResealingProgress) {
    examined = progress.examined
    resealed = progress.resealed
    unopened = progress.unopened
  }
}
