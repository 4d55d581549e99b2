// SPDX-License-Identifier: Apache-2.0
//
// Names made of chance: UUIDs, unique ids, access keys. Source: RFC 9562 §5.4; IAM identifiers, unique ids.

package import IdentityModel

extension Entropy {
  /// A random UUID in lower case: 122 bits of chance.
  ///
  /// Source: RFC 9562 §5.4 (version 4).
  package func uuid() -> String {
    uuidText(octets(16), version: 4)
  }

  /// The id of an event at `now`: a UUID in lower case that begins with the time, and 74 bits of chance.
  ///
  /// The time leads back to the event without an index of ids. Source: RFC 9562 §5.7 (version 7).
  package func eventID(at now: Instant) -> String {
    var octets = octets(16)
    let milliseconds = UInt64(clamping: now.milliseconds)
    for index in 0..<6 { octets[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - 8 * index)) }
    return uuidText(octets, version: 7)
  }

  /// The `jti` of a token that is issued at `now`: a UUID in lower case with 90 bits of chance.
  ///
  /// It leads back to the token's record without an index of ids: `IssuedTokenID.time`. RFC 9562 §5.4 (version 4).
  package func tokenID(at now: Instant) -> String {
    uuidText(IssuedTokenID.octets(16, at: now, self), version: 4)
  }

  /// The octets of the id of an assertion that is issued at `now`, in the same way: 128 bits of chance.
  package func assertionID(at now: Instant) -> [UInt8] {
    IssuedTokenID.octets(20, at: now, self)
  }

  /// An IAM unique id: `prefix` (`AIDA`) and 17 characters of `[A-Z2-7]`, 85 bits of chance.
  package func uniqueID(prefix: String) -> String {
    prefix + String(decoding: octets(17).map { base32[Int($0 & 31)] }, as: UTF8.self)
  }

  /// An access key id of `account`: `AKIA` (long-term) or `ASIA` (of a session) and 16 characters of `[A-Z2-7]`.
  ///
  /// As in AWS's own, 40 of the 80 bits after the prefix are the account id, so that `GetAccessKeyInfo` answers for
  /// any of them; 40 are chance.
  package func accessKeyID(account: AccountID, prefix: String = "AKIA") -> String {
    var octets = octets(10)
    let number = UInt64(account.description) ?? 0
    // Bits 46…7 of the first 48 hold the account; bit 47 is set and bits 6…0 stay random.
    let head = 1 << 47 | number << 7 | UInt64(octets[5] & 0x7F)
    for index in 0..<6 { octets[index] = UInt8(truncatingIfNeeded: head >> UInt64(40 - 8 * index)) }
    return prefix + base32Text(octets)
  }

  /// `prefix` and `count` characters of `[0-9a-v]`, five bits of chance each: the ids of AWS Organizations.
  package func organizationsID(prefix: String, count: Int) -> String {
    prefix + String(decoding: octets(count).map { base32Hex[Int($0 & 31)] }, as: UTF8.self)
  }

  /// An account id: 12 digits, the first not zero, so that the id survives being taken for a number.
  ///
  /// Whether it is in use nobody knows but the store.
  package func accountID() -> AccountID {
    while true {
      // 64 bits for less than 40: the bias is below one in ten million. From here to there there are always 12 digits.
      let number = octets(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 900_000_000_000 + 100_000_000_000
      if let account = AccountID(String(number)) { return account }
    }
  }

  /// A secret access key: 40 characters of the base64 alphabet, 240 bits of chance.
  package func secretAccessKey() -> Secret {
    Secret(octets(40).map { base64[Int($0 & 63)] })
  }
}

extension AccountID {
  /// The account in an access key id that `Entropy.accessKeyID` or AWS made; `nil` for any other text.
  package static func inAccessKeyID(_ text: String) -> AccountID? {
    let bytes = Array(text.utf8)
    guard bytes.count == 20, bytes.starts(with: "AKIA".utf8) || bytes.starts(with: "ASIA".utf8) else {
      return nil
    }
    var head: UInt64 = 0
    // Ten characters are 50 bits: the 48 of the head and two more.
    for byte in bytes[4..<14] {
      guard let digit = base32.firstIndex(of: byte) else { return nil }
      head = head << 5 | UInt64(digit)
    }
    guard bytes[14...].allSatisfy({ base32.contains($0) }) else { return nil }
    let number = String((head >> 2) >> 7 & ((1 << 40) - 1))
    return AccountID(String(repeating: "0", count: max(0, 12 - number.utf8.count)) + number)
  }
}

private func uuidText(_ random: [UInt8], version: UInt8) -> String {
  var octets = random
  octets[6] = octets[6] & 0x0F | version << 4
  octets[8] = octets[8] & 0x3F | 0x80
  var text: [UInt8] = []
  text.reserveCapacity(36)
  for (index, octet) in octets.enumerated() {
    if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
    text.append(hexadecimal[Int(octet >> 4)])
    text.append(hexadecimal[Int(octet & 0x0F)])
  }
  return String(decoding: text, as: UTF8.self)
}

private func base32Text(_ octets: [UInt8]) -> String {
  var text: [UInt8] = []
  var pending: UInt64 = 0
  var bits = 0
  for octet in octets {
    pending = pending << 8 | UInt64(octet)
    bits += 8
    while bits >= 5 {
      bits -= 5
      text.append(base32[Int(pending >> UInt64(bits) & 31)])
    }
  }
  return String(decoding: text, as: UTF8.self)
}

private let hexadecimal = Array("0123456789abcdef".utf8)
private let base32 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
private let base32Hex = Array("0123456789abcdefghijklmnopqrstuv".utf8)
private let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
