// What has changed from one configuration to the next: for the log of a reload, and for deciding what
// must be started again. Values of the tables of keys are shown, unless they are secret; of a
// server's command, arguments, environment and directory only that they changed.

/// What is different between two configurations.
///
///     settings changed: concurrency.max 100 → 50
///     settings changed: log.format text → json (takes effect when mcpo is started again)
///     server added: time
///     server github restarts: args, env.GITHUB_TOKEN changed
///     server files changed: tools.search_*.ttl 10m → 5m
public struct ConfigurationDifference: Equatable, Sendable {
    /// A key whose value is another.
    public struct Change: Equatable, Sendable, CustomStringConvertible {
        /// As in the file, from the `mcpo` object on: `concurrency.max`.
        public var key: String
        /// For people; nil when nothing was said.
        public var before: String?
        public var after: String?
        /// Whether only that it changed may be shown.
        public var isSecret: Bool
        /// Whether a reload leaves it as it is: it takes effect when mcpo is started again.
        public var needsStart = false

        /// `concurrency.max 100 → 50`
        public var description: String {
            if isSecret { return "\(key) changed" }
            let change = "\(key) \(before ?? "unset") → \(after ?? "unset")"
            return needsStart ? change + " (takes effect when mcpo is started again)" : change
        }
    }

    /// A server that is in both.
    public struct ServerChange: Equatable, Sendable {
        public var name: String
        /// What its process is started with and is another: `command`, `args`, `env.NAME`, `cwd`. If
        /// there is any, the server must be started again.
        public var processKeys: [String]
        /// Keys of its `mcpo` object; they change in place.
        public var settings: [Change]

        public var needsRestart: Bool { !processKeys.isEmpty }
    }

    /// Names of servers that are new, or enabled again; in the order of the new configuration.
    public var added: [String]
    /// Names of servers that are gone, or disabled; in the order of the old configuration.
    public var removed: [String]
    /// Servers that are in both and are not the same.
    public var changed: [ServerChange]
    /// Whether the servers that are in both come in another order: their lists are merged in it.
    public var isReordered: Bool
    /// Keys of the outermost `mcpo`.
    public var settings: [Change]

    public init(from old: ProxyConfiguration, to new: ProxyConfiguration) {
        let before = old.enabledServers
        let after = new.enabledServers
        added = after.map(\.name).filter { name in !before.contains { $0.name == name } }
        removed = before.map(\.name).filter { name in !after.contains { $0.name == name } }
        changed = after.compactMap { server in
            before.first { $0.name == server.name }.flatMap { ServerChange(from: $0, to: server) }
        }
        let kept = before.map(\.name).filter { name in after.contains { $0.name == name } }
        isReordered = kept != after.map(\.name).filter(kept.contains)
        settings = Self.changes(
            FileKey<ProxyConfiguration>.all.show(old), FileKey<ProxyConfiguration>.all.show(new)
        ) { path in
            switch path.first {
            case "cache": path.last == "strategy"
            case "caches":
                // One that is new is made as it is to be.
                path.last == "strategy" && old.caches[path[1]] != nil && new.caches[path[1]] != nil
            case "limits": true
            case "log": path.last == "format"
            default: false
            }
        }
    }

    public var isEmpty: Bool {
        added.isEmpty && removed.isEmpty && changed.isEmpty && settings.isEmpty && !isReordered
    }

    /// Names of servers that must be started again; those added and removed are not among them.
    public var restarts: [String] { changed.filter(\.needsRestart).map(\.name) }

    /// Lines for people; none when nothing changed. They contain no secret.
    public var lines: [String] {
        var lines: [String] = []
        if !settings.isEmpty {
            lines.append("settings changed: " + Self.list(settings.map(\.description)))
        }
        lines += removed.map { "server removed: \($0)" }
        lines += added.map { "server added: \($0)" }
        for server in changed {
            let settings = Self.list(server.settings.map(\.description))
            if server.needsRestart {
                lines.append(
                    "server \(server.name) restarts: \(Self.list(server.processKeys)) changed"
                        + (settings.isEmpty ? "" : "; \(settings)"))
            } else {
                lines.append("server \(server.name) changed: \(settings)")
            }
        }
        if isReordered { lines.append("servers come in another order") }
        return lines
    }

    private static func list(_ texts: [String]) -> String { texts.joined(separator: ", ") }

    /// What is different between two lists of values, by their paths.
    /// - Parameter needsStart: whether a reload does not change the value there.
    fileprivate static func changes(
        _ old: [ShownValue], _ new: [ShownValue],
        needsStart: ([String]) -> Bool = { _ in false }
    ) -> [Change] {
        let before = Dictionary(old.map { ($0.path, $0) }) { first, _ in first }
        let after = Dictionary(new.map { ($0.path, $0) }) { first, _ in first }
        let paths = new.map(\.path) + old.map(\.path).filter { after[$0] == nil }
        return paths.compactMap { path in
            let (old, new) = (before[path], after[path])
            guard old?.text != new?.text else { return nil }
            let isSecret = (old ?? new)?.isSecret ?? false
            return Change(
                key: path.map(PathStep.key).text, before: isSecret ? nil : old?.text,
                after: isSecret ? nil : new?.text, isSecret: isSecret,
                needsStart: needsStart(path))
        }
    }
}

extension ConfigurationDifference.ServerChange {
    /// nil when nothing is different.
    fileprivate init?(from old: ServerConfiguration, to new: ServerConfiguration) {
        name = new.name
        processKeys = Self.processKeys(old, new)
        settings = ConfigurationDifference.changes(
            FileKey<ServerConfiguration>.all.show(old), FileKey<ServerConfiguration>.all.show(new)
        ).filter { !Self.isNothing($0) }
        let names = Set(old.tools.keys).symmetricDifference(new.tools.keys).sorted()
        for name in names {
            // A rule without a word hides those that are less exact.
            let key = (["tools", .key(name)] as FilePath).text
            if settings.contains(where: { $0.key.hasPrefix(key + ".") }) { continue }
            settings.append(
                .init(
                    key: key, before: old.tools[name].map { _ in "{}" },
                    after: new.tools[name].map { _ in "{}" }, isSecret: false))
        }
        if processKeys.isEmpty, settings.isEmpty { return nil }
    }

    /// Whether it is a rule that comes or goes and says nothing of hiding its tool.
    private static func isNothing(_ change: ConfigurationDifference.Change) -> Bool {
        change.key.hasSuffix(".hide") && (change.before ?? "false") == (change.after ?? "false")
    }

    private static func processKeys(
        _ old: ServerConfiguration, _ new: ServerConfiguration
    ) -> [String] {
        var keys: [String] = []
        if old.command != new.command { keys.append("command") }
        if old.arguments != new.arguments { keys.append("args") }
        let names = Set(old.environment.keys).union(new.environment.keys).sorted()
        keys += names.filter { old.environment[$0] != new.environment[$0] }.map {
            (["env", .key($0)] as FilePath).text
        }
        if old.workingDirectory != new.workingDirectory { keys.append("cwd") }
        return keys
    }
}
