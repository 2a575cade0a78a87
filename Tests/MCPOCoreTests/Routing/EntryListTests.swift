// One server's list, read page by page: what is kept of it, and when it takes the old one's place.

import Foundation
import MCPOCore
import Testing

@Suite struct EntryListTests {
    @Test(arguments: EntryList.Kind.allCases)
    func `entries keep every byte, and their keys are found`(kind: EntryList.Kind) throws {
        let entries = [entry(kind, "a"), entry(kind, #"gr\u00f6\u00dfe"#), entry(kind, "")]
        let list = try entryList(kind, pages: [entries])
        #expect(list.texts == entries)
        #expect(list.keys == ["a", "größe", ""])
        #expect(String(decoding: list.content.keyLexeme(1), as: UTF8.self) == #""gr\u00f6\u00dfe""#)
        for (name, place) in [("a", 0), (#"\u0061"#, 0), ("größe", 1), ("", 2), ("b", nil)] {
            let quoted = Quoted(name)
            #expect(list.content.place(quoted.bytes.span.bytes, quoted.value) == place)
        }
    }

    @Test func `a list is known when its last page is there`() throws {
        var list = EntryList(.tools)
        #expect(!list.isKnown && !list.isCurrent)
        list.begin()
        let first = listPage(.tools, [entry(.tools, "a")], cursor: "c1")
        #expect(try list.add(text: first) == #""c1""#)
        #expect(!list.isKnown && list.content.entries.isEmpty)
        #expect(try list.add(text: listPage(.tools, [])) == "last")
        #expect(list.isKnown && list.isCurrent && !list.isListing)
        #expect(list.edition == 1)
        #expect(list.content.pageStarts == [0, 1])
    }

    @Test func `a list that is read anew takes the place of the old one when it is complete`()
        throws
    {
        var list = try entryList(.tools, ["a"])
        list.begin()
        _ = try list.add(text: listPage(.tools, [entry(.tools, "b")], cursor: "c"))
        #expect(list.keys == ["a"] && list.isCurrent)
        _ = try list.add(text: listPage(.tools, [entry(.tools, "c")]))
        #expect(list.keys == ["b", "c"] && list.edition == 2)
    }

    @Test func `what is no longer current is still shown`() throws {
        var list = try entryList(.tools, ["a"])
        list.begin()
        list.invalidate()
        #expect(list.keys == ["a"] && list.isKnown && !list.isCurrent)
        #expect(try list.add(text: listPage(.tools, [])) == "unusable")
        #expect(list.keys == ["a"])
        list.removeAll()
        #expect(list.keys == [] && list.isCurrent && list.edition == 2)
    }

    @Test func `the same list again is no new edition`() throws {
        var list = try entryList(.tools, ["a", "b"], members: #","ttlMs":5"#)
        let fingerprint = list.content.fingerprint
        try list.read(pages: [[entry(.tools, "a"), entry(.tools, "b")]])
        #expect(list.edition == 1 && list.content.ttlMs == nil)
        #expect(list.content.fingerprint == fingerprint)
        try list.read(pages: [[entry(.tools, "b"), entry(.tools, "a")]])
        #expect(list.edition == 2 && list.content.fingerprint != fingerprint)
        try list.read(pages: [[]])
        #expect(list.edition == 3)
        #expect(try entryList(.tools, []).edition == 1)
    }

    @Test func `the first of two entries with one key counts`() throws {
        let entries = [
            #"{"name":"a","v":1}"#, #"{"name":"\u0061","v":2}"#, #"{"name":"b"}"#,
        ]
        let list = try entryList(.prompts, pages: [entries, [#"{"name":"a","v":3}"#]])
        #expect(list.texts == [entries[0], entries[2]])
        #expect(list.keys == ["a", "b"])
    }

    @Test func `what has no key, or two, is passed over`() throws {
        let strange = [
            "1", "null", "[]", "{}", #"{"name":5}"#, #""x""#, #"{"uri":"a"}"#,
            #"{"name":"b","n\u0061me":"c"}"#, #"{"name":null,"name":"c"}"#,
        ]
        let list = try entryList(.tools, pages: [strange + [entry(.tools, "a")] + strange])
        #expect(list.texts == [entry(.tools, "a")])
    }

    @Test(
        "What is no list leaves the state as it was",
        arguments: [
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"tools":5}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"prompts":[]}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":[]}"#, "[]",
        ])
    func unusable(text: String) throws {
        var list = try entryList(.tools, ["a"])
        #expect(try list.add(text: listPage(.tools, [])) == "unusable", "nothing was begun")
        list.begin()
        #expect(try list.add(text: text) == "unusable")
        #expect(list.keys == ["a"] && list.isCurrent && !list.isListing)
    }

    @Test(
        "The smallest time to live counts, and privacy anywhere",
        arguments: [
            (["", ""], nil, false),
            ([#","ttlMs":300"#, #","ttlMs":200"#], 200, false),
            ([#","ttlMs":300,"cacheScope":"private""#, #","cacheScope":"public""#], 300, true),
            (["", #","ttlMs":-1,"cacheScope":"privat\u0065""#], 0, true),
            ([#","ttlMs":1e3"#, #","ttlMs":5"#], 0, false),
            ([#","ttlMs":99999999999999999999999"#, ""], Int64.max / 1_000_000, false),
        ] as [([String], Int64?, Bool)])
    func freshness(members: [String], ttlMs: Int64?, isPrivate: Bool) throws {
        var list = EntryList(.resources)
        list.begin()
        _ = try list.add(text: listPage(.resources, [], cursor: "c", members: members[0]))
        _ = try list.add(text: listPage(.resources, [], members: members[1]))
        #expect(list.content.ttlMs == ttlMs)
        #expect(list.content.isPrivate == isPrivate)
    }

    @Test func `a list without an end is given up`() throws {
        var list = EntryList(.tools)
        list.begin()
        let names = (0..<EntryList.maximumEntries).map { #"{"name":"get_\#($0)"}"# }
        #expect(try list.add(text: listPage(.tools, names)) == "last")
        list.begin()
        let one = [#"{"name":"one_more"}"#]
        #expect(try list.add(text: listPage(.tools, names + one)) == "unusable")
        list.begin()
        for _ in 0..<EntryList.maximumPages {
            #expect(try list.add(text: listPage(.tools, [], cursor: "again")) == #""again""#)
        }
        #expect(try list.add(text: listPage(.tools, [], cursor: "again")) == "unusable")
        list.begin()
        let large = #"{"name":"large","x":""# + String(repeating: "x", count: 9 << 20) + #""}"#
        let other = large.replacingOccurrences(of: "large", with: "other")
        #expect(try list.add(text: listPage(.tools, [large], cursor: "c")) == #""c""#)
        #expect(try list.add(text: listPage(.tools, [other])) == "unusable")
        #expect(list.content.entries.count == EntryList.maximumEntries)
    }
}
