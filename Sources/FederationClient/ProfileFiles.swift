// SPDX-License-Identifier: Apache-2.0
//
// The two files that AWS clients share, read together: which profiles there are and what they say. Refuses to know
// what a setting means.
// Source: AWS SDKs and Tools Reference Guide, shared config and credentials files; AWS CLI, configuration files.

/// Why the shared files could not be read.
package enum ProfileFilesError: Error, Hashable, Sendable {
  /// A file exists and cannot be read.
  case unreadable(path: String, FileError)
  /// A file is not an ini file.
  case malformed(path: String, INIError)
}

/// The config file and the credentials file.
package struct ProfileFiles: Sendable {
  /// One profile as both files tell it.
  package struct Profile: Sendable {
    /// The name, without the word `profile`.
    package let name: String
    let config: INIFile.Section?
    let credentials: INIFile.Section?

    /// The value of a setting; the credentials file wins over the config file.
    package subscript(_ setting: String) -> String? {
      credentials?[setting] ?? config?[setting]
    }
  }

  private let config: INIFile?
  private let credentials: INIFile?

  /// Reads `AWS_CONFIG_FILE` (`~/.aws/config`) and `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`).
  ///
  /// A file that is absent holds no profiles.
  ///
  /// - Throws: `ProfileFilesError` when a file is there and cannot be read or understood.
  package init(_ environment: ClientEnvironment) throws(ProfileFilesError) {
    config = try readINI("AWS_CONFIG_FILE", "~/.aws/config", environment)
    credentials = try readINI("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", environment)
  }

  /// The profile with exactly the bytes of `name`; `nil` when neither file has it.
  ///
  /// In the config file it is `[profile name]`, quoted or not, and for `default` also `[default]`; in the
  /// credentials file it is `[name]`.
  package func profile(_ name: String) -> Profile? {
    let fromConfig =
      section("profile", name) ?? (name.utf8.elementsEqual("default".utf8) ? config?.section(name) : nil)
    let fromCredentials = credentials?.section(name)
    guard fromConfig != nil || fromCredentials != nil else { return nil }
    return Profile(name: name, config: fromConfig, credentials: fromCredentials)
  }

  /// Whether the config file holds `[services name]`.
  package func hasServices(_ name: String) -> Bool {
    section("services", name) != nil
  }

  /// The `endpoint_url` for `service` in `[services name]` of the config file.
  package func serviceEndpoint(services name: String, service: String) -> String? {
    section("services", name)?.nested(service, "endpoint_url")
  }

  /// The section `[kind name]` of the config file, its name quoted or not.
  private func section(_ kind: String, _ name: String) -> INIFile.Section? {
    config?.sections.first { section in
      guard let words = shellWords(section.name), words.count == 2 else { return false }
      return words[0].utf8.elementsEqual(kind.utf8) && words[1].utf8.elementsEqual(name.utf8)
    }
  }
}

private func readINI(
  _ variable: String,
  _ standard: String,
  _ environment: ClientEnvironment
) throws(ProfileFilesError) -> INIFile? {
  let path = environment.expandingHome(environment.variable(variable) ?? standard)
  let bytes: [UInt8]
  do throws(FileError) {
    bytes = try environment.readFile(path)
  } catch .absent {
    return nil
  } catch {
    throw .unreadable(path: path, error)
  }
  do throws(INIError) {
    return try INIFile(bytes)
  } catch {
    throw .malformed(path: path, error)
  }
}
