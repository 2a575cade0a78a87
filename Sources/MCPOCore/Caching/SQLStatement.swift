// Is a string argument of a tool a SQL statement that changes something? (SPEC §5, line 4)
//
//     SELECT * FROM t WHERE a = 'drop table t'             no
//     with x as (delete from t returning *) select * from x  yes
//     select 1; drop table t                               yes, whichever statement it is
//     explain delete from t                                no: a plan; with ANALYZE it is executed
//     update me on the news                                no: an UPDATE has a SET
//     delete everything from the list                      yes, by mistake; see SQLWords.swift
//
// This is no parser, and no protection: it is how a read-only `query` tool that is handed a DELETE
// does not get a cached answer. The first word must be one of SQL's, or the text is not SQL. Each
// statement's first words are compared with a table; inside, pairs of words that only a change has
// (`insert into`, `for update`) are looked for, because common table expressions change data and
// SQL Server needs no semicolon between statements.
//
// Almost all arguments are no SQL at all: `isMaybe` tells with one look at their first word.

package enum SQLStatement {
    /// A longer text that begins like SQL counts as changing something; nobody asks the same
    /// question of 64 KiB twice.
    static let longest = 64 * 1024

    /// Whether `bytes`, the text of a string, change something.
    package static func isMutating(_ bytes: [UInt8]) -> Bool {
        isMaybe(bytes.span.bytes, 0, bytes.count) && judge(bytes.span.bytes)
    }

    /// Whether any string in `value`, at any depth and keys excepted, changes something. The line
    /// must have been accepted by `Envelope.scan`.
    package static func isMutating(stringsOf line: RawSpan, _ value: JSONValue) -> Bool {
        var offset = Int(value.range.lower)
        let end = min(Int(value.range.upper), line.byteCount)
        while offset < end {
            guard line.byte(offset) == 0x22 else {  // between strings there are no quotes
                offset &+= 1
                continue
            }
            var hasEscape = false
            guard
                let close = try? JSONStringGrammar.end(line, offset &+ 1, hasEscape: &hasEscape)
            else { return false }
            let after = JSONGrammar.skipWhitespace(line, close)
            if line.byte(after) != 0x3A, isMaybe(line, offset &+ 1, close &- 1),
                judge(line, ByteRange(offset, close), hasEscape)
            {
                return true
            }
            offset = close
        }
        return false
    }

    private static func judge(_ line: RawSpan, _ quoted: ByteRange, _ hasEscape: Bool) -> Bool {
        let (lower, upper) = (Int(quoted.lower), Int(quoted.upper))
        guard hasEscape else { return judge(line.extracting((lower + 1)..<(upper - 1))) }
        var text: [UInt8] = []
        let isWhole = quoted.count <= longest
        let end = isWhole ? upper : lower + longest
        decodeJSONString(line, ByteRange(lower, end), into: &text)
        return isMaybe(text.span.bytes, 0, text.count) && judge(text.span.bytes, isWhole: isWhole)
    }

    /// Whether the text may begin with a word of SQL: false is certain, and quick.
    @inline(__always)
    private static func isMaybe(_ line: RawSpan, _ lower: Int, _ upper: Int) -> Bool {
        let byte = line.byte(lower)
        guard upper &- lower >= 3 else { return false }
        guard (byte | 0x20) &- 0x61 < 26 else {
            return isMaybeBehind(byte, line.byte(lower &+ 1))
        }
        var offset = lower &+ 1
        while offset < upper, (line.byte(offset) | 0x20) &- 0x61 < 26 { offset &+= 1 }
        let count = offset &- lower
        guard count >= 2, count <= longestStart else { return false }
        let place = filterPlace(byte, line.byte(lower &+ 1), count)
        guard filter[place &>> 6] &>> UInt64(place & 63) & 1 != 0 else { return false }
        return isKnownStart(line, lower, offset)
    }

    /// One bit for each length and first two letters that a first word of SQL has.
    private static let filter: [UInt64] = {
        var bits = [UInt64](repeating: 0, count: ((longestStart + 1) * 676 + 63) / 64)
        for word in SQLWord.starts.words {
            let text = word.text
            guard text.count >= 2, text.count <= longestStart else { continue }
            let place = filterPlace(text[0], text[1], text.count)
            bits[place >> 6] |= 1 << UInt64(place & 63)
        }
        return bits
    }()

    @inline(__always)
    private static func filterPlace(_ first: UInt8, _ second: UInt8, _ count: Int) -> Int {
        (count &* 26 &+ Int((first | 0x20) &- 0x61)) &* 26 &+ Int((second | 0x20) &- 0x61)
    }

    /// Space, comments, parentheses and semicolons may come first, and escapes in JSON.
    private static func isMaybeBehind(_ byte: UInt8, _ next: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "("), UInt8(ascii: ";"), UInt8(ascii: "#"),
            UInt8(ascii: "\\"):
            true
        case UInt8(ascii: "-"): next == byte
        case UInt8(ascii: "/"): next == UInt8(ascii: "*") || next == UInt8(ascii: "\\")
        case 0xEF: next == 0xBB  // a byte order mark
        default: false
        }
    }

    /// The length of `deallocate`.
    private static let longestStart = 10

    @inline(never)
    private static func isKnownStart(_ line: RawSpan, _ lower: Int, _ upper: Int) -> Bool {
        SQLWord.isKnownStart(SQLWord(line, lower, upper))
    }
}

// MARK: - Judging

extension SQLStatement {
    private static func judge(_ text: RawSpan, isWhole: Bool = true) -> Bool {
        let start = text.extracting(first: min(text.byteCount, longest))
        let isWhole = isWhole && text.byteCount <= longest
        let standard = SQLTokenizer(start, .standard)
        if isMutating(standard, isWhole: isWhole) { return true }
        guard standard.isAmbiguous else { return false }
        return [SQLDialect.postgres, .mySQL].contains {
            isMutating(SQLTokenizer(start, $0), isWhole: isWhole)
        }
    }

    private static func isMutating(_ text: SQLTokenizer, isWhole: Bool) -> Bool {
        isSQL(text.tokens) && (!isWhole || isMutating(text.tokens))
    }

    private static func isSQL(_ tokens: [SQLToken]) -> Bool {
        guard let first = tokens.first(where: { !$0.isSymbol("(") && !$0.isSymbol(";") }) else {
            return false
        }
        return first.kind == .word && SQLWord.isKnownStart(first.word)
    }

    private static func isMutating(_ tokens: [SQLToken]) -> Bool {
        tokens.split(whereSeparator: { $0.isSymbol(";") }).contains { isMutating(statement: $0) }
    }

    private static func isMutating(statement: ArraySlice<SQLToken>) -> Bool {
        let tokens = statement.drop { $0.isSymbol("(") || $0.isSymbol("*") || $0.isSymbol("/") }
        guard let first = tokens.first, first.kind == .word else { return false }
        let rest = tokens.dropFirst()
        switch first.word {
        case "explain": return explainExecutes(rest)
        case "describe", "desc", "show": return false
        case "pragma": return pragmaChanges(rest)
        case "match", "optional", "unwind":  // Cypher
            if rest.contains(where: { $0.kind == .word && cypherChanges.contains($0.word) }) {
                return true
            }
        default: break
        }
        let demands = SQLWord.changing[first.word] ?? []
        return demands.contains { isMet($0, rest) } || changesInside(tokens)
    }

    private static let cypherChanges: SQLWordSet = [
        "create", "delete", "detach", "merge", "remove", "set",
    ]

    /// A plan is executed with ANALYZE alone: then what follows the options is judged.
    private static func explainExecutes(_ tokens: ArraySlice<SQLToken>) -> Bool {
        guard
            tokens.contains(where: {
                SQLToken.isWord($0, "analyze") || SQLToken.isWord($0, "analyse")
            }),
            let start = tokens.firstIndex(where: {
                $0.kind == .word && $0.word != "explain" && SQLWord.isKnownStart($0.word)
            })
        else { return false }
        return isMutating(statement: tokens[start...])
    }

    /// `pragma main.journal_mode = wal`: a value is set, or the pragma acts by itself.
    private static func pragmaChanges(_ tokens: ArraySlice<SQLToken>) -> Bool {
        guard let name = tokens.last(where: { $0.kind == .word && isPragmaName($0, tokens) }) else {
            return false
        }
        if tokens.contains(where: { $0.isSymbol("=") }) { return true }
        if SQLWord.actingPragmas.contains(name.word) { return true }
        let hasArgument = tokens.contains { $0.isSymbol("(") }
        return hasArgument && !SQLWord.readingPragmas.contains(name.word)
    }

    /// The name is the first word, or the one after the schema and a dot.
    private static func isPragmaName(_ token: SQLToken, _ tokens: ArraySlice<SQLToken>) -> Bool {
        let names = Array(tokens.prefix(3))
        guard names.count == 3, names[1].isSymbol(".") else { return token == names.first }
        return token == names[2]
    }

    private static func isMet(_ demand: SQLDemand, _ rest: ArraySlice<SQLToken>) -> Bool {
        let next = rest.first
        switch demand {
        case .always: return true
        case .next(let words):
            return next.map { $0.kind == .word && words.contains($0.word) } ?? false
        case .later(let words):
            return rest.contains { $0.kind == .word && words.contains($0.word) }
        case .short(let count): return rest.count < count
        case .nextSymbol(let symbol): return next?.isSymbol(symbol) ?? false
        case .laterSymbol(let symbol): return rest.contains { $0.isSymbol(symbol) }
        case .nextQuoted: return next?.kind == .quoted
        case .nextNumber: return next?.kind == .number
        case .invocation: return isInvocation(rest)
        }
    }

    /// `name`, `schema.name` and `name(…)`.
    private static func isInvocation(_ tokens: ArraySlice<SQLToken>) -> Bool {
        guard let name = tokens.first, name.kind == .word || name.kind == .quoted else {
            return false
        }
        guard let next = tokens.dropFirst().first else { return true }
        return next.isSymbol("(") || next.isSymbol(".")
    }

    /// Whether pairs of words that only a change has are somewhere in a statement.
    private static func changesInside(_ tokens: ArraySlice<SQLToken>) -> Bool {
        var before: SQLWord = ""
        for index in tokens.indices where tokens[index].kind == .word {
            let word = tokens[index].word
            let next = index + 1 < tokens.endIndex ? tokens[index + 1] : nil
            if SQLWord.changingFunctions.contains(word), next?.isSymbol("(") ?? false {
                return true
            }
            if pairs.contains(word), changes(word, before, next, tokens[index...]) { return true }
            before = word
        }
        return false
    }

    /// The first words of the pairs.
    private static let pairs: SQLWordSet = [
        "into", "insert", "delete", "update", "for", "lock", "create", "alter", "drop", "truncate",
        "exec", "execute",
    ]

    private static func changes(
        _ word: SQLWord, _ before: SQLWord, _ next: SQLToken?, _ rest: ArraySlice<SQLToken>
    ) -> Bool {
        func isNext(_ words: SQLWordSet) -> Bool {
            next.map { $0.kind == .word && words.contains($0.word) } ?? false
        }
        switch word {
        case "into": return true  // INSERT INTO, SELECT … INTO
        case "insert": return isNext(insertions)
        case "delete": return SQLToken.isWord(next, "from")
        case "update":
            return before != "on" && rest.prefix(16).contains { SQLToken.isWord($0, "set") }
        case "for": return isNext(locks)
        case "lock": return SQLToken.isWord(next, "in") || SQLToken.isWord(next, "table")
        case "create", "alter", "drop": return isNext(definitions)
        case "truncate": return SQLToken.isWord(next, "table")
        case "exec", "execute": return next.map { $0.kind != .symbol } ?? false
        default: return false
        }
    }

    private static let insertions: SQLWordSet = [
        "or", "overwrite", "ignore", "all", "first", "top",
    ]
    /// `for update`, `for no key update` and so on.
    private static let locks: SQLWordSet = ["update", "share", "no", "key"]

    /// The objects whose names follow without a word between; `drop column` is part of an `alter`.
    private static let definitions: SQLWordSet = [
        "database", "function", "index", "materialized", "procedure", "role", "schema", "sequence",
        "table", "temp", "temporary", "trigger", "type", "unique", "user", "view",
    ]
}
