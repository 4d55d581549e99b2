// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// The house plan. An arrow is a dependency written here and nowhere else; Scripts/check-walls.py refuses any
// import that its target does not declare. Versions are exact: a build changes only when this file does.

import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

func wall(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")

let package = Package(
  name: "exeat",
  products: [
    .executable(name: "exeat", targets: ["exeat"]),
    .library(name: "RelyingParty", targets: ["RelyingParty"]),
    .library(name: "RelyingPartyHTTP", targets: ["RelyingPartyHTTP"]),
    .library(name: "RelyingPartyHummingbird", targets: ["RelyingPartyHummingbird"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: [
    // words
    wall("IdentityModel"),
    wall("StrictJSON"),

    // rooms
    wall("SigV4", ["IdentityModel", crypto]),
    wall("AWSProtocols", ["IdentityModel", "StrictJSON"]),
    wall("PolicyEngine", ["IdentityModel", "StrictJSON"]),
    wall("TokenFormats", ["IdentityModel", "StrictJSON", crypto, cryptoExtras]),
    wall("AuditTrail", ["IdentityModel", "StrictJSON", crypto]),

    // the public library of those who accept tokens
    wall("RelyingParty", ["IdentityModel", "StrictJSON", "TokenFormats", crypto]),

    // house
    wall(
      "Federation",
      ["IdentityModel", "StrictJSON", "SigV4", "AWSProtocols", "PolicyEngine", "TokenFormats", "AuditTrail"]
    ),

    // adapters
    wall(
      "StoreSQLite",
      ["Federation", "IdentityModel", "AuditTrail", .product(name: "GRDB", package: "GRDB.swift")]
    ),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CNettle", pkgConfig: "hogweed", providers: [.apt(["nettle-dev", "libgmp-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    wall("TrailStorage", ["Federation", "StrictJSON", "CZlib"]),
    // Its header is that of Debian's libp11-kit-dev; nothing is linked.
    .systemLibrary(name: "CPKCS11"),
    .systemLibrary(name: "CProcess"),
    wall("PKCS11", ["IdentityModel", "CPKCS11"]),
    wall(
      "LocalKeys",
      ["Federation", "IdentityModel", "TokenFormats", "PKCS11", "COpenSSL", "CNettle", crypto, cryptoExtras]
    ),
    wall("AuditSinks", ["Federation", "IdentityModel", "AuditTrail"]),
    wall(
      "HTTPServer",
      [
        "Federation", "IdentityModel",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "Logging", package: "swift-log"),
        crypto,
      ]
    ),
    wall(
      "FederationClient",
      [
        "IdentityModel", "StrictJSON", "SigV4", "TokenFormats", "RelyingParty",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]
    ),

    // what a workload runs on its own machine
    wall("Exchange", ["FederationClient", "IdentityModel", "StrictJSON", "SigV4", "TokenFormats"]),
    wall(
      "Agent",
      [
        "Exchange", "FederationClient", "Federation", "IdentityModel", "StrictJSON", "SigV4", "TokenFormats",
        "CProcess",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams"),
      ]
    ),

    // the public library's way to the network, and its place in a server
    wall("RelyingPartyHTTP", ["RelyingParty", "FederationClient", "IdentityModel"]),
    wall(
      "RelyingPartyHummingbird",
      [
        "RelyingParty",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
      ]
    ),

    // executable
    .executableTarget(
      name: "exeat",
      dependencies: [
        "IdentityModel", "StrictJSON", "SigV4", "TokenFormats", "PolicyEngine", "AuditTrail", "Federation",
        "StoreSQLite", "LocalKeys", "PKCS11", "AuditSinks", "TrailStorage", "HTTPServer", "FederationClient",
        "Exchange", "Agent", "CProcess",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
        crypto, cryptoExtras,
      ],
      swiftSettings: strict
    ),

    // benchmarks that Benchmarks/ runs
    .executableTarget(
      name: "saml-bench",
      dependencies: ["Federation", "IdentityModel", "LocalKeys", "TokenFormats"],
      path: "Benchmarks/SAMLBench",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "relying-party-bench",
      dependencies: ["RelyingParty", "TokenFormats", crypto, cryptoExtras],
      path: "Benchmarks/RelyingPartyBench",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "issuers-bench",
      dependencies: ["Federation", "IdentityModel", "LocalKeys", "StoreSQLite"],
      path: "Benchmarks/IssuersBench",
      swiftSettings: strict
    ),
    // a server that accepts tokens, for the tests and as the example of docs/relying-party-library.md
    .executableTarget(
      name: "relying-party-server",
      dependencies: [
        "RelyingParty", "RelyingPartyHTTP", "RelyingPartyHummingbird",
        .product(name: "Hummingbird", package: "hummingbird"),
      ],
      path: "examples/relying-party",
      swiftSettings: strict
    ),

    // tests: rooms, then the pipeline, then the adapters
    tests("IdentityModelTests", ["IdentityModel"]),
    tests("StrictJSONTests", ["StrictJSON"]),
    tests("SigV4Tests", ["SigV4", "IdentityModel", "StrictJSON", "Federation", crypto]),
    tests("AWSProtocolsTests", ["AWSProtocols", "IdentityModel", "StrictJSON"]),
    tests("PolicyEngineTests", ["PolicyEngine", "IdentityModel", "StrictJSON", "Federation"]),
    tests("AuditTrailTests", ["AuditTrail", "IdentityModel", "StrictJSON", crypto, cryptoExtras]),
    tests("TokenFormatsTests", ["TokenFormats", "IdentityModel", "StrictJSON", crypto, cryptoExtras]),
    tests(
      "RelyingPartyTests",
      [
        "RelyingParty", "RelyingPartyHTTP", "RelyingPartyHummingbird", "TokenFormats", "IdentityModel",
        "StrictJSON",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        crypto, cryptoExtras,
      ]
    ),
    tests(
      "FederationTests",
      [
        "Federation", "AWSProtocols", "IdentityModel", "StrictJSON", "SigV4", "AuditTrail", "TokenFormats",
        "LocalKeys", "StoreSQLite", "TrailStorage",
      ]
    ),
    tests("PKCS11Tests", ["PKCS11", "LocalKeys", "Federation", "IdentityModel", "TokenFormats"]),
    tests(
      "LocalKeysTests",
      ["LocalKeys", "Federation", "IdentityModel", "TokenFormats", "StrictJSON", crypto, cryptoExtras]
    ),
    tests(
      "AuditSinksTests",
      ["AuditSinks", "Federation", "AuditTrail", "IdentityModel", "StoreSQLite", "StrictJSON", crypto]
    ),
    tests(
      "HTTPServerTests",
      [
        "HTTPServer", "Federation", "IdentityModel",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "Logging", package: "swift-log"),
        crypto,
      ]
    ),
    tests(
      "FederationClientTests",
      [
        "FederationClient", "IdentityModel", "RelyingParty", "StrictJSON", "SigV4", "TokenFormats",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        crypto, cryptoExtras,
      ]
    ),
    tests(
      "AgentTests",
      [
        "Agent", "Exchange", "Federation", "FederationClient", "IdentityModel", "StrictJSON",
        .product(name: "Logging", package: "swift-log"),
      ]
    ),
    tests("ExchangeTests", ["Exchange", "FederationClient", "IdentityModel", "StrictJSON", "SigV4"]),
    tests(
      "StoreTests",
      [
        "StoreSQLite", "Federation", "AuditTrail", "IdentityModel",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]
    ),
  ],
  swiftLanguageModes: [.v6]
)
