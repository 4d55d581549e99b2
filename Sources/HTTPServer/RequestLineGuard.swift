// SPDX-License-Identifier: Apache-2.0
//
// Keeps RTSP and ICE request lines from the HTTP/1 decoder, which takes them and does not tell: `RTSP/1.1`
// would pass for `HTTP/1.1`. Source: RFC 9112 §2.3.

import NIOCore
import NIOHTTP1

/// Refuses input in which a line ends with such a protocol version.
///
/// SECURITY: where a request line begins is known to the decoder alone, so that any line counts. No field and
/// no body that this server has a use for holds one.
final class RequestLineGuard: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private static let lineEnd = UInt8(ascii: "\n")
  private static let names = [Array(" RTSP/".utf8), Array(" ICE/".utf8)]
  /// ` RTSP/1.1` and a carriage return.
  private static let longest = 10

  /// The end of what was passed on.
  private var tail: [UInt8] = []
  private var isRefused = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isRefused { return }
    let octets = unwrapInboundIn(data)
    let view = octets.readableBytesView
    var start = view.startIndex
    while let end = view[start...].firstIndex(of: Self.lineEnd) {
      let inView = view[start..<end].suffix(Self.longest)
      // The tail belongs to the first line only.
      let isForeign =
        start == view.startIndex && !tail.isEmpty
        ? Self.endsInForeignVersion((tail + inView).suffix(Self.longest))
        : Self.endsInForeignVersion(inView)
      if isForeign {
        isRefused = true
        // Requests in front of this line are answered first.
        let passed = octets.getSlice(at: view.startIndex, length: start - view.startIndex)
        if let passed, passed.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(passed)) }
        context.fireErrorCaught(HTTPParserError.invalidVersion)
        return
      }
      start = view.index(after: end)
    }
    let rest = Array(view[start...].suffix(Self.longest))
    tail = start == view.startIndex ? Array((tail + rest).suffix(Self.longest)) : rest
    context.fireChannelRead(data)
  }

  private static func endsInForeignVersion(_ end: some BidirectionalCollection<UInt8>) -> Bool {
    // A digit, a point, a digit.
    let name = (end.last == UInt8(ascii: "\r") ? end.dropLast() : end[...]).dropLast(3)
    return name.last == UInt8(ascii: "/") && names.contains { name.suffix($0.count).elementsEqual($0) }
  }
}
