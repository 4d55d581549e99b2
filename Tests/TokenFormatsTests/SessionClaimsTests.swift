// SPDX-License-Identifier: Apache-2.0
//
// The claims by which an identity provider speaks to AWS, in both of their forms.

import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite struct SessionClaimsTests {
  private func read(_ json: String) throws -> SessionClaims {
    try SessionClaims(try #require(try JSONReader.read(json.utf8).object))
  }

  private let tags = [Tag(key: "Project", value: "Automation"), Tag(key: "CostCenter", value: "987654")]

  @Test func `nested tags are read, their values as strings or arrays of one`() throws {
    let claims = try read(
      """
      {"https://aws.amazon.com/tags":{"principal_tags":{"Project":["Automation"],"CostCenter":"987654"},
      "transitive_tag_keys":["Project","CostCenter"]},"https://aws.amazon.com/source_identity":"alice"}
      """
    )
    #expect(claims.tags == tags)
    #expect(claims.transitiveTagKeys == ["Project", "CostCenter"])
    #expect(claims.sourceIdentity == "alice")
    #expect(claims.roleARNs == nil)
  }

  @Test func `flattened tags are read`() throws {
    let claims = try read(
      """
      {"https://aws.amazon.com/tags/principal_tags/Project":"Automation",
      "https://aws.amazon.com/tags/principal_tags/CostCenter":["987654"],
      "https://aws.amazon.com/tags/transitive_tag_keys":["Project"]}
      """
    )
    #expect(claims.tags == tags)
    #expect(claims.transitiveTagKeys == ["Project"])
  }

  @Test func `a token without these claims asks for nothing`() throws {
    let claims = try read(#"{"sub":"x","https://aws.amazon.com/tagsX":1}"#)
    #expect(claims.tags.isEmpty && claims.transitiveTagKeys.isEmpty)
    #expect(claims.sourceIdentity == nil && claims.roleARNs == nil)
    #expect(try read(#"{"https://aws.amazon.com/tags":{}}"#) == claims)
  }

  @Test func `roles are one or several ARNs`() throws {
    #expect(try read(#"{"https://aws.amazon.com/roles":"a"}"#).roleARNs == ["a"])
    #expect(try read(#"{"https://aws.amazon.com/roles":["a","b"]}"#).roleARNs == ["a", "b"])
    #expect(try read(#"{"https://aws.amazon.com/roles":[]}"#).roleARNs == [])
  }

  @Test(arguments: [
    (#"{"https://aws.amazon.com/tags":[{"principal_tags":{}}]}"#, "https://aws.amazon.com/tags"),
    (#"{"https://aws.amazon.com/tags":{"principal_tags":[]}}"#, "https://aws.amazon.com/tags"),
    (#"{"https://aws.amazon.com/tags":{"principal_tags":{"a":["b","c"]}}}"#, "https://aws.amazon.com/tags"),
    (#"{"https://aws.amazon.com/tags":{"principal_tags":{"a":[]}}}"#, "https://aws.amazon.com/tags"),
    (#"{"https://aws.amazon.com/tags":{"principal_tags":{"a":1}}}"#, "https://aws.amazon.com/tags"),
    (#"{"https://aws.amazon.com/tags":{"transitive_tag_keys":"a"}}"#, "https://aws.amazon.com/tags"),
    (#"{"https://aws.amazon.com/tags":{"transitive_tag_keys":[1]}}"#, "https://aws.amazon.com/tags"),
    (
      #"{"https://aws.amazon.com/tags":{},"https://aws.amazon.com/tags/principal_tags/a":"b"}"#,
      "https://aws.amazon.com/tags"
    ),
    (#"{"https://aws.amazon.com/tags/other":"b"}"#, "https://aws.amazon.com/tags/other"),
    (#"{"https://aws.amazon.com/source_identity":["a"]}"#, "https://aws.amazon.com/source_identity"),
    (#"{"https://aws.amazon.com/roles":{"a":"b"}}"#, "https://aws.amazon.com/roles"),
    (#"{"https://aws.amazon.com/roles":["a",null]}"#, "https://aws.amazon.com/roles"),
  ])
  func `a claim of another shape is refused by its name`(json: String, claim: String) {
    #expect(throws: JWTVerificationError.claimMalformed(claim)) { try read(json) }
  }
}
