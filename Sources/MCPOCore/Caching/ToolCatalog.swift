// What a server's tools are, and what the policy has decided on each: read from `tools/list`.
//
//     state                 on                              next
//     unknown, not listing  begin                           unknown, listing
//     listing               a page with `nextCursor`        listing
//                           the last page                   known
//                           a page that makes no sense      not listing, state as before
//     any                   list_changed                    unknown, not listing
//
// A new list takes the place of the old one only when its last page is there: until then calls are
// decided by the old one, and after `list_changed` by none. While the list is not known no call is
// cached, and each counts as a write.
//
// A tool is found by its name's bytes in a `NameIndex`.

/// The tools of one server.
package struct ToolCatalog: ~Copyable, Sendable {
    /// Tools of one server, and pages of one list: real servers have a few hundred tools. A list
    /// that goes on beyond this is taken for one that never ends.
    package static let maximumTools = 10_000
    package static let maximumPages = 1_000
    /// All names together.
    package static let maximumNameBytes = 4 * 1024 * 1024

    /// One tool.
    package struct Tool: Equatable, Sendable {
        package let name: String
        package var annotations: ToolAnnotations
        package var decision: CacheDecision
    }

    /// In the order of the server's list.
    package private(set) var tools: [Tool] = []
    /// Counts the lists that were read: places in `tools` are of one of them.
    private(set) var edition = 0
    /// Whether `tools` is what the server has.
    package private(set) var isKnown = false
    /// Whether a new list is being read.
    package private(set) var isListing = false

    private var index = NameIndex()
    private var draft: [Tool] = []
    private var draftIndex = NameIndex()
    private var draftPages = 0

    package init() {}

    /// A list is going to be read from its first page.
    package mutating func begin() {
        isListing = true
        draft = []
        draftIndex = NameIndex()
        draftPages = 0
    }

    /// Takes a page of the list in: an answer to `tools/list` that `Envelope.scan` has accepted.
    package mutating func add(
        _ line: RawSpan, _ envelope: Envelope, _ policy: CachePolicy
    ) -> ListPage {
        let list = line.member("tools", of: envelope.result)
        draftPages += 1
        guard isListing, list.kind == .array, draftPages <= Self.maximumPages else {
            return abandon()
        }
        var elements = BatchElements(line, list)
        while let element = elements.next(line) {
            addTool(line, element, policy)
            guard
                draft.count <= Self.maximumTools,
                draftIndex.nameBytes.count <= Self.maximumNameBytes
            else { return abandon() }
        }
        let cursor = line.member("nextCursor", of: envelope.result)
        if cursor.kind == .string { return .more(cursor) }
        finish()
        return .last
    }

    /// The server has said `list_changed`, or it is another process now.
    package mutating func invalidate() {
        isKnown = false
        isListing = false
    }

    /// The policy has changed.
    package mutating func judgeAgain(by policy: CachePolicy) {
        Self.judge(&tools, by: policy)
        Self.judge(&draft, by: policy)
    }

    private static func judge(_ tools: inout [Tool], by policy: CachePolicy) {
        for index in tools.indices {
            let tool = tools[index]
            tools[index].decision = policy.judge(tool.name, tool.annotations).decision
        }
    }

    private mutating func abandon() -> ListPage {
        isListing = false
        return .unusable
    }

    private mutating func finish() {
        tools = draft
        edition += 1
        index = draftIndex
        draft = []
        draftIndex = NameIndex()
        isKnown = true
        isListing = false
    }

    /// Adds a tool; what is no tool is passed over.
    private mutating func addTool(_ line: RawSpan, _ element: JSONValue, _ policy: CachePolicy) {
        let name = line.member("name", of: element)
        guard name.kind == .string else { return }
        var bytes: [UInt8] = []
        decodeJSONString(line, name.range, into: &bytes)
        let annotations = ToolAnnotations(line, line.member("annotations", of: element))
        if let earlier = draftIndex.find(bytes) {
            let tool = draft[earlier]
            let combined = tool.annotations.combined(with: annotations)
            draft[earlier].annotations = combined
            draft[earlier].decision = policy.judge(tool.name, combined).decision
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        draftIndex.add(bytes)
        draft.append(
            Tool(
                name: text, annotations: annotations,
                decision: policy.judge(text, annotations).decision))
    }
}

// MARK: - Lookup

extension ToolCatalog {
    /// The decision for a call of the tool `name`, a string of the line.
    package func decision(
        _ line: RawSpan, _ name: JSONValue, _ policy: CachePolicy
    ) -> CacheDecision {
        guard let place = knownPlace(line, name) else { return undecided(line, name, policy) }
        return tools[place].decision
    }

    /// Where in `tools` a tool is, if the list is known and has it.
    func knownPlace(_ line: RawSpan, _ name: JSONValue) -> Int? {
        isKnown ? index.find(line, name) : nil
    }

    /// Where in `tools` the tool of this name is, whether or not the list is known to be current.
    func place(named name: [UInt8]) -> Int? { index.find(name) }

    /// A rule's limits hold for a tool that is not listed too.
    @inline(never)
    private func undecided(
        _ line: RawSpan, _ name: JSONValue, _ policy: CachePolicy
    ) -> CacheDecision {
        var decision = CacheDecision(line: isKnown ? .unlisted : .listUnknown, effect: .unknown)
        guard !policy.rules.rules.isEmpty, name.kind == .string,
            name.range.count <= NameIndex.longest
        else { return decision }
        var bytes: [UInt8] = []
        decodeJSONString(line, name.range, into: &bytes)
        let index = policy.rules.index(for: String(decoding: bytes, as: UTF8.self))
        decision.rule = Int32(truncatingIfNeeded: index ?? -1)
        return decision
    }
}
