// SPDX-License-Identifier: Apache-2.0
//
// The managed policies that every account has without making them, under AWS's own names: only those that say
// something in every service, or speak of the services that are here. Source: AWS Managed Policy Reference (names);
// the documents are our own.

package import IdentityModel
package import PolicyEngine

/// A policy of `arn:aws:iam::aws:policy/`.
package struct AWSManagedPolicy: Sendable {
  /// The name.
  package let name: String
  /// `ANPA…`.
  package let policyID: String
  /// The description.
  package let description: String
  /// The document as text.
  package let text: String
  /// The document.
  package let document: PolicyDocument

  /// `arn:aws:iam::aws:policy/name`.
  package var arn: String { AWSManagedPolicy.prefix + name }

  /// When the policies came to be: the day of this house's first commit.
  package static let createDate = Instant(seconds: 1_795_219_200)

  /// The policy with this ARN; `nil` when there is none.
  package init?(arn: String) {
    guard let known = AWSManagedPolicy.all.first(where: { $0.arn.utf8.elementsEqual(arn.utf8) }) else {
      return nil
    }
    self = known
  }

  /// All of them, in the order of their names.
  package static let all: [AWSManagedPolicy] = [
    AWSManagedPolicy(
      "AdministratorAccess",
      id: "ANPAEXEATADMINISTRATR",
      "Full access to everything in the account.",
      #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
    ),
    AWSManagedPolicy(
      "IAMFullAccess",
      id: "ANPAEXEATIAMFULLACCES",
      "Full access to IAM.",
      #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*"],"Resource":"*"}]}"#
    ),
    // DEVIATION: AWS's policy allows `iam:Get*`, which here is iam:GetOutboundFederationToken too: whoever may only
    // read would mint the tokens of every config. So the others that are served are named; a new one is named here.
    AWSManagedPolicy(
      "IAMReadOnlyAccess",
      id: "ANPAEXEATIAMREADONLYA",
      "Read access to IAM.",
      """
      {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetAccessKeyLastUsed",\
      "iam:GetAccountAuthorizationDetails","iam:GetAccountPasswordPolicy","iam:GetAccountSummary",\
      "iam:GetContextKeysForCustomPolicy","iam:GetContextKeysForPrincipalPolicy","iam:GetGroup","iam:GetGroupPolicy",\
      "iam:GetInstanceProfile","iam:GetLoginProfile","iam:GetOpenIDConnectProvider",\
      "iam:GetOutboundFederationConfig","iam:GetOutboundWebIdentityFederationInfo","iam:GetPolicy",\
      "iam:GetPolicyVersion","iam:GetRole","iam:GetRolePolicy","iam:GetSAMLProvider","iam:GetUser",\
      "iam:GetUserPolicy","iam:List*","iam:Simulate*",\
      "iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails"],"Resource":"*"}]}
      """
    ),
    AWSManagedPolicy(
      "PowerUserAccess",
      id: "ANPAEXEATPOWERUSERACC",
      "Full access to everything but the management of users, groups, roles and the organization.",
      """
      {"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],\
      "Resource":"*"},{"Effect":"Allow","Action":["iam:ListRoles","organizations:DescribeOrganization"],\
      "Resource":"*"}]}
      """
    ),
  ].compactMap(\.self)

  private static let prefix = "arn:aws:iam::aws:policy/"

  // A document that does not parse would leave its policy out, and a test would miss it.
  private init?(_ name: String, id: String, _ description: String, _ text: String) {
    guard let document = try? PolicyDocument(json: Array(text.utf8), kind: .boundary) else { return nil }
    self.name = name
    self.policyID = id
    self.description = description
    self.text = text
    self.document = document
  }
}
