// The stub's tools that do what no server should.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Server {
    /// Returns false when there is no such tool. With `--once`, every call after the first of a
    /// tool that would end or silence the server is answered.
    func misbehave(_ name: String, _ request: Request) -> Bool {
        switch name {
        case "die", "silent", "close", "deaf":
            guard options.mayMisbehave() else {
                reply(text: "behaved", to: request)
                return true
            }
            fallIll(name, request)
        case "garbage": printGarbage(request)
        case "twice":
            reply(text: "first", to: request)
            reply(text: "second", to: request)
        case "unknown":
            writeAll(#"{"jsonrpc":"2.0","id":987654321,"result":{"x":1}}"# + "\n", to: 1)
            writeAll(#"{"jsonrpc":"2.0","id":"nobody","result":{"x":1}}"# + "\n", to: 1)
            reply(text: "answered", to: request)
        case "flood": flood(request)
        case "spawn": spawnLurkers(request)
        case "raw": sendRaw(request)
        default: return false
        }
        return true
    }

    private func fallIll(_ name: String, _ request: Request) {
        switch name {
        case "die": die(request)
        case "close": close(1)
        case "deaf":
            deafUntil = request.string("until") ?? "/never"
            reply(text: "deaf", to: request)
        default: break  // silent
        }
    }

    private func die(_ request: Request) {
        switch request.string("after") {
        case "answer": reply(text: "goodbye", to: request)
        case "partial":
            writeAll(#"{"jsonrpc":"2.0","id":\#(request.id),"result":{"content":[{"ty"#, to: 1)
        default: break
        }
        if let number = request.integer("signal") {
            signal(Int32(number), SIG_DFL)
            kill(getpid(), Int32(number))
        }
        _exit(Int32(request.integer("status") ?? 3))
    }

    private func printGarbage(_ request: Request) {
        for number in 1...max(request.integer("lines") ?? 1, 1) {
            writeAll("Loading model \(number) … {\"not\": json\n", to: 1)
        }
        writeAll([0xFF, 0xC3, 0x28, 0x0A], to: 1)  // not UTF-8
        writeAll("[]\n42\n\"text\"\n{}\n\n   \n", to: 1)  // JSON, and no messages
        reply(text: "sorry", to: request)
    }

    private func flood(_ request: Request) {
        let text = String(repeating: "f", count: request.integer("bytes") ?? 100)
        for number in 0..<(request.integer("count") ?? 1) {
            notify(
                "notifications/message",
                #"{"level":"info","data":{"number":\#(number),"text":"\#(text)"}}"#)
        }
        reply(text: "flooded", to: request)
    }

    /// Grandchildren keep stdout and stderr open, ignore SIGTERM, and never end by themselves.
    private func spawnLurkers(_ request: Request) {
        signal(SIGTERM, SIG_IGN)  // inherited, and so in force before the grandchild runs
        var numbers: [pid_t] = []
        for _ in 0..<(request.integer("count") ?? 1) {
            var arguments = [strdup(CommandLine.arguments.first ?? ""), strdup("--lurk"), nil]
            var number: pid_t = 0
            let program = CommandLine.arguments.first ?? ""
            let environment = Self.environment()
            if posix_spawn(&number, program, nil, nil, &arguments, environment) == 0 {
                numbers.append(number)
            }
            for argument in arguments { free(argument) }
        }
        if !options.ignoresTermination { signal(SIGTERM, SIG_DFL) }
        reply(text: numbers.map(String.init).joined(separator: " "), to: request)
    }

    /// The marker that tests find their processes by; nothing else is needed.
    private static func environment() -> [UnsafeMutablePointer<CChar>?] {
        let mark = getenv("MCPO_TEST_MARK").map { String(cString: $0) } ?? ""
        return [strdup("MCPO_TEST_MARK=\(mark)"), nil]
    }

    private func sendRaw(_ request: Request) {
        let digits = Array((request.string("hex") ?? "").utf8)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16)
        }
        writeAll(bytes + [0x0A], to: 1)
        reply(text: "sent", to: request)
    }

    /// Whether stdin is not to be read now.
    var isDeaf: Bool {
        guard let until = deafUntil else { return false }
        if access(until, F_OK) == 0 { deafUntil = nil }
        return deafUntil != nil
    }
}
