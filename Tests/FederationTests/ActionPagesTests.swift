// SPDX-License-Identifier: Apache-2.0
//
// The documentation names every action that is served, and no other.

import Federation
import Foundation
import IdentityModel
import Testing

@Suite struct ActionPagesTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../docs/actions").standardizedFileURL

  private var served: Set<String> {
    Set(ServiceName.allCases.flatMap { ActionTable.all.names[$0] ?? [] })
  }

  @Test func `every action that is served has a page, and no other has`() throws {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".md") && $0 != "README.md" }
      .map { String($0.dropLast(3)) }
    #expect(Set(pages).subtracting(served).sorted() == [])
    #expect(served.subtracting(pages).sorted() == [])
  }

  @Test func `the index links every page`() throws {
    let index = try String(contentsOf: Self.folder.appending(path: "README.md"), encoding: .utf8)
    #expect(served.filter { !index.contains("[\($0)](\($0).md)") }.sorted() == [])
  }
}
