// SPDX-License-Identifier: Apache-2.0
//
// The JSON of AWS JSON 1.1, from the same trees that AWS Query writes as XML.
// Source: AWS JSON 1.1 protocol (botocore parsers.py, JSONParser).

package import IdentityModel
import StrictJSON

/// Writes the answers of AWS JSON 1.1.
package enum AWSJSONResponse {
  /// The `Content-Type` of every answer.
  package static let contentType = "application/x-amz-json-1.1"

  /// Writes a result; `{}` for an operation without an output shape.
  ///
  /// Timestamps are seconds since the Epoch, with three decimals where milliseconds were asked for.
  ///
  /// - Returns: the UTF-8 bytes of the body.
  package static func success(_ result: ResponseStructure?) -> [UInt8] {
    var json = JSONWriter(capacity: 1024)
    write(.structure(result ?? ResponseStructure()), to: &json)
    return json.bytes
  }

  /// Writes `{"__type":"Code","message":"…"}`, with `Reason` when there is one.
  ///
  /// - Returns: the UTF-8 bytes of the body.
  package static func failure(_ error: ServiceError) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("__type", error.code)
      if let message = error.message { json.member("message", message) }
      if let reason = error.reason { json.member("Reason", reason) }
    }
    return json.bytes
  }

  private static func write(_ value: ResponseValue, to json: inout JSONWriter) {
    switch value {
    case .string(let text): json.string(text)
    case .integer(let value): json.integer(value)
    case .boolean(let value): json.bool(value)
    case .timestamp(let instant, let milliseconds):
      if milliseconds { json.raw(secondsWithFraction(instant)) } else { json.integer(instant.seconds) }
    case .structure(let structure), .map(let structure):
      json.object { json in
        for member in structure.members {
          json.name(member.name)
          write(member.value, to: &json)
        }
      }
    case .list(let elements):
      json.array { json in
        for element in elements { write(element, to: &json) }
      }
    }
  }

  // `1792569600.125`
  private static func secondsWithFraction(_ instant: Instant) -> [UInt8] {
    let magnitude = instant.milliseconds.magnitude
    let digits = String(magnitude % 1000)
    let fraction = String(repeating: "0", count: 3 - digits.utf8.count) + digits
    return Array("\(instant.milliseconds < 0 ? "-" : "")\(magnitude / 1000).\(fraction)".utf8)
  }
}
