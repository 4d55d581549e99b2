// SPDX-License-Identifier: Apache-2.0
//
// One setting, three places: flag, `EXEAT_*` environment, configuration file, in that order of precedence. A value
// that cannot be used stops the start with one line that names where it came from.

import FoundationEssentials
import Yams

/// Settings by name, with where each came from.
struct Settings {
  /// A value and its origin.
  struct Value {
    let text: String
    /// `--listen`, `EXEAT_LISTEN`, or `listen in exeat.yaml`.
    let origin: String
  }

  private let values: [String: Value]

  /// Merges `flags` (values of flags that were given), `environment` and the file that either of them names.
  ///
  /// - Parameters:
  ///   - names: every setting that the command knows, as in `tls-cert`.
  ///   - flags: what the command line gave.
  ///   - environment: the process environment.
  ///   - configFile: the file, when one is named.
  /// - Throws: `CommandFailure` for a file that cannot be read, is not a flat YAML mapping, or holds a name that is
  ///   not a setting.
  init(
    names: [String],
    flags: [String: String?],
    environment: [String: String],
    configFile: String?
  ) throws(CommandFailure) {
    var values: [String: Value] = [:]
    if let path = configFile ?? environment["EXEAT_CONFIG"] {
      for (name, text) in try Settings.read(path, names: names) {
        values[name] = Value(text: text, origin: "`\(name)` in \(path)")
      }
    }
    for name in names {
      let variable = "EXEAT_" + name.uppercased().replacing("-", with: "_")
      if let text = environment[variable] { values[name] = Value(text: text, origin: variable) }
      if let text = flags[name] ?? nil { values[name] = Value(text: text, origin: "--\(name)") }
    }
    self.values = values
  }

  /// The setting `name`, when it was given.
  subscript(_ name: String) -> Value? { values[name] }

  /// The text of `name`; throws when it was not given.
  func required(_ name: String, hint: String) throws(CommandFailure) -> String {
    guard let value = values[name] else { throw .usage("--\(name) is missing", hint: hint) }
    return value.text
  }

  /// What `parse` makes of `name`; `nil` when it was not given; throws naming the origin when `parse` gives `nil`.
  func parsed<Result>(
    _ name: String,
    expected: String,
    _ parse: (String) -> Result?
  ) throws(CommandFailure) -> Result? {
    guard let value = values[name] else { return nil }
    guard let result = parse(value.text) else {
      throw .usage("\(value.origin): `\(value.text)` is not \(expected)")
    }
    return result
  }

  private static func read(
    _ path: String,
    names: [String]
  ) throws(CommandFailure) -> [(name: String, text: String)] {
    guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= 1 << 20 else {
      throw .usage("--config: cannot read \(path)")
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: String(decoding: data, as: UTF8.self))
    } catch {
      throw .usage("--config: \(path) is not YAML: \(error)")
    }
    guard let node else { return [] }
    guard let mapping = node.mapping else { throw .usage("--config: \(path) is not a mapping of settings") }
    var result: [(String, String)] = []
    for (key, value) in mapping {
      guard let name = key.string, names.contains(name) else {
        throw .usage("--config: \(path) holds `\(key.string ?? "?")`, which is not a setting")
      }
      guard let text = value.scalar?.string else {
        throw .usage("--config: `\(name)` in \(path) is not a single value")
      }
      result.append((name, text))
    }
    return result
  }
}

/// An address to listen on: `HOST:PORT`.
struct ListenAddress: Hashable, Sendable {
  let host: String
  let port: Int

  /// Pairs `host` and `port`.
  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `127.0.0.1:8443`, `[::1]:8443`, `:8443` (all addresses), port 0…65535.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65535).contains(port)
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      return nil
    }
    self.init(host: host.isEmpty ? "0.0.0.0" : host, port: port)
  }
}
