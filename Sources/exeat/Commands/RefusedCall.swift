// SPDX-License-Identifier: Apache-2.0
//
// Why the server refused a call, from the record of that call: decided then, with the policies of then. Reads the store
// beside a running server. The record's form is Federation's, `policyDecision`.

import Federation
import StoreSQLite
import StrictJSON

/// A call that policy refused.
enum RefusedCall {
  /// Prints why the call `requestID` was refused; fails when there is no such call, or policy did not refuse it.
  static func explain(_ requestID: String, in dataDir: String, json: Bool) async throws {
    let record: JSONObject?
    do {
      record = try await find(requestID, in: try SQLiteStore.openReadOnly(at: DataDirectory(dataDir).store))
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(startError: error)
    }
    guard let record else { throw CommandFailure.failed("the audit log has no call `\(requestID)`") }
    guard let decision = decision(record) else {
      throw CommandFailure.failed(withoutDecision(record, requestID))
    }
    if json {
      var writer = JSONWriter(isOneLine: true)
      writer.value(.object(decision))
      Console.out(String(decoding: writer.bytes, as: UTF8.self))
    } else {
      for line in lines(record, decision) { Console.out(Console.printable(line)) }
    }
  }

  /// What a record without a decision says.
  private static func withoutDecision(_ record: JSONObject, _ requestID: String) -> String {
    guard let code = record["errorCode"]?.string else {
      return "policy did not refuse the call `\(requestID)`: it was done"
    }
    guard code.utf8.elementsEqual("AccessDenied".utf8) else {
      return "policy did not refuse the call `\(requestID)`: it failed with \(code)"
    }
    // What another account's policies say is in no record of this one.
    return "the record of the call `\(requestID)` does not say which policy refused it: AccessDenied, "
      + Console.printable(record["errorMessage"]?.string ?? "without a message")
  }

  /// The record of the call, looked for from the newest record back.
  private static func find(_ requestID: String, in log: some AuditLogReader) async throws -> JSONObject? {
    var end = try await log.lastSequence()
    while end > 0 {
      let start = max(0, end - 500)
      for entry in try await log.entries(after: start, limit: Int(end - start)) {
        guard let record = try? JSONReader.read(entry.json).object,
          let found = record["requestID"]?.string, found.utf8.elementsEqual(requestID.utf8)
        else { continue }
        return record
      }
      end = start
    }
    return nil
  }

  /// Why policy refused the call of this record, a line each; none when it did not.
  static func reasons(_ record: [UInt8]) -> [String] {
    guard let record = try? JSONReader.read(record).object, let decision = decision(record) else { return [] }
    // Without the first line: when, and who.
    return Array(lines(record, decision).dropFirst())
  }

  private static func decision(_ record: JSONObject) -> JSONObject? {
    record["additionalEventData"]?.object?["policyDecision"]?.object
  }

  private static func lines(_ record: JSONObject, _ decision: JSONObject) -> [String] {
    let type = decision["policyType"]?.string.map(name) ?? "policy"
    var lines = [
      "\(record["eventTime"]?.string ?? "") \(who(record))",
      "  \(decision["action"]?.string ?? "") on \(decision["resource"]?.string ?? "")",
    ]
    let level = decision["organizationLevel"]?.string
    if decision["decision"]?.string == "explicitDeny" {
      lines.append("  denied by \(place(decision)) (\(type)\(level.map { " of \($0)" } ?? ""))")
    } else {
      lines.append("  no \(type)\(level.map { " of \($0)" } ?? "") allows it")
    }
    let unmatched = decision["unmatchedStatements"]?.array ?? []
    if !unmatched.isEmpty { lines.append("  What does not apply, and why:") }
    for statement in unmatched.compactMap(\.object) {
      let effect = statement["effect"]?.string ?? ""
      let type = statement["policyType"]?.string.map(name) ?? "policy"
      lines.append("    \(effect): \(place(statement)) (\(type)): \(reason(statement))")
    }
    let missing = decision["missingContextKeys"]?.array?.compactMap(\.string) ?? []
    if !missing.isEmpty {
      lines.append("  Keys that are asked for and missing:")
      lines += missing.map { "    \($0)" }
    }
    return lines
  }

  /// The caller's ARN; whom a provider vouches for has none.
  private static func who(_ record: JSONObject) -> String {
    let identity = record["userIdentity"]?.object
    return identity?["arn"]?.string ?? identity?["principalId"]?.string ?? ""
  }

  private static func place(_ statement: JSONObject) -> String {
    var number = 0
    if case .number(let index)? = statement["statement"] { number = (Int(index.text) ?? 0) + 1 }
    let sid = statement["sid"]?.string.map { " (\($0))" } ?? ""
    return "statement \(number)\(sid) of \(statement["policy"]?.string ?? "")"
  }

  private static func reason(_ statement: JSONObject) -> String {
    switch statement["reason"]?.string {
    case "resource": return "it is about other resources"
    case "principal": return "it is about other principals"
    case "condition":
      // Of an organization's policies the record tells no conditions.
      guard let key = statement["key"]?.string else { return "a condition is not met" }
      let test = "\(statement["operator"]?.string ?? "") \(key) \(quoted(statement["policyValues"]))"
      guard let values = statement["requestValues"] else { return "\(test): the request has no \(key)" }
      return "\(test): the request has \(quoted(values))"
    default: return "it is about other actions"
    }
  }

  private static func quoted(_ values: JSONValue?) -> String {
    (values?.array ?? []).compactMap(\.string).map { "`\($0)`" }.joined(separator: ", ")
  }

  /// AWS's name of a kind of policy.
  private static func name(_ word: String) -> String {
    switch word {
    case "identity": "identity-based policy"
    case "resource": "resource-based policy"
    case "roleTrust": "role trust policy"
    case "permissionsBoundary": "permissions boundary"
    case "session": "session policy"
    case "serviceControl": "service control policy"
    case "resourceControl": "resource control policy"
    default: word
    }
  }
}
