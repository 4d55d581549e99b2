// SPDX-License-Identifier: Apache-2.0
//
// Where a command gets an issuer's documents from: exactly one of a data directory, from which they are made, and the
// issuer's URL, where they are served. Reading a store needs no lock: the server may be running.

import ArgumentParser
import Federation
import FederationClient
import IdentityModel
import LocalKeys
import StoreSQLite
import TokenFormats

/// One document, to be served from somewhere else.
struct IssuerFile {
  /// Where it stands below the issuer's URL, without a slash at its beginning.
  let path: String
  let contentType: String
  let maxAgeSeconds: Int
  let body: [UInt8]

  /// What a web server says about it.
  var cacheControl: String { "public, max-age=\(maxAgeSeconds)" }

  /// The path of the JWK set.
  static let jwks = ".well-known/jwks.json"
  /// The path of discovery.
  static let discovery = ".well-known/openid-configuration"
}

/// What an issuer publishes.
struct IssuerCopy {
  let issuer: String
  let keys: [PublishedKey]
  let files: [IssuerFile]
  var certificates: [PublicKey: EncodedCertificate] = [:]
  /// Until when the SAML metadata is valid, as it says it.
  var metadataValidUntil: String?
  /// That the issuer is suspended, and since when if that is known; `nil` when it is not, or does not show it.
  var suspension: IssuerSuspension?
}

/// A suspended issuer, which issues nothing.
enum IssuerSuspension {
  /// As the store has it.
  case since(Instant)
  /// As a stranger sees it: its key set is empty.
  case emptyKeySet

  /// A sentence without its end.
  var words: String {
    switch self {
    case .since(let date): "the issuer is suspended since \(date.rfc3339) and issues no tokens"
    case .emptyKeySet: "the issuer's key set is empty: it is suspended and issues no tokens"
    }
  }

  /// Since when, if that is known.
  var date: Instant? {
    if case .since(let date) = self { date } else { nil }
  }
}

/// The options that name an issuer.
struct IssuerLocation: ParsableArguments {
  @Option(help: "The data directory of a server, which may be running.") var dataDir: String?
  @Option(help: "The account in it whose issuer it is, 12 digits.") var account: String?
  @Option(help: "The file of the key-encryption key. Default DATA-DIR/key-encryption-key.")
  var keyEncryptionKey: String?
  @Option(help: "The issuer's URL: takes what is served there.") var issuer: String?
  @Option(help: "A PEM file of the CAs to trust. Default: AWS_CA_BUNDLE, SSL_CERT_FILE.") var caFile: String?

  /// The documents; from a data directory with an `x5c` in RSA keys where one is asked for, from a URL the JWK set
  /// without the others where that is enough.
  func copy(
    hasCertificates: Bool,
    keySetAlone: Bool,
    _ http: FederationHTTPClient,
    now: Instant
  ) async throws(CommandFailure) -> IssuerCopy {
    switch (dataDir, issuer) {
    case (let directory?, nil):
      guard let account else { throw .usage("--data-dir needs --account") }
      guard let account = AccountID(account) else {
        throw .usage("--account: `\(account)` is not 12 digits")
      }
      return try await made(from: DataDirectory(directory), account, hasCertificates, now)
    case (nil, let issuer?):
      guard account == nil, keyEncryptionKey == nil else {
        throw .usage("--account and --key-encryption-key go with --data-dir")
      }
      guard !hasCertificates else {
        throw .usage(
          "--x5c needs --data-dir",
          hint: "a certificate is signed with the private key, which no issuer publishes"
        )
      }
      return try await fetched(issuer, keySetAlone, http)
    default: throw .usage("give exactly one of --data-dir and --issuer")
    }
  }

  private func made(
    from directory: DataDirectory,
    _ account: AccountID,
    _ hasCertificates: Bool,
    _ now: Instant
  ) async throws(CommandFailure) -> IssuerCopy {
    let source = try KeyEncryptionKeySource(keyEncryptionKey, directory)
    let keys: LocalKeys
    do throws(KeyEncryptionKeyError) {
      keys = LocalKeys(ring: try await source.load())
    } catch {
      throw .failed("--key-encryption-key: \(source.path) is not usable: \(error)")
    }
    let documents: IssuerDocuments
    do {
      documents = try await IssuerDocuments(
        of: account,
        reader: SQLiteStore.openReadOnly(at: directory.store),
        signer: keys,
        sealer: keys,
        hasCertificates: hasCertificates,
        now: now
      )
    } catch let error as IssuerDocumentsError {
      throw CommandFailure(error, account)
    } catch {
      throw .failed("--data-dir: \(CommandFailure(startError: error).message)")
    }
    for keyID in documents.strangers {
      Console.note(
        "left out: the key \(Console.printable(keyID.description)) in the store is not one of ours"
      )
    }
    if documents.hasStatusLists {
      Console.note(
        "left out: the status lists, which are signed every few minutes; export from --issuer has them"
      )
    }
    return IssuerCopy(
      issuer: documents.issuer,
      keys: documents.keys,
      files: documents.files.map { file in
        IssuerFile(
          path: file.path,
          contentType: file.document.contentType,
          maxAgeSeconds: file.document.maxAgeSeconds,
          body: file.document.body
        )
      },
      certificates: documents.certificates,
      metadataValidUntil: documents.metadataValidUntil?.rfc3339,
      suspension: documents.suspendDate.map { .since($0) }
    )
  }

  private func fetched(
    _ issuer: String,
    _ keySetAlone: Bool,
    _ http: FederationHTTPClient
  ) async throws(CommandFailure) -> IssuerCopy {
    var address = issuer
    if address.utf8.last == UInt8(ascii: "/") { address.removeLast() }
    do throws(PublishedIssuerError) {
      let published = try await PublishedIssuer(
        of: address,
        keySetAlone: keySetAlone,
        http: http,
        policy: .meant
      )
      return IssuerCopy(
        issuer: address,
        keys: published.keySet.keys.map { PublishedKey($0.publicKey) },
        files: published.files.map { file in
          IssuerFile(
            path: file.path,
            contentType: file.contentType,
            maxAgeSeconds: file.maxAgeSeconds,
            body: file.body
          )
        },
        metadataValidUntil: published.metadataValidUntil,
        suspension: published.keySet.keys.isEmpty && published.keySet.ignored.isEmpty ? .emptyKeySet : nil
      )
    } catch {
      throw .failed("--issuer: \(error.words)")
    }
  }

  /// A connection for the time of `body`.
  func withHTTP<Value>(
    _ body: (FederationHTTPClient) async throws(CommandFailure) -> Value
  ) async throws(CommandFailure) -> Value {
    let http: FederationHTTPClient
    do {
      let environment = ClientEnvironment.live()
      let bundle = EndpointSettings.caBundle(.init(caFile: caFile), environment: environment)
      http = FederationHTTPClient(
        trustRoots: try bundle.map { try TrustRoots(file: $0, in: environment) } ?? .system
      )
    } catch {
      throw CommandFailure(clientError: error)
    }
    do throws(CommandFailure) {
      let value = try await body(http)
      await http.shutdown()
      return value
    } catch {
      await http.shutdown()
      throw error
    }
  }
}

extension IssuerPolicy {
  /// For an address that the command line names: it is meant, wherever it lies.
  static var meant: IssuerPolicy { IssuerPolicy(allowPrivateAddresses: true, allowHTTPOnLoopback: true) }
}

extension CommandFailure {
  fileprivate init(_ error: IssuerDocumentsError, _ account: AccountID) {
    self =
      switch error {
      case .noSuchAccount: .failed("--account: there is no account \(account)")
      case .noIssuer:
        .failed(
          "account \(account) has no issuer",
          hint: "switch it on: aws iam enable-outbound-web-identity-federation"
        )
      case .noVouchedKey:
        .failed(
          "the key-encryption key opens none of the issuer's keys",
          hint: "see --key-encryption-key; a key that it does not open is not published"
        )
      case .incomplete:
        .failed(
          "a key of the issuer is still to be made",
          hint: "the server makes it when its key set is fetched for the first time"
        )
      case .store(let error): .failed("--data-dir: \(CommandFailure(startError: error).message)")
      case .signer(.tokenUnavailable):
        .failed(
          "the documents cannot be signed: the account's keys are in a token, which this command does not use",
          hint: "leave --x5c away; the key set itself needs no signature"
        )
      case .signer(let error): .failed("the documents cannot be signed: \(error)")
      case .metadata(let cause): .failed("the SAML metadata cannot be made: \(cause)")
      }
  }
}
