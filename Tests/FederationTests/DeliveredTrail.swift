// SPDX-License-Identifier: Apache-2.0
//
// A reader of what a trail has delivered that believes nothing but hashes and signatures. Source: contract §5.3.

import AuditTrail
import Federation
import IdentityModel
import SigV4
import StrictJSON
import Testing
import TokenFormats

/// What stands in a bucket, read as a stranger would.
struct DeliveredTrail {
  struct Digest {
    let key: String
    let json: JSONObject
    let signature: String

    var isFirst: Bool { json["previousDigestS3Object"] == .null }
    var files: [JSONObject] { json["logFiles"]?.array?.compactMap(\.object) ?? [] }
  }

  /// The event ids in the log files, in the order of delivery.
  private(set) var eventIDs: [String] = []
  /// In the order of delivery.
  private(set) var digests: [Digest] = []
  /// The keys of log files, in the order of delivery.
  private(set) var fileKeys: [String] = []

  /// Reads everything; every signature, hash and link that does not hold is an issue.
  init(_ bucket: MemoryBucket, named name: String = "audit", signedBy publicKey: PublicKey) throws {
    let verifier = try #require(PublicKeyVerifier(publicKey))
    guard case .rsa(let modulus, let exponent) = publicKey else { throw Unreadable() }
    let fingerprint = RSAPublicKeyFile(modulus: modulus, exponent: exponent).fingerprint
    let objects = bucket.objects
    var hashes: [String: String] = [:]
    for object in objects {
      hashes[object.key] = PayloadHash(of: object.body).hexadecimal
      guard let json = try JSONReader.read(object.body).object else { throw Unreadable() }
      guard object.key.contains("/CloudTrail-Digest/") else {
        fileKeys.append(object.key)
        for record in json["Records"]?.array ?? [] {
          let id = record.object?["eventID"]?.string
          eventIDs.append(try #require(id))
        }
        continue
      }
      let digest = Digest(key: object.key, json: json, signature: try #require(object.metadata["signature"]))
      #expect(json["digestS3Object"]?.string == object.key)
      #expect(json["digestS3Bucket"]?.string == name)
      #expect(json["digestPublicKeyFingerprint"]?.string == fingerprint)
      #expect(object.metadata["signature-algorithm"] == "SHA256withRSA")
      let end = try #require(json["digestEndTime"]?.string)
      let text =
        "\(end)\n\(name)/\(object.key)\n\(hashes[object.key] ?? "")\n\(json["previousDigestSignature"]?.string ?? "null")"
      let signature = try #require(octets(hexadecimal: digest.signature))
      #expect(verifier.isValid(signature: signature, for: Array(text.utf8)))
      if !digest.isFirst {
        let before = try #require(digests.last)
        #expect(json["previousDigestS3Object"]?.string == before.key)
        #expect(json["previousDigestHashValue"]?.string == hashes[before.key])
        #expect(json["previousDigestSignature"]?.string == before.signature)
        #expect(json["digestStartTime"] == before.json["digestEndTime"])
      }
      for file in digest.files {
        let key = try #require(file["s3Object"]?.string)
        #expect(file["hashValue"]?.string == hashes[key])
      }
      digests.append(digest)
    }
  }

  /// The keys of log files in the order in which the digests list them.
  var listedKeys: [String] { digests.flatMap(\.files).compactMap { $0["s3Object"]?.string } }

  struct Unreadable: Error {}
}

private func octets(hexadecimal text: String) -> [UInt8]? {
  let digits = Array(text.utf8)
  guard digits.count.isMultiple(of: 2) else { return nil }
  return stride(from: 0, to: digits.count, by: 2).reduce(into: [UInt8]?([])) { octets, index in
    guard let octet = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
      return octets = nil
    }
    octets?.append(octet)
  }
}
