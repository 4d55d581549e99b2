// SPDX-License-Identifier: Apache-2.0
//
// The DEFLATE format, read: a status list comes compressed, and a library that others link should not bring a C library
// for it. Reads into memory up to a cap and no further, whatever the data promise. Source: RFC 1950; RFC 1951 §3.2.

/// Reads zlib data.
enum Inflate {
  /// What the zlib data `octets` hold; `nil` when they are none, or hold more than `maximumBytes`.
  static func zlib(_ octets: [UInt8], maximumBytes: Int) -> [UInt8]? {
    // RFC 1950 §2.2: CMF (deflate, window up to 32 KiB), FLG (no dictionary), together a multiple of 31; Adler-32 last.
    guard octets.count >= 6, octets[0] & 0x0F == 8, octets[0] >> 4 <= 7, octets[1] & 0x20 == 0,
      (Int(octets[0]) << 8 | Int(octets[1])) % 31 == 0
    else { return nil }
    var reader = DeflateReader(octets[2..<(octets.count - 4)], maximumBytes: maximumBytes)
    guard let output = reader.read() else { return nil }
    let checksum = octets.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return adler32(output) == checksum ? output : nil
  }

  private static func adler32(_ octets: [UInt8]) -> UInt32 {
    var a: UInt32 = 1, b: UInt32 = 0
    for octet in octets {
      a = (a + UInt32(octet)) % 65_521
      b = (b + a) % 65_521
    }
    return b << 16 | a
  }
}

/// A canonical Huffman code, RFC 1951 §3.2.2.
private struct HuffmanCode {
  /// How many codes have each length, and the symbols in the order of their codes.
  private var counts = [Int](repeating: 0, count: 16)
  private var symbols: [Int]

  /// `nil` for lengths that more codes share than there can be.
  init?(_ lengths: [UInt8]) {
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    var left = 1
    for length in 1...15 {
      left = left * 2 - counts[length]
      guard left >= 0 else { return nil }
    }
    symbols = (1...15).flatMap { length in lengths.indices.filter { Int(lengths[$0]) == length } }
  }

  func symbol(_ nextBit: () -> Int?) -> Int? {
    var code = 0, first = 0, index = 0
    for length in 1...15 {
      guard let bit = nextBit() else { return nil }
      code = code << 1 | bit
      let count = counts[length]
      if code - first < count { return symbols[index + code - first] }
      index += count
      first = (first + count) << 1
    }
    return nil
  }
}

private struct DeflateReader {
  private let input: ArraySlice<UInt8>
  private let maximumBytes: Int
  private var position: Int
  private var bit = 0
  private var output: [UInt8] = []

  init(_ input: ArraySlice<UInt8>, maximumBytes: Int) {
    self.input = input
    self.maximumBytes = maximumBytes
    position = input.startIndex
  }

  /// Every block up to the last, which must end with the input.
  mutating func read() -> [UInt8]? {
    while true {
      guard let isLast = bits(1), let kind = bits(2) else { return nil }
      let isRead: Bool
      switch kind {
      case 0: isRead = stored()
      case 1: isRead = Self.fixed.map { compressed($0.literals, $0.distances) } ?? false
      case 2: isRead = dynamic().map { compressed($0.literals, $0.distances) } ?? false
      default: isRead = false
      }
      guard isRead else { return nil }
      if isLast == 1 { return position + (bit > 0 ? 1 : 0) == input.endIndex ? output : nil }
    }
  }

  private mutating func bits(_ count: Int) -> Int? {
    var value = 0
    for place in 0..<count {
      guard position < input.endIndex else { return nil }
      value |= Int(input[position] >> UInt8(bit) & 1) << place
      bit += 1
      if bit == 8 {
        bit = 0
        position += 1
      }
    }
    return value
  }

  // §3.2.4
  private mutating func stored() -> Bool {
    if bit > 0 {
      bit = 0
      position += 1
    }
    guard let length = bits(16), let complement = bits(16), length == ~complement & 0xFFFF,
      input.endIndex - position >= length, output.count + length <= maximumBytes
    else { return false }
    output += input[position..<(position + length)]
    position += length
    return true
  }

  // §3.2.5
  private static let lengths: [(base: Int, extra: Int)] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1),
    (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4),
    (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
  ]
  private static let distances: [(base: Int, extra: Int)] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4),
    (65, 5),
    (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10),
    (3073, 10), (4097, 11), (6145, 11), (8193, 12), (12_289, 12), (16_385, 13), (24_577, 13),
  ]

  private mutating func compressed(_ literals: HuffmanCode, _ codes: HuffmanCode) -> Bool {
    while let symbol = symbol(literals) {
      if symbol < 256 {
        guard output.count < maximumBytes else { return false }
        output.append(UInt8(symbol))
      } else if symbol == 256 {
        return true
      } else {
        guard symbol - 257 < Self.lengths.count else { return false }
        let length = Self.lengths[symbol - 257]
        guard let more = bits(length.extra), let code = self.symbol(codes), code < Self.distances.count else {
          return false
        }
        let distance = Self.distances[code]
        guard let further = bits(distance.extra) else { return false }
        let back = distance.base + further, count = length.base + more
        guard back <= output.count, output.count + count <= maximumBytes else { return false }
        for _ in 0..<count { output.append(output[output.count - back]) }
      }
    }
    return false
  }

  private mutating func symbol(_ code: HuffmanCode) -> Int? {
    var reader = self
    let symbol = code.symbol { reader.bits(1) }
    position = reader.position
    bit = reader.bit
    return symbol
  }

  // §3.2.6
  private static let fixed: (literals: HuffmanCode, distances: HuffmanCode)? = {
    let lengths =
      [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
      + [UInt8](repeating: 8, count: 8)
    guard let literals = HuffmanCode(lengths), let distances = HuffmanCode([UInt8](repeating: 5, count: 30))
    else { return nil }
    return (literals, distances)
  }()

  // §3.2.7
  private mutating func dynamic() -> (literals: HuffmanCode, distances: HuffmanCode)? {
    guard let hlit = bits(5), let hdist = bits(5), let hclen = bits(4), hlit <= 29, hdist <= 29 else {
      return nil
    }
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var ofLengths = [UInt8](repeating: 0, count: 19)
    for place in order.prefix(hclen + 4) {
      guard let length = bits(3) else { return nil }
      ofLengths[place] = UInt8(length)
    }
    guard let code = HuffmanCode(ofLengths) else { return nil }
    var lengths: [UInt8] = []
    let count = hlit + 257 + hdist + 1
    while lengths.count < count {
      guard let symbol = symbol(code) else { return nil }
      let (value, base, extra): (UInt8?, Int, Int) =
        switch symbol {
        case 16: (lengths.last, 3, 2)
        case 17: (0, 3, 3)
        case 18: (0, 11, 7)
        default: (UInt8(symbol), 1, 0)
        }
      guard let value, let more = bits(extra), lengths.count + base + more <= count else { return nil }
      lengths += [UInt8](repeating: value, count: base + more)
    }
    guard lengths[256] > 0, let literals = HuffmanCode(Array(lengths[..<(hlit + 257)])),
      let distances = HuffmanCode(Array(lengths[(hlit + 257)...]))
    else { return nil }
    return (literals, distances)
  }
}
