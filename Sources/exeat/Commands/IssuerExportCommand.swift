// SPDX-License-Identifier: Apache-2.0
//
// `exeat issuer export`: writes what an issuer publishes as files or objects, and says until when they are good.

import ArgumentParser
import Federation
import FederationClient
import IdentityModel
import StrictJSON
import TokenFormats

/// `exeat issuer export`.
struct IssuerExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write discovery, JWK set, SAML metadata and status lists as files, or into a bucket.",
    discussion: """
      What is below the issuer's URL comes to stand below DIR or the bucket's prefix, under the same paths; serve it at
      the issuer's URL. From a data directory the documents are made anew, also beside a running server; from a URL they
      are taken as they are served. Without a place --jwks-only prints the set.

      A copy is good until the issuer signs with a key that is not in it: export again regularly, or look with
      `exeat issuer check`.
      """
  )

  @OptionGroup var location: IssuerLocation
  @Option(help: "The folder to write to: a new one, or one of an earlier export of this issuer.") var dir:
    String?
  @Option(help: ArgumentHelp("The bucket to write to.", valueName: "s3://NAME[/PREFIX]")) var bucket: String?
  @Option(help: "The bucket's endpoint. Default: AWS_ENDPOINT_URL_S3, Amazon's.") var endpointUrl: String?
  @Option(help: "The bucket's region. Default: AWS_REGION, us-east-1.") var region: String?
  @Flag(help: "The JWK set alone.") var jwksOnly = false
  @Flag(
    inversion: .prefixedNo,
    help: "A self-signed certificate beside each RSA key: Ceph's gateway needs one, Google refuses it."
  )
  var x5c = false
  @Flag(help: "Print JSON: what was written, and until when it is good.") var json = false

  func run() async throws {
    let place = try place()
    let now = Assembly.systemClock.now()
    try await location.withHTTP { http throws(CommandFailure) in
      let copy = try await location.copy(hasCertificates: x5c, keySetAlone: jwksOnly, http, now: now)
      let files = jwksOnly ? copy.files.filter { $0.path == IssuerFile.jwks } : copy.files
      let written: [String]
      switch place {
      case .output:
        for file in files { try Console.out(file.body + Array("\n".utf8)) }
        written = []
      case .folder(let folder): written = try folder.write(files, of: copy.issuer)
      case .bucket(let bucket): written = try await bucket.put(files, http)
      }
      let summary = IssuerSummary(copy: copy, files: files, written: written, now: now)
      guard !json else { return Console.out(summary.json) }
      for line in summary.lines {
        if case .output = place { Console.note(line) } else { Console.out(line) }
      }
    }
  }

  private enum Place {
    case output
    case folder(IssuerFolder)
    case bucket(IssuerBucket)
  }

  private func place() throws(CommandFailure) -> Place {
    switch (dir, bucket) {
    case (let dir?, nil):
      guard endpointUrl == nil, region == nil else {
        throw .usage("--endpoint-url and --region go with --bucket")
      }
      return .folder(IssuerFolder(path: dir))
    case (nil, let bucket?):
      return .bucket(try IssuerBucket(bucket, endpointURL: endpointUrl, region: region))
    case (nil, nil) where jwksOnly:
      guard !json else { throw .usage("--json goes with --dir or --bucket") }
      return .output
    case (nil, nil): throw .usage("give --dir or --bucket, or --jwks-only to print the JWK set")
    default: throw .usage("give one of --dir and --bucket")
    }
  }
}

/// What was exported, and until when it is good.
private struct IssuerSummary {
  let copy: IssuerCopy
  let files: [IssuerFile]
  let written: [String]
  let now: Instant

  private var successors: [PublishedKey] {
    copy.keys.filter { key in key.signsFrom.map { $0 > now } ?? false }
  }

  var lines: [String] {
    var lines = written.map { "wrote \(Console.printable($0))" }
    for file in files where !written.isEmpty && file.contentType != "application/json" {
      lines.append("serve \(file.path) as \(file.contentType)")
    }
    for (key, certificate) in certificates {
      lines.append("certificate of \(key.thumbprint): SHA-1 \(certificate.sha1Fingerprint)")
    }
    lines += freshness
    if let validUntil = copy.metadataValidUntil, files.contains(where: { $0.path == "saml/metadata" }) {
      lines.append("the SAML metadata is valid until \(Console.printable(validUntil)): export again before")
    }
    return lines
  }

  private var freshness: [String] {
    if let suspension = copy.suspension {
      return ["SUSPENDED: \(suspension.words); export again when it is resumed"]
    }
    guard copy.keys.allSatisfy({ $0.signsFrom != nil }) else {
      return [
        "an issuer's set does not say which of its keys signs next: `exeat issuer check` sees a new one"
      ]
    }
    let known = successors.compactMap { key in
      key.signsFrom.map {
        "the next \(key.publicKey.algorithm.rawValue) key signs from \($0.rfc3339), and is in the set"
      }
    }
    return known.isEmpty
      ? ["no successor published: the set is good until one is; `exeat issuer check` sees it"] : known
  }

  private var certificates: [(key: PublicKey, certificate: EncodedCertificate)] {
    copy.keys.compactMap { key in copy.certificates[key.publicKey].map { (key.publicKey, $0) } }
  }

  var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("issuer", copy.issuer)
      writer.name("files")
      writer.array { writer in
        for (file, place) in zip(files, written) {
          writer.object { writer in
            writer.member("path", place)
            writer.member("contentType", file.contentType)
            writer.member("cacheControl", file.cacheControl)
          }
        }
      }
      writer.name("keys")
      writer.array { writer in
        for key in copy.keys {
          writer.object { writer in
            writer.member("keyId", key.publicKey.thumbprint.description)
            writer.member("signingAlgorithm", key.publicKey.algorithm.rawValue)
            if let signsFrom = key.signsFrom { writer.member("signsFrom", signsFrom.rfc3339) }
            if let certificate = copy.certificates[key.publicKey] {
              writer.member("certificateSha1", certificate.sha1Fingerprint)
            }
          }
        }
      }
      if let validUntil = copy.metadataValidUntil { writer.member("samlMetadataValidUntil", validUntil) }
      writer.suspension(copy.suspension)
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension JSONWriter {
  /// Writes `isSuspended`, and `suspendDate` where it is known, as members of an object.
  mutating func suspension(_ suspension: IssuerSuspension?) {
    name("isSuspended")
    bool(suspension != nil)
    if let date = suspension?.date { member("suspendDate", date.rfc3339) }
  }
}
