// SPDX-License-Identifier: Apache-2.0
//
// One certificate as people paste it. Source: RFC 7468 §2, §5.

extension EncodedCertificate {
  private static let begin = "-----BEGIN CERTIFICATE-----"
  private static let end = "-----END CERTIFICATE-----"

  /// Reads one certificate; `nil` when there is more or less than that between the two lines, or anything but white
  /// space around them.
  package init?(pem text: String) {
    let lines = text.utf8.split(omittingEmptySubsequences: true) { $0 == 0x0A || $0 == 0x0D }
      .map { String(decoding: $0, as: UTF8.self).utf8 }
      .map { line in line.drop(while: isXMLSpace).reversed().drop(while: isXMLSpace).reversed() }
      .filter { !$0.isEmpty }
    guard lines.count >= 3, lines.first?.elementsEqual(Self.begin.utf8) == true,
      lines.last?.elementsEqual(Self.end.utf8) == true,
      let der = XMLBase64.decode(
        String(decoding: lines.dropFirst().dropLast().joined(), as: UTF8.self)
      )
    else { return nil }
    self.init(der: der)
  }

  /// The certificate between its two lines, in lines of 64 characters, with a line feed after each.
  package var pem: String {
    let text = Array(XMLBase64.encode(der).utf8)
    let lines = stride(from: 0, to: text.count, by: 64).map { start in
      String(decoding: text[start..<min(start + 64, text.count)], as: UTF8.self)
    }
    return ([Self.begin] + lines + [Self.end]).joined(separator: "\n") + "\n"
  }
}
