// SPDX-License-Identifier: Apache-2.0
//
// The typed reads over a JSON object: the same names, bounds and messages as over a form, other errors.

import AWSProtocols
import IdentityModel
import StrictJSON
import Testing

struct AWSJSONParameterTests {
  private func read<Value>(
    _ json: String,
    _ body: (inout ParameterReader) -> Value
  ) throws -> (value: Value, error: ServiceError?) {
    var reader = ParameterReader(try #require(try JSONReader.read(Array(json.utf8)).object))
    let value = body(&reader)
    do {
      try reader.check()
      return (value, nil)
    } catch {
      return (value, error)
    }
  }

  private func form<Value>(_ form: String, _ body: (inout ParameterReader) -> Value) throws -> (
    Value, ServiceError?
  ) {
    var reader = ParameterReader(try QueryParameters(form: Array(form.utf8)))
    let value = body(&reader)
    do {
      try reader.check()
      return (value, nil)
    } catch {
      return (value, error)
    }
  }

  @Test func `scalars, lists and structures are found where AWS JSON puts them`() throws {
    let json = #"""
      {"Name":"n","Count":-7,"On":true,"Off":false,"Keys":["a","b"],"Tags":[{"Key":"k","Value":""}],
       "Where":{"Inner":{"Depth":2}},"Map":{"b":"1","a":"2"},
       "Nested":[{"Id":"x","Tags":[{"Key":"p","Value":"q"}]},{"Id":"y"}]}
      """#
    var reader = ParameterReader(try #require(try JSONReader.read(Array(json.utf8)).object))
    #expect(reader.requiredString("Name", length: 1...9) == "n")
    #expect(reader.requiredInteger("Count", -9...9) == -7)
    #expect(reader.optionalBoolean("On") == true)
    #expect(reader.optionalBoolean("Off") == false)
    #expect(reader.requiredStringList("Keys", count: 1...2, memberLength: 1...1) == ["a", "b"])
    #expect(reader.tagList() == [Tag(key: "k", value: "")])
    let depth = reader.optionalStructure("Where") { outer in
      outer.optionalStructure("Inner") { $0.requiredInteger("Depth", 1...3) }
    }
    #expect(depth == 2)
    #expect(reader.optionalStringMap("Map", count: 0...2)?.map(\.key) == ["b", "a"])
    #expect(reader.optionalStringMap("Map", count: 0...2)?.map(\.value) == ["1", "2"])
    let nested = reader.structureList("Nested", count: 0...2, type: "N", members: ["Id"]) { element in
      (element.requiredString("Id", length: 1...1), element.tagList().map(\.key))
    }
    #expect(nested.map(\.0) == ["x", "y"])
    #expect(nested.map(\.1) == [["p"], []])
    #expect(throws: Never.self) { try reader.check() }
  }

  @Test func `null is absent`() throws {
    let json = #"{"S":null,"I":null,"B":null,"L":null,"T":null,"M":null,"D":null,"Tags":null}"#
    let (values, error) = try read(json) { reader in
      [
        reader.optionalString("S", length: 1...2) == nil, reader.optionalInteger("I", 1...2) == nil,
        reader.optionalBoolean("B") == nil,
        reader.optionalStringList("L", count: 0...2, memberLength: 1...2) == nil,
        reader.optionalStructure("T") { _ in true } == nil,
        reader.optionalStringMap("M", count: 0...1) == nil,
        reader.optionalTimestamp("D") == nil, reader.tagList().isEmpty,
      ]
    }
    #expect(values == Array(repeating: true, count: 8))
    #expect(error == nil)
    #expect(
      try read(#"{"S":null}"#) { $0.requiredString("S", length: 1...2) }.error
        == ServiceError(
          code: "ValidationException",
          httpStatus: 400,
          message: "1 validation error detected: Value null at 's' failed to satisfy constraint: "
            + "Member must not be null"
        )
    )
  }

  @Test(
    arguments: [
      ("1792569600", 1_792_569_600_000), ("1792569600.125", 1_792_569_600_125),
      ("1.7925696E9", 1_792_569_600_000),
      ("0", 0), ("-1.5", -1500), (#""2026-10-21T08:00:00Z""#, 1_792_569_600_000),
      (#""2026-10-21T08:00:00.250Z""#, 1_792_569_600_250),
    ] as [(String, Int64)]
  )
  func `a time is a number of seconds or ISO 8601`(json: String, milliseconds: Int64) throws {
    let (value, error) = try read("{\"T\":\(json)}") { $0.requiredTimestamp("T") }
    #expect(value.milliseconds == milliseconds)
    #expect(error == nil)
  }

  @Test func `a form's time is ISO 8601`() throws {
    #expect(
      try form("T=2026-10-21T08:00:00Z") { $0.requiredTimestamp("T") } == (
        Instant(seconds: 1_792_569_600), nil
      )
    )
    #expect(try form("") { $0.optionalTimestamp("T") } == (nil, nil))
    for text in ["1792569600", "", "2026-10-21", "2026-13-21T08:00:00Z"] {
      #expect(
        try form("T=\(text)") { $0.requiredTimestamp("T") }.1
          == ServiceError(code: "MalformedInput", httpStatus: 400, message: "`T` must be a timestamp")
      )
    }
  }

  @Test func `a form's structure and map stand behind dots`() throws {
    let read: (inout ParameterReader) -> String = { reader in
      let inner = reader.optionalStructure("S") { $0.requiredString("A", length: 1...3) }
      let map = reader.optionalStringMap("M", count: 1...2) ?? []
      return "\(inner ?? "none") \(map.map { "\($0.key)=\($0.value)" })"
    }
    #expect(try form("S.A=b", read) == ("b []", nil))
    #expect(try form("M.entry.1.key=k&M.entry.1.value=v", read) == ("none [\"k=v\"]", nil))
    #expect(try form("", read) == ("none []", nil))
    for (text, message) in [
      ("S=", "`S` must be a structure"), ("S=x&S.A=b", "`S` must be a structure"),
      ("M.entry.1.key=k", "`M` must be a map of strings"),
      ("M.entry.1=k", "`M` must be a list of structures"),
      (
        "M.entry.1.key=k&M.entry.1.value=v&M.entry.2.key=k&M.entry.2.value=w", "`M` must be a map of strings"
      ),
      (
        "M.entry.2.key=k&M.entry.2.value=v", "`M` must count its elements from 1 without a gap"
      ),
    ] {
      #expect(
        try form(text, read).1 == ServiceError(code: "MalformedInput", httpStatus: 400, message: message),
        "\(text)"
      )
    }
    #expect(
      try form("M=", read).1?.message
        == "1 validation error detected: Value '{}' at 'm' failed to satisfy constraint: "
        + "Member must have length greater than or equal to 1"
    )
  }

  @Test(
    arguments: [
      (#"{"S":1}"#, "NUMBER_VALUE can not be converted to a String"),
      (#"{"S":true}"#, "TRUE_VALUE can not be converted to a String"),
      (#"{"S":false}"#, "FALSE_VALUE can not be converted to a String"),
      (#"{"S":[]}"#, "Start of list found where not expected"),
      (#"{"S":{}}"#, "Start of structure or map found where not expected."),
      (#"{"I":"1"}"#, "STRING_VALUE can not be converted to an Integer"),
      (#"{"I":1.0}"#, "NUMBER_VALUE can not be converted to an Integer"),
      (#"{"I":1e2}"#, "NUMBER_VALUE can not be converted to an Integer"),
      (#"{"I":true}"#, "TRUE_VALUE can not be converted to an Integer"),
      (#"{"B":"true"}"#, "STRING_VALUE can not be converted to a Boolean"),
      (#"{"B":1}"#, "NUMBER_VALUE can not be converted to a Boolean"),
      (#"{"L":"a"}"#, "Expected list or null"),
      (#"{"L":{}}"#, "Start of structure or map found where not expected."),
      (#"{"L":[1]}"#, "NUMBER_VALUE can not be converted to a String"),
      (#"{"L":[null]}"#, "NULL_VALUE can not be converted to a String"),
      (#"{"L":[["a"]]}"#, "Start of list found where not expected"),
      (#"{"Tags":["a"]}"#, "Expected null"), (#"{"Tags":[[]]}"#, "Start of list found where not expected"),
      (#"{"Tags":[null]}"#, "Expected null"), (#"{"Tags":1}"#, "Expected list or null"),
      (#"{"Tags":[{"Key":1}]}"#, "NUMBER_VALUE can not be converted to a String"),
      (#"{"T":"x"}"#, "Expected null"), (#"{"T":[]}"#, "Start of list found where not expected"),
      (#"{"M":[]}"#, "Start of list found where not expected"), (#"{"M":"x"}"#, "Expected null"),
      (#"{"M":{"a":1}}"#, "NUMBER_VALUE can not be converted to a String"),
      (#"{"M":{"a":null}}"#, "NULL_VALUE can not be converted to a String"),
      (#"{"D":true}"#, "TRUE_VALUE can not be converted to a Timestamp"),
      (#"{"D":"yesterday"}"#, "STRING_VALUE can not be converted to a Timestamp"),
      (#"{"D":1e300}"#, "NUMBER_VALUE can not be converted to a Timestamp"),
      (#"{"D":253402300800}"#, "NUMBER_VALUE can not be converted to a Timestamp"),
      (#"{"D":-62135596801}"#, "NUMBER_VALUE can not be converted to a Timestamp"),
    ]
  )
  func `a value of another type is a serialization error`(json: String, message: String) throws {
    let (_, error) = try read(json) { reader in
      _ = reader.optionalString("S", length: 1...2)
      _ = reader.optionalInteger("I", 1...2)
      _ = reader.optionalBoolean("B")
      _ = reader.optionalStringList("L", count: 0...2, memberLength: 1...2)
      _ = reader.optionalStructure("T") { _ in true }
      _ = reader.optionalStringMap("M", count: 0...1)
      _ = reader.optionalTimestamp("D")
      _ = reader.tagList()
    }
    #expect(error == ServiceError(code: "SerializationException", httpStatus: 400, message: message))
  }

  @Test func `a violation is worded as over a form`() throws {
    let checks: (inout ParameterReader) -> Void = { reader in
      _ = reader.requiredString("Name", length: 2...3, pattern: .name)
      _ = reader.requiredInteger("MaxResults", 1...50)
      _ = reader.requiredChoice("Status", of: ["On", "Off"])
      _ = reader.tagList(count: 0...1)
      _ = reader.structureList("List", count: 0...9, type: "X", members: []) {
        $0.requiredString("Id", length: 1...1)
      }
    }
    let overForm = try form(
      "Name=a&MaxResults=51&Status=x&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c"
        + "&List.member.1.Id=ab&List.member.2.X=",
      checks
    ).1
    let overJSON = try read(
      #"""
      {"Name":"a","MaxResults":51,"Status":"x","Tags":[{"Key":"a","Value":"b"},{"Key":"c"}],"List":[{"Id":"ab"},{"X":1}]}
      """#,
      checks
    ).error
    #expect(overForm?.code == "ValidationError")
    #expect(overJSON?.code == "ValidationException")
    #expect(overForm?.message == overJSON?.message)
    #expect(
      overJSON?.message?.hasPrefix(
        "6 validation errors detected: Value 'a' at 'name' failed to satisfy constraint: "
          + "Member must have length greater than or equal to 2; Value '51' at 'maxResults' failed"
      ) == true
    )
    #expect(
      overJSON?.message?.contains("Value '[Tag(key=a, value=b), Tag(key=c, value=null)]' at 'tags'") == true
    )
    #expect(overJSON?.message?.contains("Value null at 'list.2.member.id' failed") == true)
  }

  @Test func `integers are read to both ends of 64 bits, and beyond them are out of range`() throws {
    let all = Int.min...Int.max
    let ends = try read(#"{"A":-9223372036854775808,"B":9223372036854775807,"C":-0}"#) { reader in
      ["A", "B", "C"].map { reader.requiredInteger($0, all) }
    }
    #expect(ends.value == [.min, .max, 0])
    #expect(
      try read(#"{"A":9223372036854775808}"#) { $0.requiredInteger("A", 1...50) }.error?.message
        == "1 validation error detected: Value '9223372036854775808' at 'a' failed to satisfy constraint: "
        + "Member must have value less than or equal to 50"
    )
  }
}
