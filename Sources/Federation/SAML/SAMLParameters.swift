// SPDX-License-Identifier: Apache-2.0
//
// The parameters of a federation config that only SAML has: their shape as they are read. What they come to, beside a
// service's own metadata and what was stored before, is worked out in SAMLRequest.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// What a caller sent of the SAML side of a config; what was not sent is `nil`.
package struct SAMLParameters: Sendable {
  /// The most attributes of a config.
  package static let maximumAttributes = 50
  /// The most values of an attribute of a config.
  package static let maximumValues = 10
  /// The longest template, in UTF-16 code units.
  package static let maximumTemplateLength = 1024
  /// The longest certificate that is recorded as it was sent, in octets.
  static let maximumRecordedCertificate = 4096

  let form: String?
  let signsResponse: Bool?
  let nameIDFormat: String?
  let nameID: String?
  /// Empty for the default attributes.
  let attributes: [SAMLAttributeTemplate]?
  let oneTimeUse: Bool?
  let encryption: String?
  let encryptionCertificate: String?
  let serviceProviderMetadata: String?

  /// Reads them: their shape only; `check()` of the reader comes after.
  package init(_ parameters: inout ParameterReader) {
    form = parameters.optionalChoice("SamlForm", of: [SAMLSettings.response, SAMLSettings.assertion])
    signsResponse = parameters.optionalBoolean("SamlSignResponse")
    nameIDFormat = parameters.optionalString("NameIdFormat", length: 1...1024)
    nameID = parameters.optionalString("NameIdValue", length: 1...Self.maximumTemplateLength)
    attributes = parameters.optionalStructureList(
      "SamlAttributes",
      count: 0...Self.maximumAttributes,
      type: "SamlAttribute",
      members: ["Name", "NameFormat", "FriendlyName"]
    ) { attribute in
      SAMLAttributeTemplate(
        name: attribute.requiredString("Name", length: 1...256),
        nameFormat: attribute.optionalString("NameFormat", length: 1...1024),
        friendlyName: attribute.optionalString("FriendlyName", length: 1...256),
        values: attribute.requiredStringList(
          "Values",
          count: 1...Self.maximumValues,
          memberLength: 0...Self.maximumTemplateLength
        )
      )
    }
    oneTimeUse = parameters.optionalBoolean("OneTimeUse")
    encryption = parameters.optionalChoice(
      "AssertionEncryption",
      of: [SAMLSettings.noEncryption, SAMLSettings.aes256GCM]
    )
    encryptionCertificate = parameters.optionalString("EncryptionCertificate", length: 1...16_384)
    serviceProviderMetadata = parameters.optionalString(
      "ServiceProviderMetadata",
      length: 1...(1 << 20)
    )
  }

  /// Throws ValidationError when any of them was sent: a config for OIDC has none.
  package func requireAbsent() throws(ServiceError) {
    guard let name = requestParameters.first?.name else { return }
    throw .validationError("\(name) is only for federation configs of TokenType SAML")
  }

  /// What was sent, as it is recorded.
  package var requestParameters: [JSONObject.Member] {
    func boolean(_ name: String, _ value: Bool?) -> [JSONObject.Member] {
      value.map { [.init(name, .bool($0))] } ?? []
    }
    var members: [JSONObject.Member] = .ifPresent("samlForm", form)
    members += boolean("samlSignResponse", signsResponse)
    members += .ifPresent("nameIdFormat", nameIDFormat)
    members += .ifPresent("nameIdValue", nameID)
    if let attributes {
      members.append(
        .init(
          "samlAttributes",
          .array(
            attributes.map { attribute in
              .object(
                JSONObject(
                  [.init("name", .string(attribute.name))]
                    + .ifPresent("nameFormat", attribute.nameFormat)
                    + .ifPresent("friendlyName", attribute.friendlyName)
                    + [.init("values", .strings(attribute.values))]
                )
              )
            }
          )
        )
      )
    }
    members += boolean("oneTimeUse", oneTimeUse)
    members += .ifPresent("assertionEncryption", encryption)
    members += JSONObject.Member.digestIfPresent(
      "encryptionCertificate",
      encryptionCertificate,
      beyond: Self.maximumRecordedCertificate
    )
    members += JSONObject.Member.digestIfPresent("serviceProviderMetadata", serviceProviderMetadata)
    return members
  }
}

extension [JSONObject.Member] {
  fileprivate static func ifPresent(_ name: String, _ value: String?) -> [JSONObject.Member] {
    JSONObject.Member.ifPresent(name, value)
  }
}
