// The proxy in a program of one's own: over any descriptors, on any thread, several at a time.

import Foundation
import MCPO
import Testing

@Suite struct LibraryTests {
    @Test("A proxy serves over pipes on a thread, and ends with 0 when the client closes")
    func servesOverPipes() throws {
        let host = try Host(Host.stub())
        try host.initialize()
        #expect(try host.call("1", "echo", #"{"text":"hi"}"#).text == "hi")
        host.closeInput()
        #expect(try host.result() == .success(0))
    }

    @Test("stop() from another thread ends it; asked twice, at once")
    func stops() throws {
        let host = try Host(Host.stub())
        try host.initialize()
        try host.send(Line.call("1", "sleep", #"{"ms":300}"#))
        #expect(try host.call("2", "echo", #"{"text":"hi"}"#).text == "hi")
        host.proxy.stop()
        #expect(try host.answer("1").text == "slept")
        #expect(try host.result() == .success(0))
        host.proxy.stop()
    }

    @Test("A proxy that is stopped before it runs ends at once")
    func stoppedBefore() throws {
        let proxy = try Proxy(configuration: Host.stub())
        proxy.stop()
        let host = try Host(proxy)
        #expect(try host.result() == .success(0))
    }

    @Test("Two proxies in one process do not know each other")
    func twoAtOnce() throws {
        let hosts = [try Host(Host.stub()), try Host(Host.stub(["--era", "modern"]))]
        try hosts[0].initialize()
        try hosts[1].send(Line.modernCall("1", "echo", #"{"text":"second"}"#))
        #expect(try hosts[0].call("1", "echo", #"{"text":"first"}"#).text == "first")
        #expect(try hosts[1].answer("1").text == "second")
        hosts[0].closeInput()
        #expect(try hosts[0].result() == .success(0))
        try hosts[1].send(Line.modernCall("2", "echo", #"{"text":"still"}"#))
        #expect(try hosts[1].answer("2").text == "still")
        hosts[1].proxy.stop()
        #expect(try hosts[1].result() == .success(0))
    }

    @Test("A server gets its own variables on top of the program's, and its working directory")
    func surroundings() throws {
        let directory = try TemporaryDirectory()
        var configuration = Host.stub()
        configuration.server.environment = ["HOST_GIVEN": "a=b c", "PATH": "/elsewhere"]
        configuration.server.workingDirectory = directory.path
        let host = try Host(configuration)
        try host.initialize()
        let given = try #require(
            try host.call("1", "surroundings", #"{"variable":"HOST_GIVEN"}"#).text)
        #expect(given.contains(directory.path) && given.contains(#""value":"a=b c""#))
        let path = try host.call("2", "surroundings", #"{"variable":"PATH"}"#).text
        #expect(path?.contains(#""value":"/elsewhere""#) == true)
        host.closeInput()
        #expect(try host.result() == .success(0))
    }

    @Test(
        "A working directory that cannot be used is named",
        arguments: ["/no/such/directory", "/etc/passwd"])
    func badDirectory(directory: String) throws {
        var configuration = Host.stub()
        configuration.server.workingDirectory = directory
        let host = try Host(configuration)
        #expect(try host.result() == .success(1))
        #expect(host.errors.contains(directory), "\(host.errors)")
        #expect(host.errors.contains("working directory"), "\(host.errors)")
    }

    @Test("A relative directory in PATH starts at the server's working directory, where it runs")
    func relativeSearchPath() throws {
        let directory = try TemporaryDirectory()
        let tools = directory.file("tools")
        try FileManager.default.createDirectory(
            atPath: tools, withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: tools + "/my-stub", withDestinationPath: Products.stub)
        var configuration = ProxyConfiguration(server: ServerConfiguration(command: "my-stub"))
        configuration.server.environment = ["PATH": "tools"]
        configuration.server.workingDirectory = directory.path
        let host = try Host(configuration)
        try host.initialize()
        host.closeInput()
        #expect(try host.result() == .success(0))
    }

    @Test("One socket for both directions, the same descriptor twice, works under back-pressure")
    func oneDescriptor() throws {
        let ends = try makeSocketPair()
        let host = try Host(Proxy(configuration: Host.stub()), input: ends, output: ends.reversed())
        try host.initialize()
        try host.send(Line.call("1", "big", #"{"bytes":5000000}"#))
        #expect(try isReadable(ends[0], by: monotonicSeconds() + patience))
        #expect(try host.answer("1").text?.count == 5_000_000)
        #expect(try host.call("2", "echo", #"{"text":"on"}"#).text == "on")
        host.proxy.stop()
        #expect(try host.result() == .success(0))
    }

    @Test("run() gives the thread its signal mask back, and takes no descriptor with it")
    func leavesNoTrace() throws {
        try Host(Host.stub()).runToEnd()
        let before = try ProcessTable.openDescriptors(of: getpid())
        for _ in 0..<20 { try Host(Host.stub()).runToEnd() }
        // Other tests run at the same time and have some open.
        #expect(try ProcessTable.openDescriptors(of: getpid()) < before + 40)
        let host = try Host(Host.stub())
        host.closeInput()
        #expect(try host.result() == .success(0))
        #expect(host.isPipeSignalBlocked == false)
    }

    static let senseless: [(key: String, change: @Sendable (inout ProxyConfiguration) -> Void)] = [
        ("server.command", { $0.server.command = "" }),
        ("server.name", { $0.server.name = "" }),
        ("server.name", { $0.server.name = "a b" }),
        ("timeout", { $0.timeout = .zero }),
        ("timeout", { $0.timeout = .seconds(-1) }),
        ("maximumTimeout", { $0.maximumTimeout = .seconds(1) }),
        ("shutdownTimeout", { $0.shutdownTimeout = .seconds(-1) }),
        ("maximumMessageBytes", { $0.maximumMessageBytes = 10 }),
        ("maximumMessageBytes", { $0.maximumMessageBytes = 1 << 40 }),
    ]

    @Test(
        "A value that makes no sense is named before anything starts", arguments: senseless.indices)
    func validates(index: Int) throws {
        var configuration = Host.stub()
        Self.senseless[index].change(&configuration)
        let error = #expect(throws: ConfigurationError.self) {
            try Proxy(configuration: configuration)
        }
        #expect(error?.key == Self.senseless[index].key)
        #expect(error?.description.hasPrefix(Self.senseless[index].key) == true)
    }

    @Test("The smallest message limit is kept to")
    func smallLimit() throws {
        var configuration = Host.stub()
        configuration.maximumMessageBytes = 1024
        let host = try Host(configuration)
        try host.initialize()
        #expect(try host.call("1", "big", #"{"bytes":2000}"#).errorCode == 1003)
        let long = String(repeating: "x", count: 2000)
        #expect(try host.call("2", "echo", #"{"text":"\#(long)"}"#).errorCode == -32600)
        #expect(try host.call("3", "echo", #"{"text":"on"}"#).text == "on")
        host.closeInput()
        #expect(try host.result() == .success(0))
    }
}
