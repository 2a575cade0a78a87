// What a user says about tools, by name: the `tools` object of a server (SPEC §2 and §5).
//
//     "search_*": { "ttl": "10m" }        "create_issue": { "cache": false, "invalidates": [] }
//
// One rule applies to a tool: the one with its exact name, otherwise the longest glob that matches.
// Globs: `*` is any characters, none included; `?` is one character. They match the whole name, and
// case matters.

/// One rule. What is nil was not said.
package struct ToolRule: Equatable, Sendable {
    package enum Storing: Equatable, Sendable {
        /// `"cache": false`
        case no
        /// `"cache": true`
        case yes
        /// `"cache": "high_frequency"`
        case named(String)
    }

    /// A name or a glob; or a method with a slash in it, such as `prompts/get`.
    package var pattern: String
    package var cache: Storing?
    /// How long answers are kept; zero keeps none.
    package var ttl: Duration?
    /// Which stored calls and reads a call drops, by name or URI; nil is all of the server.
    package var invalidates: [String]?
    package var maximumConcurrent: Int?
    package var timeout: Duration?
    /// Whether a call may be sent twice.
    package var isIdempotent: Bool?
    package var staleWhileRevalidate: Duration?
    package var staleIfError: Duration?
    /// Whether the client does not see the tool.
    package var isHidden: Bool?
    /// What the client calls it, whole; only of use in a rule for one name.
    package var exposedName: String?

    package init(_ pattern: String, cache: Storing? = nil, ttl: Duration? = nil) {
        self.pattern = pattern
        self.cache = cache
        self.ttl = ttl
    }

    /// Whether a call that this rule is for drops what is stored under `name` (a tool's name or a
    /// resource's URI).
    package func drops(_ name: String) -> Bool {
        guard let invalidates else { return true }
        return invalidates.contains { Glob.matches($0, name) }
    }

    /// Whether the pattern is one name.
    package var isExact: Bool { !Glob.isGlob(pattern) }

    /// Whether the pattern says nothing of what it matches: `*`.
    package var isCatchAll: Bool { Glob.letters(pattern) == 0 }
}

/// The rules of one server, the one that applies first.
package struct ToolRules: Equatable, Sendable {
    package let rules: [ToolRule]

    /// - Parameter rules: in any order; of two with the same pattern the first one counts.
    package init(_ rules: [ToolRule]) {
        self.rules = rules.sorted(by: Self.comesFirst)
    }

    /// The place in `rules` of the rule for a tool.
    package func index(for name: String) -> Int? {
        rules.firstIndex { $0.isExact ? $0.pattern == name : Glob.matches($0.pattern, name) }
    }

    /// The place of the rule for a method other than `tools/call`. Only patterns with a slash speak
    /// of methods: `*` means all tools.
    package func index(forMethod name: String) -> Int? {
        rules.firstIndex {
            $0.pattern.utf8.contains(UInt8(ascii: "/")) && Glob.matches($0.pattern, name)
        }
    }

    /// Exact before glob, longer before shorter; between equals the one with more letters of its
    /// own, then the one whose bytes come first, so that no order of the file decides.
    private static func comesFirst(_ left: ToolRule, _ right: ToolRule) -> Bool {
        if left.isExact != right.isExact { return left.isExact }
        let (leftCount, rightCount) = (left.pattern.utf8.count, right.pattern.utf8.count)
        if leftCount != rightCount { return leftCount > rightCount }
        let (leftOwn, rightOwn) = (Glob.letters(left.pattern), Glob.letters(right.pattern))
        if leftOwn != rightOwn { return leftOwn > rightOwn }
        return left.pattern.utf8.lexicographicallyPrecedes(right.pattern.utf8)
    }
}

/// Matching by `*` and `?`.
package enum Glob {
    /// Whether `pattern` matches the whole of `text`. Takes at most the product of their lengths.
    package static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern.unicodeScalars)
        let text = Array(text.unicodeScalars)
        var (place, offset) = (0, 0)
        /// Where to go on when what follows the last star does not match.
        var star: (place: Int, offset: Int)?
        while offset < text.count {
            if place < pattern.count, pattern[place] == "*" {
                place += 1
                star = (place, offset)
            } else if place < pattern.count,
                pattern[place] == "?" || pattern[place] == text[offset]
            {
                place += 1
                offset += 1
            } else if let last = star {
                place = last.place
                offset = last.offset + 1
                star = (place, offset)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == "*" }
    }

    static func isGlob(_ pattern: String) -> Bool {
        pattern.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    }

    /// How many characters of the pattern stand for themselves.
    static func letters(_ pattern: String) -> Int {
        pattern.utf8.count { $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "?") }
    }
}
