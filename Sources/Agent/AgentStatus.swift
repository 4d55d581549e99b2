// SPDX-License-Identifier: Apache-2.0
//
// How the agent fares: of each thing that it keeps, until when it lives and why it was not renewed. Holds no secret,
// and is what `/health` and `exeat agent status` show.

package import IdentityModel
package import StrictJSON
import Synchronization

/// What the agent keeps, and how that is.
package final class AgentStatus: Sendable {
  /// How a kept thing is.
  package enum Condition: String, Hashable, Sendable {
    /// It is as it should be.
    case fresh
    /// It lives, and renewing it fails.
    case stale
    /// It has ended.
    case expired
    /// It was never there.
    case missing
  }

  private struct Entry {
    let name: String
    let path: String?
    var renewed: Instant?
    var expiration: Instant?
    var failure: String?
    /// How many failures in a row should stay until something is changed.
    var refusals = 0

    func condition(_ now: Instant) -> Condition {
      guard renewed != nil else { return .missing }
      if let expiration, expiration <= now { return .expired }
      return failure == nil ? .fresh : .stale
    }
  }

  private let entries: Mutex<[Entry]>
  private let change: AsyncStream<Void>.Continuation

  /// Has an element after something was renewed, or could not be.
  ///
  /// One for many that nobody waited for. For one reader.
  package let changes: AsyncStream<Void>

  /// Begins with nothing there.
  ///
  /// - Parameter things: the name of each, and the path where it is a file.
  package init(_ things: [(name: String, path: String?)]) {
    entries = Mutex(things.map { Entry(name: $0.name, path: $0.path) })
    (changes, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Notes that the thing at `index` is new.
  func renewed(_ index: Int, at now: Instant, until expiration: Instant?) {
    entries.withLock { entries in
      entries[index].renewed = now
      entries[index].expiration = expiration
      entries[index].failure = nil
      entries[index].refusals = 0
    }
    change.yield()
  }

  /// Notes that the thing at `index` could not be renewed, in words without secrets.
  ///
  /// `isLasting` says that it should stay so until something is changed; returns how many such failures there were in a
  /// row.
  @discardableResult
  package func failed(_ index: Int, _ words: String, isLasting: Bool) -> Int {
    let refusals = entries.withLock { entries in
      entries[index].failure = words
      entries[index].refusals = isLasting ? entries[index].refusals + 1 : 0
      return entries[index].refusals
    }
    change.yield()
    return refusals
  }

  /// Whether the thing at `index` was never there.
  func isMissing(_ index: Int) -> Bool {
    entries.withLock { $0[index].renewed == nil }
  }

  /// How long the thing at `index` lives on, in milliseconds; `nil` when it does not live, or has no end.
  func life(_ index: Int, at now: Instant) -> Int64? {
    guard let expiration = entries.withLock({ $0[index].expiration }), expiration > now else { return nil }
    return expiration.milliseconds - now.milliseconds
  }

  /// The things that were never there.
  package var missing: [String] {
    entries.withLock { entries in entries.filter { $0.renewed == nil }.map(\.name) }
  }

  /// The things that were never there and will not be until something is changed, each with the reason.
  ///
  /// One refusal may pass by itself; two in a row do not.
  package var refused: [String] {
    entries.withLock { entries in
      entries.filter { $0.renewed == nil && $0.refusals > 1 }.map { "\($0.name): \($0.failure ?? "")" }
    }
  }

  /// How many things are kept.
  package var count: Int { entries.withLock { $0.count } }

  /// Whether everything lives.
  package func isAlive(_ now: Instant) -> Bool {
    entries.withLock { entries in
      entries.allSatisfy { [.fresh, .stale].contains($0.condition(now)) }
    }
  }

  /// The report: `status` is `ok`, `degraded` when something is not renewed, `failing` when something does not live.
  package func report(_ now: Instant) -> JSONValue {
    let entries = entries.withLock { $0 }
    let conditions = entries.map { $0.condition(now) }
    let isFailing = conditions.contains(.expired) || conditions.contains(.missing)
    let status = isFailing ? "failing" : conditions.contains(.stale) ? "degraded" : "ok"
    let things = zip(entries, conditions).map { entry, condition in
      var members: [JSONObject.Member] = [.init("name", .string(entry.name))]
      if let path = entry.path { members.append(.init("file", .string(path))) }
      members.append(.init("condition", .string(condition.rawValue)))
      if let renewed = entry.renewed { members.append(.init("renewed", .string(renewed.rfc3339))) }
      if let expiration = entry.expiration { members.append(.init("expires", .string(expiration.rfc3339))) }
      if let failure = entry.failure { members.append(.init("failure", .string(failure))) }
      if entry.refusals > 0 { members.append(.init("refused", .bool(true))) }
      return JSONValue.object(JSONObject(members))
    }
    return .object(JSONObject([.init("status", .string(status)), .init("kept", .array(things))]))
  }
}
