// SPDX-License-Identifier: Apache-2.0
//
// What an action answers: a tree with AWS's member names. A protocol writes it; an action never sees XML or JSON.

package import IdentityModel

/// A value in an answer.
package enum ResponseValue: Hashable, Sendable {
  /// A string; any Unicode scalars.
  case string(String)
  /// An integer.
  case integer(Int64)
  /// A truth value.
  case boolean(Bool)
  /// A point in time, in UTC; with milliseconds (`2026-04-21T07:37:10.000Z`) or in whole seconds.
  case timestamp(Instant, milliseconds: Bool)
  /// A structure.
  case structure(ResponseStructure)
  /// A list, in order.
  case list([ResponseValue])
  /// A map: the names of the members are its keys, which may be any Unicode scalars.
  case map(ResponseStructure)
}

/// A structure in an answer: members in the order of writing.
package struct ResponseStructure: Hashable, Sendable {
  /// A name and its value.
  package struct Member: Hashable, Sendable {
    /// AWS's name of the member, such as `WebIdentityToken`.
    ///
    /// Never input, except as the key of a map: a protocol writes it as it is.
    package let name: String
    /// The value.
    package let value: ResponseValue
  }

  /// The members, in order.
  package private(set) var members: [Member] = []

  /// Gathers `members`; one whose value is `nil` is left out.
  package init(_ members: KeyValuePairs<String, ResponseValue?> = [:]) {
    self.members.reserveCapacity(members.count)
    for (name, value) in members { append(name, value) }
  }

  /// Adds a member at the end; `nil` adds nothing.
  package mutating func append(_ name: String, _ value: ResponseValue?) {
    guard let value else { return }
    members.append(Member(name: name, value: value))
  }
}
