// SPDX-License-Identifier: Apache-2.0
//
// `exeat federation-config open`: signs a person in at a service, by its assertion consumer service and the browser.
// Source: SAML Profiles 2.0 §4.1.5, "Unsolicited Responses"; SAML Bindings 2.0 §3.5.

import ArgumentParser
import FederationClient
import IdentityModel
import TokenFormats

/// `exeat federation-config open`.
struct FederationConfigOpenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open",
    abstract: "Sign in at a service with SAML, in the browser.",
    discussion: """
      Asks for a SAML response and hands the browser a page that posts it to the service. The page is given out
      once, on a loopback port, to a process of the same user; it is never on a disk or a command line.
      """
  )

  @Argument(help: "The name of the config.") var name: String
  @Option(help: "What the service is told besides, as a rule the URL to go to.") var relayState: String?
  @Option(help: "The browser; gets a URL as its last word, or in place of `%s`. Default: BROWSER, xdg-open.")
  var browser: String?
  @Option(help: "How long to wait for the browser: 120 or 120s, 2m.") var wait = SecondsOption(seconds: 120)
  @Flag(help: "Print the page instead. Whoever has it can sign in.") var print = false
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard (1...3600).contains(wait.seconds) else {
      throw ValidationError("--wait: a time of 1s to 1h")
    }
  }

  func run() async throws {
    if let relayState, relayState.utf8.count > HTTPPOSTPage.relayStateBytes {
      Console.note("the relay state has more than 80 bytes: some services do not keep it")
    }
    let token = try await client.calling(.iam) { query, credential in
      try await FederationConfigClient(query, credential: credential).token(name)
    }
    let page = try page(for: token)
    guard !print else {
      try Console.out(page.html.utf8)
      return
    }
    let environment = ClientEnvironment.live()
    let server = try LoopbackPage(page.html, policy: HTTPPOSTPage.contentSecurityPolicy)
    Console.note("opening \(Console.printable(token.targetService)); if no browser does, visit \(server.url)")
    if !Browser.open(server.url, with: try browsers(environment), environment.variables) {
      Console.note("no browser could be started")
    }
    try server.serve(seconds: wait.seconds)
    Console.note("the browser has the page")
  }

  /// The commands to try, in words.
  private func browsers(_ environment: ClientEnvironment) throws(CommandFailure) -> [[String]] {
    if let browser {
      guard let words = shellWords(browser), !words.isEmpty else {
        throw .usage("--browser: not a command line")
      }
      return [words]
    }
    // Commands with a colon between them, as the variable always had them.
    let named = environment.variable("BROWSER")?.split(separator: ":").compactMap { shellWords(String($0)) }
    return (named ?? []) + [["xdg-open"]]
  }

  private func page(for token: FederationToken) throws(CommandFailure) -> HTTPPOSTPage {
    guard token.tokenType.utf8.elementsEqual("SAML".utf8) else {
      throw .failed(
        "`\(name)` gives OIDC tokens, which no browser can take to a service",
        hint: "see `exeat federation-config token`"
      )
    }
    guard let form = token.samlForm, form.utf8.elementsEqual("Response".utf8) else {
      throw .failed(
        "`\(name)` gives bare assertions; a browser takes a response",
        hint: "set \"SamlForm\": \"Response\" in its document"
      )
    }
    do throws(HTTPPOSTPageError) {
      return try HTTPPOSTPage(action: token.targetService, response: token.token, relayState: relayState)
    } catch {
      switch error {
      case .action: throw .failed("the target service is not an address that a form can be sent to")
      case .response: throw .failed("the server's answer holds no response in base 64")
      case .relayState: throw .usage("--relay-state: it holds a control character")
      }
    }
  }
}
