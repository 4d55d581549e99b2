// SPDX-License-Identifier: Apache-2.0
//
// Bytes that mean harm: nothing crashes, and what is accepted has one meaning.

import AWSProtocols
import Glibc
import IdentityModel
import Testing

// SplitMix64: a fixed sequence, so that a failure can be repeated.
private struct FixedSequence: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

struct HostileFormTests {
  private let seeds = [
    "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384&DurationSeconds=300",
    "Audience.member.1=%C3%A9&Audience.member.2=b+c&Tags.member.1.Key=k&Tags.member.1.Value=%F0%9F%98%80&Tags=",
    "Tags.member.10.Key=%00&Audience.member.0=&X-Amz-Date=%zz&=&&a;b=%25&SigningAlgorithm=none&DurationSeconds=-1",
  ].map { Array($0.utf8) }
  private let bytes = Array("%&=+.0129-ACFMacfmember\u{0}\r\n<>\"';é\u{FF}".utf8) + [0xC0, 0xED, 0xFF, 0x80]

  private func mutated(_ random: inout FixedSequence) -> [UInt8] {
    var form = seeds[Int.random(in: 0..<seeds.count, using: &random)]
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let position = Int.random(in: 0...form.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0 where position < form.count:
        form[position] = bytes.randomElement(using: &random) ?? 0
      case 1 where position < form.count:
        form.remove(at: position)
      case 2:
        form.insert(bytes.randomElement(using: &random) ?? 0, at: position)
      case 3:
        let end = Int.random(in: position...form.count, using: &random)
        form.insert(
          contentsOf: Array(form[position..<end].prefix(40)),
          at: Int.random(in: 0...form.count, using: &random)
        )
      default:
        form.append(UInt8.random(in: 0...255, using: &random))
      }
    }
    return form
  }

  private func encoded(_ parameters: QueryParameters) -> [UInt8] {
    func encode(_ text: String) -> String {
      text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    return Array(
      parameters.names.map { "\(encode($0))=\(encode(parameters[$0] ?? "?"))" }.joined(separator: "&").utf8
    )
  }

  @Test func `100 000 mutations of a request are read or refused, and what is read means one thing`() throws {
    var random = FixedSequence(state: 20_260_421)
    var read = 0
    var refused: [String: Int] = [:]
    var validated = 0
    for _ in 0..<100_000 {
      let form = mutated(&random)
      let parameters: QueryParameters
      do {
        parameters = try QueryParameters(form: form)
      } catch {
        refused[String(describing: error).prefix { $0 != "(" }.description, default: 0] += 1
        continue
      }
      read += 1
      let again = try QueryParameters(form: encoded(parameters))
      try #require(Array(again.names) == Array(parameters.names))
      try #require(again.names.allSatisfy { again[$0] == parameters[$0] })

      var reader = ParameterReader(parameters)
      let audience = reader.requiredStringList("Audience", count: 1...10, memberLength: 1...1000)
      let algorithm = reader.requiredString("SigningAlgorithm", length: 5...5)
      let duration = reader.optionalInteger("DurationSeconds", 60...3600)
      let tags = reader.tagList()
      do {
        try reader.check()
        validated += 1
        try #require((1...10).contains(audience.count) && audience.allSatisfy { !$0.isEmpty })
        try #require(algorithm.utf16.count == 5)
        try #require((60...3600).contains(duration ?? 300))
        try #require(tags.allSatisfy { ParameterPattern.tagKey.matches($0.key) })
      } catch let error as ServiceError {
        try #require(error.httpStatus == 400)
        let xml = QueryResponse.failure(error, service: nil, requestID: "r")
        try #require(String(validating: xml, as: UTF8.self) != nil)
        try #require(xml.allSatisfy { $0 >= 0x20 || $0 == 0x0A || $0 == 0x09 })
      }
    }
    // The mutations reach every kind of outcome.
    #expect(read > 10_000)
    #expect(validated > 1000)
    for kind in ["malformedPercentEscape", "notUTF8", "emptyName", "duplicateName", "malformedListIndex"] {
      #expect(refused[kind, default: 0] > 50, "\(kind)")
    }
  }

  @Test func `a huge list index allocates nothing`() {
    let took = processorTime {
      for index in ["1000000000000000000", "9223372036854775807", "4294967297", "2049"] {
        #expect(throws: QueryFormError.malformedListIndex("Audience.member.\(index)")) {
          try QueryParameters(form: Array("Audience.member.\(index)=a".utf8))
        }
      }
    }
    #expect(took < .milliseconds(100))
  }

  @Test func `the largest request that is read costs little`() throws {
    let form = Array(
      (1...2048).map { "Audience.member.\($0)=\(String(repeating: "%3C", count: 3))" }.joined(separator: "&")
        .utf8
    )
    var xml: [UInt8] = []
    let took = try processorTime {
      var reader = ParameterReader(try QueryParameters(form: form))
      _ = reader.requiredStringList("Audience", count: 1...10, memberLength: 1...1000)
      let refusal = try #require(throws: ServiceError.self) { try reader.check() }
      xml = QueryResponse.failure(refusal, service: .sts, requestID: "r")
    }
    #expect(took < .seconds(1))
    #expect(xml.count > 2048 * 12)
  }
}

/// What `body` costs this thread: not what else the machine does meanwhile.
func processorTime(_ body: () throws -> Void) rethrows -> Duration {
  func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
  let start = now()
  try body()
  return now() - start
}
