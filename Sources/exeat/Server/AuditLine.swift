// SPDX-License-Identifier: Apache-2.0
//
// An audit record as one line for people. Reads the JSON that is on record, so that what is shown is what is kept.

import StrictJSON

/// Turns a record into a line.
enum AuditLine {
  /// `2026-04-21T07:37:10Z  GetWebIdentityToken  ok  arn:…  127.0.0.1  jti=…  request=…`, control characters shown
  /// escaped.
  static func text(_ json: [UInt8]) -> String {
    guard let record = try? JSONReader.read(json).object else { return "unreadable record" }
    let identity = record["userIdentity"]?.object
    let who = identity?["arn"]?.string ?? identity?["type"]?.string ?? "?"
    var parts = [
      record["eventTime"]?.string ?? "?", record["eventName"]?.string ?? "?",
      record["errorCode"]?.string ?? "ok", who,
    ]
    if let address = record["sourceIPAddress"]?.string, !address.isEmpty { parts.append(address) }
    let parameters = record["requestParameters"]?.object
    for (name, label) in [
      ("userName", "user"), ("groupName", "group"), ("roleName", "role"), ("roleArn", "role"),
      ("policyName", "policy"), ("accessKeyId", "key"), ("federationConfigName", "config"),
    ] {
      if let value = parameters?[name]?.string { parts.append("\(label)=\(value)") }
    }
    if let key = record["responseElements"]?.object?["accessKey"]?.object?["accessKeyId"]?.string {
      parts.append("key=\(key)")
    }
    if let audience = parameters?["audience"]?.array {
      parts.append("aud=" + audience.compactMap(\.string).joined(separator: ","))
    }
    if let audience = record["responseElements"]?.object?["audience"]?.string {
      parts.append("aud=\(audience)")
    }
    if let tokenID = record["responseElements"]?.object?["webIdentityTokenId"]?.string {
      parts.append("jti=\(tokenID)")
    }
    if let requestID = record["requestID"]?.string { parts.append("request=\(requestID)") }
    // Whole: the end says why, and a record's message has 1 KiB at most.
    if let message = record["errorMessage"]?.string { parts.append("(\(message))") }
    return Console.printable(parts.joined(separator: "  "))
  }
}
