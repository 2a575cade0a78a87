// What mcpo says of itself in front of several servers: the results of `initialize` and of
// `server/discover`, made of the servers' own.
//
//     initialize         {"protocolVersion":"2025-11-25","capabilities":{…},
//                         "serverInfo":{"name":"mcpo","version":"1.2.0"},
//                         "instructions":"## github\n\nSearch first.\n\n## files\n\nPaths …"}
//     server/discover    {"resultType":"complete","supportedVersions":[…],"capabilities":{…},
//                         "_meta":{"io.modelcontextprotocol/serverInfo":{…}},"instructions":"…",
//                         "ttlMs":60000,"cacheScope":"public"}
//
// A server that is not up yet has no part in it; its lists come with `list_changed`.

/// The greeting of several servers.
package struct GatewayGreeting {
    /// One of the servers, in the order of the configuration.
    package struct Server {
        /// Its name in the configuration.
        package var name: String
        /// The result object of its own `initialize` or `server/discover`, from a line that was
        /// validated; nil when there is none.
        package var result: [UInt8]?
        /// How long ago that came, in milliseconds.
        package var ageMs: Int64

        package init(_ name: String, _ result: [UInt8]?, ageMs: Int64 = 0) {
            self.name = name
            self.result = result
            self.ageMs = ageMs
        }
    }

    private let names: [String]
    /// The results; an empty object for a server that has none.
    private let results: [[UInt8]]
    private let parts: [MergedList.Terms.Part]
    private let version: String
    private let hasTool: Bool

    /// - Parameters:
    ///   - version: mcpo's.
    ///   - hasTool: whether mcpo has a tool of its own.
    package init(_ servers: [Server], version: String, hasTool: Bool) {
        names = servers.map(\.name)
        results = servers.map { Self.isObject($0.result) ? $0.result ?? [] : Array("{}".utf8) }
        parts = servers.map { Self.part($0) }
        self.version = version
        self.hasTool = hasTool
    }

    /// The result of `initialize`.
    ///
    /// - Parameter revision: the one that the client is answered with.
    package func initializeResult(revision: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.key("protocolVersion")
            $0.value(revision)
            writeCapabilities(to: &$0)
            $0.key("serverInfo")
            Self.writeInfo(version, to: &$0)
            writeInstructions(to: &$0)
        }
        return writer.bytes
    }

    /// The result of `server/discover`.
    ///
    /// - Parameters:
    ///   - versions: the revisions that mcpo takes requests in.
    ///   - defaultMs: how long the greeting of a server is good that does not say so. While a server
    ///     is not up, this one is good for no time.
    package func discoverResult(versions: [String], defaultMs: Int64) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("resultType", "complete")
            $0.arrayMember("supportedVersions") {
                for version in versions { $0.value(version) }
            }
            writeCapabilities(to: &$0)
            $0.key("_meta")
            $0.raw(Self.meta(version: version))
            writeInstructions(to: &$0)
            let terms = MergedList.Terms(modern: parts, defaultMs: defaultMs)
            guard case .modern(let ttlMs, let isPrivate) = terms else { return }
            $0.key("ttlMs")
            $0.value(units: ttlMs, places: 0)
            $0.member("cacheScope", isPrivate ? "private" : "public")
        }
        return writer.bytes
    }

    /// The `_meta` that a modern client should find in every result of mcpo's own (2026-07-28,
    /// Overview, per-response protocol fields).
    package static func meta(version: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.key("io.modelcontextprotocol/serverInfo")
            writeInfo(version, to: &$0)
        }
        return writer.bytes
    }

    private static func writeInfo(_ version: String, to writer: inout JSONWriter) {
        writer.object {
            $0.member("name", "mcpo")
            $0.key("version")
            $0.value(version)
        }
    }

    private func writeCapabilities(to writer: inout JSONWriter) {
        let capabilities = results.map { result in
            result.span.bytes.member("capabilities", of: Self.root(result))
        }
        writer.key("capabilities")
        CapabilityUnion(results).write(capabilities, hasTools: hasTool, to: &writer)
    }

    /// Each server's instructions as it has written them, under its name.
    private func writeInstructions(to writer: inout JSONWriter) {
        var lexeme: [UInt8] = []
        for (name, result) in zip(names, results) {
            let line = result.span.bytes
            let text = line.member("instructions", of: Self.root(result))
            guard text.kind == .string, !Self.isBlank(line, text) else { continue }
            lexeme += Array((lexeme.isEmpty ? "\"" : #"\n\n"#).utf8)
            var heading: [UInt8] = []
            appendJSONString("## \(name)\n\n", to: &heading)
            lexeme += heading.dropFirst().dropLast()
            lexeme += result[text.range.bounds].dropFirst().dropLast()
        }
        guard !lexeme.isEmpty else { return }
        writer.key("instructions")
        writer.raw(lexeme + [UInt8(ascii: "\"")])
    }
}

// MARK: - The servers' results

extension GatewayGreeting {
    private static func root(_ result: [UInt8]) -> JSONValue {
        JSONValue(range: ByteRange(0, result.count), kind: .object)
    }

    /// Whether it is one object and nothing else.
    private static func isObject(_ result: [UInt8]?) -> Bool {
        guard let result, result.count < Int(UInt32.max), result.first == UInt8(ascii: "{"),
            let lexeme = try? JSONGrammar.skipValue(
                result.span.bytes, 0, depth: 0, maximumDepth: JSONGrammar.deepest)
        else { return false }
        return lexeme.end == result.count
    }

    private static func part(_ server: Server) -> MergedList.Terms.Part {
        guard let result = server.result, isObject(result) else {
            return MergedList.Terms.Part(ttlMs: nil, isPrivate: false, isCurrent: false)
        }
        let line = result.span.bytes
        let time = timeToLive(line, line.member("ttlMs", of: root(result)))
        let scope = line.member("cacheScope", of: root(result))
        return MergedList.Terms.Part(
            ttlMs: time.map { $0 / 1_000_000 - max(0, server.ageMs) },
            isPrivate: line.stringEquals(scope, "private"), isCurrent: true)
    }

    private static func isBlank(_ line: RawSpan, _ text: JSONValue) -> Bool {
        var bytes: [UInt8] = []
        decodeJSONString(line, text.range, into: &bytes)
        return bytes.span.bytes.isBlank
    }
}
