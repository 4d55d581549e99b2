// SPDX-License-Identifier: Apache-2.0
//
// Forms: what is decoded, and what is refused before anyone asks for a value.

import AWSProtocols
import Testing

struct QueryParametersTests {
  private func read(_ form: String) throws(QueryFormError) -> QueryParameters {
    try QueryParameters(form: Array(form.utf8))
  }

  @Test func `pairs are decoded once and keep their order`() throws {
    let parameters = try read("b=1&a=%32&c=x+y%2Bz&d=%252B&e=a=b&f&g=&%41=%C3%A9&h=é")
    #expect(Array(parameters.names) == ["b", "a", "c", "d", "e", "f", "g", "A", "h"])
    #expect(parameters["b"] == "1")
    #expect(parameters["a"] == "2")
    #expect(parameters["c"] == "x y+z")
    #expect(parameters["d"] == "%2B")
    #expect(parameters["e"] == "a=b")
    #expect(parameters["f"] == "")
    #expect(parameters["g"] == "")
    #expect(parameters["A"] == "\u{e9}")
    #expect(parameters["h"] == "\u{e9}")
    #expect(parameters["B"] == nil)
    #expect(parameters.count == 9)
  }

  @Test(arguments: ["", "&", "&&&"])
  func `a form of empty pairs is empty`(form: String) throws {
    #expect(try read(form).isEmpty)
  }

  @Test func `a semicolon, a NUL and a line end separate nothing`() throws {
    let parameters = try read("a=1;b=2&c=%00&d=x%0D%0Ae")
    #expect(parameters["a"] == "1;b=2")
    #expect(parameters["c"] == "\u{0}")
    #expect(parameters["d"] == "x\r\ne")
  }

  @Test(arguments: [
    "Action=GetWebIdentityToken&Version=2011-06-15&Action=AssumeRoot", "Action=A&%41ction=B",
    "Action=A&Action=A",
    "Action&Action=", "Action=A&Acti%6fn=B&Action=C",
  ])
  func `a name that stands twice is refused, however it is escaped`(form: String) {
    #expect(throws: QueryFormError.duplicateName("Action")) { try read(form) }
  }

  @Test func `names are compared by bytes, not by case or canonical equivalence`() throws {
    let parameters = try read("Action=a&action=b&ACTION=c&K=d&%E2%84%AA=e&%C3%A9=f&e%CC%81=g")
    #expect(parameters["Action"] == "a")
    #expect(parameters["action"] == "b")
    #expect(parameters["K"] == "d")
    #expect(parameters["\u{212a}"] == "e")
    #expect(parameters["\u{e9}"] == "f")
    #expect(parameters["e\u{301}"] == "g")
    #expect(parameters.count == 7)
  }

  @Test(arguments: [
    ("a=%", 2), ("a=%4", 2), ("a=%4&b=1", 2), ("a=%zz", 2), ("a=%4g", 2), ("a=1&b=x%", 7), ("%", 0),
    ("%=1", 0),
    ("a%2=1", 1), ("a=%%41", 2), ("a=% 1", 2), ("a=%+1", 2), ("a=%-1", 2), ("a=%u0041", 2), ("a=%４１", 2),
  ])
  func `a percent sign without two hexadecimal digits is refused`(form: String, offset: Int) {
    #expect(throws: QueryFormError.malformedPercentEscape(offset: offset)) { try read(form) }
  }

  @Test(arguments: [
    ("a=%ff%fe", 2), ("a=%C3", 2), ("a=%C0%AF", 2), ("a=%E0%80%AF", 2), ("a=%ED%A0%80", 2),
    ("a=%F4%90%80%80", 2),
    ("a=%F8%88%80%80%80", 2), ("b=1&%80=1", 4), ("a=%C3+%A9", 2), ("a=x%EF%BF", 2),
  ])
  func `bytes that are not UTF-8 once decoded are refused`(form: String, offset: Int) {
    #expect(throws: QueryFormError.notUTF8(offset: offset)) { try read(form) }
  }

  @Test func `raw bytes that are not UTF-8 are refused`() {
    #expect(throws: QueryFormError.notUTF8(offset: 2)) {
      try QueryParameters(form: [0x61, 0x3D, 0xC3, 0x28])
    }
  }

  @Test func `a character may be part raw and part escaped`() throws {
    let parameters = try QueryParameters(form: [0x61, 0x3D, 0xC3] + Array("%A9".utf8))
    #expect(parameters["a"] == "\u{e9}")
  }

  @Test(arguments: [("=1", 0), ("a=1&=2", 4), ("=", 0), ("a=1&==", 4)])
  func `a pair without a name is refused`(form: String, offset: Int) {
    #expect(throws: QueryFormError.emptyName(offset: offset)) { try read(form) }
  }

  @Test(arguments: [
    "Audience.member.02", "Audience.member.0", "Audience.member.", "Audience.member.+1", "Audience.member.-1",
    "Audience.member.1e1", "Audience.member. 1", "Audience.member.2049",
    "Audience.member.1000000000000000000",
    "Audience.member.18446744073709551617", "Audience.member.99999999999999999999999999999999",
    "Audience.member.x", "Audience.member.１", "Audience.member.1a", "Tags.member.01.Key", "Tags.member..Key",
    "Tags.member.Key", "A.member.1.B.member.001", "A.member.member.1", "member.1.member.00", "member.0",
  ])
  func `a list index has one spelling and a cap`(name: String) {
    let escaped = name.replacing("+", with: "%2B").replacing(" ", with: "%20")
    #expect(throws: QueryFormError.malformedListIndex(name)) { try read("\(escaped)=x") }
  }

  @Test(arguments: [
    "Audience.member.1", "Audience.member.2048", "A.member.1.B.member.10", "member", "A.member",
    "x.members.0",
  ])
  func `a canonical index, and a name that only resembles one, are read`(name: String) throws {
    #expect(try read("\(name)=x")[name] == "x")
  }

  @Test func `there are at most 2048 pairs, and 100 000 are refused at once`() throws {
    let most = (0..<2048).map { "p\($0)=v" }.joined(separator: "&")
    #expect(try read(most).count == 2048)
    #expect(throws: QueryFormError.tooManyParameters(limit: 2048)) { try read(most + "&q=v") }
    let flood = Array((0..<100_000).map { "p\($0)=v" }.joined(separator: "&").utf8)
    let took = processorTime {
      #expect(throws: QueryFormError.tooManyParameters(limit: 2048)) { try QueryParameters(form: flood) }
    }
    #expect(took < .seconds(1))
  }

  @Test func `names of one prefix are left out and the others keep their order`() throws {
    let kept = try read("X-Amz-Date=1&b=2&X-Amz-=3&a=4&x-amz-date=5&X-Amz=6").removing(prefix: "X-Amz-")
    #expect(Array(kept.names) == ["b", "a", "x-amz-date", "X-Amz"])
    #expect(kept["a"] == "4")
    #expect(kept["X-Amz-Date"] == nil)
  }
}
