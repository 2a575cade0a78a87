// What a tool's name says about it, word by word (SPEC §5).
//
// Names are split at everything that is no letter or digit, and at case changes; the words are
// compared in lower case, without the digits at their end:
//
//     get_current_time    get current time        brave-web.search   brave web search
//     getURLNow           get url now             HTTPServer         http server
//     list_v2             list v                  readSHA256Sum      read sha sum
//
// A run of capitals is one word, except its last letter when a small one follows. Letters beyond
// ASCII are letters without a case.
//
// The lists are in WordClasses+Defaults.swift; `cache.classes` extends or replaces them.

/// The lists of words by which names are judged.
package struct WordClasses: Equatable, Sendable {
    /// One list. The raw values are the keys of `cache.classes`.
    package enum Kind: String, CaseIterable, Sendable {
        /// What is asked for changes by itself: never cached.
        case realtime
        /// Changes with a release, not with the data: cached long.
        case `static`
        /// Reads data: cached for a moment.
        case dynamic
        /// Verbs that change something.
        case write
        /// Verbs of `write` that are objects after a verb that reads: `get_commit`.
        case noun
        /// Every answer is meant for one caller: never shared with another one in flight either.
        case unique
    }

    /// The lists that are not as mcpo comes with them. The others are made when the first tool is
    /// judged, and not at the start, of which they would take a third.
    private var changed: [Kind: Set<String>] = [:]

    /// The lists that mcpo comes with.
    package init() {}

    /// Adds words to a list. Words are compared in lower case.
    package mutating func extend(_ kind: Kind, with words: [String]) {
        changed[kind] = self.words(in: kind).union(words.map { $0.lowercased() })
    }

    /// Puts `words` in the place of a list.
    package mutating func replace(_ kind: Kind, with words: [String]) {
        changed[kind] = Set(words.map { $0.lowercased() })
    }

    package func contains(_ word: String, in kind: Kind) -> Bool {
        (changed[kind] ?? Self.defaults[kind])?.contains(word) ?? false
    }

    /// A whole list.
    package func words(in kind: Kind) -> Set<String> {
        changed[kind] ?? Self.defaults[kind] ?? []
    }

    /// The first of `words` that is in a list.
    package func first(of kind: Kind, in words: [String]) -> String? {
        words.first { contains($0, in: kind) }
    }

    /// The first verb in `words` that changes something.
    ///
    /// A word that is a noun as well does not count behind a verb that reads, `get_commit`,
    /// `list_merge_requests`; but it does in `fetch_and_merge`, where another word says that
    /// something else is done too.
    package func writingVerb(in words: [String]) -> String? {
        var isObject = false
        for word in words {
            if Self.conjunctions.contains(word) { isObject = false }
            if contains(word, in: .write), !(isObject && contains(word, in: .noun)) { return word }
            if Self.readers.contains(word) { isObject = true }
        }
        return nil
    }

    /// Verbs behind which a noun is their object. Not `show`: what it shows can be a message.
    private static let readers: Set<String> = [
        "count", "describe", "fetch", "find", "get", "list", "lookup", "query", "read", "retrieve",
        "search",
    ]
    private static let conjunctions: Set<String> = ["and", "or", "then", "n"]
}

// MARK: - Words

extension WordClasses {
    /// The words of a name.
    package static func words(of name: String) -> [String] {
        let bytes = Array(name.utf8)
        var words: [String] = []
        var start = 0
        for index in 0...bytes.count {
            guard index == bytes.count || startsWord(bytes, index, after: start) else { continue }
            appendWord(bytes[start..<index], to: &words)
            start = index
        }
        return words
    }

    private enum Letter {
        case none, small, capital, digit

        init(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), 0x80...: self = .small
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .capital
            case UInt8(ascii: "0")...UInt8(ascii: "9"): self = .digit
            default: self = .none
            }
        }
    }

    private static func startsWord(_ bytes: [UInt8], _ index: Int, after start: Int) -> Bool {
        guard index > start else { return false }
        let isBeforeSmall = index + 1 < bytes.count && Letter(bytes[index + 1]) == .small
        switch (Letter(bytes[index - 1]), Letter(bytes[index])) {
        case (.none, _), (_, .none): return true
        case (.small, .capital), (.digit, .capital): return true
        case (.capital, .capital): return isBeforeSmall
        default: return false
        }
    }

    private static func appendWord(_ bytes: ArraySlice<UInt8>, to words: inout [String]) {
        var word = bytes
        while let last = word.last, Letter(last) == .digit { word.removeLast() }
        guard let first = word.first, Letter(first) != .none else { return }
        words.append(String(decoding: word, as: UTF8.self).lowercased())
    }
}
