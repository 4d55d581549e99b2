// SPDX-License-Identifier: Apache-2.0
//
// The claims that AWS's outbound identity federation puts into the object `https://sts.amazonaws.com/`, typed. What is
// absent is `nil` or empty; members that are not named here may stand and are found through `VerifiedToken`. Source: AWS
// IAM User Guide, claims of outbound identity federation.

import IdentityModel
import StrictJSON
import TokenFormats

/// A tag of a principal, a session or a request.
public struct AWSTag: Hashable, Sendable {
  /// The key, in the case in which it was made; AWS tells keys apart without regard to case.
  public let key: String
  /// The value.
  public let value: String
}

/// Who called AWS's or Exeat's GetWebIdentityToken, and from where.
public struct AWSFederationClaims: Hashable, Sendable {
  /// The name of the claim that holds the others.
  public static let claimName = "https://sts.amazonaws.com/"

  /// `aws_account`: the account of the caller, 12 digits.
  public let account: String
  /// `source_region`: the region whose STS was called.
  public let sourceRegion: String?
  /// `principal_id`: the ARN of the IAM principal, as in `sub`.
  public let principalID: String?
  /// `org_id`: the organization of the account, `o-…`.
  public let orgID: String?
  /// `ou_path`: the paths of the account's organizational units, each `o-…/r-…/ou-…/`.
  public let ouPath: [String]
  /// `principal_tags`: the tags of the user or role, those of the session merged in.
  public let principalTags: [AWSTag]
  /// `request_tags`: the tags of the call, which the caller chose: worth what the caller's policy makes of them.
  public let requestTags: [AWSTag]
  /// `original_session_exp`: when the caller's own temporary credentials expire.
  ///
  /// Unit: seconds since the Epoch.
  public let originalSessionExpiration: Int64?
  /// `federated_provider`: the ARN of the identity provider through which the caller got its session.
  public let federatedProvider: String?
  /// `source_identity`: the SourceIdentity of the session.
  public let sourceIdentity: String?
  /// `identity_store_user_id`: the user of IAM Identity Center.
  public let identityStoreUserID: String?
  /// `identity_store_arn`: the identity store of that user.
  public let identityStoreARN: String?
  /// `ec2_source_instance_arn`: the instance whose role is used.
  public let ec2SourceInstanceARN: String?
  /// `ec2_instance_source_vpc`: the VPC where its credentials were delivered.
  public let ec2InstanceSourceVPC: String?
  /// `ec2_instance_source_private_ipv4`: the primary private address of the instance.
  public let ec2InstanceSourcePrivateIPv4: String?
  /// `ec2_role_delivery`: the version of the metadata service that delivered the credentials.
  public let ec2RoleDelivery: String?
  /// `lambda_source_function_arn`: the Lambda function.
  public let lambdaSourceFunctionARN: String?
  /// `glue_credential_issuing_service`: the Glue service that issued the credentials.
  public let glueCredentialIssuingService: String?

  /// The value of the principal's tag whose key has exactly the bytes of `key`.
  public func principalTag(_ key: String) -> String? {
    principalTags.first { same($0.key, key) }?.value
  }

  /// The value of the call's tag whose key has exactly the bytes of `key`.
  public func requestTag(_ key: String) -> String? {
    requestTags.first { same($0.key, key) }?.value
  }

  /// Reads the value of the claim.
  ///
  /// - Throws: `claimMalformed` with the name of the claim or of its member.
  init(_ value: JSONValue) throws(VerificationFailure) {
    guard let object = value.object else { throw .claimMalformed(Self.claimName) }
    guard let account = try Self.text("aws_account", object), AccountID(account) != nil else {
      throw .claimMalformed("aws_account")
    }
    self.account = account
    sourceRegion = try Self.text("source_region", object)
    principalID = try Self.text("principal_id", object)
    orgID = try Self.text("org_id", object)
    ouPath = try Self.texts("ou_path", object)
    principalTags = try Self.tags("principal_tags", object)
    requestTags = try Self.tags("request_tags", object)
    if let text = try Self.text("original_session_exp", object) {
      guard let instant = Instant(rfc3339: text) else { throw .claimMalformed("original_session_exp") }
      originalSessionExpiration = instant.seconds
    } else {
      originalSessionExpiration = nil
    }
    federatedProvider = try Self.text("federated_provider", object)
    sourceIdentity = try Self.text("source_identity", object)
    identityStoreUserID = try Self.text("identity_store_user_id", object)
    identityStoreARN = try Self.text("identity_store_arn", object)
    ec2SourceInstanceARN = try Self.text("ec2_source_instance_arn", object)
    ec2InstanceSourceVPC = try Self.text("ec2_instance_source_vpc", object)
    ec2InstanceSourcePrivateIPv4 = try Self.text("ec2_instance_source_private_ipv4", object)
    ec2RoleDelivery = try Self.text("ec2_role_delivery", object)
    lambdaSourceFunctionARN = try Self.text("lambda_source_function_arn", object)
    glueCredentialIssuingService = try Self.text("glue_credential_issuing_service", object)
  }

  private static func text(
    _ name: String,
    _ object: JSONObject
  ) throws(VerificationFailure) -> String? {
    guard let value = object[name] else { return nil }
    guard let text = value.string else { throw .claimMalformed(name) }
    return text
  }

  // AWS's guide shows a string; its real tokens hold an array.
  private static func texts(
    _ name: String,
    _ object: JSONObject
  ) throws(VerificationFailure) -> [String] {
    guard let value = object[name] else { return [] }
    guard let texts = ClaimValue(value).strings else { throw .claimMalformed(name) }
    return texts
  }

  private static func tags(
    _ name: String,
    _ object: JSONObject
  ) throws(VerificationFailure) -> [AWSTag] {
    guard let value = object[name] else { return [] }
    guard let members = value.object?.members else { throw .claimMalformed(name) }
    var tags: [AWSTag] = []
    tags.reserveCapacity(members.count)
    for member in members {
      guard let text = member.value.string else { throw .claimMalformed(name) }
      tags.append(AWSTag(key: member.name, value: text))
    }
    return tags
  }
}
