// SPDX-License-Identifier: Apache-2.0
//
// What an AWS JSON 1.1 request asks for: the target in a header, the parameters in the body. Refuses to know any
// parameter's meaning. Source: AWS JSON 1.1 protocol (botocore serialize.py, JSONSerializer).

package import IdentityModel
package import StrictJSON

/// Why a request is not an AWS JSON 1.1 request.
package enum AWSJSONRequestError: Error, Hashable, Sendable {
  /// There is no `X-Amz-Target`, or it is not `Prefix.Action`.
  case malformedTarget
  /// The target is not one of the service.
  case foreignTarget(String)
  /// The method is not POST.
  case methodNotAllowed(String)
  /// Parameters stand in the query string, where no one would read them.
  case queryNotAllowed
  /// The body does not say that it is `application/x-amz-json-1.1`.
  case contentTypeNotJSON(String?)
  /// The body is not acceptable JSON.
  case malformedBody(JSONReaderError)
  /// The body is JSON, and no object.
  case bodyNotAnObject
}

/// The action and the parameters of an AWS JSON 1.1 request.
package struct AWSJSONRequest: Sendable {
  /// The longest body, in bytes.
  package static let maximumBytes = 64 * 1024
  /// How deep arrays and objects may nest.
  package static let maximumDepth = 16

  /// The action's name: 1–128 ASCII letters and digits.
  package let action: String
  /// The members of the body.
  package let parameters: JSONObject

  /// Reads a request from exactly the bytes that were signed.
  ///
  /// - Parameters:
  ///   - method: the method as on the request line.
  ///   - query: what follows the `?` of the request target; `nil` without one.
  ///   - target: the one `X-Amz-Target` of the request.
  ///   - targetPrefix: what the service's targets begin with, from its model: `targetPrefix`, without the dot.
  ///   - contentType: the `Content-Type` of the request.
  ///   - body: the body; an empty one stands for an object without members.
  /// - Throws: `AWSJSONRequestError`.
  package init(
    method: String,
    query: Substring?,
    target: String?,
    targetPrefix: String,
    contentType: String?,
    body: [UInt8]
  ) throws(AWSJSONRequestError) {
    guard method == "POST" else { throw .methodNotAllowed(method) }
    // SECURITY: one source, as for AWS Query.
    guard query?.isEmpty ?? true else { throw .queryNotAllowed }
    guard let contentType, isMediaType(contentType, "application/x-amz-json-1.1") else {
      throw .contentTypeNotJSON(contentType)
    }
    action = try AWSJSONRequest.action(of: target, targetPrefix: targetPrefix)
    guard !body.isEmpty else {
      parameters = JSONObject([])
      return
    }
    let value: JSONValue
    do {
      value = try JSONReader.read(
        body,
        maximumBytes: AWSJSONRequest.maximumBytes,
        maximumDepth: AWSJSONRequest.maximumDepth
      )
    } catch {
      throw .malformedBody(error)
    }
    guard let object = value.object else { throw .bodyNotAnObject }
    parameters = object
  }

  /// The action that a target names, so that a request can be recorded although its body is refused.
  ///
  /// - Throws: `AWSJSONRequestError.malformedTarget` or `.foreignTarget`.
  package static func action(
    of target: String?,
    targetPrefix: String
  ) throws(AWSJSONRequestError) -> String {
    guard let target, let dot = target.utf8.lastIndex(of: UInt8(ascii: ".")) else { throw .malformedTarget }
    let action = target[target.utf8.index(after: dot)...]
    guard (1...128).contains(action.utf8.count), action.utf8.allSatisfy(isAlphanumeric) else {
      throw .malformedTarget
    }
    guard target[..<dot].utf8.elementsEqual(targetPrefix.utf8) else { throw .foreignTarget(target) }
    return String(action)
  }
}

extension ServiceError {
  /// What a client reads when its request is not an AWS JSON request.
  ///
  /// A target that leads nowhere, and whatever does not come as AWS JSON at all, is `UnknownOperationException` 400,
  /// without a message as AWS sends it; a body that cannot be read is `SerializationException` 400.
  package init(_ error: AWSJSONRequestError) {
    switch error {
    case .malformedTarget, .foreignTarget, .methodNotAllowed, .queryNotAllowed, .contentTypeNotJSON:
      self.init(code: "UnknownOperationException", httpStatus: 400, message: nil)
    case .malformedBody(.tooLarge(let limit)):
      self = .serialization("the body is longer than \(limit) bytes")
    case .malformedBody(.tooDeep(let limit, _)):
      self = .serialization("the body is nested deeper than \(limit) levels")
    case .malformedBody(.notUTF8):
      self = .serialization("the body is not UTF-8 without a byte order mark")
    case .malformedBody(.duplicateName):
      self = .serialization("a name stands twice in an object")
    case .malformedBody(.unexpectedEnd), .malformedBody(.unexpectedByte), .malformedBody(.badEscape):
      self = .serialization("the body is not JSON")
    case .bodyNotAnObject:
      self = .serialization("the body is not a JSON object")
    }
  }

  private static func serialization(_ message: String) -> ServiceError {
    ServiceError(code: "SerializationException", httpStatus: 400, message: message)
  }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}
