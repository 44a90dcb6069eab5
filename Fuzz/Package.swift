// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nothing of it is built or linked where meterd is used. See the Makefile.
let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "meterd", path: "..")],
  targets: [
    .executableTarget(
      name: "fuzz-adu", dependencies: [.product(name: "ModbusProtocol", package: "meterd")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "fuzz-apdu", dependencies: [.product(name: "IEC104", package: "meterd")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "fuzz-object", dependencies: [.product(name: "Decoding", package: "meterd")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "fuzz-profile", dependencies: [.product(name: "Settings", package: "meterd")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "fuzz-column", dependencies: [.product(name: "Columns", package: "meterd")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "fuzz-segment",
      dependencies: [
        .product(name: "Segments", package: "meterd"), .product(name: "Columns", package: "meterd"),
        .product(name: "Proof", package: "meterd"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "fuzz-manifest", dependencies: [.product(name: "Proof", package: "meterd")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
  ]
)
