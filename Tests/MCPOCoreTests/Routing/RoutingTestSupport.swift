// What the tests of routing share: lists made of texts, and names as they are in a call.

import MCPOCore

/// An answer to a list request.
func listPage(
    _ kind: EntryList.Kind, _ entries: [String], cursor: String? = nil, members: String = ""
) -> String {
    let next = cursor.map { #","nextCursor":"\#($0)""# } ?? ""
    let list = entries.joined(separator: ",")
    return #"{"jsonrpc":"2.0","id":1,"result":{"\#(kind.member)":[\#(list)]\#(next)\#(members)}}"#
}

/// A list read from its pages.
func entryList(_ kind: EntryList.Kind, pages: [[String]], members: String = "") throws -> EntryList
{
    var list = EntryList(kind)
    try list.read(pages: pages, members: members)
    return list
}

/// A list of entries with these keys, which are written as they are between quotes.
func entryList(_ kind: EntryList.Kind, _ keys: [String], members: String = "") throws -> EntryList {
    try entryList(kind, pages: [keys.map { entry(kind, $0) }], members: members)
}

/// An entry with more than its key, and with another member that looks like one.
func entry(_ kind: EntryList.Kind, _ key: String) -> String {
    #"{ "x" : [1.0,{"\#(kind.key)":"not me"}],"\#(kind.key)":"\#(key)" ,"big":12345678901234567890}"#
}

extension EntryList {
    mutating func read(pages: [[String]], members: String = "") throws {
        begin()
        for (number, page) in pages.enumerated() {
            let cursor = number + 1 < pages.count ? "c\(number)" : nil
            _ = try add(text: listPage(kind, page, cursor: cursor, members: members))
        }
    }

    /// What a page means: `last`, `unusable` or the next cursor.
    mutating func add(text: String) throws -> String {
        let line = Array(text.utf8)
        switch add(line.span.bytes, try scan(line)) {
        case .last: return "last"
        case .unusable: return "unusable"
        case .more(let cursor): return String(decoding: line[cursor.range.bounds], as: UTF8.self)
        }
    }

    var keys: [String] {
        content.entries.indices.map { String(decoding: content.key($0), as: UTF8.self) }
    }

    var texts: [String] {
        content.entries.indices.map { String(decoding: content.bytes($0), as: UTF8.self) }
    }
}

/// The bytes as a string lexeme and its value, for what looks a name up in a line.
struct Quoted {
    let bytes: [UInt8]
    let value: JSONValue

    /// - Parameter content: what is between the quotes.
    init(_ content: String) {
        bytes = Array("\"\(content)\"".utf8)
        value = JSONValue(range: ByteRange(0, bytes.count), kind: .string)
    }
}
