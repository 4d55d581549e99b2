// SPDX-License-Identifier: Apache-2.0
//
// A service that accepts tokens, as small as it gets: `GET /whoami` answers with what the caller's token says. Compiled
// and run by the tests. Settings come from the environment: ISSUER, AUDIENCE, and for development CA_FILE, LOOPBACK=1,
// PORT, KEY_REFETCH_SECONDS.

import Foundation
import Hummingbird
import RelyingParty
import RelyingPartyHTTP
import RelyingPartyHummingbird

struct Context: TokenRequestContext {
  var coreContext: CoreRequestContextStorage
  var verifiedToken: VerifiedToken?

  init(source: Source) {
    coreContext = .init(source: source)
  }
}

@main
struct Server {
  static func main() async throws {
    let environment = ProcessInfo.processInfo.environment
    guard let issuer = environment["ISSUER"], let audience = environment["AUDIENCE"] else {
      print("set ISSUER and AUDIENCE")
      exit(2)
    }
    var settings = VerifierSettings()
    if let seconds = environment["KEY_REFETCH_SECONDS"].flatMap(Int64.init) {
      settings.keyCache.unknownKey = .seconds(seconds)
      settings.keyCache.fresh = .seconds(seconds)...max(.seconds(seconds), settings.keyCache.fresh.upperBound)
    }
    let verifier = try TokenVerifier(
      trusting: [TrustedIssuer(issuer, audiences: [audience])],
      fetcher: try HTTPDocumentFetcher(
        reach: environment["LOOPBACK"] == "1" ? .loopbackDevelopment : .publicOnly,
        certificateAuthorities: environment["CA_FILE"]
      ),
      settings: settings
    )
    let router = Router(context: Context.self)
    router.add(middleware: TokenAuthenticator(verifier, realm: "example"))
    router.get("whoami") { _, context in
      "\(context.verifiedToken?.subject ?? "nobody")\n"
    }
    let application = Application(
      router: router,
      configuration: .init(
        address: .hostname("127.0.0.1", port: environment["PORT"].flatMap(Int.init) ?? 8080)
      ),
      onServerRunning: { channel in
        print("listening on \(channel.localAddress?.port ?? 0)")
        fflush(nil)
      }
    )
    try await application.runService()
  }
}
