// SPDX-License-Identifier: Apache-2.0
//
// AWS's validation messages, byte for byte. The expected texts were recorded from AWS (contract §1.4) unless a test
// says otherwise; the reader here reads GetWebIdentityToken as the action does.

import AWSProtocols
import IdentityModel
import Testing

struct ValidationMessageTests {
  private struct Input {
    var audience: [String]
    var algorithm: String
    var duration: Int?
    var tags: [IdentityModel.Tag]
  }

  private let valid = ["Audience.member.1=a", "SigningAlgorithm=ES384"]
  private let one = "1 validation error detected: "

  private func read(_ pairs: [String]) throws -> Input {
    var reader = ParameterReader(try QueryParameters(form: Array(pairs.joined(separator: "&").utf8)))
    let input = Input(
      audience: reader.requiredStringList("Audience", count: 1...10, memberLength: 1...1000),
      algorithm: reader.requiredString("SigningAlgorithm", length: 5...5),
      duration: reader.optionalInteger("DurationSeconds", 60...3600),
      tags: reader.tagList()
    )
    try reader.check()
    return input
  }

  private func refusal(_ pairs: [String]) -> ServiceError? {
    do {
      _ = try read(pairs)
      return nil
    } catch {
      return error as? ServiceError
    }
  }

  private func expect(_ pairs: [String], _ message: String) {
    #expect(refusal(pairs) == ServiceError(code: "ValidationError", httpStatus: 400, message: message))
  }

  @Test func `a valid request is read`() throws {
    let input = try read(
      ["Audience.member.2=b", "Audience.member.1=+", "SigningAlgorithm=RS256", "DurationSeconds=60"]
        + ["Tags.member.1.Key=aws:x", "Tags.member.1.Value=", "Tags.member.2.Value=v", "Tags.member.2.Key=k"]
    )
    #expect(input.audience == [" ", "b"])
    #expect(input.algorithm == "RS256")
    #expect(input.duration == 60)
    #expect(
      input.tags == [IdentityModel.Tag(key: "aws:x", value: ""), IdentityModel.Tag(key: "k", value: "v")]
    )
  }

  @Test(arguments: ["Tags=", "Tags"])
  func `the empty list of an SDK is an empty list`(pair: String) throws {
    #expect(try read(valid + [pair]).tags == [])
    #expect(try read(valid).duration == nil)
  }

  @Test func `audiences keep order and repetition, in any order of arrival`() throws {
    let pairs = (1...10).reversed().map { "Audience.member.\($0)=\($0 % 3)" }
    #expect(try read(pairs + ["SigningAlgorithm=ES384"]).audience == (1...10).map { "\($0 % 3)" })
  }

  @Test func `a missing algorithm`() {
    expect(
      ["Audience.member.1=a"],
      one + "Value null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null"
    )
  }

  @Test(arguments: ["", "none"])
  func `an algorithm that is too short`(value: String) {
    expect(
      ["Audience.member.1=a", "SigningAlgorithm=\(value)"],
      one + "Value '\(value)' at 'signingAlgorithm' failed to satisfy constraint: "
        + "Member must have length greater than or equal to 5"
    )
  }

  @Test func `an algorithm that is too long`() {
    expect(
      ["Audience.member.1=a", "SigningAlgorithm=RS256x"],
      one + "Value 'RS256x' at 'signingAlgorithm' failed to satisfy constraint: "
        + "Member must have length less than or equal to 5"
    )
  }

  @Test(arguments: [[], ["Audience="], ["Audience"], ["audience.member.1=a"], ["Audience.1=a"]])
  func `an audience that is missing or an empty list`(pairs: [String]) {
    expect(
      pairs + ["SigningAlgorithm=ES384"],
      one + "Value null at 'audience' failed to satisfy constraint: Member must not be null"
    )
  }

  @Test func `an audience with an empty or a long member`() {
    let long = String(repeating: "x", count: 1001)
    for (members, shown) in [([""], "[]"), ([long], "[\(long)]"), (["a", "", long], "[a, , \(long)]")] {
      expect(
        members.enumerated().map { "Audience.member.\($0.offset + 1)=\($0.element)" } + [
          "SigningAlgorithm=ES384"
        ],
        one + "Value '\(shown)' at 'audience' failed to satisfy constraint: Member must satisfy constraint: "
          + "[Member must have length less than or equal to 1000, "
          + "Member must have length greater than or equal to 1]"
      )
    }
  }

  @Test func `eleven audiences`() {
    expect(
      (0...10).map { "Audience.member.\($0 + 1)=\($0)" } + ["SigningAlgorithm=ES384"],
      one + "Value '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]' at 'audience' failed to satisfy constraint: "
        + "Member must have length less than or equal to 10"
    )
  }

  @Test(arguments: [
    ("59", "greater than or equal to 60"), ("3601", "less than or equal to 3600"),
    ("-1", "greater than or equal to 60"), ("0", "greater than or equal to 60"),
    ("9223372036854775808", "less than or equal to 3600"),
    ("-99999999999999999999999", "greater than or equal to 60"),
  ])
  func `a duration out of range, however far`(value: String, bound: String) {
    expect(
      valid + ["DurationSeconds=\(value)"],
      one
        + "Value '\(value)' at 'durationSeconds' failed to satisfy constraint: Member must have value \(bound)"
    )
  }

  @Test func `an empty tag key breaks two constraints`() {
    expect(
      valid + ["Tags.member.1.Key=", "Tags.member.1.Value=v"],
      "2 validation errors detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: "
        + "Member must have length greater than or equal to 1; Value '' at 'tags.1.member.key' failed to "
        + #"satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"#
    )
  }

  @Test func `a tag key and a tag value that are too long`() {
    let key = String(repeating: "k", count: 129)
    let value = String(repeating: "v", count: 257)
    expect(
      valid + [
        "Tags.member.1.Key=a", "Tags.member.1.Value=b", "Tags.member.2.Key=\(key)",
        "Tags.member.2.Value=\(value)",
      ],
      "2 validation errors detected: Value '\(key)' at 'tags.2.member.key' failed to satisfy constraint: "
        + "Member must have length less than or equal to 128; Value '\(value)' at 'tags.2.member.value' failed "
        + "to satisfy constraint: Member must have length less than or equal to 256"
    )
  }

  @Test func `a tag key and a tag value with characters outside the class`() {
    expect(
      valid + ["Tags.member.1.Key=a%23", "Tags.member.1.Value=%3Cb%3E"],
      "2 validation errors detected: Value 'a#' at 'tags.1.member.key' failed to satisfy constraint: "
        + #"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+; "#
        + "Value '<b>' at 'tags.1.member.value' failed to satisfy constraint: "
        + #"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*"#
    )
  }

  @Test func `a tag without a value`() {
    expect(
      valid + ["Tags.member.1.Key=a"],
      one + "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"
    )
  }

  @Test func `51 tags are shown and refused as a list`() {
    let pairs = (0...50).flatMap { ["Tags.member.\($0 + 1).Key=\($0)", "Tags.member.\($0 + 1).Value=test"] }
    let shown = (0...50).map { "Tag(key=\($0), value=test)" }.joined(separator: ", ")
    expect(
      valid + pairs,
      one + "Value '[\(shown)]' at 'tags' failed to satisfy constraint: "
        + "Member must have length less than or equal to 50"
    )
    #expect(throws: Never.self) { try read(valid + pairs.dropLast(2)) }
  }

  @Test func `a member that a long list lacks is shown as null`() {
    let pairs = (0...50).map { "Tags.member.\($0 + 1).Key=\($0)" }
    #expect(
      refusal(valid + pairs)?.message?.contains("'[Tag(key=0, value=null), Tag(key=1, value=null), ") == true
    )
  }

  @Test func `violations are told in the order of reading`() {
    expect(
      ["DurationSeconds=1"],
      "3 validation errors detected: "
        + "Value null at 'audience' failed to satisfy constraint: Member must not be null; "
        + "Value null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null; "
        + "Value '1' at 'durationSeconds' failed to satisfy constraint: "
        + "Member must have value greater than or equal to 60"
    )
  }

  // Java counts UTF-16 code units; é is one, and an emoji is two. Not recorded.
  @Test func `lengths count UTF-16 code units`() {
    #expect(throws: Never.self) {
      try read(["Audience.member.1=a", "SigningAlgorithm=%F0%9F%98%80%F0%9F%98%80a"])
    }
    #expect(throws: Never.self) {
      try read(["Audience.member.1=a", "SigningAlgorithm=%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9"])
    }
    #expect(throws: Never.self) { try read(["Audience.member.1=a", "SigningAlgorithm=e%CC%81e%CC%81e"]) }
    #expect(throws: ServiceError.self) {
      try read(["Audience.member.1=a", "SigningAlgorithm=%F0%9F%98%80%F0%9F%98%80%F0%9F%98%80"])
    }
  }

  // Not recorded: AWS Query services answer MalformedInput to what does not fit the shape of the input.
  @Test(arguments: [
    (["DurationSeconds=abc"], "`DurationSeconds` must be an integer"),
    (["DurationSeconds="], "`DurationSeconds` must be an integer"),
    (["DurationSeconds=-"], "`DurationSeconds` must be an integer"),
    (["DurationSeconds=+300"], "`DurationSeconds` must be an integer"),
    (["DurationSeconds=%2B300"], "`DurationSeconds` must be an integer"),
    (["DurationSeconds=300.0"], "`DurationSeconds` must be an integer"),
    (["DurationSeconds=3e2"], "`DurationSeconds` must be an integer"),
    (["DurationSeconds=0x3C"], "`DurationSeconds` must be an integer"),
    (["DurationSeconds=%D9%A3"], "`DurationSeconds` must be an integer"),
    (["DurationSeconds=300%00"], "`DurationSeconds` must be an integer"),
    (["Tags=x"], "`Tags` must be a list"), (["Tags=", "Tags.member.1.Key=a"], "`Tags` must be a list"),
    (["Tags.member.1=x"], "`Tags` must be a list of structures"),
    (["Tags.member.1=x", "Tags.member.1.Key=a"], "`Tags` must be a list of structures"),
    (
      ["Tags.member.2.Key=a", "Tags.member.2.Value=b"], "`Tags` must count its elements from 1 without a gap"
    ),
    (["Audience.member.3=x"], "`Audience` must count its elements from 1 without a gap"),
    (["Audience.member.2048=x"], "`Audience` must count its elements from 1 without a gap"),
    (["Audience.member.2.Key=x"], "`Audience` must be a list of strings"),
    (["Audience=x"], "`Audience` must be a list"),
  ])
  func `a parameter that is not of its type is malformed before anything is validated`(
    pairs: [String],
    message: String
  ) {
    let expected = ServiceError(code: "MalformedInput", httpStatus: 400, message: message)
    #expect(refusal(valid + pairs) == expected)
    #expect(refusal(["Audience.member.1=a"] + pairs) == expected)
  }
}
