// The answer to a client's list request, made of what several servers list.
//
//     github   {"name":"search","x":1.0}
//     files    {"x":2,"name":"read"}, {"name":"gone"} (hidden)
//     result   {"tools":[{"name":"github__search","x":1.0},{"x":2,"name":"files__read"}]}
//
// Entries come in the order of the configuration, then in the server's own, each byte for byte
// with another name written in. The same lists make the same bytes, so that a model's prompt that
// has them stays the same.
//
// One page has all, unless that is too much: then it ends where, from the bound on, a page of a
// server ends next. Its cursor names the place of the next entry and the list that the place is in:
//
//     tools.1.12.9af1…   the kind, the server's place, the entry's place, the hash of its list
//
// A list that has changed meanwhile makes its cursors invalid (−32602, as the specification has it).
// The beginning of a server's part needs no hash: it is there in whatever comes.

/// The merged list of one kind, as it is at the moment; made for one answer.
package struct MergedList {
    /// What a client is told besides the entries.
    package enum Terms: Equatable, Sendable {
        /// Revisions up to 2025-11-25: nothing.
        case legacy
        /// From 2026-07-28 on: how long the list is good, and for whom.
        case modern(ttlMs: Int64, isPrivate: Bool)
    }

    /// A page from this size on ends at the next end of a server's page. Well below what clients
    /// take as one message, far above what the lists of usual servers have together.
    package static let pageEntries = 1_000
    package static let pageBytes = 1024 * 1024

    private let kind: EntryList.Kind
    private let lists: [EntryListContent]
    private let names: ExposedNames
    private let extra: [UInt8]
    private let meta: [UInt8]

    /// - Parameters:
    ///   - lists: of each server, in the order of the configuration.
    ///   - names: made of the same lists.
    ///   - extra: an entry that comes behind all others, a JSON object; empty for none.
    ///   - meta: the `_meta` of each result for a modern client, a JSON object; empty for none.
    package init(
        _ kind: EntryList.Kind, _ lists: [EntryListContent], _ names: ExposedNames,
        extra: [UInt8] = [], meta: [UInt8] = []
    ) {
        self.kind = kind
        self.lists = lists
        self.names = names
        self.extra = extra
        self.meta = meta
    }

    /// The result for a request with that cursor: an object, as bytes.
    ///
    /// - Parameter cursor: of the request's `params`; `.absent` for the first page.
    /// - Returns: nil for a cursor that is none of this list's.
    package func result(_ line: RawSpan, cursor: JSONValue, _ terms: Terms) -> [UInt8]? {
        guard let start = start(line, cursor) else { return nil }
        var writer = MergedListWriter(kind)
        var place = next(from: start)
        while let current = place {
            writer.add(lists[current.server], current.entry, names.name(of: current))
            place = next(from: Owner(server: current.server, entry: current.entry + 1))
            if let place, writer.isFull, isPageEnd(current, place) { break }
        }
        if place == nil, !extra.isEmpty { writer.add(extra) }
        writer.finish(cursor: place.map(cursorText), terms, meta)
        return writer.bytes
    }

    /// A hash of all that clients see, the same for the same entries under the same names.
    package var fingerprint: UInt64 {
        var digest: [UInt8] = []
        func add(_ bytes: [UInt8]) {
            withUnsafeBytes(of: ByteHash.hash(bytes)) { digest.append(contentsOf: $0) }
        }
        add(extra)
        var place = next(from: Owner(server: 0, entry: 0))
        while let current = place {
            add(names.name(of: current) ?? [])
            add(Array(lists[current.server].bytes(current.entry)))
            place = next(from: Owner(server: current.server, entry: current.entry + 1))
        }
        return ByteHash.hash(digest)
    }

    private typealias Owner = ExposedNames.Owner

    /// The first entry from `place` on that the client sees.
    private func next(from place: Owner) -> Owner? {
        var place = place
        while place.server < lists.count {
            let count = min(
                lists[place.server].entries.count, names.entryCount(ofServer: place.server))
            while place.entry < count {
                if !names.isHidden(place) { return place }
                place.entry += 1
            }
            place = Owner(server: place.server + 1, entry: 0)
        }
        return nil
    }

    /// Whether a page of a server begins after `place`, up to `next`.
    private func isPageEnd(_ place: Owner, _ next: Owner) -> Bool {
        guard next.server == place.server else { return true }
        // Pages are in ascending order: the last one that begins at or before `next`.
        let starts = lists[place.server].pageStarts
        var (lower, upper) = (0, starts.count)
        while lower < upper {
            let middle = (lower + upper) / 2
            if starts[middle] <= next.entry { lower = middle + 1 } else { upper = middle }
        }
        return lower > 0 && starts[lower - 1] > place.entry
    }
}

// MARK: - Freshness

extension MergedList.Terms {
    /// One server's part, as far as it matters for how long the whole is good.
    package struct Part: Sendable {
        /// The smallest `ttlMs` of its pages, less the time since it was read; nil for none.
        package var ttlMs: Int64?
        package var isPrivate: Bool
        /// Whether it is what the server has now.
        package var isCurrent: Bool

        package init(ttlMs: Int64?, isPrivate: Bool, isCurrent: Bool) {
            self.ttlMs = ttlMs
            self.isPrivate = isPrivate
            self.isCurrent = isCurrent
        }

        /// - Parameter ageMs: the time since the list was read, in milliseconds.
        package init(_ list: EntryList, ageMs: Int64 = 0) {
            ttlMs = list.content.ttlMs.map { $0 - max(0, ageMs) }
            isPrivate = list.content.isPrivate
            isCurrent = list.isCurrent
        }
    }

    /// What holds of all parts: the shortest time, and private if any is (SPEC §12). What is not
    /// current may be another list in a moment, so it is good for no time.
    ///
    /// - Parameter defaultMs: how long the list of a server is good that does not say so.
    package init(modern parts: [Part], defaultMs: Int64) {
        var least: Int64?
        for part in parts {
            let time = part.isCurrent ? max(0, part.ttlMs ?? defaultMs) : 0
            least = min(least ?? .max, time)
        }
        self = .modern(
            ttlMs: least ?? max(0, defaultMs), isPrivate: parts.contains { $0.isPrivate })
    }
}

// MARK: - Cursors

extension MergedList {
    /// The cursor that goes on at an entry, as text that needs no escapes.
    private func cursorText(_ place: ExposedNames.Owner) -> String {
        let hash = place.entry == 0 ? "" : String(lists[place.server].fingerprint, radix: 16)
        return "\(kind.member).\(place.server).\(place.entry).\(hash)"
    }

    /// Where a page begins; nil for a cursor that no such list has given out.
    private func start(_ line: RawSpan, _ cursor: JSONValue) -> ExposedNames.Owner? {
        guard cursor.isPresent else { return ExposedNames.Owner(server: 0, entry: 0) }
        // The longest cursor: 17 of the kind, twice 19 digits, 16 of the hash, 3 dots, 2 quotes.
        guard cursor.kind == .string, cursor.range.count <= 6 * 80 else { return nil }
        var bytes: [UInt8] = []
        decodeJSONString(line, cursor.range, into: &bytes)
        let fields = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard fields.count == 4,
            let server = Int(String(decoding: fields[1], as: UTF8.self)),
            let entry = Int(String(decoding: fields[2], as: UTF8.self)),
            lists.indices.contains(server),
            entry == 0 || lists[server].entries.indices.contains(entry)
        else { return nil }
        // Written again it must be the same: no other spelling, and no other list.
        let place = ExposedNames.Owner(server: server, entry: entry)
        return Array(cursorText(place).utf8) == bytes ? place : nil
    }
}

// MARK: - Writing

/// Writes a page.
private struct MergedListWriter {
    private(set) var bytes: [UInt8] = []
    private var count = 0

    init(_ kind: EntryList.Kind) {
        append(#"{""#)
        append(kind.member)
        append(#"":["#)
    }

    var isFull: Bool {
        count >= MergedList.pageEntries || bytes.count >= MergedList.pageBytes
    }

    /// - Parameter name: the exposed name.
    mutating func add(_ list: EntryListContent, _ entry: Int, _ name: [UInt8]?) {
        separate()
        let (range, key) = (list.entries[entry].range.bounds, list.entries[entry].key.bounds)
        guard let name, name != list.key(entry) else {
            bytes += list.text[range]
            return
        }
        bytes += list.text[range.lowerBound..<key.lowerBound]
        appendJSONString(name.span, to: &bytes)
        bytes += list.text[key.upperBound..<range.upperBound]
    }

    mutating func add(_ entry: [UInt8]) {
        separate()
        bytes += entry
    }

    mutating func finish(cursor: String?, _ terms: MergedList.Terms, _ meta: [UInt8]) {
        append("]")
        if let cursor {
            append(#","nextCursor":"#)
            appendJSONString(cursor, to: &bytes)
        }
        if case .modern(let ttlMs, let isPrivate) = terms {
            append(#","resultType":"complete","ttlMs":"#)
            DecimalText.append(units: ttlMs, places: 0, to: &bytes)
            append(isPrivate ? #","cacheScope":"private""# : #","cacheScope":"public""#)
            if !meta.isEmpty {
                append(#","_meta":"#)
                bytes += meta
            }
        }
        append("}")
    }

    private mutating func separate() {
        if count > 0 { append(",") }
        count += 1
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }
}
