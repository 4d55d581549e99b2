// SPDX-License-Identifier: Apache-2.0
//
// The document in which a config is written down: `{"OutboundFederationConfig": {…}}`. Owns its form, and refuses what
// it does not know, so that a misspelled member is not a default in silence; what values may be, the server judges.
// Source: docs/commands.md, `exeat federation-config`.

import IdentityModel
package import StrictJSON

/// Why a text is no document of a config.
///
/// `path` is the member, as in `Duration` or `SamlAttributes[0].Name`.
package enum FederationConfigDocumentError: Error, Hashable, Sendable {
  /// It is not JSON that is read here.
  case json(JSONReaderError)
  /// It is no object with the member `OutboundFederationConfig`.
  case notWrapped
  /// The member is not there.
  case missing(path: String)
  /// No config has such a member.
  case unknown(path: String)
  /// The member is of another type than `expected`, in words.
  case wrongType(path: String, expected: String)
  /// The member stands in the document and is given beside it.
  case givenTwice(path: String)
}

/// A config as it is written down.
package struct FederationConfigDocument: Sendable {
  /// The longest text that is read.
  ///
  /// Unit: bytes. The metadata file of a service may stand in it.
  package static let maximumBytes = 4 << 20

  /// What is said, and nothing that is not.
  package private(set) var members: [FederationConfigMember: FederationConfigValue]

  /// Reads `text`.
  ///
  /// - Parameters:
  ///   - text: the JSON, UTF-8.
  ///   - metadata: the service's metadata file, when it is not in the document.
  /// - Throws: the first thing that is wrong with it.
  package init(
    _ text: [UInt8],
    serviceProviderMetadata metadata: String? = nil
  ) throws(FederationConfigDocumentError) {
    let root: JSONValue
    do throws(JSONReaderError) {
      root = try JSONReader.read(text, maximumBytes: Self.maximumBytes)
    } catch {
      throw .json(error)
    }
    guard let content = root.object?["OutboundFederationConfig"] else { throw .notWrapped }
    _ = try object(root, "the document", ["OutboundFederationConfig"])
    let config = try object(
      content,
      "OutboundFederationConfig",
      FederationConfigMember.allCases.map(\.rawValue)
    )
    members = [:]
    for member in FederationConfigMember.allCases {
      if let value = config[member.rawValue] { members[member] = try read(value, member) }
    }
    if let metadata {
      guard members.updateValue(.text(metadata), forKey: .serviceProviderMetadata) == nil else {
        throw .givenTwice(path: FederationConfigMember.serviceProviderMetadata.rawValue)
      }
    }
    try requireWhatHasNoDefault()
  }

  /// The text of a member.
  func text(_ member: FederationConfigMember) -> String? {
    if case .text(let text)? = members[member] { text } else { nil }
  }

  var isForSAML: Bool { text(.tokenType)?.utf8.elementsEqual("SAML".utf8) ?? false }

  private func requireWhatHasNoDefault() throws(FederationConfigDocumentError) {
    var required: [FederationConfigMember] = [.tokenType]
    if members[.serviceProviderMetadata] == nil {
      required += [.targetService, .audience]
      // An update that leaves a certificate out keeps the one that is there, which the document does not know.
      if let encryption = text(.assertionEncryption), !encryption.utf8.elementsEqual("None".utf8) {
        required.append(.encryptionCertificate)
      }
    }
    for member in required where members[member] == nil { throw .missing(path: member.rawValue) }
  }
}

private func read(
  _ value: JSONValue,
  _ member: FederationConfigMember
) throws(FederationConfigDocumentError) -> FederationConfigValue {
  let path = member.rawValue
  switch member.kind {
  case .text: return .text(try string(value, path))
  case .number:
    guard let number = value.int64 else { throw .wrongType(path: path, expected: "a whole number") }
    return .number(number)
  case .flag:
    guard let flag = value.bool else { throw .wrongType(path: path, expected: "true or false") }
    return .flag(flag)
  case .tags:
    var tags: [Tag] = []
    for (index, element) in try array(value, path).enumerated() {
      let tag = try object(element, "\(path)[\(index)]", ["Key", "Value"])
      tags.append(
        Tag(
          key: try string(tag["Key"], "\(path)[\(index)].Key"),
          value: try string(tag["Value"], "\(path)[\(index)].Value")
        )
      )
    }
    return .tags(tags)
  case .attributes:
    var attributes: [FederationConfigAttribute] = []
    for (index, element) in try array(value, path).enumerated() {
      attributes.append(try attribute(element, "\(path)[\(index)]"))
    }
    return .attributes(attributes)
  }
}

private func attribute(
  _ value: JSONValue,
  _ path: String
) throws(FederationConfigDocumentError) -> FederationConfigAttribute {
  let attribute = try object(value, path, ["Name", "NameFormat", "FriendlyName", "Values"])
  var values: [String] = []
  for (index, value) in try array(attribute["Values"], "\(path).Values").enumerated() {
    values.append(try string(value, "\(path).Values[\(index)]"))
  }
  return FederationConfigAttribute(
    name: try string(attribute["Name"], "\(path).Name"),
    nameFormat: try optionalString(attribute["NameFormat"], "\(path).NameFormat"),
    friendlyName: try optionalString(attribute["FriendlyName"], "\(path).FriendlyName"),
    values: values
  )
}

/// The object, which has no members but `known`.
private func object(
  _ value: JSONValue,
  _ path: String,
  _ known: [String]
) throws(FederationConfigDocumentError) -> JSONObject {
  guard let object = value.object else { throw .wrongType(path: path, expected: "an object") }
  for member in object.members where !known.contains(where: { $0.utf8.elementsEqual(member.name.utf8) }) {
    // The envelope and its content are where people look first: their members need no path.
    throw .unknown(path: path.utf8.contains(UInt8(ascii: "[")) ? "\(path).\(member.name)" : member.name)
  }
  return object
}

private func array(_ value: JSONValue?, _ path: String) throws(FederationConfigDocumentError) -> [JSONValue] {
  guard let value else { throw .missing(path: path) }
  guard let array = value.array else { throw .wrongType(path: path, expected: "a list") }
  return array
}

private func string(_ value: JSONValue?, _ path: String) throws(FederationConfigDocumentError) -> String {
  guard let text = try optionalString(value, path) else { throw .missing(path: path) }
  return text
}

private func optionalString(
  _ value: JSONValue?,
  _ path: String
) throws(FederationConfigDocumentError) -> String? {
  guard let value else { return nil }
  guard let text = value.string else { throw .wrongType(path: path, expected: "a string") }
  return text
}
