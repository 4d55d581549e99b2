// SPDX-License-Identifier: Apache-2.0
//
// The `pattern` traits of the service models as predicates on Unicode scalars, each with the text that AWS prints.
// No regular expression engine: nothing here can backtrack. Source: botocore service models of iam and sts.

/// The set of texts that a string parameter may hold.
package struct ParameterPattern: Sendable {
  /// How AWS words a text outside the set.
  package enum Complaint: Hashable, Sendable {
    /// `Member must satisfy regular expression pattern: …`, one violation among others.
    case constraint
    /// `The specified value for userName is invalid. ` and this sentence: IAM's own check of names and paths, made
    /// after every constraint was met.
    case sentence(String)
  }

  /// The regular expression as the model spells it.
  package let text: String
  /// The wording of a refusal.
  package let complaint: Complaint
  /// Whether the whole of a text is in the set.
  package let matches: @Sendable (String) -> Bool

  /// Gathers the parts; `matches` must decide what `text` says.
  package init(
    _ text: String,
    complaint: Complaint = .constraint,
    matches: @escaping @Sendable (String) -> Bool
  ) {
    self.text = text
    self.complaint = complaint
    self.matches = matches
  }

  /// A text of scalars that `contains` accepts, not empty unless `text` ends with `*`.
  package init(
    characters text: String,
    complaint: Complaint = .constraint,
    contains: @escaping @Sendable (Unicode.Scalar) -> Bool
  ) {
    let mayBeEmpty = text.utf8.last == UInt8(ascii: "*")
    self.init(text, complaint: complaint) { value in
      (mayBeEmpty || !value.isEmpty) && value.unicodeScalars.allSatisfy(contains)
    }
  }
}

extension ParameterPattern {
  /// A tag's key: `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`.
  package static let tagKey = ParameterPattern(
    characters: #"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"#,
    contains: isTagCharacter
  )

  /// A tag's value: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`.
  package static let tagValue = ParameterPattern(
    characters: #"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"#,
    contains: isTagCharacter
  )

  /// The name of a user, policy or federation config: `[\w+=,.@-]+`, refused in IAM's words.
  package static let name = ParameterPattern(
    characters: #"[\w+=,.@-]+"#,
    complaint: .sentence("It must contain only alphanumeric characters and/or the following: +=,.@_-"),
    contains: isNameCharacter
  )

  /// The name of a role session or a federated user, and a source identity: `[\w+=,.@-]*`.
  package static let roleSessionName = ParameterPattern(
    characters: #"[\w+=,.@-]*"#,
    contains: isNameCharacter
  )

  /// An external id: `[\w+=,.@:\/-]*`.
  package static let externalID = ParameterPattern(characters: #"[\w+=,.@:\/-]*"#) { scalar in
    scalar == ":" || scalar == "/" || isNameCharacter(scalar)
  }

  /// The serial number or ARN of a device: `[\w+=/:,.@-]*`.
  package static let serialNumber = ParameterPattern(characters: #"[\w+=/:,.@-]*"#) { scalar in
    scalar == ":" || scalar == "/" || isNameCharacter(scalar)
  }

  /// A one-time code: `[\d]*`.
  package static let tokenCode = ParameterPattern(characters: #"[\d]*"#) { ("0"..."9").contains($0) }

  /// A path: `/`, or printable ASCII without spaces between two slashes.
  package static let path = ParameterPattern(
    #"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)"#,
    complaint: .sentence(
      "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    )
  ) { value in
    let bytes = value.utf8
    return bytes.elementsEqual("/".utf8)
      || bytes.count >= 3 && bytes.first == UInt8(ascii: "/") && bytes.last == UInt8(ascii: "/")
        && bytes.allSatisfy { (0x21...0x7E).contains($0) }
  }

  /// The path of a managed policy: `/`, or segments of `[A-Za-z0-9.,+@=_-]` between slashes.
  package static let policyPath = ParameterPattern(
    #"((/[A-Za-z0-9\.,\+@=_-]+)*)/"#,
    complaint: .sentence(
      "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    )
  ) { value in
    let parts = value.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count >= 2 && parts.first?.isEmpty == true && parts.last?.isEmpty == true
      && parts.dropFirst().dropLast().allSatisfy { !$0.isEmpty && $0.allSatisfy(isNameCharacter) }
  }

  /// The id of a version of a managed policy: `v1`.
  package static let policyVersionID = ParameterPattern(#"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"#) { value in
    let parts = value.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let number = parts.first, number.first == UInt8(ascii: "v"), number.count >= 2,
      number.dropFirst().first != UInt8(ascii: "0"),
      number.dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return false }
    return parts.dropFirst().allSatisfy { suffix in
      suffix.allSatisfy { byte in
        let scalar = Unicode.Scalar(byte)
        return scalar != "_" && (scalar == "-" || isWordCharacter(scalar))
      }
    }
  }

  /// The name of a SAML provider: `[\w._-]+`.
  package static let samlProviderName = ParameterPattern(characters: #"[\w._-]+"#) { scalar in
    scalar == "." || scalar == "-" || isWordCharacter(scalar)
  }

  /// An account alias: lower-case letters, digits and single hyphens inside.
  package static let accountAlias = ParameterPattern(
    #"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$"#
  ) { value in
    let parts = value.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return (3...63).contains(value.utf8.count)
      && parts.allSatisfy { part in
        !part.isEmpty
          && part.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
              || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          }
      }
  }

  /// The beginning of a path: a slash and printable ASCII without spaces.
  package static let pathPrefix = ParameterPattern(#"\u002F[\u0021-\u007E]*"#) { value in
    value.utf8.first == UInt8(ascii: "/") && value.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }

  /// An access key id: `[\w]+`.
  package static let accessKeyID = ParameterPattern(characters: #"[\w]+"#, contains: isWordCharacter)

  /// A policy document: tab, line feed, carriage return, and U+0020 to U+00FF.
  package static let policyDocument = ParameterPattern(
    characters: #"[\u0009\u000A\u000D\u0020-\u00FF]+"#
  ) { scalar in
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x20...0xFF: true
    default: false
    }
  }

  /// The description of a role: tab, line feed, carriage return, and the printable characters up to U+00FF.
  package static let roleDescription = ParameterPattern(
    characters: #"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*"#
  ) { scalar in
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0xA1...0xFF: true
    default: false
    }
  }

  /// Text that XML can carry, so that it comes back as it was put.
  ///
  /// Source: XML 1.0 §2.2, `Char`.
  package static let xmlText = ParameterPattern(
    characters: #"[\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\x{10000}-\x{10FFFF}]*"#
  ) { scalar in
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }

  /// The marker of a page: `[\u0020-\u00FF]+`.
  package static let marker = ParameterPattern(characters: #"[\u0020-\u00FF]+"#) { scalar in
    (0x20...0xFF).contains(scalar.value)
  }
}

// `\w` as in Java without flags: ASCII only.
@Sendable private func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar {
  case "a"..."z", "A"..."Z", "0"..."9", "_": true
  default: false
  }
}

@Sendable private func isNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar {
  case "+", "=", ",", ".", "@", "-": true
  default: isWordCharacter(scalar)
  }
}

@Sendable private func isTagCharacter(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar {
  case "a"..."z", "A"..."Z", "0"..."9", " ", "_", ".", ":", "/", "=", "+", "-", "@": return true
  default: break
  }
  switch scalar.properties.generalCategory {
  case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,  // \p{L}
    .spaceSeparator, .lineSeparator, .paragraphSeparator,  // \p{Z}
    .decimalNumber, .letterNumber, .otherNumber:  // \p{N}
    return true
  default:
    return false
  }
}
