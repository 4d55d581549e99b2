// SPDX-License-Identifier: Apache-2.0
//
// The AWS CLI's own library as the judge: in the same home, with the same variables, it must find the same access key
// as we do, or fail where we fail.

import FederationClient
import Foundation
import IdentityModel
import Testing

struct AgainstBotocoreTests {
  /// A home and an environment, and whether a profile is named.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var config = ""
    var credentials = ""
    var variables: [String: String] = [:]
    var profile: String?
  }

  private static let keys = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "env"]
  private static let cases = [
    Case(testDescription: "environment", variables: keys),
    Case(
      testDescription: "environment, profile named",
      credentials: "[p]\n\(pair("S"))",
      variables: keys,
      profile: "p"
    ),
    Case(
      testDescription: "environment over AWS_PROFILE",
      credentials: "[p]\n\(pair("S"))",
      variables: keys.merging(["AWS_PROFILE": "p"]) { $1 }
    ),
    Case(testDescription: "half an environment", variables: ["AWS_ACCESS_KEY_ID": "ENV"]),
    Case(
      testDescription: "empty variable",
      credentials: "[default]\n\(pair("S"))",
      variables: ["AWS_ACCESS_KEY_ID": ""]
    ),
    Case(
      testDescription: "credentials over config",
      config: "[default]\n\(pair("C"))",
      credentials: "[default]\n\(pair("S"))"
    ),
    Case(testDescription: "config", config: "[default]\n\(pair("C"))"),
    Case(testDescription: "profile in config", config: "[profile p]\n\(pair("C"))", profile: "p"),
    Case(testDescription: "quoted profile", config: "[profile \"p q\"]\n\(pair("C"))", profile: "p q"),
    Case(testDescription: "section without the word", config: "[p]\n\(pair("C"))", profile: "p"),
    Case(
      testDescription: "half a profile",
      config: "[default]\n\(pair("C"))",
      credentials: "[default]\naws_access_key_id = S\n"
    ),
    Case(testDescription: "profile missing", credentials: "[default]\n\(pair("S"))", profile: "nobody"),
    Case(
      testDescription: "process",
      config: "[default]\ncredential_process = printf '%s' '\(process)'\n"
    ),
    Case(
      testDescription: "process over config",
      config: "[default]\n\(pair("C"))credential_process = printf %s '\(process)'\n"
    ),
    Case(
      testDescription: "credentials over process",
      config: "[default]\ncredential_process = printf %s '\(process)'\n",
      credentials: "[default]\n\(pair("S"))"
    ),
    Case(testDescription: "process fails", config: "[default]\ncredential_process = false\n"),
    Case(
      testDescription: "process is not expanded",
      config: "[default]\ncredential_process = printf %s $X`id`\n"
    ),
    Case(
      testDescription: "colon, indentation, comments",
      config: "# c\n[default]\n  aws_access_key_id: C\n; c\n  aws_secret_access_key: c # x\n"
    ),
    Case(
      testDescription: "upper-case setting",
      config: "[default]\nAWS_ACCESS_KEY_ID = C\nAws_Secret_Access_Key = c\n"
    ),
    Case(testDescription: "duplicate section", credentials: "[default]\n\(pair("S"))[default]\n\(pair("T"))"),
    Case(
      testDescription: "duplicate property",
      credentials: "[default]\n\(pair("S"))aws_access_key_id = T\n"
    ),
    Case(testDescription: "property outside", credentials: "a = b\n[default]\n\(pair("S"))"),
    Case(testDescription: "no separator", credentials: "[default]\n\(pair("S"))nonsense\n"),
    Case(
      testDescription: "role in a circle",
      config: "[profile p]\nrole_arn = r\nsource_profile = p\n",
      profile: "p"
    ),
    Case(testDescription: "role without source", config: "[profile p]\nrole_arn = r\n", profile: "p"),
    Case(testDescription: "nothing"),
  ]

  private static let process = #"{"Version":1,"AccessKeyId":"P","SecretAccessKey":"p"}"#

  private static func pair(_ id: String) -> String {
    "aws_access_key_id = \(id)\naws_secret_access_key = secret of \(id)\n"
  }

  /// Prints the access key id that botocore finds; nothing when it fails or finds none.
  private static let script = """
    import sys, botocore.session
    try:
        found = botocore.session.Session(profile=sys.argv[1] or None).get_credentials()
        print(found.get_frozen_credentials().access_key if found else "")
    except Exception:
        print("")
    """

  private static let python = ["python3", "/usr/bin/python3"].first { candidate in
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [candidate, "-c", "import botocore.session"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @Test(.enabled(if: python != nil, "needs python3 with botocore"), arguments: cases)
  func `finds what botocore finds`(_ given: Case) async throws {
    let home = try TestHome(config: given.config, credentials: given.credentials)
    let ours = try? await home.resolve(given.variables, profile: given.profile).credential.exposed.first
    // Without the metadata service, which we do not ask, botocore's chain ends where ours does.
    let variables = given.variables.merging(["AWS_EC2_METADATA_DISABLED": "true"]) { $1 }
    let theirs = try await home.environment(variables).runProcess([
      try #require(Self.python), "-c", Self.script, given.profile ?? "",
    ])
    #expect((ours ?? "") == String(decoding: theirs, as: UTF8.self).trimmingCharacters(in: .newlines))
  }
}
