// SPDX-License-Identifier: Apache-2.0
//
// What lint knows of condition keys. Source: IAM User Guide, AWS global condition context keys; Service Authorization
// Reference, AWS Security Token Service; docs/policy.md for what this server sets.

/// Kinds of condition keys, by their names with ASCII letters folded to lower case.
enum LintKeys {
  /// Keys with several values.
  static let multiValued: Set<String> = callerChosen.union([
    "aws:calledvia", "aws:principalorgpaths", "aws:resourceorgpaths", "aws:sourceorgpaths",
    "aws:vpceorgpaths",
    "aws:principalservicenameslist",
  ])

  /// Keys with several values that the caller puts into the request.
  static let callerChosen: Set<String> = [
    "sts:identitytokenaudience", "aws:tagkeys", "sts:transitivetagkeys",
  ]

  /// Keys of MFA: there only when the caller signed in with a device.
  static let multiFactor: Set<String> = ["aws:multifactorauthpresent", "aws:multifactorauthage"]

  /// Keys that no request to this server has.
  static let neverSet: Set<String> = multiFactor.union([
    "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc",
    "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip", "aws:vpceaccount", "aws:vpceorgid",
    "aws:vpceorgpaths", "aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast",
    "aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist",
    "aws:ec2instancesourcevpc", "aws:ec2instancesourceprivateipv4", "aws:referer",
  ])

  /// Whether the key is there to protect: without it a request must not pass.
  static func protects(_ key: String) -> Bool {
    neverSet.contains(key) || callerChosen.contains(key) || key.hasPrefix("aws:principaltag/")
      || [
        "aws:sourceip", "aws:securetransport", "aws:principalorgid", "aws:principalorgpaths",
        "aws:principalarn", "aws:principalaccount", "aws:sourceidentity", "aws:federatedprovider",
        "aws:tokenissuetime", "sts:externalid", "sts:sourceidentity", "sts:signingalgorithm",
        "sts:durationseconds", "iam:federationtokentype", "iam:federationtargetservice",
      ].contains(key)
  }

  /// Whether some requests have the key and others do not.
  static func mayBeMissing(_ key: String) -> Bool {
    neverSet.contains(key) || ["aws:tagkeys", "sts:transitivetagkeys"].contains(key)
      || ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/"].contains { key.hasPrefix($0) }
      || [
        "aws:username", "aws:sourceidentity", "aws:federatedprovider", "aws:tokenissuetime",
        "aws:principalorgid", "aws:principalorgpaths", "sts:externalid", "sts:sourceidentity",
        "sts:rolesessionname", "sts:delegationactor", "sts:delegationactorissuer",
        "sts:delegationactorprovider", "sts:delegationdepth",
      ].contains(key)
  }
}
