// What a configuration file means: `mcpServers` (or `servers`, as VS Code has it) and `mcpo`.
//
//     { "mcpServers": { "github": { "command": "npx", …, "mcpo": { … } } }, "mcpo": { … } }
//
// The file is a client's: keys that mcpo does not know are left alone, except inside `mcpo`.

/// A file that has been read as a tree.
struct ConfigurationDocument {
    let root: FileNode
    /// What the object of servers is called here.
    let serversKey: String

    init(root: FileNode) {
        self.root = root
        let names = ["mcpServers", "servers"]
        serversKey = names.first { root.member($0) != nil } ?? names[0]
    }

    /// Fills a configuration in, as far as the file is right.
    func configuration(_ reading: inout FileReading) -> ProxyConfiguration {
        var configuration = ProxyConfiguration(servers: [])
        guard case .object(let members) = root.value else {
            reading.fail(root.offset, "must be an object, {…}, not \(root.kind())")
            return configuration
        }
        if let options = root.member("mcpo") {
            reading.inside("mcpo") {
                $0.object(options.node, into: &configuration, FileKey<ProxyConfiguration>.all)
            }
            // A timeout above the default longest one moves that along.
            if options.node.member("maxTimeout") == nil {
                configuration.maximumTimeout = max(
                    configuration.maximumTimeout, configuration.timeout)
            }
        }
        for key in ["mcpo", serversKey] {
            let same = members.filter { $0.name == key }.dropFirst()
            for again in same {
                reading.inside(.key(key)) { $0.duplicate(again) }
            }
        }
        readServers(&configuration, &reading)
        return configuration
    }

    private func readServers(
        _ configuration: inout ProxyConfiguration, _ reading: inout FileReading
    ) {
        guard let servers = root.member(serversKey) else {
            reading.fail(
                root.offset,
                "has no servers: write them into \"mcpServers\", as clients have them")
            return
        }
        reading.inside(.key(serversKey)) { reading in
            reading.members(of: servers.node) { member, reading in
                configuration.servers.append(
                    server(member, configuration.pool, &reading))
            }
        }
    }

    private func server(
        _ member: FileMember, _ pool: PoolConfiguration, _ reading: inout FileReading
    ) -> ServerConfiguration {
        let faults = reading.faults.count
        var entry = ServerEntry(
            server: ServerConfiguration(name: member.name, command: ""), commonPool: pool)
        reading.object(member.node, into: &entry, FileKey<ServerEntry>.all, leavesOthers: true)
        if entry.server.isDisabled {
            // It may be disabled because something in it is not set up.
            reading.forgive(faults)
        } else {
            review(member, entry, &reading)
        }
        return entry.server
    }

    /// What is wrong with an entry as a whole.
    private func review(
        _ member: FileMember, _ entry: ServerEntry, _ reading: inout FileReading
    ) {
        if !ServerConfiguration.isValidName(member.name) {
            reading.fail(
                member.offset,
                "must be a name of letters, digits, '.', '_' and '-'\(hint(member.name))")
        }
        guard case .object = member.node.value, member.node.member("command") == nil else { return }
        if let key = ["url", "serverUrl", "httpUrl"].first(where: { member.node.member($0) != nil }
        ),
            let url = member.node.member(key)
        {
            reading.inside(.key(key)) {
                $0.fail(
                    url.offset,
                    "servers with a URL are not supported in this version: give a \"command\", or "
                        + "\"disabled\": true to leave this one out")
            }
        } else {
            reading.fail(member.offset, "has no \"command\": name the program that is the server")
        }
    }

    private func hint(_ name: String) -> String {
        let safe = name.utf8.map { ServerConfiguration.isNameByte($0) ? $0 : UInt8(ascii: "-") }
        let isWorthIt = safe.contains { $0 != UInt8(ascii: "-") }
        return isWorthIt ? "; write \"\(String(decoding: safe, as: UTF8.self))\"" : ""
    }
}

// MARK: - One entry

/// A server as its entry in the file fills it in.
private struct ServerEntry {
    var server: ServerConfiguration
    /// What the server's own `pool` starts from.
    let commonPool: PoolConfiguration
}

extension FileKey where Target == ServerEntry {
    fileprivate static var all: [FileKey] {
        [
            FileKey(
                name: "command",
                read: { node, entry, reading in
                    entry.server.command = reading.string(node) ?? entry.server.command
                }, show: { _ in [] }),
            FileKey(
                name: "args",
                read: { node, entry, reading in
                    entry.server.arguments = reading.strings(node) ?? []
                }, show: { _ in [] }),
            FileKey(
                name: "env",
                read: { node, entry, reading in
                    reading.members(of: node) { member, reading in
                        entry.server.environment[member.name] = reading.variable(member.node)
                    }
                }, show: { _ in [] }),
            FileKey(
                name: "cwd",
                read: { node, entry, reading in
                    entry.server.workingDirectory = reading.string(node)
                }, show: { _ in [] }),
            .value("disabled", \.server.isDisabled, .flag),
            FileKey(
                name: "mcpo",
                read: { node, entry, reading in
                    if node.member("pool") != nil { entry.server.pool = entry.commonPool }
                    reading.object(node, into: &entry.server, FileKey<ServerConfiguration>.all)
                }, show: { _ in [] }),
        ]
    }
}

extension FileReading {
    /// An environment variable's value: clients also allow a number.
    fileprivate mutating func variable(_ node: FileNode) -> String? {
        if case .scalar(.number(let lexeme)) = node.value { return lexeme }
        return string(node)
    }
}

// MARK: - Where things are

extension ConfigurationDocument {
    /// What validation found, with the key as the file has it.
    func fault(_ error: ConfigurationError) -> FileFault {
        let path = path(error.path)
        var rule = error.rule
        if path == [.key(serversKey)] { rule += ": add one, or enable one" }
        return FileFault(path: path, offset: offset(of: path), message: rule)
    }

    /// The way in the file to a property of the configuration.
    private func path(_ properties: [String]) -> FilePath {
        guard properties.first == "servers" else {
            return ["mcpo"] + Self.keys(properties)
        }
        let rest = Array(properties.dropFirst(2))
        let server = FilePath(
            [.key(serversKey)] + properties.dropFirst().prefix(1).map(PathStep.key))
        switch rest.first {
        case nil, "name": return server
        case "command", "arguments", "environment", "workingDirectory":
            return server + Self.keys(rest)
        default: return server + ["mcpo"] + Self.keys(rest)
        }
    }

    /// Properties that are called otherwise in the file.
    private static let otherNames: [String: FilePath] = [
        "arguments": ["args"], "environment": ["env"], "workingDirectory": ["cwd"],
        "maximumTimeout": ["maxTimeout"], "maximumMessageBytes": ["limits", "maxMessageBytes"],
        "maxRetries": ["retry", "max"], "budgetPercent": ["budget"],
        "averageDuration": ["avgDuration"],
    ]

    private static func keys(_ properties: [String]) -> FilePath {
        // What follows `tools` and `caches` is a name, whatever it is.
        properties.enumerated().flatMap { place, name in
            let isName = place > 0 && ["tools", "caches"].contains(properties[place - 1])
            return isName ? [.key(name)] : otherNames[name] ?? [.key(name)]
        }
    }

    /// Where the value is, or the nearest one around it that is there.
    private func offset(of path: FilePath) -> Int? {
        var (node, offset) = (root, root.offset)
        for case .key(let name) in path {
            guard let member = node.member(name) else { break }
            (node, offset) = (member.node, member.offset)
        }
        return offset
    }
}
