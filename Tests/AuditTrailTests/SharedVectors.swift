// SPDX-License-Identifier: Apache-2.0
//
// Finds the published corpora that stand beside the checkout. They are not part of the project: a test that needs
// one says so and is skipped when it is absent.

import Foundation

/// A folder of `shared/vectors` beside the checkout; `nil` when it is not there.
func sharedVectors(_ set: String) -> URL? {
  var folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
  while folder.path != "/" {
    let candidate = folder.appending(path: "shared/vectors/\(set)")
    if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
    folder = folder.deletingLastPathComponent()
  }
  return nil
}
