// SPDX-License-Identifier: Apache-2.0
//
// `exeat aws-model`: teaches the stock AWS CLI and boto3 the actions that AWS's IAM does not have. What they are told
// is Federation's, `OwnActions`; here are the files. Source: botocore loaders.py, "The Search Path".

import ArgumentParser
import AuditSinks
import Federation
import FederationClient
import StrictJSON

#if canImport(Glibc)
  import Glibc
#endif

/// `exeat aws-model`.
struct AWSModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aws-model",
    abstract: "Teach the stock AWS CLI and boto3 this server's own actions.",
    subcommands: [AWSModelInstallCommand.self, AWSModelRemoveCommand.self, AWSModelPrintCommand.self]
  )
}

/// Which files are meant.
struct AWSModelOptions: ParsableArguments {
  @Option(
    help:
      "The folder of models, which AWS_DATA_PATH is to name. Default: ~/.aws/models, which needs no naming."
  )
  var path: String?
  @Flag(help: "Take files for ours that somebody else wrote.") var force = false
  @Flag(help: "Print JSON.") var json = false

  var isDefault: Bool { path == nil }

  func file(_ extras: SDKExtras) throws(CommandFailure) -> ModelFile {
    let environment = ClientEnvironment.live()
    let folder = path.map(environment.expandingHome) ?? environment.homeDirectory + "/.aws/models"
    guard !folder.isEmpty else { throw .usage("--path: no folder is named") }
    return ModelFile(extras: extras, path: "\(folder)/\(extras.path)")
  }

  func report(_ files: [(path: String, outcome: String)]) {
    guard json else {
      for file in files { Console.out("\(file.outcome) \(Console.printable(file.path))") }
      return
    }
    let entries = files.map { file in
      JSONValue.object(
        JSONObject([.init("path", .string(file.path)), .init("outcome", .string(file.outcome))])
      )
    }
    Console.out(JSONValue.object(JSONObject([.init("files", .array(entries))])).text(isOneLine: true))
  }
}

/// `exeat aws-model install`.
struct AWSModelInstallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Write the files from which `aws iam` and boto3 learn them.",
    discussion: """
      Beside AWS's own model of IAM, which stays as it is. Files of somebody else are not written over.
      """
  )

  @OptionGroup var options: AWSModelOptions

  func run() throws {
    let files = try SDKExtras.allCases.map { extras throws(CommandFailure) in try options.file(extras) }
    // All are looked at before one is written.
    for file in files { try file.requireOurs(unless: options.force) }
    options.report(try files.map { file throws(CommandFailure) in (file.path, try file.install()) })
    guard !options.json else { return }
    if !options.isDefault { Console.out("AWS_DATA_PATH must name the folder.") }
    Console.out("AWS CLI version 1 fetches values that look like a URL. So that it takes them as they are:")
    Console.out("  aws configure set cli_follow_urlparam false")
  }
}

/// `exeat aws-model remove`.
struct AWSModelRemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Take the files away again."
  )

  @OptionGroup var options: AWSModelOptions

  func run() throws {
    let files = try SDKExtras.allCases.map { extras throws(CommandFailure) in try options.file(extras) }
    for file in files { try file.requireOurs(unless: options.force) }
    options.report(try files.map { file throws(CommandFailure) in (file.path, try file.remove()) })
  }
}

/// `exeat aws-model print`.
struct AWSModelPrintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "print",
    abstract: "Print what `install` writes."
  )

  @Flag(help: "The file about pages instead of the one about actions.") var paginators = false

  func run() throws {
    try Console.out((paginators ? SDKExtras.paginators : .service).text.utf8)
  }
}

/// A file of ours in a folder of models.
struct ModelFile {
  let extras: SDKExtras
  let path: String

  private static let limit = 16 << 20

  /// Throws when there is something that an `install` did not write.
  func requireOurs(unless isForced: Bool) throws(CommandFailure) {
    guard !isForced, let status = FileStatus(at: path, followsLinks: false) else { return }
    guard status.isRegular, let text = try LogDisk.read(path, limit: Self.limit),
      let maker = try? JSONReader.read(text, maximumBytes: Self.limit).object?[SDKExtras.makerMember]?.string,
      maker.utf8.starts(with: "exeat ".utf8)
    else {
      throw .failed(
        "\(path) is there, and not of this command",
        hint: "look what it is; --force takes its place"
      )
    }
  }

  /// Puts the file there, whole or not at all; says what was done.
  func install() throws(CommandFailure) -> String {
    let text = Array(extras.text.utf8)
    let isFile = FileStatus(at: path, followsLinks: false)?.isRegular == true
    let present = isFile ? try LogDisk.read(path, limit: Self.limit) : nil
    guard present != text else { return "unchanged" }
    try LogDisk.write(text, to: path, isDurable: true)
    return present == nil ? "written" : "updated"
  }

  /// Takes the file away, and the folders above it that are empty then; says what was done.
  func remove() throws(CommandFailure) -> String {
    guard unlink(path) == 0 else {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw .failed("cannot remove \(path): \(String(cString: strerror(errno)))")
      }
      return "absent"
    }
    // The version's and the service's; what holds anything else stays.
    var folder = path
    for _ in 0..<2 {
      folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
      rmdir(folder)
    }
    return "removed"
  }
}

extension SDKExtras {
  /// The file as `install` writes it.
  fileprivate var text: String {
    content(maker: "exeat \(exeatVersion)").text(isOneLine: false) + "\n"
  }
}
