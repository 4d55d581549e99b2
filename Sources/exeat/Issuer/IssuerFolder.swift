// SPDX-License-Identifier: Apache-2.0
//
// A folder that a web host serves as an issuer: each document appears whole or not at all, and what it points at is there
// before it. Refuses a folder with anything in it that is not of this issuer: what is served beside an issuer's documents
// speaks for the issuer. Source: RFC 8615.

import FoundationEssentials
import TokenFormats

/// A folder of an issuer's documents.
struct IssuerFolder {
  let path: String

  /// Puts `files` below the folder, over what an earlier export of the same issuer left there; returns their paths.
  func write(_ files: [IssuerFile], of issuer: String) throws(CommandFailure) -> [String] {
    try LogDisk.makeFolder(path)
    let lock = try FolderLock(path, option: "--dir")
    defer { withExtendedLifetime(lock) {} }
    try requireOwn("")
    try requireIssuer(issuer)
    var written: [String] = []
    for file in files {
      // A folder cannot be a file besides: the list of status lists stands in the folder of the lists.
      let name = file.path == "status" ? "status/index.json" : file.path
      try LogDisk.write(file.body, to: "\(path)/\(name)", isDurable: true)
      written.append(name)
    }
    return written
  }

  private static let folders: Set<[UInt8]> = Set([".well-known", "saml", "status"].map { Array($0.utf8) })
  private static let documents: Set<[UInt8]> = Set(
    [IssuerFile.jwks, IssuerFile.discovery, "saml/metadata", "status/index.json"].map { Array($0.utf8) }
  )

  private func requireOwn(_ folder: String) throws(CommandFailure) {
    let place = folder.isEmpty ? path : "\(path)/\(folder)"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: place) else {
      throw .failed("--dir: cannot read \(place)")
    }
    for name in names {
      let relative = folder.isEmpty ? name : "\(folder)/\(name)"
      // Of a symbolic link itself: what it points at is not of this folder.
      let found = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(relative)")
      switch found?[.type] as? FileAttributeType {
      case .typeDirectory? where folder.isEmpty && Self.folders.contains(Array(name.utf8)):
        try requireOwn(relative)
      case .typeRegular? where isDocument(relative): break
      default:
        throw .failed(
          "--dir: \(path)/\(relative) is not a document of an issuer",
          hint: "choose an empty folder; nothing was written"
        )
      }
    }
  }

  private func isDocument(_ relative: String) -> Bool {
    var name = Array(relative.utf8)
    // Of an export that was killed.
    if name.reversed().starts(with: ".new".utf8.reversed()) { name.removeLast(4) }
    if Self.documents.contains(name) { return true }
    let number = name.dropFirst("status/".utf8.count)
    return name.starts(with: "status/".utf8) && !number.isEmpty
      && number.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  private func requireIssuer(_ issuer: String) throws(CommandFailure) {
    let file = "\(path)/\(IssuerFile.discovery)"
    guard let bytes = try LogDisk.read(file, limit: 1 << 16) else { return }
    guard let document = try? DiscoveryDocument(json: bytes) else {
      throw .failed("--dir: \(file) is no discovery document", hint: "choose an empty folder")
    }
    guard document.issuer.utf8.elementsEqual(issuer.utf8) else {
      throw .failed(
        "--dir: \(path) holds the documents of \(document.issuer)",
        hint: "each issuer has a folder of its own; nothing was written"
      )
    }
  }
}
