// SPDX-License-Identifier: Apache-2.0
//
// The ARN by which a request names a policy or a provider: read strictly, so that what policy judges and what the action
// works on are one and the same text. Source: IAM User Guide, IAM identifiers; sentences as recorded from AWS.

import IdentityModel

/// The ARN of an IAM resource in a request.
struct ResourceARN: Hashable, Sendable {
  /// The ARN as it was sent.
  let text: String
  /// The account that it names; `nil` for what AWS gives to every account (`arn:aws:iam::aws:…`).
  let account: AccountID?
  /// What follows the type and its slash: path and name.
  let name: String

  /// Takes `arn:aws:iam::ACCOUNT:type/name`.
  ///
  /// Throws ValidationError for what is no ARN, and InvalidInput for the ARN of something else.
  init(_ text: String, type: String) throws(ServiceError) {
    guard let parts = ARN(text)?.parts, parts.count == 6 else {
      throw .validationError("Invalid ARN:  Could not be parsed!")
    }
    let prefix = type + "/"
    let isAWS = parts[4].utf8.elementsEqual("aws".utf8)
    let account = AccountID(parts[4])
    guard parts[1].utf8.elementsEqual("aws".utf8), parts[2].utf8.elementsEqual("iam".utf8), parts[3].isEmpty,
      account != nil || isAWS, parts[5].utf8.starts(with: prefix.utf8),
      parts[5].utf8.count > prefix.utf8.count
    else { throw .invalidInput("ARN \(text) is not valid.") }
    self.text = text
    self.account = account
    self.name = String(decoding: parts[5].utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
  }

  /// The question to policy: whether the caller may do `action` to it.
  ///
  /// SECURITY: what is another account's is judged as such: nothing here gives access across accounts, and the refusal does
  /// not say whether it exists.
  func question(_ action: String, context: [Question.ContextEntry] = []) -> Question {
    Question(action: action, resource: text, context: context, resourceAccount: account)
  }
}
