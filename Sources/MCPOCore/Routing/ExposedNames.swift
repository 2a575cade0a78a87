// By which names the client knows what the servers list, and whose each name is.
//
//     servers, in configuration order      exposed              found by the client's name
//     github   search, create_issue        github__search       → github, entry 0
//                                          github__create_issue → github, entry 1
//     files    search (hidden by a rule)   –
//              read (renamed to "open")    open                 → files, entry 1
//
// An exposed name is looked up whole and never split, so names may contain the separator. Of two
// entries that would have the same exposed name the one of the earlier server is it, and of one
// server the earlier entry; the other is hidden and reported.
//
// The same table serves resources: their URIs are exposed as they are, and the earlier server that
// lists one answers for it.

/// How names are made of a server's and an entry's.
package struct Naming: Equatable, Sendable {
    package enum Mode: Equatable, Sendable {
        /// The server's name, the separator, the entry's own.
        case prefix
        /// The entry's own name, shortened if it is too long.
        case none
        /// The entry's own name or URI, as it is: one server alone, or resources.
        case verbatim
    }

    package var mode: Mode
    package var separator: [UInt8]

    package init(_ mode: Mode = .prefix, separator: String = "__") {
        self.mode = mode
        self.separator = Array(separator.utf8)
    }

    package static let verbatim = Naming(.verbatim)

    /// The exposed name of an entry without a rename.
    func exposed(_ name: [UInt8], of server: [UInt8]) -> [UInt8] {
        switch mode {
        case .prefix: ShortName.shortened(server + separator + ShortName.wellFormed(name))
        case .none:
            name.count > ShortName.longest ? ShortName.shortened(ShortName.wellFormed(name)) : name
        case .verbatim: name
        }
    }
}

/// What the configuration says of one entry.
package enum NamingRule: Equatable, Sendable {
    case exposed
    case hidden
    /// The whole exposed name, without prefix and however long.
    case renamed([UInt8])
}

/// The exposed names of one kind of entries of all servers.
package struct ExposedNames: Sendable {
    /// One server's part; servers are in the order of the configuration.
    package struct Part {
        /// Its name in the configuration.
        package var server: String
        package var entries: EntryListContent

        package init(_ server: String, _ entries: EntryListContent) {
            self.server = server
            self.entries = entries
        }
    }

    /// An entry of a server, by their places.
    package struct Owner: Equatable, Sendable {
        package var server: Int
        package var entry: Int

        package init(server: Int, entry: Int) {
            self.server = server
            self.entry = entry
        }
    }

    /// Two entries that would have one name.
    package struct Clash: Equatable, Sendable {
        /// The exposed name.
        package var name: String
        /// Whose it is.
        package var winner: Owner
        /// What is hidden.
        package var loser: Owner
    }

    /// Clashes beyond this are counted and not described: a warning that long is not read.
    package static let maximumClashes = 100

    private var names = NameIndex()
    /// Of each name.
    private var owners: [Owner] = []
    /// Of each server, the place in `names` for each entry; -1 for a hidden one.
    private var places: [[Int32]] = []
    /// The first clashes, in the order of the losers.
    package private(set) var clashes: [Clash] = []
    package private(set) var clashCount = 0

    /// - Parameter rule: what holds for the entry of that name of the server at that place.
    package init(
        _ parts: [Part], _ naming: Naming,
        rule: (_ server: Int, _ name: [UInt8]) -> NamingRule = { _, _ in .exposed }
    ) {
        for (server, part) in parts.enumerated() {
            let prefix = Array(part.server.utf8)
            places.append([])
            places[server].reserveCapacity(part.entries.entries.count)
            for entry in part.entries.entries.indices {
                let name = part.entries.key(entry)
                let exposed: [UInt8]? =
                    switch rule(server, name) {
                    case .exposed: naming.exposed(name, of: prefix)
                    case .hidden: nil
                    case .renamed(let other): ShortName.wellFormed(other)
                    }
                places[server].append(add(exposed, Owner(server: server, entry: entry)))
            }
        }
    }

    private mutating func add(_ exposed: [UInt8]?, _ owner: Owner) -> Int32 {
        guard let exposed else { return -1 }
        if let place = names.find(exposed) {
            clashCount += 1
            if clashes.count < Self.maximumClashes {
                let text = String(decoding: exposed, as: UTF8.self)
                clashes.append(Clash(name: text, winner: owners[place], loser: owner))
            }
            return -1
        }
        names.add(exposed)
        owners.append(owner)
        return Int32(truncatingIfNeeded: owners.count - 1)
    }
}

// MARK: - Lookup

extension ExposedNames {
    /// How many names there are.
    package var count: Int { names.count }

    /// Whose the name is that a value of the line stands for; nil too for what is no string.
    package func owner(_ line: RawSpan, _ name: JSONValue) -> Owner? {
        guard let place = names.find(line, name) else { return nil }
        return owners[place]
    }

    /// Whose a name is.
    package func owner(of name: [UInt8]) -> Owner? {
        guard let place = names.find(name) else { return nil }
        return owners[place]
    }

    /// Whether the client does not see an entry.
    package func isHidden(_ owner: Owner) -> Bool {
        places[owner.server][owner.entry] < 0
    }

    /// The name of an entry, nil for a hidden one.
    package func name(of owner: Owner) -> [UInt8]? {
        let place = places[owner.server][owner.entry]
        return place < 0 ? nil : names.name(Int(place))
    }

    /// How many servers, and entries of one, there are: what was given to `init`. Names that were
    /// made before a server was known have none of it.
    package var serverCount: Int { places.count }
    package func entryCount(ofServer server: Int) -> Int {
        server < places.count ? places[server].count : 0
    }
}
