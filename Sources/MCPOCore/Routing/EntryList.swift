// What one server lists of one kind: the entries as they are on the wire, found by their keys.
//
// mcpo asks each of several servers for its lists and answers the client's list requests itself.
// An entry is kept byte for byte, because mcpo does not know what is in it that a client may want;
// only the place of its key is noted, so that another name can be written there.
//
//     page       {"result":{"tools":[ {"name":"add","x":1.0}, 5, {"name":"sub"} ],"ttlMs":500}}
//     text       {"name":"add","x":1.0}{"name":"sub"}
//     entries    0..<22, key 8..<13     22..<36, key 30..<35
//     keys       add                    sub
//
//     state                 on                              next
//     unknown, not listing  begin                           unknown, listing
//     listing               a page with `nextCursor`        listing
//                           the last page                   known and current
//                           a page that makes no sense      not listing, state as before
//     any                   list_changed, another process   known as before, not current
//
// A new list takes the place of the old one only when its last page is there. What is not current
// is still shown: a server that restarts most likely comes back with the same. What has no key
// is left out, since nobody could ask for it, and so is a second entry of the same key, and an entry
// that has its key twice: mcpo would write a name into one of them, and a client read the other.

/// One server's part of one kind of list.
package struct EntryList: Sendable {
    /// The kinds of lists that servers have.
    package enum Kind: UInt8, CaseIterable, Sendable {
        case tools, prompts, resources, templates

        /// The member of the result that has the entries.
        package var member: StaticString {
            switch self {
            case .tools: "tools"
            case .prompts: "prompts"
            case .resources: "resources"
            case .templates: "resourceTemplates"
            }
        }

        /// The member of an entry that it is asked for by.
        package var key: StaticString {
            switch self {
            case .tools, .prompts: "name"
            case .resources: "uri"
            case .templates: "uriTemplate"
            }
        }
    }

    /// As in `ToolCatalog`: a list that goes on beyond this is taken for one that never ends.
    package static let maximumEntries = 10_000
    package static let maximumPages = 1_000
    /// All entries together: at the maximum of entries 1.6 KiB each, four times what the tools of
    /// the well-known servers have on average.
    package static let maximumBytes = 16 * 1024 * 1024

    package let kind: Kind
    package private(set) var content = EntryListContent()
    /// Counts the lists that differed from the one before: places of entries are of one edition.
    /// 0 while no list has been read.
    package private(set) var edition = 0
    /// Whether `content` is what the server has, as far as it has said.
    package private(set) var isCurrent = false
    /// Whether a new list is being read.
    package private(set) var isListing = false

    private var draft = EntryListContent()

    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// Whether there is a list, current or not.
    package var isKnown: Bool { edition > 0 }

    /// Whether some pages of a new list have come and others have not.
    var isPartlyRead: Bool { !draft.pageStarts.isEmpty }

    /// A list is going to be read from its first page.
    package mutating func begin() {
        isListing = true
        draft = EntryListContent()
    }

    /// Takes a page of the list in: an answer to the list request that `Envelope.scan` has accepted.
    package mutating func add(_ line: RawSpan, _ envelope: Envelope) -> ListPage {
        let list = line.member(kind.member, of: envelope.result)
        guard isListing, list.kind == .array, draft.pageStarts.count < Self.maximumPages else {
            return abandon()
        }
        draft.beginPage(line, envelope)
        var elements = BatchElements(line, list)
        while let element = elements.next(line) {
            draft.add(line, element, key: kind.key)
            guard
                draft.entries.count <= Self.maximumEntries,
                draft.text.count + draft.keys.nameBytes.count <= Self.maximumBytes
            else { return abandon() }
        }
        let cursor = line.member("nextCursor", of: envelope.result)
        if cursor.kind == .string { return .more(cursor) }
        finish()
        return .last
    }

    /// The server has said `list_changed`, or it is another process now. Its last known entries
    /// stay; a list under way is given up.
    package mutating func invalidate() {
        isCurrent = false
        isListing = false
        draft = EntryListContent()
    }

    /// The server is gone for good, or has no such list any more: it has no entries.
    package mutating func removeAll() {
        begin()
        finish()
    }

    private mutating func abandon() -> ListPage {
        isListing = false
        draft = EntryListContent()
        return .unusable
    }

    private mutating func finish() {
        draft.finish()
        if edition == 0 || !draft.hasSameEntries(as: content) { edition += 1 }
        content = draft
        draft = EntryListContent()
        isCurrent = true
        isListing = false
    }
}

/// The entries of a list, in the server's order, and what its pages have said about them.
package struct EntryListContent: Sendable {
    /// One entry; all places are in `text`.
    package struct Entry: Equatable, Sendable {
        package var range: ByteRange
        /// The lexeme of the key, quotes included.
        package var key: ByteRange
    }

    /// The entries' bytes, one behind the other.
    package private(set) var text: [UInt8] = []
    package private(set) var entries: [Entry] = []
    /// The entries' decoded keys; an entry and its key have the same place.
    private(set) var keys = NameIndex()
    /// The place of the first entry of each of the server's pages, empty pages included.
    package private(set) var pageStarts: [Int] = []
    /// The smallest `ttlMs` of all pages, in milliseconds; nil when none has one (legacy).
    package private(set) var ttlMs: Int64?
    /// Whether a page has `cacheScope: "private"`.
    package private(set) var isPrivate = false
    /// A hash of the entries, the same in every process.
    package private(set) var fingerprint: UInt64 = 0

    package init() {}

    /// The place of the entry whose key a string of the line stands for.
    package func place(_ line: RawSpan, _ key: JSONValue) -> Int? {
        keys.find(line, key)
    }

    /// The decoded key of an entry.
    package func key(_ place: Int) -> [UInt8] {
        keys.name(place)
    }

    /// The key of an entry as the server has written it, quotes included.
    package func keyLexeme(_ place: Int) -> ArraySlice<UInt8> {
        text[entries[place].key.bounds]
    }

    /// The bytes of an entry's key as the server has written it, quotes included, in place.
    func withKeyLexeme(_ place: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        let range = entries[place].key.bounds
        text.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// An entry as the server has written it.
    package func bytes(_ place: Int) -> ArraySlice<UInt8> {
        text[entries[place].range.bounds]
    }

    fileprivate mutating func beginPage(_ line: RawSpan, _ envelope: Envelope) {
        pageStarts.append(entries.count)
        if let nanoseconds = timeToLive(line, envelope.resultTTL) {
            ttlMs = min(ttlMs ?? .max, nanoseconds / 1_000_000)
        }
        let scope = line.member("cacheScope", of: envelope.result)
        isPrivate = isPrivate || line.stringEquals(scope, "private")
    }

    /// Adds an entry; what has no key, or a key that is there, is passed over.
    fileprivate mutating func add(_ line: RawSpan, _ element: JSONValue, key: StaticString) {
        let key = line.onlyMember(key, of: element)
        guard key.kind == .string, keys.find(line, key) == nil else { return }
        var decoded: [UInt8] = []
        decodeJSONString(line, key.range, into: &decoded)
        // Written with escapes too long to be looked up, it may be there all the same.
        guard keys.find(decoded) == nil else { return }
        keys.add(decoded)
        let start = text.count
        let offset = start - Int(element.range.lower)
        line.extracting(element.range.bounds).withUnsafeBytes { text.append(contentsOf: $0) }
        entries.append(
            Entry(
                range: ByteRange(start, text.count),
                key: ByteRange(Int(key.range.lower) + offset, Int(key.range.upper) + offset)))
    }

    fileprivate mutating func finish() {
        fingerprint = ByteHash.hash(text) ^ UInt64(entries.count)
    }

    fileprivate func hasSameEntries(as other: EntryListContent) -> Bool {
        fingerprint == other.fingerprint && entries == other.entries && text == other.text
            && pageStarts == other.pageStarts
    }
}

extension RawSpan {
    /// The value of the one member of `object` with that key; `.absent` if there are more or none.
    fileprivate func onlyMember(_ key: StaticString, of object: JSONValue) -> JSONValue {
        var value = JSONValue.absent
        var members = ObjectMembers(self, of: object)
        while let member = members.next(self) {
            guard member.isNamed(key, self) else { continue }
            if value.isPresent { return .absent }
            value = member.value
        }
        return value
    }
}
