// SPDX-License-Identifier: Apache-2.0
//
// What the descriptions of our own actions have in common, and the shapes that AWS's model of IAM does not have.

extension OwnActions {
  /// What a config says, but for its kind and its tags.
  static let settings: [ModelledAction.Member] = [
    .optional(
      "TargetService",
      "outboundFederationTargetServiceType",
      "Where tokens are taken, an absolute URL: the base of the service, or for SAML its assertion consumer service. "
        + "Needed, unless <code>ServiceProviderMetadata</code> says it."
    ),
    .optional(
      "Audience",
      "outboundFederationAudienceType",
      "For whom tokens are: <code>aud</code>, or for SAML the service's entity id. Needed, unless "
        + "<code>ServiceProviderMetadata</code> says it."
    ),
    .optional(
      "Duration",
      "outboundFederationDurationType",
      "How long tokens live, in seconds: 60 to 43200, by default 3600."
    ),
    .optional(
      "SigningAlgorithm",
      "outboundFederationSigningAlgorithmType",
      "<code>RS256</code> (the default) or <code>ES384</code>; for SAML <code>RSA-SHA256</code> (the default), "
        + "<code>RSA-SHA384</code> or <code>ECDSA-SHA384</code>."
    ),
    .optional("Description", "outboundFederationDescriptionType", "A description; an empty one is none."),
    .optional(
      "SamlForm",
      "outboundFederationSamlFormType",
      "SAML: a <code>Response</code> to post (the default), or an <code>Assertion</code> for a token endpoint."
    ),
    .optional(
      "SamlSignResponse",
      "booleanObjectType",
      "SAML: whether the response is signed too, and not the assertion alone."
    ),
    .optional("NameIdFormat", "stringType", "SAML: the format of the name identifier, a URN."),
    .optional(
      "NameIdValue",
      "stringType",
      "SAML: the name identifier, a template; by default <code>${aws:PrincipalArn}</code>."
    ),
    .optional(
      "SamlAttributes",
      "outboundFederationSamlAttributeListType",
      "SAML: the attributes, in place of the default ones; an empty list brings those back."
    ),
    .optional("OneTimeUse", "booleanObjectType", "SAML: whether an assertion may be used only once."),
    .optional(
      "AssertionEncryption",
      "outboundFederationEncryptionType",
      "SAML: whether assertions are encrypted for the service; <code>None</code> is the default."
    ),
    .optional(
      "EncryptionCertificate",
      "stringType",
      "SAML: the service's certificate for encryption, in PEM form."
    ),
    .optional(
      "ServiceProviderMetadata",
      "stringType",
      "SAML: the service's metadata file, which fills what it says and the call does not."
    ),
  ]

  /// Which page of a list is asked for.
  static let paging: [ModelledAction.Member] = [
    .optional("Marker", "markerType", "Where to go on: the <code>Marker</code> of the page before."),
    .optional("MaxItems", "maxItemsType", "How many entries to give at most, by default 100."),
  ]

  /// What a page says besides its entries.
  static let page: [ModelledAction.Member] = [
    .optional("IsTruncated", "booleanType", "Whether there are more."),
    .optional("Marker", "markerType", "Where to go on."),
  ]

  /// The shapes that AWS's model does not have.
  package static let shapes: [(name: String, shape: ModelledShape)] = [
    ("OutboundFederationConfig", .structure(config)),
    ("outboundFederationConfigListType", .list(of: "OutboundFederationConfig", atMost: nil)),
    ("outboundFederationConfigNameType", .string(length: 1...128, choices: [])),
    ("outboundFederationTokenType", .string(length: nil, choices: ["OIDC", "SAML"])),
    ("outboundFederationTargetServiceType", .string(length: 1...2048, choices: [])),
    ("outboundFederationAudienceType", .string(length: 1...1000, choices: [])),
    ("outboundFederationDurationType", .integer(60...43_200)),
    ("outboundFederationDescriptionType", .string(length: 0...1000, choices: [])),
    (
      "outboundFederationSigningAlgorithmType",
      .string(length: nil, choices: ["RS256", "ES384", "RSA-SHA256", "RSA-SHA384", "ECDSA-SHA384"])
    ),
    ("outboundFederationSamlFormType", .string(length: nil, choices: ["Response", "Assertion"])),
    ("outboundFederationEncryptionType", .string(length: nil, choices: ["None", "AES256-GCM"])),
    ("outboundFederationSamlAttribute", .structure(attribute)),
    (
      "outboundFederationSamlAttributeListType",
      .list(of: "outboundFederationSamlAttribute", atMost: 50)
    ),
    ("outboundFederationSamlValueListType", .list(of: "stringType", atMost: 10)),
    ("outboundFederationTokenTextType", .secret),
    ("outboundSamlKey", .structure(samlKey)),
    ("outboundSamlKeyListType", .list(of: "outboundSamlKey", atMost: nil)),
    ("outboundFederationOverlapType", .integer(0...2_592_000)),
    (
      "outboundFederationSamlAlgorithmType",
      .string(length: nil, choices: ["RSA-SHA256", "RSA-SHA384", "ECDSA-SHA384"])
    ),
    ("outboundSigningKey", .structure(signingKey)),
    ("outboundSigningKeyListType", .list(of: "outboundSigningKey", atMost: nil)),
    ("outboundSigningKeyAlgorithmType", .string(length: nil, choices: ["RS256", "ES384"])),
    ("outboundSigningKeyIdType", .string(length: 1...128, choices: [])),
    ("outboundSigningKeyOverlapType", .integer(1...2_592_000)),
    ("outboundSigningKeyTextType", .secret),
    (
      "OutboundWebIdentityFederationDisabledException",
      .error(
        code: "OutboundWebIdentityFederationDisabledException",
        httpStatus: 403,
        documentation: "Outbound identity federation is not enabled for the account."
      )
    ),
    (
      "SessionDurationEscalationException",
      .error(
        code: "SessionDurationEscalationException",
        httpStatus: 403,
        documentation: "The token would outlive the session that asked for it."
      )
    ),
  ]

  private static let config: [ModelledAction.Member] =
    [
      .required("Name", "outboundFederationConfigNameType", "The name."),
      .required("Arn", "arnType", "The ARN."),
      .required("TokenType", "outboundFederationTokenType", "The kind of tokens."),
    ] + settings.filter { $0.name != "ServiceProviderMetadata" }
    + [
      .required("CreateDate", "dateType", "When the config was made."),
      .required("LastUpdatedDate", "dateType", "When the config was last changed."),
      .optional("Tags", "tagListType", "The tags; not in lists."),
    ]

  private static let attribute: [ModelledAction.Member] = [
    .required("Name", "stringType", "The name of the attribute."),
    .optional("NameFormat", "stringType", "The format of the name, a URN."),
    .optional("FriendlyName", "stringType", "A name for people."),
    .required("Values", "outboundFederationSamlValueListType", "The values, templates."),
  ]

  private static let samlKey: [ModelledAction.Member] = [
    .required("KeyId", "stringType", "The RFC 7638 thumbprint of the public key."),
    .required("KeyType", "stringType", "<code>RSA_2048</code> or <code>ECC_P384</code>."),
    .required(
      "Status",
      "stringType",
      "<code>Successor</code>, <code>Signing</code>, <code>Retiring</code> or <code>Retired</code>."
    ),
    .required("CreateDate", "dateType", "When it was made."),
    .required("SignsFrom", "dateType", "From when it signs."),
    .optional("PublishedUntil", "dateType", "When its certificate leaves the metadata."),
    .required("Certificate", "stringType", "The certificate, in PEM form."),
  ]
}
