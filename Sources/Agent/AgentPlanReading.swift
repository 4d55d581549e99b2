// SPDX-License-Identifier: Apache-2.0
//
// The parts of an agent's file: a kept file with its token, its exchange and whom it is told to; the credentials.

import Exchange
import FederationClient
import IdentityModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension KeptFile {
  init(_ mapping: AgentMapping, in environment: ClientEnvironment) throws(AgentFileError) {
    try mapping.refuseUnknown(
      but: ["name", "file", "token", "exchange", "variable", "signal", "pid-file", "google-account"]
    )
    name = try mapping.required("name")
    path = try absolute(mapping, "file", environment)
    exchange = try mapping.mapping("exchange").map { part throws(AgentFileError) in
      try KeptExchange(part, in: environment)
    }
    google = try mapping.mapping("google-account").map { part throws(AgentFileError) in
      try KeptGoogleAccount(part, in: environment)
    }
    guard google == nil || exchange == nil else {
      throw .malformed(
        mapping.place("google-account"),
        "a file that was traded is not what Google's clients read"
      )
    }
    let usual = exchange?.target.usualAudience ?? google?.exchange.audience
    request = try tokenRequest(
      mapping,
      usual: usual,
      kind: exchange?.target.kind ?? google.map { _ in .google }
    )
    variable = try mapping.text("variable")
    if let variable, !isVariableName(variable) {
      throw .malformed(mapping.place("variable"), "it is no name of a variable")
    }
    signal = try keptSignal(mapping, environment)
  }
}

extension KeptExchange {
  init(_ mapping: AgentMapping, in environment: ClientEnvironment) throws(AgentFileError) {
    let text = try mapping.required("target")
    guard let kind = ExchangeKind(rawValue: text) else {
      let known = ExchangeKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw .malformed(mapping.place("target"), "it is none of \(known)")
    }
    let isAWS = kind == .aws || kind == .awsSAML
    let word = try mapping.text("output") ?? (isAWS ? "aws" : "raw")
    guard let form = KeptForm(rawValue: word), isAWS ? form != .raw : form != .aws else {
      throw .malformed(mapping.place("output"), "it is not a form of this target's answer")
    }
    self.form = form
    caFile = try mapping.text("ca-file").map(environment.expandingHome)
    target = try exchangeTarget(
      kind,
      mapping,
      besides: ["target", "output", "ca-file", "allow-plain-http"],
      environment
    )
    if let missing = target.missingToTrade { throw .missing(mapping.place(missing.rawValue)) }
  }
}

extension KeptGoogleAccount {
  init(_ mapping: AgentMapping, in environment: ClientEnvironment) throws(AgentFileError) {
    path = try absolute(mapping, "file", environment)
    let target = try exchangeTarget(.google, mapping, besides: ["file", "allow-plain-http"], environment)
    guard let google = target.google else { throw .notMapping(mapping.path) }
    exchange = google
  }
}

extension CredentialsPlan {
  init(_ mapping: AgentMapping, in environment: ClientEnvironment) throws(AgentFileError) {
    try mapping.refuseUnknown(
      but: ["role-arn", "session-name", "duration", "authorization-token-file", "metadata"]
    )
    roleARN = try mapping.text("role-arn")
    let name = try mapping.text("session-name")
    guard roleARN != nil || name == nil else { throw .missing(mapping.place("role-arn")) }
    sessionName = name ?? "exeat-agent"
    durationSeconds = try mapping.number("duration", 1...43_200)
    guard roleARN != nil || durationSeconds == nil else { throw .missing(mapping.place("role-arn")) }
    authorizationTokenFile =
      try mapping.text("authorization-token-file") == nil
      ? nil : absolute(mapping, "authorization-token-file", environment)
    servesMetadata = try mapping.flag("metadata")
  }
}

private func tokenRequest(
  _ file: AgentMapping,
  usual: String?,
  kind: ExchangeKind?
) throws(AgentFileError) -> TokenRequest {
  let mapping = try file.mapping("token")
  try mapping?.refuseUnknown(but: ["audience", "algorithm", "duration", "tags", "federation-config"])
  let duration = try mapping?.number("duration", 1...43_200)
  if let mapping, let name = try mapping.text("federation-config") {
    for other in ["audience", "algorithm", "tags"] where mapping.names.contains(other) {
      throw .malformed(mapping.place(other), "the federation config says it")
    }
    return .federationConfig(name, durationSeconds: duration)
  }
  guard kind != .samlBearer, kind != .awsSAML else { throw .missing(file.place("token.federation-config")) }
  var audiences = try mapping?.texts("audience") ?? []
  if audiences.isEmpty, let usual { audiences = [usual] }
  guard !audiences.isEmpty else { throw .missing(file.place("token.audience")) }
  var tags: [Tag] = []
  if let part = try mapping?.mapping("tags") {
    for key in part.names { tags.append(Tag(key: key, value: try part.required(key))) }
  }
  return .audiences(
    audiences,
    algorithm: try mapping?.text("algorithm")
      ?? TrustService.usualAlgorithm(for: kind?.rawValue, audiences: audiences).rawValue,
    durationSeconds: duration,
    tags: tags
  )
}

private func exchangeTarget(
  _ kind: ExchangeKind,
  _ mapping: AgentMapping,
  besides others: Set<String>,
  _ environment: ClientEnvironment
) throws(AgentFileError) -> ExchangeTarget {
  var values: [ExchangeSetting: [String]] = [:]
  for name in mapping.names where !others.contains(name) {
    guard let setting = ExchangeSetting(rawValue: name) else { throw .unknown(mapping.place(name)) }
    values[setting] = try setting.isList ? mapping.texts(name) : [mapping.required(name)]
  }
  let permitsPlainHTTP = try mapping.flag("allow-plain-http")
  do throws(ExchangeSettingsError) {
    return try ExchangeTarget(
      kind,
      ExchangeSettings(values, for: kind),
      permitsPlainHTTP: permitsPlainHTTP,
      environment: environment
    )
  } catch {
    switch error {
    case .unknown(let setting): throw .unknown(mapping.place(setting.rawValue))
    case .missing(let setting): throw .missing(mapping.place(setting.rawValue))
    case .malformed(let setting, let reason): throw .malformed(mapping.place(setting.rawValue), reason)
    }
  }
}

private func keptSignal(
  _ mapping: AgentMapping,
  _ environment: ClientEnvironment
) throws(AgentFileError) -> KeptSignal? {
  let numbers = [
    "SIGHUP": SIGHUP, "SIGINT": SIGINT, "SIGQUIT": SIGQUIT, "SIGUSR1": SIGUSR1, "SIGUSR2": SIGUSR2,
    "SIGTERM": SIGTERM, "SIGWINCH": SIGWINCH,
  ]
  guard let name = try mapping.text("signal") else {
    guard try mapping.text("pid-file") == nil else { throw .missing(mapping.place("signal")) }
    return nil
  }
  guard let number = numbers[name] else {
    throw .malformed(
      mapping.place("signal"),
      "it is none of \(numbers.keys.sorted().joined(separator: ", "))"
    )
  }
  let pidFile = try mapping.text("pid-file") == nil ? nil : absolute(mapping, "pid-file", environment)
  return KeptSignal(number: number, pidFile: pidFile)
}

/// A path from the root: the agent may be started anywhere.
private func absolute(
  _ mapping: AgentMapping,
  _ name: String,
  _ environment: ClientEnvironment
) throws(AgentFileError) -> String {
  let path = environment.expandingHome(try mapping.required(name))
  guard path.utf8.first == UInt8(ascii: "/"), path.utf8.last != UInt8(ascii: "/") else {
    throw .malformed(mapping.place(name), "it is not the path of a file from the root")
  }
  return path
}
