// SPDX-License-Identifier: Apache-2.0
//
// The reader against JSONTestSuite (github.com/nst/JSONTestSuite, MIT): every file, with the reason wherever the
// verdict is ours to choose. The corpus is read from shared/vectors.

import Foundation
import StrictJSON
import Testing

private let suite = sharedVectors("json-test-suite")

@Suite(.enabled(if: suite != nil, "shared/vectors/json-test-suite is not beside the checkout"))
struct JSONTestSuiteTests {
  private func files(_ folder: String, _ prefix: String) throws -> [(name: String, bytes: [UInt8])] {
    let folder = try #require(suite).appending(path: folder)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .filter { $0.hasPrefix(prefix) }
      .map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
  }

  @Test func `what must be accepted is accepted, but for doubled names`() throws {
    let accepted = try files("test_parsing", "y_")
    #expect(accepted.count == 95)
    for (name, bytes) in accepted {
      if name.hasPrefix("y_object_duplicated_key") {
        #expect(throws: JSONReaderError.duplicateName("a", offset: 12), "\(name)") {
          try JSONReader.read(bytes)
        }
      } else {
        #expect(throws: Never.self, "\(name)") { try JSONReader.read(bytes) }
      }
    }
  }

  @Test func `what must be refused is refused`() throws {
    let refused = try files("test_parsing", "n_")
    #expect(refused.count == 188)
    for (name, bytes) in refused {
      #expect(throws: JSONReaderError.self, "\(name)") { try JSONReader.read(bytes) }
    }
  }

  @Test func `what may go either way goes the way written here`() throws {
    let free = try files("test_parsing", "i_")
    #expect(free.count == 35)
    #expect(Set(free.map(\.name)) == Set(choices.keys))
    for (name, bytes) in free {
      switch try #require(choices[name]) {
      case nil: #expect(throws: Never.self, "\(name)") { try JSONReader.read(bytes) }
      case let error?: #expect(throws: error, "\(name)") { try JSONReader.read(bytes) }
      }
    }
  }

  @Test func `numbers keep their spelling and names that only look alike are two names`() throws {
    for (name, bytes) in try files("test_transform", "number_") {
      let text = String(decoding: bytes, as: UTF8.self)
      let number = text.trimmingCharacters(in: .init(charactersIn: "[]\n "))
      #expect(try written(bytes) == "[\(number)]", "\(name)")
    }
    for (name, bytes) in try files("test_transform", "object_key_nf") {
      #expect(try JSONReader.read(bytes).object?.members.count == 2, "\(name)")
    }
    for (name, bytes) in try files("test_transform", "object_same_key") {
      #expect(throws: JSONReaderError.self, "\(name)") { try JSONReader.read(bytes) }
    }
    for (name, bytes) in try files("test_transform", "string_") where !name.contains("NULL") {
      #expect(throws: JSONReaderError.self, "\(name)") { try JSONReader.read(bytes) }
    }
  }

  @Test func `what the quick look passes the reader reads as the same value`() throws {
    var passed = 0
    var named = 0
    for (name, bytes) in try files("test_parsing", "") {
      guard let scan = JSONScan(bytes) else { continue }
      passed += 1
      let value = scan.value(at: 0)
      #expect(try JSONReader.read(bytes) == value, "\(name)")
      for member in value.object?.members ?? [] {
        let found = scan.member(member.name, of: 0).map { scan.value(at: $0) }
        #expect(found == member.value, "\(name)")
        named += 1
      }
    }
    #expect(passed > 50 && named > 0)
  }

  @Test func `what was read and written reads as the same value`() throws {
    for (name, bytes) in try files("test_parsing", "y_") {
      guard let value = try? JSONReader.read(bytes) else { continue }
      var writer = JSONWriter()
      writer.value(value)
      #expect(try JSONReader.read(writer.bytes) == value, "\(name)")
    }
  }

  private func written(_ bytes: [UInt8]) throws -> String {
    var writer = JSONWriter()
    writer.value(try JSONReader.read(bytes))
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

// The verdicts that RFC 8259 leaves open; `nil` accepts. Numbers keep their spelling, so none is too large. Bytes
// that are not UTF-8, and escapes that name half of a pair, are no text. Deep nesting is refused by the default cap.
private let choices: [String: JSONReaderError?] = [
  "i_number_double_huge_neg_exp.json": nil,
  "i_number_huge_exp.json": nil,
  "i_number_neg_int_huge_exp.json": nil,
  "i_number_pos_double_huge_exp.json": nil,
  "i_number_real_neg_overflow.json": nil,
  "i_number_real_pos_overflow.json": nil,
  "i_number_real_underflow.json": nil,
  "i_number_too_big_neg_int.json": nil,
  "i_number_too_big_pos_int.json": nil,
  "i_number_very_big_negative_int.json": nil,
  "i_object_key_lone_2nd_surrogate.json": .badEscape(offset: 2),
  "i_string_1st_surrogate_but_2nd_missing.json": .badEscape(offset: 2),
  "i_string_1st_valid_surrogate_2nd_invalid.json": .badEscape(offset: 2),
  "i_string_incomplete_surrogate_and_escape_valid.json": .badEscape(offset: 2),
  "i_string_incomplete_surrogate_pair.json": .badEscape(offset: 2),
  "i_string_incomplete_surrogates_escape_valid.json": .badEscape(offset: 2),
  "i_string_invalid_lonely_surrogate.json": .badEscape(offset: 2),
  "i_string_invalid_surrogate.json": .badEscape(offset: 2),
  "i_string_inverted_surrogates_U+1D11E.json": .badEscape(offset: 2),
  "i_string_lone_second_surrogate.json": .badEscape(offset: 2),
  "i_string_UTF-16LE_with_BOM.json": .notUTF8,
  "i_string_UTF-8_invalid_sequence.json": .notUTF8,
  "i_string_UTF8_surrogate_U+D800.json": .notUTF8,
  "i_string_invalid_utf-8.json": .notUTF8,
  "i_string_iso_latin_1.json": .notUTF8,
  "i_string_lone_utf8_continuation_byte.json": .notUTF8,
  "i_string_not_in_unicode_range.json": .notUTF8,
  "i_string_overlong_sequence_2_bytes.json": .notUTF8,
  "i_string_overlong_sequence_6_bytes.json": .notUTF8,
  "i_string_overlong_sequence_6_bytes_null.json": .notUTF8,
  "i_string_truncated-utf-8.json": .notUTF8,
  "i_string_utf16BE_no_BOM.json": .notUTF8,
  "i_string_utf16LE_no_BOM.json": .notUTF8,
  "i_structure_500_nested_arrays.json": .tooDeep(limit: 32, offset: 32),
  "i_structure_UTF-8_BOM_empty_object.json": .notUTF8,
]
