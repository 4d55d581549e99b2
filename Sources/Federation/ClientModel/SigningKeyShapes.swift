// SPDX-License-Identifier: Apache-2.0
//
// The actions on signing keys and on the issuer as a whole, as clients see them. Source: docs/actions.

extension OwnActions {
  /// A key as it is listed.
  static let signingKey: [ModelledAction.Member] = [
    .required("KeyId", "stringType", "The <code>kid</code>: the RFC 7638 thumbprint of the public key."),
    .required("SigningAlgorithm", "stringType", "<code>RS256</code> or <code>ES384</code>."),
    .required(
      "Status",
      "stringType",
      "<code>Successor</code>, <code>Signing</code>, <code>Retiring</code>, <code>Retired</code> or <code>Revoked</code>."
    ),
    .required("CreateDate", "dateType", "When it was made, or imported."),
    .required("SignsFrom", "dateType", "From when it signs."),
    .optional("PublishedUntil", "dateType", "When it leaves the key set."),
    .optional("RevokeDate", "dateType", "When it was revoked."),
    .optional("PublicKey", "stringType", "The public key, in PEM form."),
  ]

  private static let signingKeys: [ModelledAction.Member] = [
    .required("IssuerIdentifier", "stringType", "The issuer URL."),
    .optional("IssuerSuspended", "booleanType", "Whether the issuer is suspended, and gives out no tokens."),
    .optional("KeySetEmptied", "booleanType", "Whether its key set is empty for as long."),
    .required(
      "OutboundSigningKeys",
      "outboundSigningKeyListType",
      "The keys, in the order in which they begin to sign."
    ),
  ]

  private static let overlap = ModelledAction.Member.optional(
    "OverlapSeconds",
    "outboundSigningKeyOverlapType",
    "How long the successor is published before it signs, in seconds; at least and by default 86400, a day."
  )

  static let signingKeyActions = [
    ModelledAction(
      "ListOutboundSigningKeys",
      "Lists the keys that sign the account's tokens.",
      output: signingKeys,
      errors: ["NoSuchEntityException"]
    ),
    ModelledAction(
      "RotateOutboundSigningKey",
      "Makes the successor of the key that signs the account's tokens; both are in the key set for a while.",
      input: [
        .optional(
          "SigningAlgorithm",
          "outboundSigningKeyAlgorithmType",
          "Which key is meant; without it every one that the account has."
        ),
        overlap,
      ],
      output: signingKeys,
      errors: [
        "NoSuchEntityException", "LimitExceededException", "InvalidInputException",
        "ConcurrentModificationException",
      ]
    ),
    ModelledAction(
      "RevokeOutboundSigningKey",
      "Takes a key out of the key set at once, for good; it signs nothing any more.",
      input: [.required("KeyId", "outboundSigningKeyIdType", "The <code>kid</code> of the key.")],
      output: signingKeys + [
        .optional("SuccessorKeyId", "stringType", "The key that signs in its place."),
        .required("SuccessorWasMade", "booleanType", "Whether that key was made just now."),
      ],
      errors: ["NoSuchEntityException", "ConcurrentModificationException"]
    ),
    ModelledAction(
      "ImportOutboundSigningKey",
      "Makes a key from elsewhere the successor of the one that signs.",
      input: [
        .required(
          "PrivateKey",
          "outboundSigningKeyTextType",
          "The private key, PKCS #8 in PEM form: RSA of 2048 to 4096 bits, or P-384."
        ),
        overlap,
      ],
      output: signingKeys,
      errors: [
        "NoSuchEntityException", "LimitExceededException", "InvalidInputException",
        "EntityAlreadyExistsException", "ConcurrentModificationException",
      ]
    ),
  ]

  static let suspensionActions = [
    ModelledAction(
      "SuspendOutboundIssuer",
      "Stops every token of the account at once.",
      input: [
        .optional(
          "EmptyKeySet",
          "booleanType",
          "Whether the key set and the SAML metadata are taken down too, by default not."
        )
      ],
      output: [
        .required("IssuerIdentifier", "stringType", "The issuer URL."),
        .required("SuspendDate", "dateType", "Since when it is suspended."),
        .required("KeySetEmptied", "booleanType", "Whether it publishes no keys."),
      ],
      errors: ["NoSuchEntityException", "ConcurrentModificationException"]
    ),
    ModelledAction(
      "ResumeOutboundIssuer",
      "Ends the suspension of the issuer, with everything that it took away.",
      output: [.required("IssuerIdentifier", "stringType", "The issuer URL.")],
      errors: ["NoSuchEntityException", "ConcurrentModificationException"]
    ),
  ]
}
