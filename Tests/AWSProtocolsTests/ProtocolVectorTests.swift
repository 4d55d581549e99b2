// SPDX-License-Identifier: Apache-2.0
//
// botocore's own vectors for the Query protocol (boto/botocore tests/unit/protocols, Apache-2.0), read from
// shared/vectors: what an SDK serialises, we read as the parameters that went in; what an SDK parses, we write.

import AWSProtocols
import Foundation
import IdentityModel
import StrictJSON
import Testing

private let vectors = sharedVectors("awsquery-protocol")

/// One case of a vector file with the shapes of its suite.
private struct ProtocolCase {
  let shapes: JSONObject
  let content: JSONObject

  /// The shape of `given.input` or `given.output`.
  func shape(_ side: String) -> JSONObject? {
    resolved(content["given"]?.object?[side]?.object)
  }

  /// A member of a shape with the traits of the reference on top of those of the target.
  func resolved(_ reference: JSONObject?) -> JSONObject? {
    guard let reference, let name = reference["shape"]?.string, let target = shapes[name]?.object else {
      return nil
    }
    let overridden = Set(reference.members.map(\.name))
    return JSONObject(reference.members + target.members.filter { !overridden.contains($0.name) })
  }
}

@Suite(.enabled(if: vectors != nil, "shared/vectors/awsquery-protocol is not beside the checkout"))
struct ProtocolVectorTests {
  private func cases(_ path: String) throws -> [ProtocolCase] {
    let file = try #require(vectors).appending(path: "tests/unit/protocols/\(path)/query.json")
    let suites = try #require(try JSONReader.read(Array(Data(contentsOf: file))).array)
    return suites.flatMap { suite -> [ProtocolCase] in
      let shapes = suite.object?["shapes"]?.object ?? JSONObject([])
      return (suite.object?["cases"]?.array ?? []).compactMap(\.object).map {
        ProtocolCase(shapes: shapes, content: $0)
      }
    }
  }

  @Test(arguments: [("input", 36), ("legacy/input", 25)])
  func `what botocore serialises reads as the parameters that went in`(path: String, count: Int) throws {
    var checked = 0
    for one in try cases(path) {
      guard let body = one.content["serialized"]?.object?["body"]?.string, !body.isEmpty else { continue }
      let parameters = try QueryParameters.read(
        method: "POST",
        query: nil,
        contentType: "application/x-www-form-urlencoded; charset=utf-8",
        body: Array(body.utf8)
      )
      var expected: [String: String] = [:]
      if let shape = one.shape("input"), let params = one.content["params"] {
        flatten(params, shape, "", one, into: &expected)
      }
      for (name, value) in expected {
        #expect(parameters[name] == value, "\(name) of \(body)")
      }
      // A token that the SDK makes up when none was given.
      let extra = Set(parameters.names).subtracting(expected.keys).subtracting(["token", "Token"])
      #expect(extra == ["Action", "Version"], "\(body)")
      checked += 1
    }
    #expect(checked == count)
  }

  // The parameters of `value` by the rules of the protocol: a second, independent writing of them.
  private func flatten(
    _ value: JSONValue,
    _ shape: JSONObject,
    _ prefix: String,
    _ one: ProtocolCase,
    into flat: inout [String: String]
  ) {
    let isFlattened = shape["flattened"]?.bool == true
    switch (shape["type"]?.string, value) {
    case ("structure", .object(let object)):
      for member in object.members {
        guard let target = one.resolved(shape["members"]?.object?[member.name]?.object) else { continue }
        let name = target["locationName"]?.string ?? member.name
        flatten(member.value, target, prefix.isEmpty ? name : "\(prefix).\(name)", one, into: &flat)
      }
    case ("list", .array(let elements)):
      guard let target = one.resolved(shape["member"]?.object) else { return }
      var stem = prefix
      if !isFlattened {
        stem += "." + (target["locationName"]?.string ?? "member")
      } else if let name = target["locationName"]?.string, shape["locationName"] == nil {
        stem = (prefix.split(separator: ".").dropLast() + [name[...]]).joined(separator: ".")
      }
      if elements.isEmpty { flat[prefix] = "" }
      for (index, element) in elements.enumerated() {
        flatten(element, target, "\(stem).\(index + 1)", one, into: &flat)
      }
    case ("map", .object(let object)):
      guard let key = one.resolved(shape["key"]?.object), let target = one.resolved(shape["value"]?.object)
      else { return }
      for (index, member) in object.members.enumerated() {
        let stem = "\(prefix)\(isFlattened ? "" : ".entry").\(index + 1)"
        flat["\(stem).\(key["locationName"]?.string ?? "key")"] = member.name
        flatten(
          member.value,
          target,
          "\(stem).\(target["locationName"]?.string ?? "value")",
          one,
          into: &flat
        )
      }
    case ("timestamp", .number(let seconds)) where shape["timestampFormat"]?.string == "unixTimestamp":
      flat[prefix] = seconds.text
    case ("timestamp", .number(let seconds)):
      flat[prefix] = Instant(seconds: seconds.int64 ?? 0).rfc3339
    case ("blob", .string(let text)):
      flat[prefix] = Data(text.utf8).base64EncodedString()
    case (_, .string(let text)): flat[prefix] = text
    case (_, .number(let number)): flat[prefix] = number.text
    case (_, .bool(let value)): flat[prefix] = value ? "true" : "false"
    default: Issue.record("no rule for \(shape) with \(value)")
    }
  }

  @Test
  func `the reader finds strings, truth values, integers, lists and structures where botocore puts them`()
    throws
  {
    func reader(_ id: String) throws -> ParameterReader {
      let one = try #require(try cases("input").first { $0.content["id"]?.string == id })
      let body = try #require(one.content["serialized"]?.object?["body"]?.string)
      return ParameterReader(try QueryParameters(form: Array(body.utf8)))
    }
    var lists = try reader("QueryLists")
    #expect(lists.requiredStringList("ListArg", count: 1...3, memberLength: 1...3) == ["foo", "bar", "baz"])
    let complex = lists.structureList("ComplexListArg", count: 0...9, type: "G", members: ["hi"]) {
      $0.requiredString("hi", length: 1...9)
    }
    #expect(complex == ["hello", "hola"])
    var empty = try reader("EmptyQueryLists")
    #expect(empty.optionalStringList("ListArg", count: 0...3, memberLength: 1...3) == [])
    var truth = try reader("QuerySimpleInputParamsStringAndBooleanTrue")
    #expect(truth.requiredString("Foo", length: 1...9) == "val1")
    #expect(truth.optionalBoolean("Baz") == true)
    var integer = try reader("QuerySimpleInputParamsInteger")
    #expect(integer.requiredInteger("Bam", 0...10) == 10)
    for checked in [lists, empty, truth, integer] { #expect(throws: Never.self) { try checked.check() } }
  }

  @Test(arguments: [("output", 8), ("legacy/output", 4)])
  func `what we write is what botocore's parser is shown`(path: String, count: Int) throws {
    var checked = 0
    for one in try cases(path) {
      guard let body = one.content["response"]?.object?["body"]?.string,
        let action = one.content["given"]?.object?["name"]?.string, let result = one.content["result"],
        action != "DatetimeOffsets", let shape = one.shape("output"),
        case .structure(let structure)? = value(result, shape, one)
      else { continue }
      let written = String(
        decoding: QueryResponse.success(action: action, service: .sts, result: structure, requestID: "r"),
        as: UTF8.self
      )
      let element = "\(action)Result"
      #expect(content(of: element, written) == content(of: element, body), "\(body)")
      checked += 1
    }
    #expect(checked == count)
  }

  @Test(arguments: ["QueryInvalidGreetingError", "QueryCustomizedError"])
  func `what we write as an error is what botocore's parser is shown`(id: String) throws {
    let one = try #require(try cases("output").first { $0.content["id"]?.string == id })
    let body = try #require(one.content["response"]?.object?["body"]?.string)
    let code = try #require(body.firstMatch(of: /<Code>(.*)<\/Code>/)).output.1
    let error = ServiceError(code: String(code), httpStatus: 400, message: "Hi")
    let written = QueryResponse.failure(error, service: .sts, requestID: "foo-id")
    let ours = compact(String(decoding: written, as: UTF8.self))
    #expect(ours.replacing(" xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"", with: "") == compact(body))
  }

  // `nil` for shapes that IAM and STS do not use: maps, blobs, floats, flattened or renamed lists, namespaces and
  // times in anything but UTC.
  private func value(_ value: JSONValue, _ shape: JSONObject, _ one: ProtocolCase) -> ResponseValue? {
    guard shape["flattened"] == nil, shape["xmlNamespace"] == nil,
      ["iso8601", nil].contains(shape["timestampFormat"]?.string)
    else { return nil }
    switch (shape["type"]?.string, value) {
    case ("string", .string(let text)), ("character", .string(let text)): return .string(text)
    case ("integer", .number(let number)), ("long", .number(let number)):
      return number.int64.map { .integer($0) }
    case ("boolean", .bool(let value)): return .boolean(value)
    case ("timestamp", .number(let number)):
      if let seconds = number.int64 { return .timestamp(Instant(seconds: seconds), milliseconds: false) }
      guard let seconds = Double(number.text) else { return nil }
      return .timestamp(Instant(milliseconds: Int64((seconds * 1000).rounded())), milliseconds: true)
    case ("list", .array(let elements)):
      guard let target = one.resolved(shape["member"]?.object), target["locationName"] == nil else {
        return nil
      }
      let members = elements.compactMap { self.value($0, target, one) }
      return members.count == elements.count ? .list(members) : nil
    case ("structure", .object(let object)):
      var structure = ResponseStructure()
      for member in object.members {
        guard let target = one.resolved(shape["members"]?.object?[member.name]?.object),
          let written = self.value(member.value, target, one)
        else { return nil }
        structure.append(target["locationName"]?.string ?? member.name, written)
      }
      return .structure(structure)
    default: return nil
    }
  }

  private func content(of element: String, _ xml: String) -> String? {
    compact(xml).components(separatedBy: "<\(element)>").dropFirst().first?
      .components(separatedBy: "</\(element)>").first
  }

  // No white space between elements, and one spelling of an empty one.
  private func compact(_ xml: String) -> String {
    xml.replacing(/>\s+</, with: "><").replacing(/<(\w+)><\/\w+>/) { "<\($0.output.1)/>" }
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
