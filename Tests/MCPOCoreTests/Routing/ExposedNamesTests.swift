// The names that a client sees, and finding their owners again.

import MCPOCore
import Testing

private typealias Owner = ExposedNames.Owner

private func exposedNames(
    _ servers: [(String, [String])], _ naming: Naming = Naming(),
    rule: (Int, [UInt8]) -> NamingRule = { _, _ in .exposed }
) throws -> ExposedNames {
    let parts = try servers.map { name, keys in
        ExposedNames.Part(name, try entryList(.tools, keys).content)
    }
    return ExposedNames(parts, naming, rule: rule)
}

extension ExposedNames {
    /// - Parameter name: as it is between the quotes of a call.
    fileprivate func owner(_ name: String) -> Owner? {
        let quoted = Quoted(name)
        return owner(quoted.bytes.span.bytes, quoted.value)
    }

    fileprivate func all(_ server: Int) -> [String?] {
        (0..<entryCount(ofServer: server)).map { entry in
            name(of: Owner(server: server, entry: entry)).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }
}

@Suite struct ExposedNamesTests {
    @Test func `a name is that of its server and its own`() throws {
        let names = try exposedNames([("github", ["search", "a__b"]), ("files", ["search"])])
        #expect(names.all(0) == ["github__search", "github__a__b"])
        #expect(names.all(1) == ["files__search"])
        #expect(names.owner("github__search") == Owner(server: 0, entry: 0))
        #expect(names.owner("github__a__b") == Owner(server: 0, entry: 1))
        #expect(names.owner(#"fil\u0065s__search"#) == Owner(server: 1, entry: 0))
        #expect(names.owner("search") == nil && names.owner("") == nil)
        #expect(names.owner("github__") == nil && names.owner("github__search ") == nil)
        #expect(names.clashCount == 0)
        let number = Array("5".utf8)
        let value = JSONValue(range: ByteRange(0, 1), kind: .integer)
        #expect(names.owner(number.span.bytes, value) == nil)
    }

    @Test func `another separator, or no prefix`() throws {
        let servers = [("a", ["x"]), ("b", ["y"])]
        let dotted = try exposedNames(servers, Naming(.prefix, separator: "."))
        #expect(dotted.all(0) == ["a.x"] && dotted.all(1) == ["b.y"])
        let plain = try exposedNames(servers, Naming(.none))
        #expect(plain.all(0) == ["x"] && plain.all(1) == ["y"])
        #expect(plain.owner("y") == Owner(server: 1, entry: 0))
    }

    @Test func `the earlier server keeps a name that two would have`() throws {
        let servers = [("a", ["x", "y"]), ("b", ["y", "z"]), ("c", ["z", "y"])]
        let names = try exposedNames(servers, Naming(.none))
        #expect(names.all(0) == ["x", "y"])
        #expect(names.all(1) == [nil, "z"] && names.all(2) == [nil, nil])
        #expect(names.owner("y") == Owner(server: 0, entry: 1))
        #expect(names.clashCount == 3)
        let first = try #require(names.clashes.first)
        #expect(first.name == "y")
        #expect(first.winner == Owner(server: 0, entry: 1))
        #expect(first.loser == Owner(server: 1, entry: 0))
        #expect(names.isHidden(Owner(server: 1, entry: 0)))
    }

    @Test func `server names that hold the separator can clash too`() throws {
        let names = try exposedNames([("a__b", ["c"]), ("a", ["b__c", "d"])])
        #expect(names.all(0) == ["a__b__c"] && names.all(1) == [nil, "a__d"])
        #expect(names.clashes.map(\.name) == ["a__b__c"])
    }

    @Test func `rules hide and rename, and a rename is the whole name`() throws {
        let long = String(repeating: "n", count: 100)
        let names = try exposedNames([("a", ["x", "y", "z"]), ("b", ["x", "v"])]) { server, name in
            switch (server, String(decoding: name, as: UTF8.self)) {
            case (0, "x"): .hidden
            case (0, "y"): .renamed(Array("open".utf8))
            case (1, "x"): .renamed(Array("open".utf8))
            case (1, "v"): .renamed(Array(long.utf8))
            default: .exposed
            }
        }
        #expect(names.all(0) == [nil, "open", "a__z"] && names.all(1) == [nil, long])
        #expect(names.owner("open") == Owner(server: 0, entry: 1))
        #expect(names.owner("a__x") == nil && names.owner("a__y") == nil)
        #expect(names.clashCount == 1)
    }

    @Test func `a name of over 64 characters is cut, and ends in a hash of all of it`() throws {
        let tool = "search_in_all_the_documents_of_one_single_repository"
        let names = try exposedNames(
            [
                ("documentation-server", [tool, tool + "2"]),
                ("github", [String(repeating: "é", count: 70)]),
            ]
        )
        let all = names.all(0).compactMap { $0 }
        #expect(all[0] == "documentation-server__search_in_all_the_documents_of_on_c78f2993")
        #expect(all[1].hasPrefix("documentation-server__search_in_all_the_documents_of_on_"))
        #expect(all[0] != all[1] && all.allSatisfy { $0.count == 64 })
        #expect(names.owner(all[1]) == Owner(server: 0, entry: 1))
        let accents = "github__" + String(repeating: "é", count: 47) + "_"
        #expect(names.all(1).first??.hasPrefix(accents) == true)
        #expect(names.all(1).first??.unicodeScalars.count == 64)
    }

    @Test func `64 characters are not too many, however many bytes they are`() throws {
        let name = String(repeating: "é", count: 64)
        #expect(try exposedNames([("a", [name])], Naming(.none)).all(0) == [name])
        let prefixed = try exposedNames([("a", [String(repeating: "x", count: 61)])])
        #expect(prefixed.all(0).first??.count == 64)
        #expect(prefixed.all(0).first??.hasSuffix("xx") == true)
    }

    @Test func `names as they are stay as they are, whatever they are`() throws {
        let keys = [String(repeating: "x", count: 5_000), "", "a b", #"\ud800"#, #"\""#]
        let names = try exposedNames([("only", keys)], .verbatim)
        #expect(names.clashCount == 0)
        for (place, key) in keys.enumerated() {
            #expect(names.owner(key) == Owner(server: 0, entry: place))
        }
    }

    @Test func `what is no character is replaced before it is written and found`() throws {
        let names = try exposedNames([("a", [#"x\ud800"#])])
        #expect(names.all(0) == ["a__x\u{FFFD}\u{FFFD}\u{FFFD}"])
        #expect(names.owner("a__x\u{FFFD}\u{FFFD}\u{FFFD}") == Owner(server: 0, entry: 0))
    }

    @Test func `servers without entries, and no servers at all`() throws {
        #expect(try exposedNames([]).owner("x") == nil)
        let names = try exposedNames([("a", []), ("b", ["x"]), ("c", [])])
        #expect(names.owner("b__x") == Owner(server: 1, entry: 0))
        #expect(names.serverCount == 3 && names.entryCount(ofServer: 2) == 0)
    }

    @Test func `ten thousand clashes are counted, and the first hundred described`() throws {
        let keys = (0..<10_000).map { "k\($0)" }
        let names = try exposedNames([("a", keys), ("b", keys)], Naming(.none))
        #expect(names.clashCount == 10_000 && names.clashes.count == 100)
        #expect(names.clashes.last?.name == "k99")
    }

    @Test(arguments: 0..<60)
    func `every visible entry is found by its name, as in a plain dictionary`(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        let pieces = ["a", "b", "_", "__", "é", "long-long-long-long-long-long-", #"\u0061"#]
        func word(_ range: ClosedRange<Int>) -> String {
            (0..<Int.random(in: range, using: &random))
                .map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        }
        let servers = (0..<4).map { _ in (word(1...2), (0..<20).map { _ in word(0...5) }) }
        let naming = Naming([.prefix, .none, .verbatim].randomElement(using: &random) ?? .none)
        let names = try exposedNames(servers, naming)
        var owners: [String: Owner] = [:]
        var hidden = 0
        for server in servers.indices {
            let list = try entryList(.tools, servers[server].1)
            for entry in list.keys.indices {
                let owner = Owner(server: server, entry: entry)
                guard let name = names.all(server)[entry] else {
                    hidden += 1
                    continue
                }
                #expect(owners.updateValue(owner, forKey: name) == nil)
                #expect(names.owner(name) == owner)
                if naming.mode != .verbatim { #expect(name.unicodeScalars.count <= 64) }
            }
        }
        #expect(owners.count == names.count && hidden == names.clashCount)
        #expect(try exposedNames(servers, naming).all(3) == names.all(3))
    }
}
