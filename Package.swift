// swift-tools-version: 6.2
// mcpo depends on no package: the toolchain's own libraries and the system's are its parts list.

import PackageDescription

let settings: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "mcpo",
    platforms: [.macOS(.v26)],
    products: [
        // On a case-insensitive disk `MCPO` and `mcpo` are one folder: only the product is `mcpo`.
        .executable(name: "mcpo", targets: ["MCPOCommand"]),
        .library(name: "MCPO", targets: ["MCPO"]),
    ],
    targets: [
        .target(name: "MCPOCore", swiftSettings: settings),
        .systemLibrary(name: "CSystem"),
        .target(
            name: "MCPOSystem", dependencies: ["MCPOCore", "CSystem"], swiftSettings: settings),
        .target(name: "CDashboard", exclude: ["dashboard.html"]),
        .target(
            name: "MCPOHTTP", dependencies: ["MCPOCore", "CDashboard"], swiftSettings: settings),
        .target(
            name: "MCPO", dependencies: ["MCPOCore", "MCPOSystem", "MCPOHTTP"],
            swiftSettings: settings),
        .executableTarget(
            name: "MCPOCommand", dependencies: ["MCPO", "MCPOSystem"], swiftSettings: settings),
        .executableTarget(
            name: "DemoClient", dependencies: ["MCPOCore", "CSystem"], path: "Fixtures/DemoClient",
            swiftSettings: settings),
        .executableTarget(
            name: "StubServer", path: "Fixtures/StubServer", swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests", dependencies: ["MCPO", "MCPOCommand", "StubServer", "CSystem"],
            path: "Tests/EndToEnd", exclude: ["faults.c"], swiftSettings: settings),
        .target(
            name: "SimulationKit", dependencies: ["MCPOCore"], path: "Tests/Simulation/Kit",
            swiftSettings: settings),
        .executableTarget(
            name: "simulate", dependencies: ["SimulationKit"], path: "Tests/Simulation/Simulate",
            swiftSettings: settings),
        .testTarget(
            name: "SimulationTests", dependencies: ["SimulationKit"],
            path: "Tests/Simulation/SimulationTests", swiftSettings: settings),
        .executableTarget(
            name: "traces", dependencies: ["MCPOCore"], path: "Tests/Traces",
            swiftSettings: settings),
        .testTarget(
            name: "MCPOSystemTests", dependencies: ["MCPOSystem", "MCPOCore"],
            swiftSettings: settings),
        .testTarget(
            name: "MCPOHTTPTests", dependencies: ["MCPOHTTP", "MCPOCore"],
            swiftSettings: settings),
        .testTarget(
            name: "MCPOTests", dependencies: ["MCPO", "MCPOCore"], swiftSettings: settings),
        .testTarget(
            name: "MCPOCoreTests", dependencies: ["MCPOCore"], swiftSettings: settings),
    ]
)
