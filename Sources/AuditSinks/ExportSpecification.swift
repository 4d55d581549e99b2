// SPDX-License-Identifier: Apache-2.0
//
// A sink as an operator writes it: where to, then options, `name=value`, between spaces. Owns the grammar; refuses to
// know whether a host or a file is there. Source: RFC 3986 §2.1 for what is escaped; RFC 8089 for `file:`.

package import AuditTrail

/// Why a text names no sink.
package enum ExportSpecificationError: Error, Hashable, Sendable {
  /// It does not begin with `file:`, `syslog+tls://`, `syslog://`, `https://` or `http://`.
  case scheme
  /// The file is not an absolute path, or escaped wrongly.
  case path
  /// The word is not `name=value`.
  case notAnOption(String)
  /// There is no option of this name for such a sink.
  case unknownOption(String)
  /// The option stands twice.
  case repeatedOption(String)
  /// The value of this option is not acceptable.
  case malformedValue(option: String)
  /// Such a sink needs this option.
  case missingOption(String)
}

/// A sink as an operator writes it.
package struct ExportSpecification: Sendable {
  /// Where records go.
  package enum Target: Hashable, Sendable {
    /// Lines appended to the file at this absolute path.
    case file(path: String)
    /// Syslog messages over TCP to `HOST:PORT`, as it is written.
    case syslog(authority: String, isSecure: Bool)
    /// Batches posted to this URL, as it is written.
    case webhook(url: String)
  }

  /// Where records go.
  package let target: Target
  /// What the position is kept under: the option `name`, or the target without what follows `?`.
  package let name: String
  /// How records are spelled; CloudTrail's form by default.
  package let format: ExportFormat
  /// `max-bytes` of a file; 100 MiB by default.
  package let maximumBytes: Int64
  /// `max-age` of a file in seconds; a day by default.
  package let maximumAgeSeconds: Int64
  /// `secret-file` of a webhook: a path.
  package let secretFile: String?
  /// `ca-file`: a path.
  package let certificateAuthorities: String?
  /// `client-cert` and `client-key`: paths, both or neither.
  package let clientCertificate: (certificate: String, key: String)?
  /// `host-name` that syslog messages carry; `nil` for the machine's own.
  package let hostName: String?

  /// Reads `text`.
  ///
  /// Shape: `file:/var/log/exeat/audit.jsonl max-bytes=1000000`, `syslog+tls://logs.example.com:6514 format=ocsf`,
  /// `https://siem.example.com/exeat secret-file=/etc/exeat/siem`. In paths `%20` is a space, `%2C` a comma, `%25` a
  /// percent sign.
  package init(_ text: some StringProtocol) throws(ExportSpecificationError) {
    let words = text.utf8.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    guard let first = words.first, first.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .scheme
    }
    target = try Self.target(first)
    let allowed: [String]
    switch target {
    case .file: allowed = ["name", "format", "max-bytes", "max-age"]
    case .syslog(_, let isSecure):
      allowed = ["name", "format", "host-name"] + (isSecure ? ["ca-file", "client-cert", "client-key"] : [])
    case .webhook(let url):
      allowed =
        ["name", "format", "secret-file"] + (url.utf8.starts(with: "https:".utf8) ? ["ca-file"] : [])
    }
    let options = try Self.options(words.dropFirst(), allowed: allowed)
    name =
      try options["name"].map { (name) throws(ExportSpecificationError) in
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(isNameByte) else {
          throw .malformedValue(option: "name")
        }
        return name
      } ?? String(Substring(first.utf8.prefix { $0 != UInt8(ascii: "?") }))
    guard name.utf8.count <= 512 else { throw .missingOption("name") }
    format =
      try options["format"].map { (text) throws(ExportSpecificationError) in
        guard let format = ExportFormat(rawValue: text) else { throw .malformedValue(option: "format") }
        return format
      } ?? .cloudtrail
    maximumBytes = try Self.number(options, "max-bytes", 65_536...(1 << 40)) ?? 100 << 20
    maximumAgeSeconds = try Self.number(options, "max-age", 60...31_536_000) ?? 86_400
    secretFile = try Self.path(options, "secret-file")
    certificateAuthorities = try Self.path(options, "ca-file")
    hostName = try options["host-name"].map { (text) throws(ExportSpecificationError) in
      guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw .malformedValue(option: "host-name")
      }
      return text
    }
    switch (try Self.path(options, "client-cert"), try Self.path(options, "client-key")) {
    case (let certificate?, let key?): clientCertificate = (certificate, key)
    case (nil, nil): clientCertificate = nil
    case (_?, nil): throw .missingOption("client-key")
    case (nil, _?): throw .missingOption("client-cert")
    }
    if case .webhook = target, secretFile == nil { throw .missingOption("secret-file") }
  }

  private static func target(_ text: String) throws(ExportSpecificationError) -> Target {
    func rest(after prefix: String) -> String? {
      text.utf8.starts(with: prefix.utf8) ? String(text.dropFirst(prefix.count)) : nil
    }
    if let rest = rest(after: "file:") {
      // RFC 8089 §2: `file:/path`, or `file:///path` with an empty host.
      let path = rest.utf8.starts(with: "//".utf8) ? String(rest.dropFirst(2)) : rest
      guard let path = absolutePath(path), !path.utf8.elementsEqual("/".utf8),
        path.utf8.last != UInt8(ascii: "/")
      else { throw .path }
      return .file(path: path)
    }
    if let authority = rest(after: "syslog+tls://") { return .syslog(authority: authority, isSecure: true) }
    if let authority = rest(after: "syslog://") { return .syslog(authority: authority, isSecure: false) }
    guard rest(after: "https://") != nil || rest(after: "http://") != nil else { throw .scheme }
    return .webhook(url: text)
  }

  private static func options(
    _ words: ArraySlice<String>,
    allowed: [String]
  ) throws(ExportSpecificationError) -> [String: String] {
    var options: [String: String] = [:]
    for word in words {
      guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")) else { throw .notAnOption(word) }
      let name = String(word[..<equals])
      guard allowed.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else { throw .unknownOption(name) }
      guard options[name] == nil else { throw .repeatedOption(name) }
      options[name] = String(word[word.utf8.index(after: equals)...])
    }
    return options
  }

  private static func number(
    _ options: [String: String],
    _ name: String,
    _ range: ClosedRange<Int64>
  ) throws(ExportSpecificationError) -> Int64? {
    guard let text = options[name] else { return nil }
    guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let value = Int64(text), range.contains(value)
    else { throw .malformedValue(option: name) }
    return value
  }

  private static func path(
    _ options: [String: String],
    _ name: String
  ) throws(ExportSpecificationError) -> String? {
    guard let text = options[name] else { return nil }
    guard let path = absolutePath(text) else { throw .malformedValue(option: name) }
    return path
  }
}

/// `text` with its escapes resolved; `nil` unless it is an absolute path in UTF-8 without U+0000.
private func absolutePath(_ text: String) -> String? {
  var bytes: [UInt8] = []
  var rest = text.utf8[...]
  while let byte = rest.popFirst() {
    guard byte == UInt8(ascii: "%") else {
      bytes.append(byte)
      continue
    }
    let digits = rest.prefix(2)
    guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt8(String(Substring(digits)), radix: 16)
    else { return nil }
    bytes.append(value)
    rest = rest.dropFirst(2)
  }
  guard bytes.first == UInt8(ascii: "/"), !bytes.contains(0) else { return nil }
  return String(validating: bytes, as: UTF8.self)
}

private func isNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
    true
  default: false
  }
}
