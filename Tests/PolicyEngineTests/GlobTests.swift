// SPDX-License-Identifier: Apache-2.0
//
// Wildcards against a matcher that tries everything, on random short inputs over a tiny alphabet with characters of one
// to four bytes. 100,000 in the normal run; EXEAT_DIFFERENTIAL sets another number. The seed is fixed.

import Foundation
import PolicyEngine
import Testing

struct GlobTests {
  @Test func `wildcards match what trying everything matches`() {
    let count = ProcessInfo.processInfo.environment["EXEAT_DIFFERENTIAL"].flatMap(Int.init) ?? 100_000
    var state: UInt64 = 0x6C0B
    func below(_ bound: UInt64) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % bound)
    }
    // U+00E9 and U+00EA, U+20AC and U+10AC share bytes.
    let letters = ["a", "a", "b", "\u{E9}", "\u{EA}", "\u{20AC}", "\u{10AC}", "\u{1F600}"]
    let marks = letters + ["*", "*", "*", "*", "?", "?", "?"]
    var matched = 0
    for round in 0..<count {
      // Long ones now and then: a segment over several words.
      let isLong = round.isMultiple(of: 50)
      let few = isLong ? 2 : UInt64(letters.count)
      var pattern = (0..<below(isLong ? 12 : 9)).map { _ in marks[below(UInt64(marks.count))] }
      if isLong {
        let run = (0..<(60 + below(90))).map { _ in below(12) == 0 ? "?" : letters[below(few)] }
        pattern.insert(contentsOf: ["*"] + run + ["*"], at: below(UInt64(pattern.count + 1)))
      }
      var text = (0..<below(isLong ? 200 : 9)).map { _ in letters[below(few)] }
      if below(3) == 0 {
        // A text made from the pattern fits more often.
        text = pattern.flatMap { mark -> [String] in
          switch mark {
          case "*": (0..<below(3)).map { _ in letters[below(few)] }
          case "?": [letters[below(UInt64(letters.count))]]
          default: [mark]
          }
        }
      }
      let isMatch = Glob(pattern.joined()).matches(ArraySlice(Array(text.joined().utf8)))
      matched += isMatch ? 1 : 0
      guard isMatch == naive(pattern, text) else {
        Issue.record("round \(round): \(pattern.joined()) on \(text.joined()): \(isMatch)")
        return
      }
    }
    print("globs: \(count) inputs, \(matched) match, 0 differences")
    #expect(matched > count / 10 && matched < count * 9 / 10)
  }

  @Test(
    arguments: [
      ("", "", true), ("", "a", false), ("*", "", true), ("**", "é", true), ("?", "", false),
      ("?", "é", true),
      ("??", "é", false), ("*?*?*", "€", false), ("*?*?*", "€€", true), ("a*a", "a", false),
      ("a*a", "aa", true),
      ("*é", "é", true), ("é*", "ê", false), ("*a?*é*", "xa€é", true), ("*a?*é*", "xaéx", false),
      ("*?", "", false),
    ])
  func `a run is any length, a question mark one character`(pattern: String, text: String, expected: Bool) {
    #expect(Glob(pattern).matches(ArraySlice(Array(text.utf8))) == expected)
  }
}

/// Row by row: which beginnings of the pattern fit which beginnings of the text.
private func naive(_ pattern: [String], _ text: [String]) -> Bool {
  var fits = [true] + Array(repeating: false, count: text.count)
  for mark in pattern {
    var next = Array(repeating: false, count: text.count + 1)
    for place in 0...text.count {
      switch mark {
      case "*": next[place] = fits[place] || (place > 0 && next[place - 1])
      case "?": next[place] = place > 0 && fits[place - 1]
      default: next[place] = place > 0 && fits[place - 1] && text[place - 1] == mark
      }
    }
    fits = next
  }
  return fits[text.count]
}
