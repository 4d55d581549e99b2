// SPDX-License-Identifier: Apache-2.0
//
// The two things that nearly every action does: read the directory, and propose a change. Store errors become
// service errors here, and their causes incidents.

package import AWSProtocols
package import IdentityModel
import SigV4
package import StrictJSON

extension House {
  /// What `body` reads; a store error is an incident and 5xx.
  package func read<Result>(
    _ body: (Directory) async throws -> Result
  ) async throws(ServiceError) -> Result {
    do {
      return try await body(directory)
    } catch {
      throw diagnostics.serviceError("read the directory", error)
    }
  }

  /// The proposal whose change, result and recorded response elements `body` makes; `keys` come before, when the change
  /// makes SAML keys too.
  package func propose(
    after keys: Change? = nil,
    _ body: (inout Change) throws -> (result: ResponseStructure?, responseElements: JSONValue?)
  ) throws(ServiceError) -> Proposal {
    var change = keys ?? Change()
    do {
      let (result, elements) = try body(&change)
      return Proposal(
        change: change,
        result: result,
        responseElements: elements,
        changesIssuer: keys != nil
      )
    } catch {
      throw diagnostics.serviceError("encode a change", error)
    }
  }
}

extension JSONObject.Member {
  /// A member with a string; nothing when there is none.
  static func ifPresent(_ name: String, _ value: String?) -> [JSONObject.Member] {
    value.map { [JSONObject.Member(name, .string($0))] } ?? []
  }

  /// A member with the SHA-256 and the length in octets of a string that is longer than `limit` octets; else as
  /// `ifPresent`.
  static func digestIfPresent(_ name: String, _ value: String?, beyond limit: Int = 0) -> [JSONObject.Member]
  {
    guard let value, value.utf8.count > limit else { return ifPresent(name, value) }
    let digest = JSONObject([
      .init("sha256", .string(PayloadHash(of: Array(value.utf8)).hexadecimal)),
      .init("length", .integer(value.utf8.count)),
    ])
    return [JSONObject.Member(name, .object(digest))]
  }
}

extension JSONValue {
  /// An integer.
  static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }

  /// An array of strings.
  static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

  /// Tags as CloudTrail records them: `[{"key":…,"value":…}]`.
  static func tags(_ tags: [Tag]) -> JSONValue {
    .array(
      tags.map { tag in
        .object(JSONObject([.init("key", .string(tag.key)), .init("value", .string(tag.value))]))
      }
    )
  }

  /// An object of the strings that are there; `nil` when none is.
  static func strings(_ members: KeyValuePairs<String, String?>) -> JSONValue? {
    let present = members.flatMap { JSONObject.Member.ifPresent($0.key, $0.value) }
    return present.isEmpty ? nil : .object(JSONObject(present))
  }
}
