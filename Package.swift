// swift-tools-version: 6.2
import PackageDescription

// Every target is one room; the arrows and their reasons stand in docs/ARCHITECTURE.md. `make lint`
// checks that each import of a room stands in its own entry below.

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let strictC: [CSetting] = [.treatAllWarnings(as: .error)]
let strictCXX: [CXXSetting] = [.treatAllWarnings(as: .error)]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let swiftASN1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")

func room(_ name: String, _ dependencies: [Target.Dependency] = [], linked: [LinkerSetting] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict, linkerSettings: linked)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [], exclude: [String] = [])
  -> Target
{
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

let package = Package(
  name: "meterd",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "meterd", targets: ["meterd"]),
    .library(name: "ModbusProtocol", targets: ["ModbusProtocol"]),
    .library(name: "Modbus", targets: ["Modbus"]),
    .library(name: "IEC104", targets: ["IEC104"]),
    .library(name: "IEC104Client", targets: ["IEC104Client"]),
    .library(name: "Decoding", targets: ["Decoding", "Metering"]),
    .library(name: "Settings", targets: ["Settings"]),
    .library(name: "Archive", targets: ["Archive", "Metering"]),
    .library(name: "Columns", targets: ["Columns"]),
    .library(name: "Segments", targets: ["Segments"]),
    .library(name: "Proof", targets: ["Proof"]),
    .library(name: "Series", targets: ["Series", "Accounting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .target(name: "Clibmodbus", cSettings: strictC, linkerSettings: [.linkedLibrary("modbus")]),
    .target(name: "Czlib", cSettings: strictC, linkerSettings: [.linkedLibrary("z")]),
    .target(name: "Czstd", cSettings: strictC, linkerSettings: [.linkedLibrary("zstd")]),
    .target(name: "Cclock", cSettings: strictC),
    .target(name: "Cthreads", cSettings: strictC),
    .target(name: "Ctomlplusplus", cxxSettings: strictCXX),

    room("Metering"),
    room("ModbusProtocol"),
    room("IEC104"),
    room("IEC104Client", ["IEC104", nioCore, nioPosix, nioSSL, nioTLS, x509, swiftASN1]),
    room("Threads", ["Cthreads"]),
    room("Files"),
    room("Columns", ["Czstd"]),
    room("Proof", [crypto]),
    room("Segments", ["Columns", "Proof"]),
    room("Schedule", ["Metering"]),
    room("Decoding", ["Metering", "Schedule", "IEC104"]),
    room("Modbus", ["ModbusProtocol", "Threads", "Clibmodbus"]),
    room("Accounting", ["Metering", "Schedule"]),
    room(
      "Archive",
      [
        "Metering", "Decoding", "Schedule", "Threads", "Files", "IEC104", "Proof", "Segments", grdb, grdbSQLite, crypto,
      ]),
    room("Series", ["Metering", "Schedule", "Decoding", "Accounting", "Segments", "Archive"]),
    room("Compression", ["Czlib", "Czstd"]),
    room("Forwarding", ["Metering", "Schedule", "Archive", "Threads", "Files", "Compression", grdb, crypto, logging]),
    room(
      "Acquisition",
      [
        "Cclock", "Metering", "ModbusProtocol", "Decoding", "Schedule", "Modbus", "IEC104", "IEC104Client", "Archive",
        "Threads", nioCore, nioPosix, logging,
      ]),
    room("Commissioning", ["Metering", "ModbusProtocol", "Decoding", "Modbus"]),
    room("Settings", ["Metering", "Ctomlplusplus"]),
    room("Simulation", ["Metering", "IEC104", "Threads", "Clibmodbus", nioCore, nioPosix, nioSSL]),
    room(
      "StatusAPI",
      [
        hummingbirdCore, asyncHTTPClient, httpTypes, logging, nioCore, nioPosix, nioHTTP1, nioHTTPTypes,
        serviceLifecycle,
      ]),
    .executableTarget(
      name: "meterd",
      dependencies: [
        "Metering", "ModbusProtocol", "Decoding", "Schedule", "Modbus", "Archive", "Files", "Accounting", "Series",
        "Compression", "Forwarding", "Proof",
        "Settings",
        "Acquisition", "Commissioning", "IEC104", "IEC104Client", "StatusAPI", "Simulation", "Threads", argumentParser,
        logging, nioCore, nioPosix, serviceLifecycle,
        unixSignals,
      ], swiftSettings: strict),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    tests(
      "InteropTests", ["TestSupport", "meterd"],
      exclude: [
        "ask.py", "c104_server.py", "certificates104.py", "compare.py", "compare104.py", "images.py", "journal104.py",
        "objects104.py", "outstation_client.py", "points104.py", "serve.py", "shown104.py",
      ]),
    tests(
      "FaultTests", ["TestSupport", "IEC104", "Metering", "Simulation", "meterd"],
      exclude: ["archive.py", "clock.c", "stations.py"]),
    tests("ServiceTests", ["Metering", "Threads", "meterd"]),
    .executableTarget(
      name: "powercut-driver", dependencies: ["Archive", "Metering", grdb], path: "Tests/PowerCutDriver",
      swiftSettings: strict),
    tests("PowerCutTests", ["TestSupport", "Archive", "powercut-driver"], exclude: ["recorder.c"]),
    .executableTarget(
      name: "sample-archive", dependencies: ["Archive", "Files", "Metering", "Threads", argumentParser, grdb],
      path: "Tests/SampleArchive", swiftSettings: strict),
    tests(
      "ArchiveFormatTests",
      ["TestSupport", "sample-archive", "Archive", "Files", "Metering", "Proof", "Segments", "Threads", grdb],
      exclude: ["check.py"]),
    tests(
      "SeriesTests",
      [
        "Series", "Accounting", "Archive", "Decoding", "Files", "IEC104", "Metering", "Proof", "Segments", "Threads",
      ]),
    tests("MeteringTests", ["Metering"]),
    tests("IEC104Tests", ["IEC104"], exclude: ["Captures"]),
    tests(
      "IEC104ClientTests",
      ["IEC104Client", "IEC104", nioCore, nioPosix, nioEmbedded, nioSSL, x509, swiftASN1, crypto]),
    tests("ModbusProtocolTests", ["ModbusProtocol"]),
    tests("ModbusTests", ["Modbus", "ModbusProtocol", "Threads"]),
    tests("ScheduleTests", ["Schedule", "Metering"]),
    tests("SettingsTests", ["Settings", "Metering"], exclude: ["Cases"]),
    tests("DecodingTests", ["Decoding", "IEC104", "Metering", "Schedule"]),
    tests("AccountingTests", ["Accounting", "Metering", "Schedule"]),
    tests("ColumnsTests", ["Columns"]),
    tests("ProofTests", ["Proof"]),
    tests("SegmentsTests", ["Segments", "Columns", "Proof"]),
    tests(
      "ArchiveTests",
      ["Archive", "Decoding", "Files", "IEC104", "Metering", "Proof", "Segments", "Threads", grdb],
      exclude: ["Golden"]),
    tests("ForwardingTests", ["Forwarding", "Archive", "Metering", "Schedule", grdb, logging]),
    tests(
      "AcquisitionTests",
      [
        "Acquisition", "Archive", "Decoding", "IEC104", "IEC104Client", "Metering", "Modbus", "ModbusProtocol",
        "Schedule", "Simulation", "Threads", grdb, logging, nioCore, nioPosix,
      ], exclude: ["HostileCases", "HostileStationCases"]),
    tests("CommissioningTests", ["Commissioning", "Metering", "ModbusProtocol", "Modbus", "Simulation"]),
    tests("SimulationTests", ["Simulation", "IEC104", "Metering", "Decoding", "Clibmodbus", nioCore, nioPosix]),
    tests("StatusAPITests", ["StatusAPI", nioCore, nioPosix, logging, serviceLifecycle]),
  ],
  cxxLanguageStandard: .cxx17
)
