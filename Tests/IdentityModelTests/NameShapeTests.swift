// SPDX-License-Identifier: Apache-2.0
//
// The shapes of names: ARN, account id, region, principals, header names.

import IdentityModel
import Testing

struct NameShapeTests {
  private let account = AccountID("123456789012")

  @Test(arguments: [
    "", "12345678901", "1234567890123", "12345678901a", " 23456789012", "12345678901\n", "-12345678901",
    "１23456789012", "12345678901２", "1234567890\u{e9}", "12345678901\u{0}",
  ])
  func `an account id is twelve ASCII digits and nothing else`(text: String) {
    #expect(AccountID(text) == nil)
  }

  @Test func `an account id keeps its leading zeros and its order`() throws {
    let zero = try #require(AccountID("000000000000"))
    let one = try #require(AccountID("000000000001"))
    #expect(zero.description == "000000000000")
    #expect(zero < one)
    #expect(!(one < zero))
    #expect(zero != one)
  }

  @Test(arguments: [
    "", "arn", "arn:", "arn:aws:iam::123456789012", "ARN:aws:iam::123456789012:root", " arn:aws:iam::1:root",
    "xarn:aws:iam::1:root", "urn:aws:iam::1:root", "arn/aws/iam//1/root", "ａrn:aws:iam::1:root",
  ])
  func `a text without the prefix or the five colons is no ARN`(text: String) {
    #expect(ARN(text) == nil)
  }

  @Test func `an ARN has six parts and the last keeps its colons and slashes`() throws {
    let arn = try #require(ARN("arn:aws:sts::123456789012:assumed-role/a:b/c:d"))
    #expect(arn.parts == ["arn", "aws", "sts", "", "123456789012", "assumed-role/a:b/c:d"])
    #expect(try #require(ARN("arn:::::")).parts == ["arn", "", "", "", "", ""])
  }

  @Test func `joined parts make the ARN that they came from`() throws {
    let account = try #require(account)
    let arn = ARN(service: "sts", account: account, resource: "self")
    #expect(arn.description == "arn:aws:sts::123456789012:self")
    #expect(arn == ARN("arn:aws:sts::123456789012:self"))
    let other = ARN(
      partition: "aws-cn",
      service: "sqs",
      region: "cn-north-1",
      account: account,
      resource: "q"
    )
    #expect(other.description == "arn:aws-cn:sqs:cn-north-1:123456789012:q")
  }

  @Test func `ARNs are compared by bytes, neither folded nor normalised`() throws {
    let composed = try #require(ARN("arn:aws:iam::1:user/\u{e9}"))
    let decomposed = try #require(ARN("arn:aws:iam::1:user/e\u{301}"))
    let upper = try #require(ARN("arn:aws:iam::1:user/K"))
    let kelvin = try #require(ARN("arn:aws:iam::1:user/\u{212a}"))
    #expect(composed.description == decomposed.description)
    #expect(composed != decomposed)
    #expect(upper != kelvin)
    #expect(Set([composed, decomposed, upper, kelvin]).count == 4)
    #expect(upper != ARN("arn:aws:iam::1:user/k"))
  }

  @Test(arguments: [
    "", "US-EAST-1", "us_east_1", "1us", "-us", "us east", "us-east-1 ", "us.east", "üs", "us/", "ｕs",
    "abcdefghijklmnopqrstuvwxyz-012345",
  ])
  func `a region is lower case letters, digits and hyphens after a letter, 32 at most`(text: String) {
    #expect(Region(text) == nil)
  }

  @Test(arguments: ["us-east-1", "eusc-de-east-1", "a", "local", "abcdefghijklmnopqrstuvwxyz-01234"])
  func `a region of that shape is taken as it is`(text: String) {
    #expect(Region(text)?.description == text)
  }

  @Test func `a principal's ARN, account and unique id are those of AWS`() throws {
    let account = try #require(account)
    #expect(Principal.root(account).arn == ARN("arn:aws:iam::123456789012:root"))
    #expect(Principal.root(account).uniqueID == "123456789012")
    let user = UserIdentity(account: account, path: "/a/b/", userName: "alice", userID: "AIDAX", tags: [])
    #expect(Principal.user(user).arn == ARN("arn:aws:iam::123456789012:user/a/b/alice"))
    #expect(Principal.user(user).uniqueID == "AIDAX")
    #expect(Principal.user(user).account == account)
  }

  @Test func `a header name is folded in ASCII only`() {
    #expect(HTTPField("X-Amz-Date", "").hasName("x-amz-date"))
    #expect(!HTTPField("X-Amz-Dat", "").hasName("x-amz-date"))
    #expect(!HTTPField("\u{212a}ey", "").hasName("key"))
    #expect(asciiLowercased("AZ[\u{212a}É") == "az[\u{212a}É")
  }

  @Test(arguments: [
    (400, ServiceError.Fault.sender), (404, .sender), (499, .sender), (500, .receiver), (503, .receiver),
  ])
  func `the fault follows from the status`(status: Int, fault: ServiceError.Fault) {
    #expect(ServiceError(code: "X", httpStatus: status, message: nil).fault == fault)
  }

  @Test func `services speak the versions and namespaces of their models`() {
    #expect(ServiceName.sts.apiVersion == "2011-06-15")
    #expect(ServiceName.sts.wireProtocol == .query(namespace: "https://sts.amazonaws.com/doc/2011-06-15/"))
    #expect(ServiceName.iam.apiVersion == "2010-05-08")
    #expect(ServiceName.iam.wireProtocol == .query(namespace: "https://iam.amazonaws.com/doc/2010-05-08/"))
    #expect(ServiceName.cloudtrail.apiVersion == "2013-11-01")
    #expect(ServiceName.cloudtrail.speaksJSON && !ServiceName.iam.speaksJSON)
    #expect(ServiceName.iam.eventSource == "iam.amazonaws.com")
  }
}
