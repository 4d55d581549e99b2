// SPDX-License-Identifier: Apache-2.0
//
// What `exeat trust` prints: both sides of a trust, for people or as JSON, whole or in parts.

import ArgumentParser
import FederationClient
import StrictJSON

/// A part of the printout that can stand alone.
enum TrustPart: String, ExpressibleByArgument, CaseIterable {
  case cli, terraform, config, policy
  case federationConfig = "federation-config"
}

/// Both sides of a trust.
struct TrustPrintout {
  let service: TrustService
  let terms: TrustTerms

  /// A part, which ends with a line break; `nil` when the service has none.
  func part(_ part: TrustPart) -> String? {
    switch part {
    case .cli: service.cli.map(terms.fill)
    case .terraform: service.terraform.map(terms.fill)
    case .config: service.config.map(terms.fill)
    case .policy: service.policy(terms)
    case .federationConfig: service.federationConfig(terms)
    }
  }

  /// Which values are placeholders.
  var placeholderLine: String {
    "put your own for: " + terms.placeholders.map { "\($0.text) (\($0.name))" }.joined(separator: ", ")
  }

  /// For people.
  var text: String {
    var lines = ["# Trust of \(service.title) in \(terms.issuer)"]
    if !terms.placeholders.isEmpty { lines.append("# PLACEHOLDERS: \(placeholderLine)") }
    lines.append(
      service.isRun
        ? "# The tests of this version start the service from the configuration below."
        : "# From the service's public documentation: not run against the service itself."
    )
    var text = lines.joined(separator: "\n") + "\n"
    text += section("Here: policy.json", service.policy(terms))
    text += section(
      "Here: config.json, for those who want to give the service a name",
      service.federationConfig(terms)
    )
    text += section("Here: commands of an administrator of the account", service.ownCommands(terms))
    if let command = terms.tokenCommand(service) {
      text += section("Here: a token, as the one who is to have it", command)
    }
    let titles: [(TrustPart, String)] = [
      (.config, "There: configuration"), (.cli, "There: commands"),
      (.terraform, "There: the same for Terraform"),
    ]
    for (kind, title) in titles {
      if let content = part(kind) { text += section(title, content) }
    }
    let meanings = service.settings.filter { setting in
      terms.placeholders.contains { $0.name == setting.name }
    }
    let notes = service.notes + meanings.map { "\($0.placeholder) is \($0.meaning): --set \($0.name)=…" }
    return text + section("To know", notes.map { "- \($0)\n" }.joined())
  }

  private func section(_ title: String, _ content: String) -> String {
    "\n## \(title)\n\n\(content)"
  }

  /// For scripts.
  var json: String {
    var writer = JSONWriter(isOneLine: true)
    writer.object { writer in
      writer.member("Service", service.name)
      writer.member("Title", service.title)
      writer.member("Issuer", terms.issuer)
      writer.member("Subject", terms.subject)
      writer.name("Audiences")
      writer.array { writer in for audience in terms.audiences { writer.string(audience) } }
      writer.member("SigningAlgorithm", terms.algorithm)
      writer.name("Placeholders")
      writer.array { writer in for placeholder in terms.placeholders { writer.string(placeholder.text) } }
      writer.name("RunByTests")
      writer.bool(service.isRun)
      let parts: [(TrustPart, String)] = [
        (.policy, "Policy"), (.federationConfig, "FederationConfig"), (.cli, "CLI"),
        (.terraform, "Terraform"),
        (.config, "Configuration"),
      ]
      for (kind, name) in parts {
        if let content = part(kind) { writer.member(name, content) }
      }
      writer.name("Notes")
      writer.array { writer in for note in service.notes { writer.string(note) } }
    }
    return String(decoding: writer.bytes, as: UTF8.self) + "\n"
  }
}
