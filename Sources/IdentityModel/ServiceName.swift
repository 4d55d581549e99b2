// SPDX-License-Identifier: Apache-2.0
//
// The AWS services that are spoken here, and the regions that they are spoken in.

/// An AWS service by its signing name.
package enum ServiceName: String, Hashable, Sendable, CaseIterable {
  /// AWS Security Token Service, AWS Query, version 2011-06-15.
  case sts
  /// AWS Identity and Access Management, AWS Query, version 2010-05-08.
  case iam
  /// AWS CloudTrail, AWS JSON 1.1, version 2013-11-01.
  case cloudtrail
  /// AWS Organizations, AWS JSON 1.1, version 2016-11-28.
  case organizations

  /// The protocol that a service speaks.
  package enum WireProtocol: Hashable, Sendable {
    /// AWS Query: requests name `apiVersion` in `Version`; responses are XML in `namespace`.
    case query(namespace: String)
    /// AWS JSON 1.1: requests name `targetPrefix`, a dot and the action in `X-Amz-Target`.
    case json(targetPrefix: String)
  }

  /// The protocol that the service speaks.
  ///
  /// Source: botocore service models, `xmlNamespace` and `targetPrefix`.
  package var wireProtocol: WireProtocol {
    switch self {
    case .sts: .query(namespace: "https://sts.amazonaws.com/doc/2011-06-15/")
    case .iam: .query(namespace: "https://iam.amazonaws.com/doc/2010-05-08/")
    case .cloudtrail: .json(targetPrefix: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101")
    case .organizations: .json(targetPrefix: "AWSOrganizationsV20161128")
    }
  }

  /// Whether the service speaks AWS JSON 1.1.
  package var speaksJSON: Bool {
    if case .json = wireProtocol { true } else { false }
  }

  /// The API version; requests of AWS Query name it in `Version`.
  ///
  /// Source: botocore service models.
  package var apiVersion: String {
    switch self {
    case .sts: "2011-06-15"
    case .iam: "2010-05-08"
    case .cloudtrail: "2013-11-01"
    case .organizations: "2016-11-28"
    }
  }

  /// The `eventSource` of an audit record.
  ///
  /// Source: CloudTrail record contents.
  package var eventSource: String { rawValue + ".amazonaws.com" }
}

/// An AWS region name.
///
/// Shape: `[a-z0-9-]{1,32}`, for example `us-east-1`. Source: SigV4 credential scope.
package struct Region: Hashable, Sendable, CustomStringConvertible {
  /// The name.
  package let description: String

  /// Takes 1–32 characters of `[a-z0-9-]` that begin with a letter; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard let first = bytes.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first), bytes.count <= 32,
      bytes.allSatisfy({
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
      })
    else { return nil }
    self.description = String(text)
  }
}
