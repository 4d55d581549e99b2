// SPDX-License-Identifier: Apache-2.0
//
// The sentences that clients read. Expected texts: responses observed at AWS, and the IAM User Guide.

import Federation
import IdentityModel
import PolicyEngine
import StrictJSON
import Testing

struct SentenceTests {
  private static let user = "arn:aws:iam::123456789012:user/alice"
  private static let own = "arn:aws:sts::123456789012:self"

  @Test(
    arguments: [
      (
        Decision.implicitDeny(.identity), own,
        "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:GetWebIdentityToken on resource: arn:aws:sts::123456789012:self because no identity-based policy allows the sts:GetWebIdentityToken action"
      ),
      (
        .explicitDeny(.identity, reference(0)), own,
        "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:GetWebIdentityToken on resource: arn:aws:sts::123456789012:self with an explicit deny in an identity-based policy"
      ),
      (
        .implicitDeny(.permissionsBoundary), own,
        "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:GetWebIdentityToken on resource: arn:aws:sts::123456789012:self because no permissions boundary allows the sts:GetWebIdentityToken action"
      ),
      (
        .explicitDeny(.session, reference(0)), nil,
        "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:GetWebIdentityToken with an explicit deny in a session policy"
      ),
      (
        .allow(by: []), "*",
        "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:GetWebIdentityToken on resource: *"
      ),
    ] as [(Decision, String?, String)]
  )
  func `a refusal reads as AWS writes it`(decision: Decision, resource: String?, message: String) {
    let error = ServiceError.accessDenied(
      principalARN: Self.user,
      action: "sts:GetWebIdentityToken",
      resource: resource,
      decision: decision
    )
    #expect(error == ServiceError(code: "AccessDenied", httpStatus: 403, message: message))
  }

  @Test(
    arguments: [
      (PolicyType.identity, "an identity-based policy"), (.resource, "a resource-based policy"),
      (.permissionsBoundary, "a permissions boundary"), (.session, "a session policy"),
      (.serviceControl, "a service control policy"), (.roleTrust, "the role trust policy"),
      (.resourceControl, "a resource control policy"),
    ])
  func `each kind of policy has its name`(type: PolicyType, name: String) throws {
    func message(_ decision: Decision) -> String? {
      ServiceError.accessDenied(principalARN: "P", action: "iam:X", resource: "*", decision: decision).message
    }
    let start = "User: P is not authorized to perform: iam:X on resource: *"
    #expect(
      message(.explicitDeny(type, reference(0, "secret", sid: "S")))
        == "\(start) with an explicit deny in \(name)"
    )
    let bare = name.split(separator: " ").dropFirst().joined(separator: " ")
    #expect(message(.implicitDeny(type)) == "\(start) because no \(bare) allows the iam:X action")
  }

  @Test(
    arguments: [
      ("{", .identity, "Syntax errors in policy."),
      (
        #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Foo":1}}"#,
        .identity, "Syntax errors in policy."
      ),
      (#"{"Version":"2013-10-17","Statement":{}}"#, .identity, "Syntax errors in policy."),
      (
        #"{"Statement":{"Effect":"Allow","Resource":"*"}}"#, .identity,
        "Policy statement must contain actions."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*"}}"#, .identity,
        "Policy statement must contain resources."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}"#, .identity,
        "Policy document should not specify a principal."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"bucket"}}"#, .identity,
        #"Resource bucket must be in ARN format or "*"."#
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3::b"}}"#, .identity,
        "The policy failed legacy parsing"
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:error:s3:::b"}}"#, .identity,
        #"Partition "error" is not valid for resource "arn:error:s3:::b"."#
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:*:::b"}}"#, .identity,
        "Resource vendor must be fully qualified and cannot contain regexes."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam:x:111122223333:user/a"}}"#,
        .identity, "IAM resource arn:aws:iam:x:111122223333:user/a cannot contain region information."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"GetUser","Resource":"*"}}"#, .identity,
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"iam:Get:User","Resource":"*"}}"#, .identity,
        "Actions/Condition can contain only one colon."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"i*m:GetUser","Resource":"*"}}"#, .identity,
        "Vendor i*m is not valid"
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Sid":"a-b"}}"#, .identity,
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
      ),
      (
        #"{"Statement":[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        .identity, "Statement IDs (SID) in a single policy must be unique."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#, .boundary,
        "Policy document must be version 2012-10-17 or greater."
      ),
      ("{", .trust, "This policy contains invalid Json"),
      (
        #"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}"#, .trust,
        "Has prohibited field Resource"
      ),
      (
        #"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}"#, .trust,
        "Missing required field Principal"
      ),
      (
        #"{"Statement":{"Effect":"Allow","Principal":{"AWS":"x"},"Action":"sts:AssumeRole"}}"#, .trust,
        #"Invalid principal in policy: "AWS":"x""#
      ),
      (
        #"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:Get"}}"#, .trust,
        "AssumeRole policy may only specify STS AssumeRole actions."
      ),
      (
        #"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"stringEquals":{"aws:a":"b"}}}}"#,
        .trust, "Invalid Condition type : stringEquals"
      ),
    ] as [(String, PolicyKind, String)]
  )
  func `a refused policy document reads as AWS writes it`(json: String, kind: PolicyKind, message: String)
    throws
  {
    let error = try #require(refusal(json, kind))
    #expect(
      ServiceError(error, in: kind)
        == ServiceError(code: "MalformedPolicyDocument", httpStatus: 400, message: message)
    )
  }
}
