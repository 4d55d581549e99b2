// SPDX-License-Identifier: Apache-2.0
//
// Policy variables: `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`, `${$}`. What a variable brings in
// is literal text, never a wildcard and never a part of an ARN. Source: IAM User Guide, policy variables and tags.

/// A policy value that may hold wildcards and variables, compiled.
struct Template: Hashable, Sendable {
  enum Piece: Hashable, Sendable {
    /// Bytes and wildcards, as in `Glob`.
    case units([UInt16])
    /// The single value of a condition key; when the key is missing, the default.
    case variable(ConditionKey, default: [UInt8]?)
  }

  let pieces: [Piece]
  /// The pattern when there is no variable to fill in.
  let constant: Glob?

  init(pieces: [Piece]) {
    self.pieces = pieces
    var units: [UInt16] = []
    for piece in pieces {
      guard case .units(let more) = piece else {
        self.constant = nil
        return
      }
      // One piece, the usual case, is shared and not copied.
      units = units.isEmpty ? more : units + more
    }
    self.constant = Glob(units: units)
  }

  /// Compiles `text`.
  ///
  /// - Parameters:
  ///   - text: the value as the policy has it.
  ///   - wildcards: whether `*` and `?` are special.
  ///   - version: whether `${` begins a variable.
  /// - Throws: `.variable` when `${` begins nothing that the language knows: left as text, it would match never.
  init(_ text: String, wildcards: Bool, version: LanguageVersion) throws(PolicyDocumentError) {
    var pieces: [Piece] = []
    var units: [UInt16] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "*") where wildcards:
        units.append(Glob.anyRun)
      case UInt8(ascii: "?") where wildcards:
        units.append(Glob.anyOne)
      case UInt8(ascii: "$") where version == .variables && rest.first == UInt8(ascii: "{"):
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { throw .variable(text) }
        let inside = rest[(rest.startIndex + 1)..<end]
        rest = rest[(end + 1)...]
        if let escaped = Template.escaped(inside) {
          units.append(UInt16(escaped))
        } else if let variable = Template.variable(inside) {
          if !units.isEmpty { pieces.append(.units(units)) }
          units = []
          pieces.append(variable)
        } else {
          throw .variable(text)
        }
      default:
        units.append(UInt16(byte))
      }
    }
    if !units.isEmpty || pieces.isEmpty { pieces.append(.units(units)) }
    self.init(pieces: pieces)
  }

  /// The variables, with what stands for a missing one.
  var variables: [(key: ConditionKey, hasDefault: Bool)] {
    pieces.compactMap {
      if case .variable(let key, let fallback) = $0 { (key, fallback != nil) } else { nil }
    }
  }

  /// The pattern for one request; `nil` when a variable has no value there, or more than one.
  func resolved(in context: RequestContext) -> Glob? {
    if let constant { return constant }
    var units: [UInt16] = []
    for piece in pieces {
      switch piece {
      case .units(let more):
        units.append(contentsOf: more)
      case .variable(let key, let fallback):
        guard let values = context[key] ?? fallback.map({ [$0] }), values.count == 1 else { return nil }
        units.append(contentsOf: values[0].map(UInt16.init))
      }
    }
    return Glob(units: units)
  }

  /// The template with its variables filled in; as it is when one has no value.
  func filledIn(from context: RequestContext) -> Template {
    constant == nil ? resolved(in: context).map { Template(pieces: [.units($0.units)]) } ?? self : self
  }

  /// Cuts at the first `maximum` colons that the policy itself wrote; colons inside a variable or brought in by one
  /// do not cut.
  func split(maximumColons maximum: Int) -> [Template] {
    var parts: [Template] = []
    var pieces: [Piece] = []
    for piece in self.pieces {
      guard case .units(var units) = piece else {
        pieces.append(piece)
        continue
      }
      while parts.count < maximum, let colon = units.firstIndex(of: UInt16(UInt8(ascii: ":"))) {
        pieces.append(.units(Array(units[..<colon])))
        parts.append(Template(pieces: pieces))
        pieces = []
        units.removeSubrange(...colon)
      }
      pieces.append(.units(units))
    }
    parts.append(Template(pieces: pieces))
    return parts.map(\.compacted)
  }

  /// The same template without empty runs of units, so that equal templates are equal values.
  private var compacted: Template {
    let kept = pieces.filter { $0 != .units([]) }
    return Template(pieces: kept.isEmpty ? [.units([])] : kept)
  }

  private static func escaped(_ inside: ArraySlice<UInt8>) -> UInt8? {
    guard inside.count == 1, let byte = inside.first else { return nil }
    return [UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "$")].contains(byte) ? byte : nil
  }

  /// `key` or `key, 'default'`; the key has a vendor prefix and none of `$ { } , ' "` and controls.
  private static func variable(_ inside: ArraySlice<UInt8>) -> Piece? {
    var key = inside
    var fallback: [UInt8]?
    if let comma = inside.firstIndex(of: UInt8(ascii: ",")) {
      key = inside[..<comma]
      let quoted = inside[(comma + 1)...].drop { $0 == UInt8(ascii: " ") }
      let quote = UInt8(ascii: "'")
      guard quoted.count >= 2, quoted.first == quote, quoted.last == quote else { return nil }
      let value = quoted.dropFirst().dropLast()
      guard !value.contains(quote), !value.contains(UInt8(ascii: "$")) else { return nil }
      fallback = Array(value)
    }
    let illegal = Array("${}'\"".utf8)
    guard key.contains(UInt8(ascii: ":")), key.first != UInt8(ascii: " "), key.last != UInt8(ascii: " "),
      key.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && !illegal.contains($0) })
    else { return nil }
    return .variable(ConditionKey(String(decoding: key, as: UTF8.self)), default: fallback)
  }
}
