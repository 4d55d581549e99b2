// SPDX-License-Identifier: Apache-2.0
//
// How an action looks to a client that builds its calls from a description: what goes in, what comes out, and a sentence
// on each. Owns the form; the actions themselves are described in OwnActions.swift. Source: botocore, service-2.json.

/// A description of an action.
package struct ModelledAction: Sendable {
  /// A parameter, or an element of an answer.
  package struct Member: Sendable {
    /// The name on the wire.
    package let name: String
    /// The name of its shape.
    package let shape: String
    /// Whether it must be sent, or is always answered.
    package let isRequired: Bool
    /// What it is, in a sentence or two.
    package let documentation: String
  }

  /// The name, as in `Action=`.
  package let name: String
  /// What it does, in a sentence or two.
  package let documentation: String
  /// The parameters, in the order in which they are shown.
  package let input: [Member]
  /// The elements of the answer; none for an action that only says that it is done.
  package let output: [Member]
  /// The shapes of the errors of its own.
  package let errors: [String]
  /// The element of the answer that holds the entries of a page; `nil` for an action without pages.
  package let pageOf: String?

  init(
    _ name: String,
    _ documentation: String,
    input: [Member] = [],
    output: [Member] = [],
    errors: [String] = [],
    pageOf: String? = nil
  ) {
    self.name = name
    self.documentation = documentation
    self.input = input
    self.output = output
    self.errors = errors
    self.pageOf = pageOf
  }
}

/// A type of values.
package enum ModelledShape: Sendable {
  /// Text of so many characters, and one of `choices` where there are any.
  case string(length: ClosedRange<Int>?, choices: [String])
  /// Text that must not be shown in logs.
  case secret
  /// A number in a range.
  case integer(ClosedRange<Int>)
  /// A list of at most so many values of the shape.
  case list(of: String, atMost: Int?)
  /// Members.
  case structure([ModelledAction.Member])
  /// An error by its code and HTTP status.
  case error(code: String, httpStatus: Int, documentation: String)
}

extension ModelledAction.Member {
  /// One that must be sent, or is always answered.
  static func required(_ name: String, _ shape: String, _ documentation: String) -> Self {
    Self(name: name, shape: shape, isRequired: true, documentation: documentation)
  }

  /// One that may be left out.
  static func optional(_ name: String, _ shape: String, _ documentation: String) -> Self {
    Self(name: name, shape: shape, isRequired: false, documentation: documentation)
  }
}
