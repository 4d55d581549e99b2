// SPDX-License-Identifier: Apache-2.0
//
// What an agent is to do: which files it keeps, whose credentials it hands out and where, what a program gets to see.
// Made of one file, whole or not at all; nothing is asked of anybody here.

package import Exchange
package import FederationClient

/// What becomes of a token once it is there.
package enum KeptForm: String, Hashable, Sendable, CaseIterable {
  /// The token alone.
  case raw
  /// JSON.
  case json
  /// Lines for a shell.
  case env
  /// As a `credential_process` prints it.
  case aws
}

/// A token that is traded before it is kept.
package struct KeptExchange: Sendable {
  /// Where.
  package let target: ExchangeTarget
  /// A PEM file of CAs to trust there besides the system's.
  package let caFile: String?
  /// The form of the file.
  package let form: KeptForm
}

/// Who is told of a new file.
package struct KeptSignal: Hashable, Sendable {
  /// The number of the signal.
  package let number: Int32
  /// The file with the process id; `nil` for the program that the agent runs.
  package let pidFile: String?
}

/// A file of Google's client libraries beside a kept file.
package struct KeptGoogleAccount: Sendable {
  /// Where it is.
  package let path: String
  /// What stands in it.
  package let exchange: GoogleExchange
}

/// A file that is kept fresh.
package struct KeptFile: Sendable {
  /// What people call it.
  package let name: String
  /// Where it is, from the root.
  package let path: String
  /// Which token.
  package let request: TokenRequest
  /// Where it is traded; `nil` to keep the token itself.
  package let exchange: KeptExchange?
  /// The variable that names the file to the program.
  package let variable: String?
  /// Who is told.
  package let signal: KeptSignal?
  /// The account file that reads this one.
  package let google: KeptGoogleAccount?
}

/// Whose credentials are handed out.
package struct CredentialsPlan: Sendable {
  /// The role; `nil` for the agent's own session.
  package let roleARN: String?
  /// The name of the session.
  package let sessionName: String
  /// How long a session lasts; `nil` leaves it to the server.
  package let durationSeconds: Int?
  /// Where the authorization token is written; `nil` for nowhere.
  package let authorizationTokenFile: String?
  /// Whether the metadata service's paths are served too.
  package let servesMetadata: Bool

  /// What the metadata service calls the role: the last part of its ARN.
  package var roleName: String {
    roleARN?.split(separator: "/").last.map(String.init) ?? "exeat"
  }
}

/// What an agent is to do.
package struct AgentPlan: Sendable {
  /// Where the server is, and how to ask it.
  package let server: EndpointSettings.Options
  /// The profile of the agent's own credential.
  package let profile: String?
  /// The address on loopback; port 0 takes a free one.
  package let listen: (host: String, port: Int)?
  /// The files.
  package let files: [KeptFile]
  /// Whose credentials are handed out; `nil` for nobody's.
  package let credentials: CredentialsPlan?
  /// What a program gets to see besides, as it stands.
  package let environment: [String: String]

  /// Reads `text`.
  ///
  /// - Parameters:
  ///   - text: YAML.
  ///   - environment: reads files with clients' secrets; its home directory stands for `~`.
  /// - Throws: `AgentFileError`, naming the place.
  package init(yaml text: String, in environment: ClientEnvironment) throws(AgentFileError) {
    let file = try AgentMapping(text: text)
    try file.refuseUnknown(but: ["server", "listen", "files", "credentials", "environment"])
    let server = try file.mapping("server")
    try server?.refuseUnknown(but: ["endpoint-url", "region", "profile", "ca-file"])
    self.server = EndpointSettings.Options(
      endpointURL: try server?.text("endpoint-url"),
      region: try server?.text("region"),
      caFile: try server?.text("ca-file").map(environment.expandingHome)
    )
    profile = try server?.text("profile")
    listen = try Self.listen(file)
    let mappings = try file.mappings("files")
    var files: [KeptFile] = []
    for mapping in mappings { files.append(try KeptFile(mapping, in: environment)) }
    self.files = files
    credentials = try file.mapping("credentials").map { mapping throws(AgentFileError) in
      try CredentialsPlan(mapping, in: environment)
    }
    try Self.refuseCollisions(files, credentials)
    guard credentials == nil || listen != nil else { throw .missing("listen") }
    guard !files.isEmpty || credentials != nil else { throw .missing("files") }
    var variables: [String: String] = [:]
    if let mapping = try file.mapping("environment") {
      for name in mapping.names {
        guard isVariableName(name) else {
          throw .malformed(mapping.place(name), "it is no name of a variable")
        }
        variables[name] = try mapping.text(name)
      }
    }
    self.environment = variables
  }

  // SECURITY: nobody else's machine gets credentials from here, and no flag changes that.
  private static func listen(_ file: AgentMapping) throws(AgentFileError) -> (host: String, port: Int)? {
    guard let text = try file.text("listen") else { return nil }
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
      let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { throw .malformed("listen", "it is not HOST:PORT") }
    var host = String(text[..<colon])
    if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]") {
      host = String(host.dropFirst().dropLast())
    }
    guard IPAddress(host)?.reach == .loopback else {
      throw .malformed("listen", "it is not an address of loopback: 127.0.0.1 or [::1]")
    }
    return (host, port)
  }

  private static func refuseCollisions(
    _ files: [KeptFile],
    _ credentials: CredentialsPlan?
  ) throws(AgentFileError) {
    var names: Set<[UInt8]> = []
    var paths: Set<[UInt8]> = []
    for (index, file) in files.enumerated() {
      guard names.insert(Array(file.name.utf8)).inserted else {
        throw .malformed("files[\(index)].name", "another file has it")
      }
      for path in [file.path] + [file.google?.path].compactMap(\.self) {
        guard paths.insert(Array(path.utf8)).inserted else {
          throw .malformed("files[\(index)].file", "it is written twice")
        }
      }
    }
    if let path = credentials?.authorizationTokenFile, paths.contains(Array(path.utf8)) {
      throw .malformed("credentials.authorization-token-file", "it is written twice")
    }
  }
}

func isVariableName(_ name: String) -> Bool {
  guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
    return false
  }
  return name.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
