// SPDX-License-Identifier: Apache-2.0
//
// How long signing keys live, as an operator says it: `--key-lifetime 90d`, `--key-overlap 7d`.

import Federation

extension KeySchedule {
  /// The schedule that `settings` ask for, with those of `standard` for what they leave out.
  init(_ settings: Settings) throws(CommandFailure) {
    let lifetime = try settings.parsed("key-lifetime", expected: durationForm, positiveSeconds)
    let overlap = try settings.parsed("key-overlap", expected: durationForm, positiveSeconds)
    do {
      try self.init(
        lifetimeSeconds: lifetime ?? Self.standard.lifetimeSeconds,
        overlapSeconds: overlap ?? Self.standard.overlapSeconds
      )
    } catch {
      throw .usage(
        "\(settings["key-overlap"]?.origin ?? settings["key-lifetime"]?.origin ?? ""): \(error.text)"
      )
    }
  }

  /// The schedule of `exeat dev`, whose flags may make time run fast; the standard one without them.
  init(lifetime: String?, overlap: String?, retention: String?) throws(CommandFailure) {
    func seconds(_ flag: String, _ text: String?, _ standard: Int) throws(CommandFailure) -> Int {
      guard let text else { return standard }
      guard let seconds = positiveSeconds(text) else {
        throw .usage("\(flag): `\(text)` is not \(durationForm)")
      }
      return seconds
    }
    let standard = Self.standard
    do {
      try self.init(
        scaledLifetimeSeconds: try seconds("--key-lifetime", lifetime, standard.lifetimeSeconds),
        overlapSeconds: try seconds("--key-overlap", overlap, standard.overlapSeconds),
        retentionSeconds: try seconds("--key-retention", retention, standard.retentionSeconds)
      )
    } catch let failure as CommandFailure {
      throw failure
    } catch let problem as Problem {
      throw .usage("--key-lifetime, --key-overlap, --key-retention: \(problem.text)")
    } catch {
      throw .failed(String(describing: error))
    }
  }
}

private let durationForm = "a duration such as 90d, 24h, 15m or 10s"

/// The seconds of a time that is not 0.
private func positiveSeconds(_ text: String) -> Int? {
  durationSeconds(text).flatMap { $0 > 0 ? $0 : nil }
}

extension KeySchedule.Problem {
  fileprivate var text: String {
    switch self {
    case .overlapTooShort: "the overlap is at least 24h: so long may verifiers keep a key set"
    case .overlapTooLong: "the overlap is at most the lifetime, and at most 30d"
    case .lifetimeTooLong: "the lifetime is at most 3652d"
    case .tooManyKeys: "the lifetime is too short: more keys than a set holds would be published"
    }
  }
}
