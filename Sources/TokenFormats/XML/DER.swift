// SPDX-License-Identifier: Apache-2.0
//
// As much of DER as certificates and signatures need: tag, length, content. Source: X.690 §8, §10.1.

/// The outermost structure of DER: tag, length, content.
enum DER {
  /// Takes the element that `rest` begins with, when it has `tag` and a length in the one form that DER allows.
  static func take(
    _ tag: UInt8,
    from rest: inout ArraySlice<UInt8>
  ) -> (whole: ArraySlice<UInt8>, content: ArraySlice<UInt8>)? {
    let start = rest.startIndex
    guard rest.count >= 2, rest[start] == tag else { return nil }
    var content = start + 2
    var length = Int(rest[start + 1])
    if length >= 0x80 {
      let octets = rest[content...].prefix(length & 0x7F)
      guard (1...3).contains(length & 0x7F), octets.count == length & 0x7F, octets.first != 0 else {
        return nil
      }
      length = octets.reduce(0) { $0 << 8 | Int($1) }
      guard length >= 0x80 else { return nil }
      content = octets.endIndex
    }
    guard rest.endIndex - content >= length else { return nil }
    let end = content + length
    defer { rest = rest[end...] }
    return (rest[start..<end], rest[content..<end])
  }

  /// An element of `tag` with the parts of its content one after another.
  static func element(_ tag: UInt8, _ parts: [UInt8]...) -> [UInt8] {
    let content = parts.flatMap { $0 }
    guard content.count >= 0x80 else { return [tag, UInt8(content.count)] + content }
    let length = withUnsafeBytes(of: UInt32(content.count).bigEndian) { Array($0.drop { $0 == 0 }) }
    return [tag, 0x80 | UInt8(length.count)] + length + content
  }

  /// An `INTEGER` of an unsigned number, given big-endian.
  static func integer(_ octets: some Collection<UInt8>) -> [UInt8] {
    let significant = Array(octets.drop { $0 == 0 })
    return element(0x02, significant.first.map { $0 < 0x80 } == true ? [] : [0], significant)
  }

  /// The unsigned number, big-endian, of an `INTEGER` in its shortest form that `rest` begins with.
  static func takeUnsigned(from rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard let content = take(0x02, from: &rest)?.content, let first = content.first, first < 0x80 else {
      return nil
    }
    guard first == 0, content.count > 1 else { return content }
    return content.dropFirst().first.map { $0 >= 0x80 } == true ? content.dropFirst() : nil
  }
}
