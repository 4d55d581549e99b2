// SPDX-License-Identifier: Apache-2.0

import AuditSinks
import AuditTrail
import Testing

struct ExportSpecificationTests {
  @Test func `a file has its limits, and a name that is its URL`() throws {
    let plain = try ExportSpecification("file:/var/log/exeat/audit.jsonl")
    #expect(plain.target == .file(path: "/var/log/exeat/audit.jsonl"))
    #expect(plain.name == "file:/var/log/exeat/audit.jsonl")
    #expect(plain.format == .cloudtrail)
    #expect((plain.maximumBytes, plain.maximumAgeSeconds) == (100 << 20, 86_400))
    let full = try ExportSpecification(
      "  file:///srv/a%20b%2Cc%25.jsonl  format=ocsf max-bytes=65536 max-age=3600 name=local "
    )
    #expect(full.target == .file(path: "/srv/a b,c%.jsonl"))
    #expect(full.name == "local")
    #expect(full.format == .ocsf)
    #expect((full.maximumBytes, full.maximumAgeSeconds) == (65_536, 3600))
  }

  @Test func `a syslog receiver is named by host and port`() throws {
    let secure = try ExportSpecification(
      "syslog+tls://logs.example.com:6514 ca-file=/etc/ca.pem host-name=sts-1"
    )
    #expect(secure.target == .syslog(authority: "logs.example.com:6514", isSecure: true))
    #expect(secure.certificateAuthorities == "/etc/ca.pem")
    #expect(secure.hostName == "sts-1")
    let plain = try ExportSpecification("syslog://127.0.0.1:601")
    #expect(plain.target == .syslog(authority: "127.0.0.1:601", isSecure: false))
    #expect(plain.name == "syslog://127.0.0.1:601")
  }

  @Test func `a webhook's name leaves out what may be a secret`() throws {
    let webhook = try ExportSpecification(
      "https://siem.example.com/in?key=hidden secret-file=/etc/exeat/siem"
    )
    #expect(webhook.target == .webhook(url: "https://siem.example.com/in?key=hidden"))
    #expect(webhook.name == "https://siem.example.com/in")
    #expect(webhook.secretFile == "/etc/exeat/siem")
  }

  @Test(
    arguments: [
      ("", .scheme), ("   ", .scheme), ("/var/log/a", .scheme), ("FILE:/a", .scheme),
      ("udp://h:514", .scheme),
      ("ftp://h/a", .scheme), ("file:/a\u{7}", .scheme), ("https://é.example/ secret-file=/s", .scheme),
      ("file:", .path), ("file:a", .path), ("file:/", .path), ("file:/a/", .path), ("file://host/a", .path),
      ("file:/a%2", .path), ("file:/a%zz", .path), ("file:/a%00", .path), ("file:/%ff", .path),
      ("file:/a b", .notAnOption("b")), ("file:/a ca-file=/b", .unknownOption("ca-file")),
      ("file:/a Format=ocsf", .unknownOption("Format")), ("file:/a =", .unknownOption("")),
      ("syslog://127.0.0.1:1 ca-file=/b", .unknownOption("ca-file")),
      ("http://127.0.0.1/ secret-file=/s ca-file=/b", .unknownOption("ca-file")),
      ("file:/a format=ocsf format=ocsf", .repeatedOption("format")),
      ("file:/a format=OCSF", .malformedValue(option: "format")),
      ("file:/a format=", .malformedValue(option: "format")),
      ("file:/a name=", .malformedValue(option: "name")),
      ("file:/a name=a/b", .malformedValue(option: "name")),
      ("file:/a max-bytes=1", .malformedValue(option: "max-bytes")),
      ("file:/a max-bytes=+70000", .malformedValue(option: "max-bytes")),
      ("file:/a max-bytes=99999999999999999999", .malformedValue(option: "max-bytes")),
      ("file:/a max-age=59", .malformedValue(option: "max-age")),
      ("file:/a max-age=1d", .malformedValue(option: "max-age")),
      ("syslog+tls://h:1 host-name=é", .malformedValue(option: "host-name")),
      ("syslog+tls://h:1 ca-file=ca.pem", .malformedValue(option: "ca-file")),
      ("https://h/ secret-file=s", .malformedValue(option: "secret-file")),
      ("https://h/", .missingOption("secret-file")),
      ("syslog+tls://h:1 client-cert=/c", .missingOption("client-key")),
      ("syslog+tls://h:1 client-key=/k", .missingOption("client-cert")),
      ("syslog://127.0.0.1:1 client-cert=/c client-key=/k", .unknownOption("client-cert")),
      ("file:/" + String(repeating: "a", count: 600), .missingOption("name")),
    ] as [(String, ExportSpecificationError)]
  )
  func `what names no sink is refused, with the part that is wrong`(
    text: String,
    error: ExportSpecificationError
  ) {
    #expect(throws: error) { try ExportSpecification(text) }
  }
}
