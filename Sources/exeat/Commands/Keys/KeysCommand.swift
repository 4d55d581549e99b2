// SPDX-License-Identifier: Apache-2.0
//
// `exeat keys`: the signing keys of an account, and the key under which they are sealed.

import ArgumentParser

/// `exeat keys`.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "See, change and revoke signing keys, and change the key that seals them.",
    subcommands: [
      KeysListCommand.self, KeysRotateCommand.self, KeysRevokeCommand.self, KeysSuspendCommand.self,
      KeysResumeCommand.self, KeysImportCommand.self, KeysExportPublicCommand.self,
      KeysRevokeTokensCommand.self,
      RotateKeyEncryptionKeyCommand.self,
    ]
  )
}
