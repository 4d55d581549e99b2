// SPDX-License-Identifier: Apache-2.0
//
// How places in status lists follow one another, what of that is kept, and where revocations stand in the store. Shapes,
// ids and arithmetic only. Source: docs/decisions/0026.

package import IdentityModel
import TokenFormats

/// The measures of status lists.
package enum StatusLists {
  /// How many tokens a list has.
  package static let size = 1 << 20
  /// How many places are reserved at a time: what a crash may waste.
  package static let block = 4096
  /// How many tokens the record of a page of a list has: few enough that a revocation writes little.
  static let page = 8192
  /// The longest life of a token.
  ///
  /// Unit: seconds.
  package static let longestTokenSeconds: Int64 = 43_200
  /// How long after its last token a list is served: until that token has expired everywhere.
  ///
  /// Unit: seconds.
  package static let retentionSeconds = longestTokenSeconds + 3600
  /// How long a copy of a list may be kept.
  ///
  /// Unit: seconds.
  package static let timeToLiveSeconds: Int64 = 300
  /// From `iat` to `exp` of a list: for that long verifiers go on while the server does not answer.
  ///
  /// Unit: seconds.
  package static let lifeSeconds: Int64 = 3600
  /// Below this path of the issuer are its lists.
  static let path = "/status"

  /// The URI of the list `number`, from 1.
  static func uri(_ issuer: String, _ number: Int) -> String { "\(issuer)\(path)/\(number)" }
}

/// The place of a token among all of its issuer's.
struct StatusPlace: Hashable, Sendable {
  /// The list, from 1.
  let list: Int
  /// The place in it, from 0.
  let index: Int

  /// The place number `position`, from 0.
  init(position: Int64) {
    list = Int(position / Int64(StatusLists.size)) + 1
    index = Int(position % Int64(StatusLists.size))
  }

  /// The place that `uri` and `index` name, if it is one of the issuer's.
  init?(index: Int, uri: String, of issuer: String) {
    let prefix = "\(issuer)\(StatusLists.path)/"
    guard (0..<StatusLists.size).contains(index), uri.utf8.starts(with: prefix.utf8),
      let list = StatusPlace.number(uri.utf8.dropFirst(prefix.utf8.count))
    else { return nil }
    self.list = list
    self.index = index
  }

  /// The page of the list, from 0.
  var page: Int { index / StatusLists.page }
  /// The place in the page, from 0.
  var indexInPage: Int { index % StatusLists.page }

  /// A number from 1, as it is written in a URI: digits without leading zeros.
  static func number(_ digits: some Collection<UInt8>) -> Int? {
    guard (1...12).contains(digits.count), digits.first != UInt8(ascii: "0"),
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(String(decoding: digits, as: UTF8.self))
  }
}

/// Which places of an issuer are taken: what is kept under `progressName`, before any of them is used.
struct StatusAllocation: Codable, Hashable, Sendable {
  /// How many places are reserved; those before it are used, in use or lost.
  var reserved: Int64
  /// When lists were left for the next one, in milliseconds since the Epoch, by their numbers; those that are served no
  /// more are not among them.
  var closed: [Int: Int64] = [:]

  /// The list of which places are given out now.
  var current: Int { StatusPlace(position: max(0, reserved - 1)).list }

  /// The lists that are served at `now`, in order.
  func served(at now: Instant) -> [Int] {
    closed.filter { isKept($0.value, at: now) }.map(\.key).sorted() + [current]
  }

  /// Whether the list `number` is served at `now`.
  func serves(_ number: Int, at now: Instant) -> Bool {
    number == current || closed[number].map { isKept($0, at: now) } ?? false
  }

  /// Reserves the next block; returns its places.
  mutating func reserve(at now: Instant) -> Range<Int64> {
    let block = reserved..<(reserved + Int64(StatusLists.block))
    let before = current
    closed = closed.filter { isKept($0.value, at: now) }
    reserved = block.upperBound
    // INVARIANT: a block is asked for when the one before it is used up, so that of a list that is left no place is
    // given out any more.
    if block.lowerBound > 0, current != before { closed[before] = now.milliseconds }
    return block
  }

  private func isKept(_ closed: Int64, at now: Instant) -> Bool {
    now < Instant(milliseconds: closed).advanced(bySeconds: StatusLists.retentionSeconds)
  }

  /// The name under which the allocation of the issuer `issuerID` is kept.
  static func progressName(_ issuerID: String) -> String { "token-status/\(issuerID)" }
}

/// Which tokens of a page of a list are revoked.
///
/// Id: `issuer/list/page`.
package struct StatusListPageRecord: DirectoryRecord {
  package static let kind = RecordKind("StatusListPage")

  /// The account of the issuer.
  package let account: AccountID
  /// A bit for each token of the page, as in the list.
  package var revoked: Octets

  /// The id of the page of `place`.
  static func id(_ issuerID: String, _ place: StatusPlace) -> String {
    prefix(issuerID, place.list) + String(place.page)
  }

  /// The prefix of the ids of the pages of the list `number`.
  static func prefix(_ issuerID: String, _ number: Int) -> String { "\(issuerID)/\(number)/" }
}

extension Stored<StatusListPageRecord> {
  /// The statuses of the page; throws `corrupted` when they are not as many as a page has.
  func statuses() throws(StoreError) -> StatusList {
    guard let list = StatusList(octets: record.revoked.bytes, bits: 1), list.count == StatusLists.page else {
      throw .corrupted("StatusListPage `\(key.id)`")
    }
    return list
  }
}
