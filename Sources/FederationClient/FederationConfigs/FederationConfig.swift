// SPDX-License-Identifier: Apache-2.0
//
// A federation config as the server says it, and what has to be said to the server so that it becomes what a document
// says. Source: docs/actions/GetOutboundFederationConfig.md, UpdateOutboundFederationConfig.md.

import IdentityModel
package import StrictJSON
import TokenFormats

/// A federation config of an account.
package struct FederationConfig: Sendable {
  /// The name.
  package let name: String
  /// The ARN.
  package let arn: String
  /// When it was made, as the server writes it.
  package let createDate: String
  /// When it was last changed, as the server writes it.
  package let lastUpdatedDate: String
  /// Its members; never `ServiceProviderMetadata`, and in lists no `Tags`.
  package let members: [FederationConfigMember: FederationConfigValue]

  /// Reads the element of an answer; throws the path of what is missing or malformed.
  init(_ element: XMLAnswer) throws(FederationConfigElementError) {
    name = try element.required("Name")
    arn = try element.required("Arn")
    createDate = try element.required("CreateDate")
    lastUpdatedDate = try element.required("LastUpdatedDate")
    var members: [FederationConfigMember: FederationConfigValue] = [:]
    for member in FederationConfigMember.allCases where member != .serviceProviderMetadata {
      members[member] = try element.value(of: member)
    }
    for member in [FederationConfigMember.targetService, .tokenType, .audience] where members[member] == nil {
      throw FederationConfigElementError(path: member.rawValue)
    }
    self.members = members
  }

  /// The text of a member; empty when there is none.
  package func text(_ member: FederationConfigMember) -> String {
    if case .text(let text)? = members[member] { text } else { "" }
  }

  /// The config as a script takes it.
  package var json: JSONValue {
    let ends = [("Name", name), ("Arn", arn)].map { JSONObject.Member($0.0, .string($0.1)) }
    let dates = [("CreateDate", createDate), ("LastUpdatedDate", lastUpdatedDate)]
      .map { JSONObject.Member($0.0, .string($0.1)) }
    return .object(JSONObject(ends + documentMembers + dates))
  }

  /// The document of which `apply` makes this config.
  package var document: JSONValue {
    .object(JSONObject([.init("OutboundFederationConfig", .object(JSONObject(documentMembers)))]))
  }

  private var documentMembers: [JSONObject.Member] {
    FederationConfigMember.allCases.compactMap { member in
      members[member].map { .init(member.rawValue, $0.json) }
    }
  }

  var tags: [Tag] {
    if case .tags(let tags)? = members[.tags] { tags } else { [] }
  }
}

/// An element of an answer is missing or malformed.
struct FederationConfigElementError: Error {
  let path: String
}

// MARK: - From a document

extension FederationConfigDocument {
  /// The parameters of the call that makes the config.
  var creation: [(name: String, value: String)] {
    FederationConfigMember.allCases.flatMap { member in
      guard let value = members[member], !value.isEmptyList else { return [(name: String, value: String)]() }
      return member.parameters(value)
    }
  }

  /// The parameters of the call that makes an existing config what the document says, but for its tags.
  func update(now: Instant) -> [(name: String, value: String)] {
    let filled = filledByMetadata(now: now)
    return FederationConfigMember.allCases.flatMap { member in
      guard member != .tokenType, member != .tags, let value = members[member] ?? implied(member, filled)
      else {
        return [(name: String, value: String)]()
      }
      return member.parameters(value)
    }
  }

  /// Whether `config` is what the document says.
  ///
  /// With metadata in it nobody knows without asking the server.
  func describes(_ config: FederationConfig) -> Bool {
    members[.serviceProviderMetadata] == nil
      && FederationConfigMember.allCases.allSatisfy { member in
        let said = members[member] ?? implied(member, [])
        let stored = config.members[member] ?? implied(member, [])
        guard let said else { return stored == nil }
        return said.canonical(member).isSame(as: stored?.canonical(member))
      }
  }

  var tags: [Tag] {
    if case .tags(let tags)? = members[.tags] { tags } else { [] }
  }

  /// What a member that the document leaves out is, unless the metadata fills it.
  private func implied(
    _ member: FederationConfigMember,
    _ filled: Set<FederationConfigMember>
  ) -> FederationConfigValue? {
    guard isForSAML || !member.isForSAML, !filled.contains(member) else { return nil }
    // A certificate says that assertions are encrypted.
    if member == .assertionEncryption, members[.encryptionCertificate] != nil { return .text("AES256-GCM") }
    return member.byDefault(forSAML: isForSAML)
  }

  /// What the metadata says and the document does not have to; that assertions are encrypted, metadata never says.
  private func filledByMetadata(now: Instant) -> Set<FederationConfigMember> {
    // What cannot be read is the server's to refuse.
    guard let text = text(.serviceProviderMetadata),
      let metadata = try? ServiceProviderMetadata(Array(text.utf8), now: now), !metadata.nameIDFormats.isEmpty
    else { return [] }
    return [.nameIDFormat]
  }
}

extension FederationConfigValue {
  fileprivate var isEmptyList: Bool {
    switch self {
    case .attributes(let attributes): attributes.isEmpty
    case .tags(let tags): tags.isEmpty
    default: false
    }
  }

  /// The value without what has no meaning: how the lines of a certificate are broken.
  fileprivate func canonical(_ member: FederationConfigMember) -> FederationConfigValue {
    guard member == .encryptionCertificate, case .text(let text) = self else { return self }
    let lines = text.utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
      .filter { !$0.starts(with: "-----".utf8) }
    return .text(String(decoding: lines.joined().filter { $0 > 0x20 }, as: UTF8.self))
  }
}

// MARK: - From an answer

extension XMLAnswer {
  fileprivate func required(_ name: String) throws(FederationConfigElementError) -> String {
    guard let text = self[name], !text.isEmpty else { throw FederationConfigElementError(path: name) }
    return text
  }

  fileprivate func value(
    of member: FederationConfigMember
  ) throws(FederationConfigElementError) -> FederationConfigValue? {
    let name = member.rawValue
    switch member.kind {
    case .text:
      return self[name].map { .text($0) }
    case .number:
      guard let text = self[name] else { return nil }
      guard let number = Int64(text) else { throw FederationConfigElementError(path: name) }
      return .number(number)
    case .flag:
      switch self[name] {
      case nil: return nil
      case "true": return .flag(true)
      case "false": return .flag(false)
      default: throw FederationConfigElementError(path: name)
      }
    case .tags:
      guard !elements(name).isEmpty else { return nil }
      var tags: [Tag] = []
      for element in elements("\(name)/member") {
        guard let key = element["Key"], let value = element["Value"] else {
          throw FederationConfigElementError(path: "\(name)/member")
        }
        tags.append(Tag(key: key, value: value))
      }
      return .tags(tags)
    case .attributes:
      guard !elements(name).isEmpty else { return nil }
      var attributes: [FederationConfigAttribute] = []
      for element in elements("\(name)/member") {
        attributes.append(
          FederationConfigAttribute(
            name: try element.required("Name"),
            nameFormat: element["NameFormat"],
            friendlyName: element["FriendlyName"],
            values: element.elements("Values/member").compactMap { $0[""] }
          )
        )
      }
      return .attributes(attributes)
    }
  }
}
