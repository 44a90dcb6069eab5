// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nothing of it is built or linked where meterd is used. See docs/BENCHMARKS.md.
let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "meterd", path: ".."),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    .executableTarget(
      name: "bus-loop",
      dependencies: [
        .product(name: "Modbus", package: "meterd"), .product(name: "ModbusProtocol", package: "meterd"),
      ], swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "iec104-loop",
      dependencies: [
        .product(name: "IEC104", package: "meterd"), .product(name: "IEC104Client", package: "meterd"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "archive-append", dependencies: [.product(name: "Archive", package: "meterd")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "archive-bench",
      dependencies: [
        .product(name: "Archive", package: "meterd"), .product(name: "Segments", package: "meterd"),
        .product(name: "Columns", package: "meterd"), .product(name: "Proof", package: "meterd"),
        .product(name: "Series", package: "meterd"),
      ], swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "iec104-codec", dependencies: [.product(name: "IEC104", package: "meterd")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
  ]
)
