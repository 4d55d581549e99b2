// SPDX-License-Identifier: Apache-2.0
//
// What a script waits for: a file that appears, whole, when the server accepts requests.

import FoundationEssentials
import StrictJSON

#if canImport(Glibc)
  import Glibc
#endif

/// `{"endpoint":"https://localhost:8443","ca":"…","pid":123}`.
struct ReadyFile {
  let endpoint: String
  let certificateAuthority: String?

  /// Writes the file at `path` by renaming a finished one into place.
  func write(to path: String) throws(CommandFailure) {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("endpoint", endpoint)
      writer.name("ca")
      if let certificateAuthority { writer.string(certificateAuthority) } else { writer.null() }
      writer.member("pid", Int64(getpid()))
    }
    do {
      try Data(writer.bytes).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw .failed("--ready-file: cannot write \(path)")
    }
  }
}
