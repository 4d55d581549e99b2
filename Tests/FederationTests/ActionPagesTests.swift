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

  /// Where the page of an action stands: the names of IAM are also names of AWS Organizations, whose pages have a folder.
  private static func page(_ action: String, of service: ServiceName) -> String {
    service == .organizations ? "organizations/\(action).md" : "\(action).md"
  }

  private var served: [(action: String, page: String)] {
    ServiceName.allCases.flatMap { service in
      (ActionTable.all.names[service] ?? []).map { ($0, Self.page($0, of: service)) }
    }
  }

  @Test func `every action that is served has a page, and no other has`() throws {
    let pages = try FileManager.default.subpathsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".md") && $0 != "README.md" }
    #expect(Set(pages).subtracting(served.map(\.page)).sorted() == [])
    #expect(Set(served.map(\.page)).subtracting(pages).sorted() == [])
    #expect(Set(served.map(\.page)).count == served.count)
  }

  @Test func `the index links every page`() throws {
    let index = try String(contentsOf: Self.folder.appending(path: "README.md"), encoding: .utf8)
    #expect(served.filter { !index.contains("[\($0.action)](\($0.page))") }.map(\.page).sorted() == [])
  }
}
