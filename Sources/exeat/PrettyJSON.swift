// SPDX-License-Identifier: Apache-2.0
//
// JSON for eyes: two spaces a level, control characters shown escaped.

import StrictJSON

/// Lays a JSON text out.
enum PrettyJSON {
  /// `json`, one member a line; the text as it is when it is not JSON.
  static func text(_ json: [UInt8]) -> String {
    guard let value = try? JSONReader.read(json) else { return String(decoding: json, as: UTF8.self) }
    return lines(value, indent: "")
  }

  private static func lines(_ value: JSONValue, indent: String) -> String {
    let deeper = indent + "  "
    switch value {
    case .array(let elements) where !elements.isEmpty:
      return "[\n" + elements.map { deeper + lines($0, indent: deeper) }.joined(separator: ",\n")
        + "\n\(indent)]"
    case .object(let object) where !object.members.isEmpty:
      return "{\n"
        + object.members.map { "\(deeper)\(scalar(.string($0.name))): \(lines($0.value, indent: deeper))" }
        .joined(separator: ",\n") + "\n\(indent)}"
    default:
      return scalar(value)
    }
  }

  private static func scalar(_ value: JSONValue) -> String {
    var writer = JSONWriter(isOneLine: true)
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
