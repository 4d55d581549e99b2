// SPDX-License-Identifier: Apache-2.0
//
// Everything that is signed is read in one way only: what stands twice, in another case, or in an encoding that two
// readers read differently is refused, not chosen from.

import IdentityModel
import SigV4
import Testing

struct AmbiguityTests {
  let fixture: Fixture

  init() throws {
    fixture = try Fixture()
  }

  // MARK: What may stand once

  @Test(arguments: ["Host", "X-Amz-Date", "Content-Type", "x-AMZ-target", "Date", "Authorization"])
  func `what selects the key or the meaning stands once`(name: String) {
    let request = fixture.signed(extra: [HTTPField("X-Amz-Target", "a"), HTTPField("Date", "b")])
    #expect(fixture.refusal(of: request) == nil)
    let value = request.value(name.lowercased()) ?? ""
    #expect(
      fixture.refusal(of: request.adding([HTTPField(name, value)])) == .duplicateHeader(name.lowercased())
    )
  }

  @Test(arguments: [
    "X-Amz-Credential=AKIDOTHER", "x-amz-credential=AKIDOTHER", "X%2DAmz-Signature=0",
    "X-Amz-Foo=1&x-amz-foo=2",
    "x-amz-region-set=*",
  ])
  func `a parameter that authenticates stands once and in its own case`(parameter: String) {
    let request = fixture.presigned()
    guard
      case .ambiguousQueryParameter = fixture.refusal(
        of: request.with(target: request.target + "&" + parameter)
      )
    else {
      Issue.record("not refused as ambiguous")
      return
    }
  }

  @Test(arguments: ["Credential", "SignedHeaders", "Signature"])
  func `a parameter of the Authorization header stands once`(name: String) {
    let request = fixture.signed().replacing("authorization") { $0 + ", \(name)=x" }
    #expect(fixture.refusal(of: request) == .duplicateAuthorizationParameter(name))
  }

  @Test(arguments: [", Extra=1", ",", ", x", ", signature=0"])
  func `an Authorization header holds nothing else`(suffix: String) {
    let request = fixture.signed().replacing("authorization") { $0 + suffix }
    #expect(fixture.refusal(of: request) == .malformedAuthorizationHeader)
  }

  @Test func `white space around the parameters of an Authorization header is free`() {
    let spread = fixture.signed().replacing("authorization") {
      " " + $0.replacing(", ", with: " \t,\t ") + " "
    }
    #expect(fixture.refusal(of: spread) == nil)
    #expect(fixture.refusal(of: fixture.signed().authorization(replacing: ", ", with: ",")) == nil)
  }

  // MARK: One reading

  @Test(arguments: ["/?a=1+2", "/?a=%", "/?a=%4", "/?a=%zz", "http://sts.example.test/", "*", ""])
  func `a target that two readers read differently is refused`(target: String) {
    let request = SignableRequest(
      method: "POST",
      target: target,
      headers: fixture.request.headers,
      body: fixture.request.body
    )
    #expect(fixture.refusal(of: fixture.signed(request)) == .ambiguousTarget)
  }

  @Test func `an escaped plus sign is not a plus sign that stands for a space`() {
    let request = fixture.presigned("/?a=1%2B2")
    #expect(fixture.refusal(of: request) == nil)
    #expect(
      fixture.refusal(of: request.with(target: request.target.replacing("%2B", with: "+")))
        == .ambiguousTarget
    )
  }
}
