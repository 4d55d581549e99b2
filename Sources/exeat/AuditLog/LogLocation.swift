// SPDX-License-Identifier: Apache-2.0
//
// Where a command finds the log: exactly one of a data directory, a folder, a URL.

import ArgumentParser
import FederationClient

/// The options that name a log.
struct LogLocation: ParsableArguments {
  @Option(help: "The data directory of a server, which may be running.") var dataDir: String?
  @Option(help: "A folder that `exeat audit mirror` made.") var mirror: String?
  @Option(help: ArgumentHelp("A log's URL, or a folder.", valueName: "url|folder")) var log: String?
  @Option(help: "A PEM file of the CAs to trust. Default: AWS_CA_BUNDLE, SSL_CERT_FILE.") var caFile: String?

  /// The file that holds the key of the log in a data directory.
  var keyFile: String? { dataDir.map { DataDirectory($0).logVerifierKey } }

  /// Opens the log for the time of `body`.
  func withLog<Result>(
    _ body: (any LogSource) async throws(CommandFailure) -> Result
  ) async throws(CommandFailure) -> Result {
    switch (dataDir, mirror, log) {
    case (let directory?, nil, nil): return try await body(StoredLog(DataDirectory(directory)))
    case (nil, let folder?, nil): return try await body(Self.folder(folder, option: "--mirror"))
    case (nil, nil, let place?): return try await Self.withLog(at: place, caFile: caFile, body)
    default: throw .usage("give exactly one of --data-dir, --mirror and --log")
    }
  }

  /// Opens the log that `--log` names, a URL or a folder, for the time of `body`.
  static func withLog<Result>(
    at place: String,
    caFile: String?,
    _ body: (any LogSource) async throws(CommandFailure) -> Result
  ) async throws(CommandFailure) -> Result {
    guard place.utf8.starts(with: "http://".utf8) || place.utf8.starts(with: "https://".utf8) else {
      return try await body(folder(place, option: "--log"))
    }
    let http: FederationHTTPClient
    do {
      let environment = ClientEnvironment.live()
      let bundle = EndpointSettings.caBundle(.init(caFile: caFile), environment: environment)
      let roots = try bundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
      http = FederationHTTPClient(trustRoots: roots)
    } catch {
      throw CommandFailure(clientError: error)
    }
    do throws(CommandFailure) {
      let result = try await body(RemoteLog(place, http: http))
      await http.shutdown()
      return result
    } catch {
      await http.shutdown()
      throw error
    }
  }

  private static func folder(_ path: String, option: String) throws(CommandFailure) -> DirectoryLog {
    guard LogDisk.isFolder(path) else { throw .failed("\(option): \(path) is not a folder") }
    return DirectoryLog(path)
  }
}
