// SPDX-License-Identifier: Apache-2.0
//
// The actions of this server that AWS's IAM does not have, as clients see them: one entry each, names as on the wire.
// Shapes without an entry in OwnActionShapes.swift are AWS's own, in its model of IAM. Source: docs/actions.

/// What this server has beside AWS's IAM.
package enum OwnActions {
  /// The actions.
  package static let all: [ModelledAction] =
    configActions + tokenActions + tagActions + samlKeyActions
    + transparencyActions + statusActions + signingKeyActions + suspensionActions

  /// Elements that this server adds to answers of AWS's actions, by the name of the shape.
  package static let addedElements: [(shape: String, members: [ModelledAction.Member])] = [
    (
      "GetOutboundWebIdentityFederationInfoResponse",
      [
        .optional(
          "TokenTransparencyEnabled",
          "booleanType",
          "Whether each token carries the log's promise that it is on record."
        ),
        .optional("LogVerifierKey", "stringType", "The key by which relying parties check promises."),
        .optional(
          "IssuerSuspended",
          "booleanType",
          "Whether the issuer is suspended, and gives out no tokens."
        ),
        .optional("TokenStatusEnabled", "booleanType", "Whether each token has a place in a status list."),
      ]
    )
  ]
}

private let name = ModelledAction.Member.required(
  "Name",
  "outboundFederationConfigNameType",
  "The name of the config, unique in the account: letters, digits and <code>_+=,.@-</code>."
)

private let onlyConfig = [
  ModelledAction.Member.optional("OutboundFederationConfig", "OutboundFederationConfig", "The config.")
]

private let configActions = [
  ModelledAction(
    "CreateOutboundFederationConfig",
    "Declares an outside service once, so that applications ask for its tokens by name.",
    input: [name]
      + [
        .required(
          "TokenType",
          "outboundFederationTokenType",
          "<code>OIDC</code> or <code>SAML</code>; it never changes."
        )
      ] + OwnActions.settings
      + [.optional("Tags", "tagListType", "Tags of the config.")],
    output: onlyConfig,
    errors: [
      "EntityAlreadyExistsException", "InvalidInputException", "LimitExceededException",
      "ConcurrentModificationException",
    ]
  ),
  ModelledAction(
    "GetOutboundFederationConfig",
    "Gives a config.",
    input: [name],
    output: onlyConfig,
    errors: ["NoSuchEntityException"]
  ),
  ModelledAction(
    "ListOutboundFederationConfigs",
    "Lists the configs of the account, without their tags.",
    input: [
      .optional("TokenType", "outboundFederationTokenType", "Only configs for tokens of this kind.")
    ] + OwnActions.paging,
    output: [
      .required("OutboundFederationConfigs", "outboundFederationConfigListType", "The configs.")
    ] + OwnActions.page,
    pageOf: "OutboundFederationConfigs"
  ),
  ModelledAction(
    "UpdateOutboundFederationConfig",
    "Changes a config; what is left out stays as it is.",
    input: [name] + OwnActions.settings,
    output: onlyConfig,
    errors: [
      "NoSuchEntityException", "InvalidInputException", "LimitExceededException",
      "ConcurrentModificationException",
    ]
  ),
  ModelledAction(
    "DeleteOutboundFederationConfig",
    "Deletes a config; nobody gets a token by it from then on.",
    input: [name],
    errors: ["NoSuchEntityException", "ConcurrentModificationException"]
  ),
]

private let tokenActions = [
  ModelledAction(
    "GetOutboundFederationToken",
    "Gives a token for the service of a config: a JWT, or a SAML response or assertion.",
    input: [
      .required("FederationConfigName", "outboundFederationConfigNameType", "The name of the config."),
      .optional(
        "DurationSeconds",
        "outboundFederationDurationType",
        "The token's life in seconds, at most and by default that of the config."
      ),
      .optional(
        "HolderOfKeyCertificate",
        "stringType",
        "SAML: a certificate whose key the caller has, in PEM form; the assertion is for the holder of that key."
      ),
      .optional(
        "HolderOfKeySignature",
        "stringType",
        "SAML: the proof that the caller has the key, a signature in base 64."
      ),
    ],
    output: [
      .required(
        "Token",
        "outboundFederationTokenTextType",
        "A JWT; a SAML response in base 64, as the HTTP-POST binding has it; or a SAML assertion in base64url, as the "
          + "bearer grant of RFC 7522 has it."
      ),
      .required("TokenType", "outboundFederationTokenType", "<code>OIDC</code> or <code>SAML</code>."),
      .required("TargetService", "stringType", "Where to take the token."),
      .required("Audience", "stringType", "For whom it is."),
      .required("Expiration", "dateType", "When it ends."),
      .optional("SamlForm", "outboundFederationSamlFormType", "What of SAML the token is."),
    ],
    errors: [
      "NoSuchEntityException", "OutboundWebIdentityFederationDisabledException",
      "SessionDurationEscalationException",
    ]
  )
]

private let tagActions = [
  ModelledAction(
    "TagOutboundFederationConfig",
    "Adds tags to a config.",
    input: [name, .required("Tags", "tagListType", "The tags.")],
    errors: [
      "NoSuchEntityException", "InvalidInputException", "LimitExceededException",
      "ConcurrentModificationException",
    ]
  ),
  ModelledAction(
    "UntagOutboundFederationConfig",
    "Takes tags away from a config.",
    input: [name, .required("TagKeys", "tagKeyListType", "The keys of the tags.")],
    errors: ["NoSuchEntityException", "InvalidInputException", "ConcurrentModificationException"]
  ),
  ModelledAction(
    "ListOutboundFederationConfigTags",
    "Lists the tags of a config in the order of their keys.",
    input: [name] + OwnActions.paging,
    output: [.required("Tags", "tagListType", "The tags.")] + OwnActions.page,
    errors: ["NoSuchEntityException"],
    pageOf: "Tags"
  ),
]

private let samlKeys: [ModelledAction.Member] = [
  .required(
    "EntityId",
    "stringType",
    "The entity id of the account's identity provider, and where its metadata is."
  ),
  .required(
    "OutboundSamlKeys",
    "outboundSamlKeyListType",
    "The keys, in the order in which they begin to sign."
  ),
]

private let samlKeyActions = [
  ModelledAction(
    "ListOutboundSamlKeys",
    "Lists the keys that sign the account's SAML.",
    output: samlKeys,
    errors: ["NoSuchEntityException"]
  ),
  ModelledAction(
    "RotateOutboundSamlKey",
    "Makes the successor of the key that signs the account's SAML; both are in the metadata for a while.",
    input: [
      .optional(
        "SigningAlgorithm",
        "outboundFederationSamlAlgorithmType",
        "Which key is meant; without it every kind that the account has."
      ),
      .optional(
        "OverlapSeconds",
        "outboundFederationOverlapType",
        "How long the successor is published before it signs, in seconds; by default 86400, a day."
      ),
    ],
    output: samlKeys,
    errors: ["NoSuchEntityException", "LimitExceededException"]
  ),
]

private let transparencyActions = [
  ModelledAction(
    "EnableOutboundTokenTransparency",
    "From now on each token carries the log's promise that it is on record, or is not issued.",
    output: [.required("LogVerifierKey", "stringType", "The key by which relying parties check promises.")]
  ),
  ModelledAction(
    "DisableOutboundTokenTransparency",
    "Tokens carry no promise any more, and relying parties that demand one refuse them."
  ),
]

private let statusActions = [
  ModelledAction(
    "EnableOutboundTokenStatus",
    "From now on each token has a place in a status list, in which it can be revoked, or is not issued.",
    output: [
      .required("StatusListAggregationEndpoint", "stringType", "Where the account's status lists are named.")
    ]
  ),
  ModelledAction(
    "DisableOutboundTokenStatus",
    "Tokens have no place in a status list any more; the lists of those that have one stay."
  ),
  ModelledAction(
    "RevokeOutboundTokens",
    "Marks tokens as revoked in the account's status lists; exactly one parameter says which.",
    input: [
      .optional("TokenId", "stringType", "The token with this <code>jti</code>."),
      .optional(
        "PrincipalArn",
        "arnType",
        "Every token of a user, of a role with all of its sessions, or of one session."
      ),
      .optional("IssuedBefore", "dateType", "Every token that was issued before this time."),
    ],
    output: [
      .required("RevokedTokenCount", "integerType", "How many tokens were marked that were not before."),
      .required("AlreadyRevokedTokenCount", "integerType", "How many were revoked already."),
      .optional(
        "AlreadyRevokedDate",
        "dateType",
        "When, if all of them were, and a call of the last 12 hours says it."
      ),
      .required(
        "TokensWithoutStatusCount",
        "integerType",
        "How many of those meant have no place in a list, and stay valid until they expire."
      ),
    ],
    errors: ["NoSuchEntityException", "InvalidInputException"]
  ),
]
