// SPDX-License-Identifier: Apache-2.0
//
// A response on the wire: HTTP/1.1 octets and HTTP/2 fields. Owns Content-Length, Date and connection
// management, whatever the response says about them.

import Federation
import IdentityModel
import NIOCore
import NIOHPACK
import NIOHTTP1

extension Refusal {
  /// The whole answer: status and reason, nothing of the request.
  var response: APIResponse {
    let status = HTTPResponseStatus(statusCode: rawValue)
    return APIResponse(
      status: rawValue,
      headers: [HTTPField("Content-Type", "text/plain; charset=utf-8")],
      body: Array("\(rawValue) \(status.reasonPhrase)\n".utf8)
    )
  }
}

extension APIResponse {
  /// Whether every field can be sent as it is.
  ///
  /// A value with a line end in it would be read as two fields.
  var isWellFormed: Bool {
    (200...599).contains(status)
      && headers.allSatisfy { Grammar.isToken($0.name) && Grammar.isFieldValue($0.value) }
  }

  /// The octets of the response in HTTP/1.1.
  func http1(date: String, closes: Bool, isHead: Bool, allocator: ByteBufferAllocator) -> ByteBuffer {
    var buffer = allocator.buffer(capacity: 384 + (isHead ? 0 : body.count))
    if status == 200 {
      buffer.writeStaticString("HTTP/1.1 200 OK\r\nDate: ")
    } else {
      buffer.writeString(
        "HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\nDate: "
      )
    }
    buffer.writeString(date)
    for field in headers where !field.isConnectionManagement {
      buffer.writeStaticString("\r\n")
      buffer.writeString(field.name)
      buffer.writeStaticString(": ")
      buffer.writeString(field.value)
    }
    if mayHaveBody {
      buffer.writeStaticString("\r\nContent-Length: ")
      buffer.writeString(String(body.count))
    }
    if closes { buffer.writeStaticString("\r\nConnection: close") }
    buffer.writeStaticString("\r\n\r\n")
    if mayHaveBody, !isHead { buffer.writeBytes(body) }
    return buffer
  }

  /// The field block of the response in HTTP/2: names in lower case.
  func http2(date: String) -> HPACKHeaders {
    var fields = HPACKHeaders()
    fields.reserveCapacity(headers.count + 3)
    fields.add(name: ":status", value: String(status))
    fields.add(name: "date", value: date)
    for field in headers where !field.isConnectionManagement {
      fields.add(name: asciiLowercased(field.name), value: field.value)
    }
    if mayHaveBody { fields.add(name: "content-length", value: String(body.count)) }
    return fields
  }

  /// Whether a response with this status has a body at all (RFC 9110 §15.3.5, §15.4.5).
  var mayHaveBody: Bool { status != 204 && status != 304 }
}

extension HTTPField {
  /// Whether the server alone decides about the field.
  fileprivate var isConnectionManagement: Bool {
    switch name.utf8.count {
    case 4: hasName("date")
    case 7: hasName("upgrade") || hasName("trailer")
    case 10: hasName("connection") || hasName("keep-alive")
    case 14: hasName("content-length")
    case 17: hasName("transfer-encoding")
    default: false
    }
  }
}
