// SPDX-License-Identifier: Apache-2.0
//
// The page with which a browser brings a response to a service: a form that sends itself. Everything that a stranger
// wrote stands in attributes, escaped to the last character. Source: SAML Bindings 2.0 §3.5.4; HTML Living Standard
// §13.1.2.3; CSP Level 3 §2.3.1.

import Crypto

/// Why there is no page.
package enum HTTPPOSTPageError: Error, Hashable, Sendable {
  /// The address is not one that a form may be sent to: neither `https` nor `http`, or with a character that no URL has.
  case action
  /// The response is not base 64.
  case response
  /// The relay state holds a control character, which HTML cannot carry.
  case relayState
}

/// A page that sends a response to an assertion consumer service.
package struct HTTPPOSTPage: Sendable {
  /// SAML Bindings 2.0 §3.5.3: "RelayState data MUST NOT exceed 80 bytes in length".
  ///
  /// Nobody holds to it, so it is not refused.
  package static let relayStateBytes = 80

  /// The text of the page: UTF-8, of which only ASCII is used.
  package let html: String

  /// Writes the page.
  ///
  /// - Parameters:
  ///   - action: the assertion consumer service, an absolute `https` or `http` URL.
  ///   - response: the response in base 64.
  ///   - relayState: what the service is to be told besides, as a rule where to go from there.
  /// - Throws: `HTTPPOSTPageError` for what cannot stand in it.
  package init(
    action: String,
    response: String,
    relayState: String? = nil
  ) throws(HTTPPOSTPageError) {
    let isWeb = action.utf8.starts(with: "https://".utf8) || action.utf8.starts(with: "http://".utf8)
    guard isWeb, action.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .action }
    guard XMLBase64.decode(response)?.isEmpty == false else { throw .response }
    if let relayState {
      let hasControl = relayState.unicodeScalars.contains { $0.properties.generalCategory == .control }
      guard !hasControl else { throw .relayState }
    }
    let fields =
      hidden("SAMLResponse", response) + (relayState.map { hidden("RelayState", $0) } ?? "")
    html = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(escaped(Self.contentSecurityPolicy))">
      <title>Signing in</title>
      </head>
      <body>
      <form method="post" action="\(escaped(action))">
      \(fields)
      <noscript><p>Continue to \(escaped(action))</p><button>Continue</button></noscript>
      </form>
      <script>\(script)</script>
      </body>
      </html>

      """
  }

  /// What the page may do: run its one script, and nothing else.
  ///
  /// Where forms may go is left open: some browsers hold the redirects after a form to `form-action` too, and where
  /// a service sends people from its endpoint is its own affair.
  package static var contentSecurityPolicy: String {
    let digest = XMLBase64.encode(Array(SHA256.hash(data: Array(script.utf8))))
    return "default-src 'none'; script-src 'sha256-\(digest)'; base-uri 'none'"
  }
}

private let script = "document.forms[0].submit()"

private func hidden(_ name: String, _ value: String) -> String {
  "<input type=\"hidden\" name=\"\(name)\" value=\"\(escaped(value))\">"
}

/// `text` with everything but letters, digits and a few marks without meaning in HTML as a character reference.
private func escaped(_ text: String) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", " ", "-", ".", "_", ":", "/", "+", "=", ",", ";":
      escaped.unicodeScalars.append(scalar)
    default:
      escaped += "&#x\(String(scalar.value, radix: 16, uppercase: true));"
    }
  }
  return escaped
}
