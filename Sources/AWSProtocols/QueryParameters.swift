// SPDX-License-Identifier: Apache-2.0
//
// The parameters of an AWS Query request: bytes in, ordered pairs out, decoded once. What could be read in two ways
// is refused here, before anyone asks for a value. Refuses to know any parameter's meaning.
// Source: WHATWG URL, application/x-www-form-urlencoded parsing; AWS Query protocol (botocore, serialize.py).

/// The decoded pairs of a form or query string.
///
/// Shape: at most 2,048 pairs; names are case-sensitive and unique by their UTF-8 bytes; `+` is a space. A pair
/// without `=` has the empty value; empty pairs (`&&`) are skipped.
package struct QueryParameters: Sendable {
  /// The most pairs that are read, and so the largest list index.
  package static let maximumCount = 2048

  private var pairs: [(name: String, value: String)] = []
  private var positions: [ExactName: Int] = [:]

  /// Makes the parameters of an empty form.
  package init() {}

  /// Decodes a form or query string.
  ///
  /// - Parameter bytes: the body, or the bytes after the `?` of the request target, exactly as they were signed.
  /// - Throws: `QueryFormError`, naming the first thing that is wrong.
  package init(form bytes: [UInt8]) throws(QueryFormError) {
    pairs.reserveCapacity(16)
    positions.reserveCapacity(16)
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "&")) ?? bytes.count
      if start < end {
        try append(bytes, start..<end)
      }
      start = end + 1
    }
  }

  /// The value of the parameter whose name has exactly the bytes of `name`; `nil` when it was not sent.
  package subscript(_ name: String) -> String? {
    positions[ExactName(text: name)].map { pairs[$0].value }
  }

  /// The names, in the order of arrival.
  package var names: some Collection<String> {
    pairs.lazy.map(\.name)
  }

  /// The number of pairs.
  package var count: Int { pairs.count }

  /// Whether there is no pair.
  package var isEmpty: Bool { pairs.isEmpty }

  /// The same pairs in the same order, without those whose name begins with `prefix`.
  package func removing(prefix: String) -> QueryParameters {
    guard pairs.contains(where: { $0.name.utf8.starts(with: prefix.utf8) }) else { return self }
    var kept = QueryParameters()
    for pair in pairs where !pair.name.utf8.starts(with: prefix.utf8) {
      kept.positions[ExactName(text: pair.name)] = kept.pairs.count
      kept.pairs.append(pair)
    }
    return kept
  }

  private mutating func append(_ bytes: [UInt8], _ range: Range<Int>) throws(QueryFormError) {
    guard pairs.count < Self.maximumCount else { throw .tooManyParameters(limit: Self.maximumCount) }
    let equals = bytes[range].firstIndex(of: UInt8(ascii: "="))
    let name = try decode(bytes, range.lowerBound..<(equals ?? range.upperBound))
    guard !name.isEmpty else { throw .emptyName(offset: range.lowerBound) }
    guard hasCanonicalListIndices(name) else { throw .malformedListIndex(name) }
    var value = ""
    if let equals {
      value = try decode(bytes, (equals + 1)..<range.upperBound)
    }
    // SECURITY: two values for one name are a choice, and two readers may choose differently (CVE-2022-2385).
    guard positions.updateValue(pairs.count, forKey: ExactName(text: name)) == nil else {
      throw .duplicateName(name)
    }
    pairs.append((name, value))
  }
}

/// Decodes `%XX` and `+` and checks the result as UTF-8.
private func decode(_ bytes: [UInt8], _ range: Range<Int>) throws(QueryFormError) -> String {
  let isPlain = bytes[range].allSatisfy { $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "+") }
  var decoded: [UInt8] = []
  decoded.reserveCapacity(isPlain ? 0 : range.count)
  var position = isPlain ? range.upperBound : range.lowerBound
  while position < range.upperBound {
    switch bytes[position] {
    case UInt8(ascii: "+"):
      decoded.append(UInt8(ascii: " "))
    case UInt8(ascii: "%"):
      guard position + 2 < range.upperBound, let high = hexadecimalDigit(bytes[position + 1]),
        let low = hexadecimalDigit(bytes[position + 2])
      else { throw .malformedPercentEscape(offset: position) }
      decoded.append(high << 4 | low)
      position += 2
    case let byte:
      decoded.append(byte)
    }
    position += 1
  }
  guard let text = String(validating: isPlain ? bytes[range] : decoded[...], as: UTF8.self) else {
    throw .notUTF8(offset: range.lowerBound)
  }
  return text
}

private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

// Every part after a part `member` must be an index.
private func hasCanonicalListIndices(_ name: String) -> Bool {
  var rest = name.utf8[...]
  var afterMember = false
  while true {
    let part = rest.prefix { $0 != UInt8(ascii: ".") }
    if afterMember, listIndex(part) == nil { return false }
    guard part.endIndex < rest.endIndex else { return true }
    afterMember = part.elementsEqual("member".utf8)
    rest = rest[rest.index(after: part.endIndex)...]
  }
}

/// Reads a list index: 1 to `QueryParameters.maximumCount` in decimal, no sign, no leading zero; `nil` otherwise.
func listIndex(_ digits: some Collection<UInt8>) -> Int? {
  guard digits.count <= 4, digits.first != UInt8(ascii: "0") else { return nil }
  var index = 0
  for digit in digits {
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
    index = index * 10 + Int(digit - UInt8(ascii: "0"))
  }
  return (1...QueryParameters.maximumCount).contains(index) ? index : nil
}

// A name that is equal to another only when the UTF-8 bytes are.
private struct ExactName: Hashable, Sendable {
  let text: String

  static func == (left: ExactName, right: ExactName) -> Bool {
    left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
