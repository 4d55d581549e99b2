// SPDX-License-Identifier: Apache-2.0
//
// The parameters of AWS Organizations: its own way to refuse them, `InvalidInputException` with a reason, and the shapes
// of its ids. Source: botocore, organizations 2016-11-28.

import AWSProtocols
import IdentityModel
import TokenFormats

/// What an id can name.
enum OrganizationsIDKind: Hashable {
  /// `r-` and 4–32 of `[0-9a-z]`.
  case root
  /// `ou-`, 4–32 of `[0-9a-z]`, a hyphen, 8–32 of `[a-z0-9]`.
  case unit
  /// 12 digits.
  case account
  /// `p-` and 8–128 of `[0-9a-zA-Z_]`.
  case policy
  /// `car-` and 8–32 of `[a-z0-9]`.
  case accountRequest

  /// The kind whose shape `id` has; `nil` for any other text.
  init?(_ id: String) {
    let parts = id.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    let kind: OrganizationsIDKind?
    switch (parts.first.map { String(decoding: $0, as: UTF8.self) }, parts.count) {
    case ("r", 2) where isID(parts[1], 4...32): kind = .root
    case ("ou", 3) where isID(parts[1], 4...32) && isID(parts[2], 8...32): kind = .unit
    case ("car", 2) where isID(parts[1], 8...32): kind = .accountRequest
    case ("p", 2) where (8...128).contains(parts[1].count) && parts[1].allSatisfy(isPolicyIDByte):
      kind = .policy
    case (_, 1) where AccountID(id) != nil: kind = .account
    default: kind = nil
    }
    guard let kind else { return nil }
    self = kind
  }
}

extension ParameterReader {
  /// A string that must be sent and match `isShaped`.
  mutating func organizationsString(
    _ name: String,
    length: ClosedRange<Int>,
    _ isShaped: (String) -> Bool = { _ in true }
  ) throws(ServiceError) -> String {
    guard let value = try optionalOrganizationsString(name, length: length, isShaped) else {
      throw .invalidOrganizationsInput(.inputRequired, "You must specify `\(lowerCamelName(name))`.")
    }
    return value
  }

  /// A string that may be sent, and must match `isShaped` then; `nil` when it was not.
  mutating func optionalOrganizationsString(
    _ name: String,
    length: ClosedRange<Int>,
    _ isShaped: (String) -> Bool = { _ in true }
  ) throws(ServiceError) -> String? {
    let value = optionalString(name, length: 0...Int.max)
    try check()
    guard let value else { return nil }
    let count = value.utf16.count
    guard count >= length.lowerBound else {
      throw .invalidOrganizationsInput(
        .minimumLength,
        "`\(lowerCamelName(name))` must have at least \(length.lowerBound) characters."
      )
    }
    guard count <= length.upperBound else {
      throw .invalidOrganizationsInput(
        .maximumLength,
        "`\(lowerCamelName(name))` must have at most \(length.upperBound) characters."
      )
    }
    guard isShaped(value) else { throw .invalidPattern }
    return value
  }

  /// The id of something of one of `kinds` that must be sent.
  mutating func organizationsID(
    _ name: String,
    _ kinds: Set<OrganizationsIDKind>
  ) throws(ServiceError) -> String {
    try organizationsString(name, length: 0...130) { id in
      OrganizationsIDKind(id).map { kinds.contains($0) } ?? false
    }
  }

  /// One of `choices` that may be sent.
  mutating func organizationsChoice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String,
    of type: Choice.Type
  ) throws(ServiceError) -> Choice? {
    guard let value = try optionalOrganizationsString(name, length: 0...Int.max) else { return nil }
    guard let choice = Choice.allCases.first(where: { $0.rawValue.utf8.elementsEqual(value.utf8) }) else {
      throw .invalidOrganizationsInput(.invalidEnum, "You specified an invalid value.")
    }
    return choice
  }

  /// The tags that may be sent: no key twice, none of AWS's own.
  mutating func organizationsTags(isRequired: Bool = false) throws(ServiceError) -> [Tag] {
    let sent = structureList("Tags", count: 0...Int.max, type: "Tag", members: []) { tag in
      (tag.optionalString("Key", length: 0...Int.max), tag.optionalString("Value", length: 0...Int.max))
    }
    try check()
    guard !isRequired || !sent.isEmpty else {
      throw .invalidOrganizationsInput(.inputRequired, "You must specify `tags`.")
    }
    var tags: [Tag] = []
    for case (let key, let value) in sent {
      guard let key, let value else {
        throw .invalidOrganizationsInput(.inputRequired, "A tag has a key and a value.")
      }
      try requireTagKey(key)
      guard value.utf16.count <= 256 else {
        throw .invalidOrganizationsInput(.maximumLength, "The value of a tag has at most 256 characters.")
      }
      guard ParameterPattern.tagValue.matches(value) else { throw .invalidPattern }
      tags.append(Tag(key: key, value: value))
    }
    // Policy reads keys without regard to case: two that differ in nothing else could not be told apart.
    guard Set(tags.map { $0.key.utf8.map(asciiLowercase) }).count == tags.count else {
      throw .invalidOrganizationsInput(.duplicateTagKey, "A tag key is given twice, or differs only in case.")
    }
    guard tags.count <= 50 else { throw .tooManyOrganizationsTags }
    return tags
  }

  /// The keys of tags that must be sent.
  mutating func organizationsTagKeys() throws(ServiceError) -> [String] {
    let keys = optionalStringList("TagKeys", count: 0...Int.max, memberLength: 0...Int.max) ?? []
    try check()
    guard !keys.isEmpty else {
      throw .invalidOrganizationsInput(.inputRequired, "You must specify `tagKeys`.")
    }
    for key in keys { try requireTagKey(key) }
    return keys
  }

  private func requireTagKey(_ key: String) throws(ServiceError) {
    guard !key.isEmpty else {
      throw .invalidOrganizationsInput(.minimumLength, "The key of a tag has at least one character.")
    }
    guard key.utf16.count <= 128 else {
      throw .invalidOrganizationsInput(.maximumLength, "The key of a tag has at most 128 characters.")
    }
    guard ParameterPattern.tagKey.matches(key) else { throw .invalidPattern }
    guard !asciiLowercased(key.prefix(4)).utf8.elementsEqual("aws:".utf8) else {
      throw .invalidOrganizationsInput(.invalidSystemTags, "Tag keys that begin with `aws:` are reserved.")
    }
  }
}

extension ServiceError {
  static let invalidPattern = ServiceError.invalidOrganizationsInput(
    .invalidPattern,
    "You provided a value that does not match the required pattern."
  )

  static let tooManyOrganizationsTags = ServiceError.constraintViolation(
    .tagNumber,
    "You have exceeded the number of tags allowed on this resource."
  )
}

/// Which page of a list is asked for: `MaxResults` and `NextToken`.
///
/// A token names the last entry that was given, below the prefix of the list: it leads nowhere else, whatever somebody
/// makes of it.
struct OrganizationsPaging: Sendable {
  let maxResults: Int
  let after: String?

  /// Reads `NextToken`, and `MaxResults` (1–20, default 20) where there is one.
  init(_ parameters: inout ParameterReader, hasMaxResults: Bool = true) throws(ServiceError) {
    let token = try parameters.optionalOrganizationsString("NextToken", length: 0...100_000)
    let count = hasMaxResults ? parameters.optionalInteger("MaxResults", Int.min...Int.max) : nil
    try parameters.check()
    maxResults = count ?? 20
    guard maxResults >= 1 else {
      throw .invalidOrganizationsInput(.minimumValue, "`maxResults` must be at least 1.")
    }
    guard maxResults <= 20 else {
      throw .invalidOrganizationsInput(.maximumValue, "`maxResults` must be at most 20.")
    }
    after = try token.map { token throws(ServiceError) in
      guard token.utf8.count <= 1024, let bytes = Base64URL.decode(token),
        let id = String(validating: bytes, as: UTF8.self), !id.isEmpty
      else { throw .invalidOrganizationsInput(.invalidNextToken, "You specified an invalid next token.") }
      return id
    }
  }

  /// The records of the page, and the token of the next one when there is one.
  func page<Record: DirectoryRecord>(
    of type: Record.Type,
    prefix: String,
    _ house: House
  ) async throws(ServiceError) -> (records: [Record], nextToken: String?) {
    let found = try await house.read { directory in
      try await directory.records(
        type,
        prefix: prefix,
        after: after.map { prefix + $0 },
        limit: maxResults + 1
      )
    }
    guard found.count > maxResults else { return (found.map(\.record), nil) }
    let last = found[maxResults - 1].key.id.utf8.dropFirst(prefix.utf8.count)
    return (found.prefix(maxResults).map(\.record), Base64URL.encode(Array(last)))
  }
}

private func lowerCamelName(_ name: String) -> String { asciiLowercased(name.prefix(1)) + name.dropFirst() }

/// `length` bytes of `[0-9a-z]`.
private func isID(_ bytes: String.UTF8View.SubSequence, _ length: ClosedRange<Int>) -> Bool {
  length.contains(bytes.count)
    && bytes.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

private func isPolicyIDByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
    true
  default: false
  }
}
