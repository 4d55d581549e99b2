// SPDX-License-Identifier: Apache-2.0
//
// What requests may call a trail, a bucket and a prefix. A name becomes part of a file's name: nothing in it may lead
// elsewhere. Source: AWS CloudTrail API, CreateTrail, "Name", "S3KeyPrefix"; Amazon S3, "Bucket naming rules".

import AWSProtocols
import IdentityModel

/// How a request names a trail: by its name or by its ARN.
struct TrailName: Sendable {
  /// As it was sent.
  let text: String
  /// The trail's name.
  let name: String
  /// The account and the region that an ARN names.
  let arn: (account: AccountID, region: String)?

  /// Takes a name or an ARN; throws InvalidTrailNameException or CloudTrailARNInvalidException.
  init(_ text: String) throws(ServiceError) {
    self.text = text
    guard text.utf8.starts(with: "arn:".utf8) else {
      try TrailName.require(text)
      name = text
      arn = nil
      return
    }
    guard let parts = ARN(text)?.parts, parts[2] == "cloudtrail", let region = Region(parts[3]),
      let account = AccountID(String(parts[4])), parts[5].utf8.starts(with: "trail/".utf8)
    else {
      throw .cloudTrail("CloudTrailARNInvalid", "The trail ARN is not valid: \(text)")
    }
    name = String(parts[5].dropFirst("trail/".count))
    arn = (account, region.description)
    try TrailName.require(name)
  }

  /// Throws InvalidTrailNameException unless `name` may be a trail's.
  static func require(_ name: String) throws(ServiceError) {
    let bytes = Array(name.utf8)
    let problem: String? =
      if bytes.count < 3 {
        "Trail name too short. Minimum allowed length: 3 characters. Specified name length: \(bytes.count) characters."
      } else if bytes.count > 128 {
        "Trail name too long. Maximum allowed length: 128 characters. Specified name length: \(bytes.count) characters."
      } else if !bytes.allSatisfy({ isAlphanumeric($0) || isSeparator($0) }) {
        "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), "
          + "and underscores (_)."
      } else if !isAlphanumeric(bytes[0]) {
        "Trail name must start with a letter or number."
      } else if !isAlphanumeric(bytes[bytes.count - 1]) {
        "Trail name must end with a letter or number."
      } else if zip(bytes, bytes.dropFirst()).contains(where: { isSeparator($0) && isSeparator($1) }) {
        "Trail name must not have adjacent periods, hyphens or underscores."
      } else {
        nil
      }
    if let problem { throw .cloudTrail("InvalidTrailName", problem) }
  }

  /// Throws InvalidS3BucketNameException unless `name` may be a bucket's.
  static func requireBucket(_ name: String) throws(ServiceError) {
    let bytes = Array(name.utf8)
    guard (3...63).contains(bytes.count),
      bytes.allSatisfy({ isLowerAlphanumeric($0) || isHyphenOrPeriod($0) }),
      isLowerAlphanumeric(bytes[0]), isLowerAlphanumeric(bytes[bytes.count - 1]),
      !zip(bytes, bytes.dropFirst()).contains(where: { $0 == UInt8(ascii: ".") && $1 == UInt8(ascii: ".") })
    else {
      throw .cloudTrail("InvalidS3BucketName", "Bucket name is invalid: \(name)")
    }
  }

  /// Throws InvalidS3PrefixException unless `prefix` may stand before the keys of a trail's files.
  ///
  /// SECURITY: a bucket may be a directory, and accounts may share it. No part of a key may be empty, `.` or `..`; none may
  /// be what an object is called, where no folder is made; and few make folders.
  static func requirePrefix(_ prefix: String) throws(ServiceError) {
    let isPlain = prefix.utf8.allSatisfy { byte in
      isAlphanumeric(byte) || "!-_.*'()/=@+".utf8.contains(byte)
    }
    let parts = prefix.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard prefix.utf8.count <= 200, isPlain, parts.count <= 8,
      parts.allSatisfy({ part in !part.isEmpty && !part.allSatisfy { $0 == UInt8(ascii: ".") } }),
      !parts.contains(where: { endsLikeObject($0) })
    else {
      throw .cloudTrail("InvalidS3Prefix", "The S3 key prefix is not valid: \(prefix)")
    }
  }
}

extension ServiceError {
  /// `…Exception` 400 of CloudTrail.
  static func cloudTrail(_ name: String, _ message: String) -> ServiceError {
    ServiceError(code: name + "Exception", httpStatus: 400, message: message)
  }
}

private func endsLikeObject(_ part: Substring.UTF8View) -> Bool {
  [".json.gz", ".metadata.json"].contains { part.suffix($0.utf8.count).elementsEqual($0.utf8) }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
}

private func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isSeparator(_ byte: UInt8) -> Bool { "._-".utf8.contains(byte) }

private func isHyphenOrPeriod(_ byte: UInt8) -> Bool { ".-".utf8.contains(byte) }
