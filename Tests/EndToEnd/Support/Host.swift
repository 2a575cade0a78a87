// A proxy that runs in the test's own process, on a thread, as in a program that uses the library.

import Foundation
import MCPO

/// A running proxy and the client's ends of its streams.
final class Host {
    let proxy: Proxy
    private let directory: TemporaryDirectory
    private let reader: LineReader
    private var input: Int32
    private var theirs: [Int32]
    private let end = End()

    /// How `run` came to its end, handed over between threads.
    private final class End: @unchecked Sendable {
        private let lock = NSLock()
        private var value: (Result<Int32, ProxyStartError>, Bool)?

        func set(_ new: Result<Int32, ProxyStartError>, isPipeSignalBlocked: Bool) {
            lock.withLock { value = (new, isPipeSignalBlocked) }
        }

        var result: Result<Int32, ProxyStartError>? { lock.withLock { value?.0 } }
        var isPipeSignalBlocked: Bool? { lock.withLock { value?.1 } }
    }

    static func stub(_ arguments: [String] = []) -> ProxyConfiguration {
        ProxyConfiguration(
            server: ServerConfiguration(command: Products.stub, arguments: arguments))
    }

    convenience init(_ configuration: ProxyConfiguration) throws {
        try self.init(try Proxy(configuration: configuration))
    }

    convenience init(_ proxy: Proxy) throws {
        try self.init(proxy, input: try makePipe().reversed(), output: try makePipe())
    }

    /// - Parameters:
    ///   - input: the client's end, then the proxy's.
    ///   - output: likewise the client's end first.
    init(_ proxy: Proxy, input: [Int32], output: [Int32]) throws {
        self.proxy = proxy
        directory = try TemporaryDirectory()
        let isShared = input == output.reversed() || input == output
        self.input = input[0]
        reader = LineReader(isShared ? input[0] : output[0])
        let theirOutput = isShared ? input[1] : output[1]
        let errors = open(directory.file("stderr"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        theirs = isShared ? [errors] : [input[1], errors]
        let theirInput = input[1]
        Thread { [end] in
            let result = Result { () throws(ProxyStartError) in
                try proxy.run(input: theirInput, output: theirOutput, errors: errors)
            }
            let isPipeSignalBlocked = isBlocked(SIGPIPE)
            // Whoever waits for a line learns that none will come.
            close(theirOutput)
            end.set(result, isPipeSignalBlocked: isPipeSignalBlocked)
        }.start()
    }

    deinit {
        closeInput()
        proxy.stop()
        proxy.stop()
        try? eventually("the end of the proxy", within: 20) { end.result != nil }
        for descriptor in theirs { close(descriptor) }
        if reader.descriptor != input { close(reader.descriptor) }
    }

    var errors: String { directory.read("stderr") }

    /// Whether `run` left SIGPIPE blocked on its thread.
    var isPipeSignalBlocked: Bool? { end.isPipeSignalBlocked }

    func closeInput() {
        if input >= 0, input != reader.descriptor { close(input) }
        input = input == reader.descriptor ? input : -1
    }

    func send(_ line: String) throws {
        try writeAll(Array((line + "\n").utf8), to: input)
    }

    func answer(_ id: String) throws -> Message {
        while let line = try reader.nextLine() {
            let message = try Message(line)
            if message.answers(id) { return message }
        }
        throw Failure("the proxy closed its output; it said: \(errors)")
    }

    @discardableResult
    func call(_ id: String, _ tool: String, _ arguments: String = "{}") throws -> Message {
        try send(Line.call(id, tool, arguments))
        return try answer(id)
    }

    func initialize() throws {
        try send(Line.request(#""init""#, "initialize", Line.initialize))
        _ = try answer(#""init""#)
        try send(Line.initialized)
    }

    /// Waits for the end of `run`.
    func result() throws -> Result<Int32, ProxyStartError> {
        try eventually("the end of the proxy; it said: \(errors)") { end.result != nil }
        return end.result ?? .success(-1)
    }

    func runToEnd() throws {
        closeInput()
        _ = try result()
    }
}

/// Whether a signal is blocked on this thread.
private func isBlocked(_ signal: Int32) -> Bool {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return sigismember(&mask, signal) == 1
}
