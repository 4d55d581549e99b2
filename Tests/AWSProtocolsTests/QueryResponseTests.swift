// SPDX-License-Identifier: Apache-2.0
//
// The envelopes of contract §1.3, byte for byte, and what XML 1.0 can carry. libxml2 (through FoundationXML) is the
// judge of what a parser gets back.

import AWSProtocols
import Foundation
import FoundationXML
import IdentityModel
import StrictJSON
import Testing

private let naughty = sharedVectors("naughty-strings")

struct QueryResponseTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `STS answers with a token as AWS does`() {
    let result = ResponseStructure([
      "WebIdentityToken": .string("eyJ.eyJ.sig"),
      "Expiration": .timestamp(Instant(milliseconds: 1_776_757_030_000), milliseconds: true),
    ])
    let xml = QueryResponse.success(
      action: "GetWebIdentityToken",
      service: .sts,
      result: result,
      requestID: "r-1"
    )
    #expect(
      text(xml) == """
        <GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <GetWebIdentityTokenResult>
            <WebIdentityToken>eyJ.eyJ.sig</WebIdentityToken>
            <Expiration>2026-04-21T07:37:10.000Z</Expiration>
          </GetWebIdentityTokenResult>
          <ResponseMetadata>
            <RequestId>r-1</RequestId>
          </ResponseMetadata>
        </GetWebIdentityTokenResponse>

        """
    )
  }

  @Test func `an operation without an output shape has no result element, and one with an empty result has`()
  {
    let none = QueryResponse.success(
      action: "DisableOutboundWebIdentityFederation",
      service: .iam,
      result: nil,
      requestID: "r"
    )
    #expect(
      text(none) == """
        <DisableOutboundWebIdentityFederationResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
          <ResponseMetadata>
            <RequestId>r</RequestId>
          </ResponseMetadata>
        </DisableOutboundWebIdentityFederationResponse>

        """
    )
    let empty = QueryResponse.success(action: "X", service: .iam, result: ResponseStructure(), requestID: "r")
    #expect(text(empty).contains("\n  <XResult/>\n"))
  }

  @Test func `every kind of value is written, and a nil member is left out`() {
    var result = ResponseStructure(["A": .boolean(true), "B": nil, "C": .integer(.min), "D": .string("")])
    result.append("E", nil)
    result.append("F", .timestamp(Instant(milliseconds: 1_999), milliseconds: false))
    result.append("G", .list([]))
    result.append(
      "H",
      .list([.string("x"), .structure(ResponseStructure(["K": .boolean(false)])), .list([.integer(1)])])
    )
    result.append("I", .structure(ResponseStructure()))
    #expect(
      text(QueryResponse.success(action: "X", service: .sts, result: result, requestID: "r")) == """
        <XResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <XResult>
            <A>true</A>
            <C>-9223372036854775808</C>
            <D></D>
            <F>1970-01-01T00:00:01Z</F>
            <G/>
            <H>
              <member>x</member>
              <member>
                <K>false</K>
              </member>
              <member>
                <member>1</member>
              </member>
            </H>
            <I/>
          </XResult>
          <ResponseMetadata>
            <RequestId>r</RequestId>
          </ResponseMetadata>
        </XResponse>

        """
    )
  }

  @Test func `an error says type, code and message in the service's namespace, or in that of STS`() {
    let error = ServiceError(code: "FeatureDisabled", httpStatus: 404, message: "it's <off>")
    let expected = """
        <Error>
          <Type>Sender</Type>
          <Code>FeatureDisabled</Code>
          <Message>it&#39;s &lt;off&gt;</Message>
        </Error>
        <RequestId>r</RequestId>
      </ErrorResponse>

      """
    #expect(
      text(QueryResponse.failure(error, service: .iam, requestID: "r"))
        == "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n" + expected
    )
    #expect(
      text(QueryResponse.failure(error, service: nil, requestID: "r"))
        == "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n" + expected
    )
  }

  @Test func `an error of ours is the receiver's, and one without a message has no message element`() {
    let error = ServiceError(code: "InternalFailure", httpStatus: 500, message: nil)
    let xml = text(QueryResponse.failure(error, service: .sts, requestID: "r"))
    #expect(xml.contains("<Type>Receiver</Type>"))
    #expect(!xml.contains("Message"))
  }

  @Test(arguments: [
    ("<>&\"'", "&lt;&gt;&amp;&quot;&#39;"), ("]]>", "]]&gt;"), ("&amp;", "&amp;amp;"),
    ("a\r\nb\tc", "a&#13;\nb\tc"),
    ("\u{0}\u{1}\u{8}\u{B}\u{C}\u{E}\u{1F}", String(repeating: "\u{FFFD}", count: 7)),
    ("\u{7F}\u{85}\u{9F}", "\u{7F}\u{85}\u{9F}"),
    ("a\u{FFFE}b\u{FFFF}c", "a\u{FFFD}b\u{FFFD}c"),
    ("\u{FFFD}\u{FFFC}\u{FEFF}\u{EFFF}\u{F000}", "\u{FFFD}\u{FFFC}\u{FEFF}\u{EFFF}\u{F000}"),
    ("\u{1FFFE}\u{10FFFF}", "\u{1FFFE}\u{10FFFF}"), ("\u{FFFF}", "\u{FFFD}"), ("é字😀", "é字😀"), ("", ""),
  ])
  func `character data is escaped`(value: String, written: String) {
    let error = ServiceError(code: "C", httpStatus: 400, message: value)
    let xml = text(QueryResponse.failure(error, service: .sts, requestID: "r"))
    #expect(xml.utf8.contains(Array("<Message>\(written)</Message>".utf8)))
  }

  @Test func `a parser gets every scalar of Unicode back, or U+FFFD where XML has none`() throws {
    for start in stride(from: UInt32(0), through: 0x10FFFF, by: 0x2000) {
      let scalars = (start..<start + 0x2000).compactMap(Unicode.Scalar.init)
      let value = String(String.UnicodeScalarView(scalars))
      #expect(try parsed(value).utf8.elementsEqual(carried(value).utf8), "U+\(String(start, radix: 16))")
    }
  }

  @Test(.enabled(if: naughty != nil, "shared/vectors/naughty-strings is not beside the checkout"))
  func `naughty strings pass through a form and through XML`() throws {
    let file = try #require(naughty).appending(path: "blns.json")
    let strings = try #require(try JSONReader.read(Array(Data(contentsOf: file))).array).compactMap(\.string)
    #expect(strings.count == 515)
    for string in strings {
      let form = "Message=" + string.utf8.map { percentEncoded($0) }.joined()
      let parameters = try QueryParameters(form: Array(form.utf8))
      #expect(parameters["Message"]?.utf8.elementsEqual(string.utf8) == true)
      #expect(try parsed(string).utf8.elementsEqual(carried(string).utf8))
    }
  }

  private func percentEncoded(_ byte: UInt8) -> String {
    byte == 0x20 ? "+" : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  // What XML 1.0 §2.2 lets a text carry.
  private func carried(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          switch scalar.value {
          case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: scalar
          default: "\u{FFFD}"
          }
        }
      )
    )
  }

  // The text of the message as libxml2 reads it.
  private func parsed(_ message: String) throws -> String {
    let error = ServiceError(code: "C", httpStatus: 400, message: message)
    let reader = MessageReader()
    let parser = XMLParser(data: Data(QueryResponse.failure(error, service: .sts, requestID: "r")))
    parser.delegate = reader
    try #require(parser.parse(), "\(String(describing: parser.parserError))")
    return reader.message
  }
}

private final class MessageReader: NSObject, XMLParserDelegate {
  private(set) var message = ""
  private var isInside = false

  func parser(
    _ parser: XMLParser,
    didStartElement elementName: String,
    namespaceURI: String?,
    qualifiedName: String?,
    attributes: [String: String]
  ) {
    isInside = elementName == "Message"
  }

  func parser(_ parser: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?) {
    isInside = false
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if isInside { message.append(string) }
  }
}
