// Dropping stored answers because somebody asks for it: a program, or the HTTP port.

extension ProxyCore {
    /// Drops what is stored of a server, of one tool, or of all.
    /// - Parameters:
    ///   - name: the server; nil is all of them.
    ///   - tool: by the name that clients see; nil is all of the server's.
    /// - Returns: how many entries there were; nil when there is no such server or tool.
    @discardableResult
    package mutating func clearCache(ofServer name: String?, tool: String? = nil) -> Int? {
        let before = storedEntries
        var isKnown = name == nil && tool == nil
        for server in order where name == nil || servers[server].name == name {
            if let tool {
                guard let own = ownName(ofTool: Array(tool.utf8), of: server) else { continue }
                caching.drop(tool: own, of: server)
            } else {
                caching.noteWrite(server)
            }
            isKnown = true
        }
        caching.familiar.forget()
        return isKnown ? before - storedEntries : nil
    }

    private var storedEntries: Int {
        caching.caches.statistics.reduce(0) { $0 + $1.statistics.currentSize }
    }

    /// What a server itself calls a tool that it lists or that was called of it; nil if it has none.
    private mutating func ownName(ofTool name: [UInt8], of server: ServerIndex) -> [UInt8]? {
        guard isGateway else { return caching.knows(tool: name, of: server) ? name : nil }
        guard let owner = gateway.tools.owner(of: name), order[owner.server] == server else {
            return nil
        }
        return gateway.parts[server][.tools].list.content.key(owner.entry)
    }
}

extension CacheStage {
    /// Whether a server lists a tool, or was asked for it.
    func knows(tool name: [UInt8], of server: ServerIndex) -> Bool {
        parts[server].catalog.tools.place(named: name) != nil
            || parts[server].groupNames.place(of: name.span.bytes) != nil
    }

    /// Drops what one tool answered.
    mutating func drop(tool name: [UInt8], of server: ServerIndex) {
        // One that was never called has no group, and nothing is stored of it.
        guard let place = parts[server].groupNames.place(of: name.span.bytes) else { return }
        caches.drop(parts[server].groups[place])
    }
}
