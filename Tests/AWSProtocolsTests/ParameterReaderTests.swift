// SPDX-License-Identifier: Apache-2.0
//
// The reads that GetWebIdentityToken does not need, and the patterns of the service models.

import AWSProtocols
import IdentityModel
import Testing

struct ParameterReaderTests {
  private func read<Value>(
    _ form: String,
    _ read: (inout ParameterReader) -> Value
  ) throws -> (value: Value, message: String?) {
    var reader = ParameterReader(try QueryParameters(form: Array(form.utf8)))
    let value = read(&reader)
    do {
      try reader.check()
      return (value, nil)
    } catch {
      return (value, error.message)
    }
  }

  private func message(_ form: String, _ body: (inout ParameterReader) -> Void) throws -> String? {
    try read(form, body).message
  }

  // Recorded from AWS: shared/vectors/aws-recorded/sts.json, invalid-session-name.
  @Test func `a role session name outside its pattern`() throws {
    #expect(
      try message("RoleSessionName=Session1:2") {
        _ = $0.requiredString("RoleSessionName", length: 2...64, pattern: .roleSessionName)
      }
        == "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        + #"Member must satisfy regular expression pattern: [\w+=,.@-]*"#
    )
  }

  @Test func `IAM refuses names and paths in sentences of its own, the first one only`() throws {
    #expect(
      try message("UserName=a%20b&PolicyName=%2F&Path=x") { reader in
        _ = reader.requiredString("UserName", length: 1...64, pattern: .name)
        _ = reader.requiredString("PolicyName", length: 1...128, pattern: .name)
        _ = reader.optionalString("Path", length: 1...512, pattern: .path)
      } == "The specified value for userName is invalid. "
        + "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )
    #expect(
      try message("Path=x") { _ = $0.optionalString("Path", length: 1...512, pattern: .path) }
        == "The specified value for path is invalid. "
        + "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    )
  }

  @Test func `constraints come before sentences`() throws {
    let long = String(repeating: "#", count: 65)
    #expect(
      try message("UserName=\(long)") { _ = $0.requiredString("UserName", length: 1...64, pattern: .name) }
        == "1 validation error detected: Value '\(long)' at 'userName' failed to satisfy constraint: "
        + "Member must have length less than or equal to 64"
    )
  }

  @Test func `a choice is compared byte for byte`() throws {
    let status: (inout ParameterReader) -> Void = {
      _ = $0.requiredChoice("Status", of: ["Active", "Inactive"])
    }
    #expect(try message("Status=Active", status) == nil)
    #expect(
      try message("Status=active", status)
        == "1 validation error detected: Value 'active' at 'status' failed to "
        + "satisfy constraint: Member must satisfy enum value set: [Active, Inactive]"
    )
    #expect(
      try message("", status)
        == "1 validation error detected: Value null at 'status' failed to satisfy constraint: "
        + "Member must not be null"
    )
    #expect(try read("") { $0.optionalChoice("Status", of: ["Active"]) } == (nil, nil))
  }

  @Test(arguments: [("true", true), ("1", true), ("false", false), ("0", false)])
  func `a truth value is one of XML Schema's four`(text: String, value: Bool) throws {
    #expect(try read("B=\(text)") { $0.optionalBoolean("B") } == (value, nil))
    #expect(try read("") { $0.optionalBoolean("B") } == (nil, nil))
  }

  @Test(arguments: ["", "True", "TRUE", "yes", "2", "true%20", "t"])
  func `any other truth value is malformed`(text: String) throws {
    #expect(
      try message("B=\(text)") { _ = $0.optionalBoolean("B") } == "boolean must follow xsd1.1 definition"
    )
  }

  @Test func `integers are read to both ends of 64 bits`() throws {
    let all = Int.min...Int.max
    let integers = try read("A=-9223372036854775808&B=9223372036854775807&C=-0&D=007") { reader in
      ["A", "B", "C", "D"].map { reader.requiredInteger($0, all) }
    }
    #expect(integers == ([.min, .max, 0, 7], nil))
    let missing = try read("") { $0.requiredInteger("MaxItems", 1...1000) }
    #expect(missing.value == 1)
    #expect(
      missing.message
        == "1 validation error detected: Value null at 'maxItems' failed to satisfy constraint: "
        + "Member must not be null"
    )
  }

  @Test func `a list of strings with a pattern tells all three constraints`() throws {
    #expect(
      try message("TagKeys.member.1=a&TagKeys.member.2=b%23") {
        _ = $0.requiredStringList("TagKeys", count: 0...50, memberLength: 1...128, memberPattern: .tagKey)
      }
        == "1 validation error detected: Value '[a, b#]' at 'tagKeys' failed to satisfy constraint: Member must "
        + "satisfy constraint: [Member must have length less than or equal to 128, Member must have length "
        + #"greater than or equal to 1, Member must satisfy regular expression pattern: "#
        + #"[\p{L}\p{Z}\p{N}_.:/=+\-@]+]"#
    )
  }

  @Test func `an optional list may be absent, empty or too short`() throws {
    #expect(try read("") { $0.optionalStringList("L", count: 0...2, memberLength: 0...9) } == (nil, nil))
    #expect(try read("L=") { $0.optionalStringList("L", count: 0...2, memberLength: 0...9) } == ([], nil))
    #expect(
      try message("L=") { _ = $0.optionalStringList("L", count: 1...2, memberLength: 0...9) }
        == "1 validation error detected: Value '[]' at 'l' failed to satisfy constraint: "
        + "Member must have length greater than or equal to 1"
    )
    #expect(
      try message("L.member.1=a") { _ = $0.requiredStringList("L", count: 2...3, memberLength: 0...9) }
        == "1 validation error detected: Value '[a]' at 'l' failed to satisfy constraint: "
        + "Member must have length greater than or equal to 2"
    )
  }

  @Test func `structures nest, and a path tells where`() throws {
    let form =
      "Outer.member.1.Inner.member.1.Name=a&Outer.member.2.Inner.member.1.Name=b"
      + "&Outer.member.2.Inner.member.2.Name=&Outer.member.2.Names.member.1=x"
    var seen: [[String]] = []
    let text = try message(form) { reader in
      seen = reader.structureList("Outer", count: 1...5, type: "Outer", members: ["Inner"]) { outer in
        let inner = outer.structureList("Inner", count: 1...5, type: "Inner", members: ["Name"]) {
          $0.requiredString("Name", length: 1...9)
        }
        return inner + (outer.optionalStringList("Names", count: 1...1, memberLength: 1...9) ?? [])
      }
    }
    #expect(seen == [["a"], ["b", "", "x"]])
    #expect(
      text
        == "1 validation error detected: Value '' at 'outer.2.member.inner.2.member.name' failed to satisfy "
        + "constraint: Member must have length greater than or equal to 1"
    )
  }

  @Test func `a list of structures that is too short`() throws {
    #expect(
      try message("") { _ = $0.tagList(count: 1...50) }
        == "1 validation error detected: Value '[]' at 'tags' failed to satisfy constraint: "
        + "Member must have length greater than or equal to 1"
    )
  }

  @Test func `what no one reads is ignored`() throws {
    #expect(try message("Action=A&Unknown=1&Unknown.member.1=x&Audience.0=y") { _ in } == nil)
  }

  @Test(arguments: [("Value", "value"), ("SAMLProviderArn", "sAMLProviderArn"), ("ÉtÉ", "ÉtÉ"), ("x", "x")])
  func `the first letter of a name is lower case in a message`(name: String, shown: String) throws {
    #expect(try message("") { _ = $0.requiredString(name, length: 1...1) }?.contains("'\(shown)'") == true)
  }
}

struct ParameterPatternTests {
  private func scalars(_ pattern: ParameterPattern) -> [Unicode.Scalar] {
    (0...0x10FFFF).compactMap(Unicode.Scalar.init).filter { pattern.matches(String($0)) }
  }

  @Test func `ASCII classes hold exactly what their expressions say`() {
    func all(_ text: String) -> [Unicode.Scalar] { text.unicodeScalars.sorted() }
    let word = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    #expect(scalars(.accessKeyID) == all(word))
    #expect(scalars(.name) == all(word + "+=,.@-"))
    #expect(scalars(.roleSessionName) == all(word + "+=,.@-"))
    #expect(scalars(.path) == ["/"])
    #expect(scalars(.pathPrefix) == ["/"])
    #expect(scalars(.marker).map(\.value) == Array(0x20...0xFF))
    #expect(scalars(.policyDocument).map(\.value) == [0x09, 0x0A, 0x0D] + Array(0x20...0xFF))
  }

  @Test func `text for XML has every character of XML 1.0 and no other`() {
    let controls: [UInt32] = [0x09, 0x0A, 0x0D]
    let (plain, beyond) = (Array<UInt32>(0x20...0xD7FF), Array<UInt32>(0xE000...0xFFFD))
    let others = Array<UInt32>(0x10000...0x10FFFF)
    #expect(scalars(.xmlText).map(\.value) == controls + plain + beyond + others)
  }

  // The regular expression engine is the judge here, and only here.
  @Test func `the tag class is letters, separators, numbers and ten signs`() throws {
    let judge = try Regex(#"[\p{L}\p{Z}\p{N}_.:/=+\-@]"#).matchingSemantics(.unicodeScalar)
    let expected = (0...0x10FFFF).compactMap(Unicode.Scalar.init).filter {
      String($0).wholeMatch(of: judge) != nil
    }
    #expect(expected.count > 100_000)
    #expect(scalars(.tagKey) == expected)
    #expect(scalars(.tagValue) == expected)
  }

  @Test(arguments: ["/", "/a/", "/a/b/", "///", "/!~/", "/a//b/"])
  func `a path is a slash or stands between two`(text: String) {
    #expect(ParameterPattern.path.matches(text))
  }

  @Test(arguments: ["", "//", "a", "/a", "a/", "/a b/", "/\u{7F}/", "/é/", "/\n/", " /a/", "/a/ "])
  func `any other text is no path`(text: String) {
    #expect(!ParameterPattern.path.matches(text))
  }

  @Test func `only a starred pattern matches the empty text`() {
    #expect(ParameterPattern.tagValue.matches(""))
    #expect(ParameterPattern.roleSessionName.matches(""))
    #expect(ParameterPattern.xmlText.matches(""))
    for pattern in [
      ParameterPattern.tagKey, .name, .path, .pathPrefix, .accessKeyID, .policyDocument, .marker,
    ] {
      #expect(!pattern.matches(""))
    }
  }

  @Test func `one bad scalar anywhere is enough`() {
    for text in ["#ab", "a#b", "ab#"] {
      #expect(!ParameterPattern.tagKey.matches(text))
      #expect(!ParameterPattern.name.matches(text))
    }
    #expect(!ParameterPattern.tagKey.matches("e\u{301}"))
    #expect(ParameterPattern.tagKey.matches("\u{e9}\u{3000}٣字"))
  }
}
