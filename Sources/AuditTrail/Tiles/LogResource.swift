// SPDX-License-Identifier: Apache-2.0
//
// The paths under which a log's files are served and mirrored. One resource has one path, so that a cache or a disk
// never holds it twice. Source: C2SP tlog-tiles, "APIs".

/// A file of a tiled log.
package enum LogResource: Hashable, Sendable {
  /// The newest signed checkpoint; the only file that changes.
  case checkpoint
  /// Hashes.
  case tile(Tile)
  /// The entries whose hashes are in a tile of level 0.
  case entries(index: UInt64, width: Int)

  /// The path below the log's prefix: `checkpoint`, `tile/0/x001/x234/067`, `tile/entries/000.p/17`.
  package var path: String {
    switch self {
    case .checkpoint: "checkpoint"
    case .tile(let tile): "tile/\(tile.level)/" + Self.place(tile.index, tile.width)
    case .entries(let index, let width): "tile/entries/" + Self.place(index, width)
    }
  }

  /// Reads exactly what `path` writes; `nil` for any other text.
  package init?(path: some StringProtocol) {
    if path.utf8.elementsEqual("checkpoint".utf8) {
      self = .checkpoint
      return
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[0].utf8.elementsEqual("tile".utf8) else { return nil }
    var place = parts[2...]
    // `067.p/17`: a partial tile is a file in a folder named for its place.
    var width = Tile.fullWidth
    if place.count >= 2, let folder = place.dropLast().last, folder.utf8.suffix(2).elementsEqual(".p".utf8) {
      guard let number = place.last.flatMap(canonicalDecimal), (1..<UInt64(Tile.fullWidth)).contains(number)
      else { return nil }
      width = Int(number)
      place = place.dropLast(2) + [folder.dropLast(2)]
    }
    guard let index = Self.index(place) else { return nil }
    if parts[1].utf8.elementsEqual("entries".utf8) {
      self = .entries(index: index, width: width)
    } else {
      guard let level = canonicalDecimal(parts[1]), level <= 63,
        let tile = Tile(level: Int(level), index: index, width: width)
      else { return nil }
      self = .tile(tile)
    }
  }

  // Groups of three digits, all but the last behind an `x`.
  private static func place(_ index: UInt64, _ width: Int) -> String {
    var text = threeDigits(index % 1000)
    var rest = index / 1000
    while rest > 0 {
      text = "x\(threeDigits(rest % 1000))/" + text
      rest /= 1000
    }
    return width < Tile.fullWidth ? "\(text).p/\(width)" : text
  }

  private static func threeDigits(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: 3 - digits.utf8.count) + digits
  }

  private static func index(_ parts: some BidirectionalCollection<some StringProtocol>) -> UInt64? {
    guard let last = parts.last else { return nil }
    var digits = ""
    for part in parts.dropLast() {
      guard part.utf8.first == UInt8(ascii: "x"), part.utf8.count == 4 else { return nil }
      digits += part.dropFirst()
    }
    guard last.utf8.count == 3 else { return nil }
    digits += last
    let isCanonical = parts.count == 1 || !digits.utf8.starts(with: "000".utf8)
    guard isCanonical, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return UInt64(digits)
  }
}
