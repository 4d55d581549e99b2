// SPDX-License-Identifier: Apache-2.0
//
// The query of a request target as SigV4 sees it: name and value decoded once and encoded once, sorted by name and
// then by value. Knows which parameters authenticate; refuses to know what any other parameter means.
// Source: AWS IAM User Guide, "Create a canonical request", canonical query string.

import IdentityModel

/// The query of a target, parsed once.
struct CanonicalQuery {
  /// A parameter that authenticates a presigned request.
  enum Name: String, CaseIterable {
    case algorithm = "X-Amz-Algorithm"
    case credential = "X-Amz-Credential"
    case date = "X-Amz-Date"
    case expires = "X-Amz-Expires"
    case regionSet = "X-Amz-Region-Set"
    case securityToken = "X-Amz-Security-Token"
    case signature = "X-Amz-Signature"
    case signedHeaders = "X-Amz-SignedHeaders"
  }

  /// One pair, each half in canonical encoding, which is one-to-one with its decoded bytes.
  struct Parameter {
    let name: [UInt8]
    let value: [UInt8]
  }

  /// The pairs in the order of the target; empty pairs (`&&`) are left out.
  let parameters: [Parameter]

  /// Whether every reader reads the same query out of the target.
  ///
  /// SECURITY: a literal `+` is a plus sign to SigV4 and a space to a form decoder; a `%` without two digits is
  /// whatever the reader makes of it. A signature over such a query does not say what was signed.
  let isUnambiguous: Bool

  /// Parses what follows the first `?` of `target`.
  init(target: String) {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else {
      self.parameters = []
      self.isUnambiguous = true
      return
    }
    var parameters: [Parameter] = []
    var isUnambiguous = true
    let query = target.utf8[target.utf8.index(after: mark)...]
    for pair in query.split(separator: UInt8(ascii: "&")) {
      let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      parameters.append(
        Parameter(
          name: CanonicalQuery.canonical(pair[..<end], &isUnambiguous),
          value: CanonicalQuery.canonical(pair[end...].dropFirst(), &isUnambiguous)
        )
      )
    }
    self.parameters = parameters
    self.isUnambiguous = isUnambiguous
  }

  /// Decodes each `%XX` of `text`, once, and encodes the result.
  private static func canonical(_ text: Substring.UTF8View, _ isUnambiguous: inout Bool) -> [UInt8] {
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.count)
    var position = text.startIndex
    while position < text.endIndex {
      let byte = text[position]
      position = text.index(after: position)
      if byte == UInt8(ascii: "%") {
        let digits = text[position...].prefix(2)
        if digits.count == 2, let first = digits.first.flatMap(hexadecimalValue),
          let second = digits.last.flatMap(hexadecimalValue)
        {
          encoded.appendPercentEncoded(first << 4 | second)
          position = digits.endIndex
          continue
        }
        isUnambiguous = false
      }
      if byte == UInt8(ascii: "+") { isUnambiguous = false }
      encoded.appendPercentEncoded(byte)
    }
    return encoded
  }

  /// Appends `name=value` pairs, joined by `&`, sorted by name and then by value, without those named in `omitted`.
  func append(omitting omitted: [Name], to bytes: inout [UInt8]) {
    let sorted =
      parameters
      .filter { parameter in !omitted.contains { parameter.name.elementsEqual($0.rawValue.utf8) } }
      .sorted { left, right in
        left.name == right.name
          ? left.value.lexicographicallyPrecedes(right.value)
          : left.name.lexicographicallyPrecedes(right.name)
      }
    for (index, parameter) in sorted.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: "&")) }
      bytes += parameter.name
      bytes.append(UInt8(ascii: "="))
      bytes += parameter.value
    }
  }
}

// MARK: - The parameters that authenticate

extension CanonicalQuery {
  /// The decoded value of the first parameter with exactly this name.
  subscript(_ name: Name) -> String? {
    guard let parameter = parameters.first(where: { $0.name.elementsEqual(name.rawValue.utf8) }) else {
      return nil
    }
    return String(decoding: CanonicalQuery.decoded(parameter.value), as: UTF8.self)
  }

  /// Whether any parameter is one that authenticates, in whatever case it is spelled.
  var hasAuthenticationParameter: Bool {
    parameters.contains { CanonicalQuery.authenticationName(folding: $0.name) != nil }
  }

  /// Refuses an `X-Amz-` parameter that stands twice, case folded, and one that authenticates but is spelled in
  /// another case: another reader may take the other one (CVE-2022-2385).
  func refuseAmbiguousParameters() throws(SigV4Error) {
    var seen: Set<[UInt8]> = []
    for parameter in parameters {
      let folded = parameter.name.map(asciiLowercase)
      guard folded.starts(with: "x-amz-".utf8) else { continue }
      let isNew = seen.insert(folded).inserted
      let name = CanonicalQuery.authenticationName(folding: parameter.name)
      guard isNew, name == nil || parameter.name.elementsEqual(name?.rawValue.utf8 ?? "".utf8) else {
        throw .ambiguousQueryParameter(String(decoding: parameter.name, as: UTF8.self))
      }
    }
  }

  private static func authenticationName(folding name: [UInt8]) -> Name? {
    Name.allCases.first {
      $0.rawValue.utf8.lazy.map(asciiLowercase).elementsEqual(name.lazy.map(asciiLowercase))
    }
  }

  private static func decoded(_ canonical: [UInt8]) -> [UInt8] {
    var octets: [UInt8] = []
    var position = 0
    while position < canonical.count {
      if canonical[position] == UInt8(ascii: "%"), position + 2 < canonical.count,
        let first = hexadecimalValue(canonical[position + 1]),
        let second = hexadecimalValue(canonical[position + 2])
      {
        octets.append(first << 4 | second)
        position += 3
      } else {
        octets.append(canonical[position])
        position += 1
      }
    }
    return octets
  }
}
