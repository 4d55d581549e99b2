// SPDX-License-Identifier: Apache-2.0
//
// The XML of AWS Query, written straight into bytes: success and error envelopes, laid out as AWS lays them out.
// Source: contract §1.3; AWS Query protocol.

package import IdentityModel

/// Writes the answers of AWS Query.
package enum QueryResponse {
  /// The `Content-Type` of every answer.
  package static let contentType = "text/xml"

  /// Writes `<XResponse><XResult>…</XResult><ResponseMetadata>…`.
  ///
  /// - Parameters:
  ///   - action: the action's name, as in the service model: never input.
  ///   - service: the service, for its namespace.
  ///   - result: the members of the result; `nil` (no `XResult`) for an operation without an output shape.
  ///   - requestID: the id that `x-amzn-RequestId` also tells.
  /// - Returns: the UTF-8 bytes of the body.
  package static func success(
    action: String,
    service: ServiceName,
    result: ResponseStructure?,
    requestID: String
  ) -> [UInt8] {
    var xml = XMLWriter()
    let root = action + "Response"
    xml.open(root, namespace: namespace(of: service))
    if let result { xml.element(action + "Result", .structure(result)) }
    xml.open("ResponseMetadata")
    xml.element("RequestId", .string(requestID))
    xml.close("ResponseMetadata")
    xml.close(root)
    return xml.bytes
  }

  /// Writes `<ErrorResponse><Error>…</Error><RequestId>…`.
  ///
  /// - Parameters:
  ///   - error: what the client reads.
  ///   - service: the service, for its namespace; STS's when the request named none.
  ///   - requestID: the id that `x-amzn-RequestId` also tells.
  /// - Returns: the UTF-8 bytes of the body.
  package static func failure(
    _ error: ServiceError,
    service: ServiceName?,
    requestID: String
  ) -> [UInt8] {
    var xml = XMLWriter()
    xml.open("ErrorResponse", namespace: namespace(of: service ?? .sts))
    xml.open("Error")
    xml.element("Type", .string(error.fault.rawValue))
    xml.element("Code", .string(error.code))
    if let message = error.message { xml.element("Message", .string(message)) }
    xml.close("Error")
    xml.element("RequestId", .string(requestID))
    xml.close("ErrorResponse")
    return xml.bytes
  }
}

private func namespace(of service: ServiceName) -> String? {
  if case .query(let namespace) = service.wireProtocol { namespace } else { nil }
}
