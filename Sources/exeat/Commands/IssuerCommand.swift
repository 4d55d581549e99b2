// SPDX-License-Identifier: Apache-2.0
//
// `exeat issuer`: an issuer's documents on somebody else's web host, so that an issuer inside a private network can be
// verified from outside.

import ArgumentParser

/// `exeat issuer`.
struct IssuerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "issuer",
    abstract: "Publish an issuer's documents from a web host, a bucket or an uploaded file.",
    subcommands: [IssuerExportCommand.self, IssuerCheckCommand.self]
  )
}
