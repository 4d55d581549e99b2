// SPDX-License-Identifier: Apache-2.0
//
// The answer for a published document to a request as it was received. Refuses to know what the document says, and how a
// document is answered.

import Federation
import IdentityModel

extension PublishedDocument {
  /// The answer to `head`, whatever its method.
  func answer(to head: RequestHead) -> APIResponse {
    answer(
      method: head.method,
      ifNoneMatch: head.isConditional
        ? head.fields.filter { $0.hasName("if-none-match") }.map(\.value) : []
    )
  }
}
