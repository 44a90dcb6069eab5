// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nothing of it is built or linked where meterd is used. See docs/BENCHMARKS.md.
let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "meterd", path: "..")],
  targets: [
    .executableTarget(
      name: "bus-loop",
      dependencies: [
        .product(name: "Modbus", package: "meterd"), .product(name: "ModbusProtocol", package: "meterd"),
      ], swiftSettings: [.treatAllWarnings(as: .error)])
  ]
)
