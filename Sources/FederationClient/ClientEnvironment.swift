// SPDX-License-Identifier: Apache-2.0
//
// What a client command sees of its machine: environment variables, home directory, files, child processes. Plain
// values and closures, so that a test needs no real home and no real environment. Refuses to know what AWS makes
// of them.

import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why a file could not be read.
package enum FileError: Error, Hashable, Sendable {
  /// There is no such file.
  case absent
  /// The system refused; `errno` as POSIX numbers it.
  case unreadable(errno: Int32)
  /// The file is longer than the cap, in bytes.
  case tooLarge(limit: Int)
}

/// The surroundings of a client command.
package struct ClientEnvironment: Sendable {
  /// The environment variables.
  package var variables: [String: String]
  /// The absolute path of the user's home directory, without a slash at its end.
  package var homeDirectory: String
  /// Reads the file at a path whole, up to 1 MiB.
  package var readFile: @Sendable (_ path: String) throws(FileError) -> [UInt8]
  /// Runs a program (the first word, searched in `PATH`) with arguments and without a shell; returns what it wrote
  /// to standard output.
  package var runProcess: @Sendable (_ words: [String]) async throws(ChildProcessError) -> [UInt8]

  /// Gathers the parts.
  package init(
    variables: [String: String],
    homeDirectory: String,
    readFile: @escaping @Sendable (_ path: String) throws(FileError) -> [UInt8],
    runProcess: @escaping @Sendable (_ words: [String]) async throws(ChildProcessError) -> [UInt8]
  ) {
    self.variables = variables
    self.homeDirectory = homeDirectory
    self.readFile = readFile
    self.runProcess = runProcess
  }

  /// The real files and processes, seen with `variables`.
  package static func system(variables: [String: String]) -> ClientEnvironment {
    let home = variables["HOME"] ?? ""
    return ClientEnvironment(
      variables: variables,
      homeDirectory: home.isEmpty ? FileManager.default.homeDirectoryForCurrentUser.path : home,
      readFile: readWholeFile,
      runProcess: { (words) async throws(ChildProcessError) in
        try await ChildProcess(words: words, environment: variables).output()
      }
    )
  }

  /// The real surroundings of this process.
  package static func live() -> ClientEnvironment {
    system(variables: ProcessInfo.processInfo.environment)
  }

  /// The value of the variable `name`; `nil` when it is unset or empty, as the AWS SDKs read it.
  package func variable(_ name: String) -> String? {
    guard let value = variables[name], !value.isEmpty else { return nil }
    return value
  }

  /// `path` with a leading `~/` replaced by the home directory.
  package func expandingHome(_ path: String) -> String {
    path.utf8.starts(with: "~/".utf8) ? homeDirectory + path.dropFirst(1) : path
  }
}

private let maximumFileBytes = 1 << 20

private func readWholeFile(_ path: String) throws(FileError) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw errno == ENOENT || errno == ENOTDIR ? .absent : .unreadable(errno: errno)
  }
  defer { close(descriptor) }
  var contents: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 16_384)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    if count < 0 {
      guard errno == EINTR else { throw .unreadable(errno: errno) }
      continue
    }
    guard count > 0 else { return contents }
    contents.append(contentsOf: chunk[..<count])
    guard contents.count <= maximumFileBytes else { throw .tooLarge(limit: maximumFileBytes) }
  }
}
