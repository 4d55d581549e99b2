// SPDX-License-Identifier: Apache-2.0
//
// The files that teach a stock client our own actions: botocore merges them into AWS's model of IAM when it loads that.
// They name AWS's shapes where those say what is meant, and add only what AWS does not have. Source: botocore loaders.py,
// ExtrasProcessor and Loader.load_service_model.

package import StrictJSON

/// A file for botocore.
package enum SDKExtras: String, CaseIterable, Sendable {
  /// Actions and shapes.
  case service = "service-2"
  /// Which actions give pages.
  case paginators = "paginators-1"

  /// Where botocore looks for it below a folder of `AWS_DATA_PATH`.
  package var path: String { "iam/2010-05-08/\(rawValue).sdk-extras.json" }

  /// The member that says who made a file; botocore reads over it.
  package static let makerMember = "generator"

  /// What the file holds.
  ///
  /// `maker` is who makes it, and why it may be replaced by the same.
  package func content(maker: String) -> JSONValue {
    .members(
      ("version", .number(JSONNumber(1))),
      (Self.makerMember, .string(maker)),
      (
        "merge",
        self == .service
          ? .members(("operations", operations), ("shapes", shapes))
          : .members(("pagination", pagination))
      )
    )
  }

  private var operations: JSONValue {
    .object(JSONObject(OwnActions.all.map { .init($0.name, $0.operation) }))
  }

  private var shapes: JSONValue {
    let messages = OwnActions.all.flatMap(\.messages).map { name, members in
      JSONObject.Member(name, ModelledShape.structure(members).description)
    }
    let shared = OwnActions.shapes.map { JSONObject.Member($0.name, $0.shape.description) }
    let added = OwnActions.addedElements.map { name, members in
      JSONObject.Member(name, .members(("members", members.description)))
    }
    return .object(JSONObject(messages + shared + added))
  }

  private var pagination: JSONValue {
    let pages = OwnActions.all.compactMap { action in
      action.pageOf.map { entries in
        JSONObject.Member(
          action.name,
          .members(
            ("input_token", .string("Marker")),
            ("limit_key", .string("MaxItems")),
            ("more_results", .string("IsTruncated")),
            ("output_token", .string("Marker")),
            ("result_key", .string(entries))
          )
        )
      }
    }
    return .object(JSONObject(pages))
  }
}

extension ModelledAction {
  fileprivate var operation: JSONValue {
    var parts: [(String, JSONValue)] = [
      ("name", .string(name)),
      ("http", .members(("method", .string("POST")), ("requestUri", .string("/")))),
    ]
    if !input.isEmpty { parts.append(("input", .members(("shape", .string("\(name)Request"))))) }
    if !output.isEmpty {
      parts.append(
        (
          "output",
          .members(("shape", .string("\(name)Response")), ("resultWrapper", .string("\(name)Result")))
        )
      )
    }
    if !errors.isEmpty { parts.append(("errors", .array(errors.map { .members(("shape", .string($0))) }))) }
    parts.append(("documentation", .string("<p>\(documentation)</p>")))
    return .members(parts)
  }

  /// The structures that go in and come out, by their names.
  fileprivate var messages: [(String, [Member])] {
    [("\(name)Request", input), ("\(name)Response", output)].filter { !$0.1.isEmpty }
  }
}

extension ModelledShape {
  fileprivate var description: JSONValue {
    switch self {
    case .string(let length, let choices):
      var parts: [(String, JSONValue)] = [("type", .string("string"))]
      if let length { parts += [("max", .integer(length.upperBound)), ("min", .integer(length.lowerBound))] }
      if !choices.isEmpty { parts.append(("enum", .array(choices.map { .string($0) }))) }
      return .members(parts)
    case .secret:
      return .members(("type", .string("string")), ("sensitive", .bool(true)))
    case .integer(let range):
      return .members(
        ("type", .string("integer")),
        ("max", .integer(range.upperBound)),
        ("min", .integer(range.lowerBound))
      )
    case .list(let element, let count):
      var parts: [(String, JSONValue)] = [
        ("type", .string("list")), ("member", .members(("shape", .string(element)))),
      ]
      if let count { parts.append(("max", .integer(count))) }
      return .members(parts)
    case .structure(let members):
      var parts: [(String, JSONValue)] = [("type", .string("structure"))]
      let required = members.filter(\.isRequired)
      if !required.isEmpty { parts.append(("required", .array(required.map { .string($0.name) }))) }
      parts.append(("members", members.description))
      return .members(parts)
    case .error(let code, let status, let documentation):
      let error = JSONValue.members(
        ("code", .string(code)),
        ("httpStatusCode", .integer(status)),
        ("senderFault", .bool(status < 500))
      )
      return .members(
        ("type", .string("structure")),
        ("members", .members(("message", .members(("shape", .string("stringType")))))),
        ("documentation", .string("<p>\(documentation)</p>")),
        ("error", error),
        ("exception", .bool(true))
      )
    }
  }
}

extension [ModelledAction.Member] {
  fileprivate var description: JSONValue {
    .object(
      JSONObject(
        map { member in
          .init(
            member.name,
            .members(
              ("shape", .string(member.shape)),
              ("documentation", .string("<p>\(member.documentation)</p>"))
            )
          )
        }
      )
    )
  }
}

extension JSONValue {
  fileprivate static func members(_ members: (String, JSONValue)...) -> JSONValue { .members(members) }

  fileprivate static func members(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(members.map { .init($0.0, $0.1) }))
  }
}
