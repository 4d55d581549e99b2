// SPDX-License-Identifier: Apache-2.0
//
// Why there is nothing to sign or to trust with: credentials, the shared files, certificates, each as one line and a
// hint. By exhaustive switches, so that a new case stops the build. Nothing of a file's content is told.

import FederationClient
import IdentityModel

#if canImport(Glibc)
  import Glibc
#endif

extension CommandFailure {
  static func credentials(_ error: CredentialChainError) -> CommandFailure {
    switch error {
    case .noCredentials:
      .failed(
        "no credentials were found",
        hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile"
      )
    case .profileNotFound(let name):
      .failed("profile `\(name)` is not in the AWS configuration", hint: "see --profile and AWS_PROFILE")
    case .incomplete(let source, let missing):
      .failed("\(source): `\(missing)` is missing")
    case .expired(let source, let expiration):
      .failed(
        "the credentials of \(source) expired at \(expiration.rfc3339)",
        hint:
          "put new ones there, or name a source that renews itself: a profile with role_arn, a web identity token"
      )
    case .roleRefused(let source, let error):
      .failed("\(source): the role was not granted: \(text(error))")
    case .malformedSetting(let source, let setting):
      .failed("\(source): `\(setting)` is not usable")
    case .conflictingSettings(let profile, let one, let other):
      .failed("profile `\(profile)` has both `\(one)` and `\(other)`")
    case .unsupportedSetting(let profile, let setting):
      .failed("profile `\(profile)` has `\(setting)`, which is not done here")
    case .sourceProfileUnusable(let profile, let source):
      .failed("profile `\(profile)` takes its credentials from `\(source)`, which has none")
    case .sourceProfileLoop(let profiles):
      .failed("profiles take their credentials from one another: \(profiles.joined(separator: ", "))")
    case .processFailed(let source, let error):
      .failed("\(source): it \(words(error))")
    case .malformedDocument(let source, let error):
      .failed("\(source): what it gives is no credential: \(words(error))")
    case .fileUnreadable(let source, let path, let error):
      .failed("\(source): `\(path)` cannot be read: \(words(error))")
    case .containerEndpointRefused(let text):
      .failed("the container endpoint `\(text)` is neither https nor at an address that may do without")
    case .containerEndpointStatus(let status):
      .failed("the container endpoint answered with status \(status)")
    case .containerEndpointUnreachable(let error):
      .failed("no answer from the container endpoint: \(text(error))")
    }
  }

  static func files(_ error: ProfileFilesError) -> CommandFailure {
    switch error {
    case .unreadable(let path, let error): .failed("`\(path)` cannot be read: \(words(error))")
    case .malformed(let path, let error): .failed("`\(path)` is no AWS configuration: \(words(error))")
    }
  }

  static func trust(_ error: TrustRootsError) -> CommandFailure {
    switch error {
    case .unreadable(let path, let error):
      .failed("cannot read the CA file \(path): \(words(error))", hint: "see --ca-file")
    case .notCertificates(let path): .failed("\(path) holds no PEM certificate", hint: "see --ca-file")
    }
  }

  static func certificate(_ error: ClientCertificateError) -> CommandFailure {
    switch error {
    case .unreadable(let path, let error): .failed("cannot read \(path): \(words(error))")
    case .notCertificates(let path): .failed("\(path) holds no PEM certificate")
    case .notPrivateKey(let path): .failed("\(path) holds no unencrypted private key in PEM")
    }
  }

  private static func words(_ error: FileError) -> String {
    switch error {
    case .absent: "there is no such file"
    case .unreadable(let number): String(cString: strerror(number))
    case .tooLarge(let limit): "it is longer than \(limit) octets"
    }
  }

  private static func words(_ error: INIError) -> String {
    switch error {
    case .notText: "it is not text in UTF-8"
    case .malformed(let line): "line \(line) is neither a section, nor a setting, nor a comment"
    case .outsideSection(let line): "line \(line) stands before the first section"
    case .duplicateSection(let line): "the section of line \(line) was there before"
    case .duplicateProperty(let line): "the setting of line \(line) was there before"
    }
  }

  private static func words(_ error: ChildProcessError) -> String {
    switch error {
    case .notStarted(let number): "cannot be started: \(String(cString: strerror(number)))"
    case .exited(let status): "ended with status \(status)"
    case .signalled(let signal): "was ended by signal \(signal)"
    case .timedOut(let seconds): "did not end within \(seconds) s"
    case .tooMuchOutput(let limit): "wrote more than \(limit) octets"
    }
  }

  private static func words(_ error: CredentialDocumentError) -> String {
    switch error {
    case .json: "it is not JSON"
    case .notAnObject: "it is not a JSON object"
    case .memberMissing(let name): "there is no `\(name)`"
    case .memberMalformed(let name): "`\(name)` is not usable"
    case .unsupportedVersion: "its `Version` is not 1"
    }
  }
}
