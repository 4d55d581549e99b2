// SPDX-License-Identifier: Apache-2.0
//
// What clients are told of our own actions is what is served: the same actions, and of each the parameters that it reads.

import Federation
import Foundation
import IdentityModel
import Testing

@Suite struct OwnActionsTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    .standardizedFileURL

  /// Names that a parameter could have: every literal of the sources that is spelled like one.
  private static func vocabulary() throws -> Set<String> {
    let sources = root.appending(path: "Sources/Federation")
    var words: Set<String> = []
    let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /"([A-Z][A-Za-z]+)"/) { words.insert(String(match.1)) }
    }
    return words
  }

  @Test func `the actions that clients are told of are those that AWS does not have`() throws {
    let served = try #require(ActionTable.all.names[.iam])
    let own = try served.filter { action in
      let page = try String(
        contentsOf: Self.root.appending(path: "docs/actions/\(action).md"),
        encoding: .utf8
      )
      return page.contains("of this server, beside AWS IAM's own actions")
    }
    #expect(OwnActions.all.map(\.name).sorted() == own)
  }

  @Test func `what signs test tokens is served for development alone, and no client is told of it`() {
    let name = "SignOutboundTestToken"
    #expect(ActionTable.development[.iam, name] != nil)
    #expect(ActionTable.all[.iam, name] == nil)
    #expect(ActionTable.all.names.values.allSatisfy { !$0.contains(name) })
    #expect(!OwnActions.all.contains { $0.name == name })
  }

  @Test func `the parameters that clients are told of are those that are read`() async throws {
    let words = try Self.vocabulary().subtracting(["Action", "Version"])
    try await TestServer.run { server in
      // No number, no truth value, no list; what no text may hold, and more of it than nearly all may.
      let bad = "\u{1}" + String(repeating: "x", count: 3000)
      for action in OwnActions.all {
        func complaint(_ form: [(String, String)] = []) async -> String? {
          await server.call(action.name, form: form)["Message"]
        }
        let names = Set(action.input.map(\.name))
        #expect(names.subtracting(words).isEmpty, "\(action.name)")
        let silent = words.subtracting(names).sorted()
        // The parameters that are needed stay away: the complaint about them is there whatever else is sent.
        // One that needs none is done the first time.
        _ = await complaint()
        let without = await complaint()
        for name in names.sorted() {
          var isRead = false
          for (name, value) in [
            (name, bad), ("\(name).member.1", bad), (name, String(repeating: "x", count: 2 << 20)),
          ] {
            if !isRead { isRead = await complaint([(name, value)]) != without }
          }
          #expect(isRead, "\(action.name) does not read \(name)")
        }
        for form in [silent.map { ($0, bad) }, silent.map { ("\($0).member.1", bad) }] {
          let message = await complaint(form)
          #expect(message == without, "\(action.name) reads more than clients are told of")
        }
        for name in action.input.filter(\.isRequired).map(\.name) {
          let shown = name.prefix(1).lowercased() + name.dropFirst()
          #expect(without?.contains("Value null at '\(shown)'") == true, "\(action.name): \(name)")
        }
      }
    }
  }

  @Test func `every shape that is named is AWS's or has an entry`() {
    let own = Set(OwnActions.shapes.map(\.name))
    #expect(own.count == OwnActions.shapes.count)
    let used = OwnActions.all.flatMap { $0.input + $0.output }.map(\.shape) + OwnActions.all.flatMap(\.errors)
    for shape in used
    where ["outboundfederation", "outboundsigningkey"].contains(where: shape.lowercased().contains) {
      #expect(own.contains(shape), "\(shape)")
    }
  }
}
