// The words of SQL that `SQLStatement` knows, and what makes each of them a statement.
//
// Any text of a person may begin with "update", "drop" or "call". What decides is what follows: an
// `update` has a `set`, a `drop` an object to drop. Where that is not sharp, it errs towards SQL: a
// mistake costs a cache hit, the other one would cost a write.

/// A word in lower case, up to 16 letters of it as one number; longer ones are `.long`.
struct SQLWord: Hashable, ExpressibleByStringLiteral, Sendable {
    private let bits: UInt128

    static let capacity = 16
    /// Any word that is longer than those that are known.
    static let long = SQLWord(bits: .max)

    init(stringLiteral text: StaticString) {
        var bits: UInt128 = 0
        for index in 0..<text.utf8CodeUnitCount {
            bits = bits &<< 8 | UInt128(text.utf8Start[index])
        }
        self.bits = bits
    }

    private init(bits: UInt128) { self.bits = bits }

    /// The word from `lower` to `upper`.
    init(_ bytes: RawSpan, _ lower: Int, _ upper: Int) {
        guard upper &- lower <= Self.capacity else {
            self = .long
            return
        }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for offset in lower..<upper {
            let byte = bytes.byte(offset)
            high = high &<< 8 | low &>> 56
            low = low &<< 8 | UInt64(byte &- 0x41 < 26 ? byte | 0x20 : byte)
        }
        bits = UInt128(high) &<< 64 | UInt128(low)
    }

    /// A number below 1024 that is different for most words.
    fileprivate var place: Int {
        let folded = UInt64(truncatingIfNeeded: bits) ^ UInt64(truncatingIfNeeded: bits &>> 64)
        return Int((folded &* 0x9e37_79b9_7f4a_7c15) &>> 54)
    }

    /// The letters.
    var text: [UInt8] {
        (0..<Self.capacity).reversed()
            .map { UInt8(truncatingIfNeeded: bits &>> UInt128(8 * $0)) }
            .filter { $0 != 0 }
    }
}

/// A set of words that says no at once to most that are not in it.
struct SQLWordSet: ExpressibleByArrayLiteral, Sendable {
    let words: Set<SQLWord>
    /// One bit for each word, where its `place` says; 1024 bits for at most a hundred words.
    private let filter: [UInt64]

    init(arrayLiteral words: SQLWord...) {
        self.init(Set(words))
    }

    init(_ words: Set<SQLWord>) {
        self.words = words
        var filter = [UInt64](repeating: 0, count: 16)
        for word in words { filter[word.place >> 6] |= 1 << UInt64(word.place & 63) }
        self.filter = filter
    }

    func contains(_ word: SQLWord) -> Bool {
        filter[word.place &>> 6] &>> UInt64(word.place & 63) & 1 != 0 && words.contains(word)
    }
}

/// What has to follow the first word of a statement for it to change something. Any one will do.
enum SQLDemand {
    /// Nothing.
    case always
    /// One of these is the next word.
    case next(SQLWordSet)
    /// One of these comes somewhere in the statement.
    case later(SQLWordSet)
    /// The statement has at most this many tokens, the first word included.
    case short(Int)
    /// This punctuation is next.
    case nextSymbol(Unicode.Scalar)
    /// This punctuation comes somewhere in the statement.
    case laterSymbol(Unicode.Scalar)
    /// A quoted string is next.
    case nextQuoted
    case nextNumber
    /// A name and then `(` or the end: `call refresh()`.
    case invocation
}

extension SQLWord {
    /// Statements that change data, definitions, rights, the session or the transaction.
    static let changing: [SQLWord: [SQLDemand]] = [
        // Data
        "insert": [
            .later(["into", "values", "select", "set", "overwrite", "default"])
        ],
        "upsert": [.later(["into", "values", "select", "set"])],
        "replace": [.later(["into", "values", "select", "set"])],
        "update": [.later(["set"]), .next(["statistics"])],
        "delete": [.later(["from", "where"]), .short(2)],
        "merge": [.later(["when"]), .nextSymbol("(")],
        "truncate": [.next(["table"]), .short(5)],
        "copy": [.later(["from", "to", "into"])],
        "load": [.next(["data", "xml", "index"]), .nextQuoted],
        "bulk": [.next(["insert"])],
        "import": [.next(["foreign", "table", "database", "into", "data"])],
        "export": [.next(["database", "data"])],
        "unload": [.later(["to"])],
        "refresh": [.next(["materialized", "table", "view"])],
        // Definitions
        "create": [.next(objects), .nextSymbol("(")],
        "alter": [.next(objects)],
        "drop": [.next(objects)],
        "undrop": [.next(objects)],
        "rename": [.next(objects), .later(["to"])],
        "comment": [.next(["on"])],
        "security": [.next(["label"])],
        "attach": [.next(["database"]), .later(["as"]), .nextQuoted, .short(2)],
        "detach": [.next(["database", "delete"]), .short(2)],
        // Rights
        "grant": [.later(["to"])],
        "revoke": [.later(["from"])],
        "deny": [.later(["to"])],
        "reassign": [.next(["owned"])],
        // Code
        "call": [.invocation, .nextQuoted],
        "exec": [.always],
        "execute": [.always],
        "do": [.nextQuoted, .nextSymbol("$"), .next(["language", "sleep", "release_lock"])],
        "declare": [.nextSymbol("@"), .later(["cursor"])],
        "prepare": [.later(["as", "from", "transaction"])],
        "deallocate": [.short(3)],
        // Upkeep
        "vacuum": [
            .short(2), .nextSymbol("("), .next(["full", "freeze", "verbose", "analyze", "into"]),
        ],
        "reindex": [.short(5)],
        "optimize": [.next(["table", "tables", "local", "no_write_to_binlog"])],
        "repair": [.next(["table", "tables", "local", "no_write_to_binlog"])],
        "checkpoint": [.short(2)],
        "dbcc": [.always],
        "flush": [.next(["tables", "privileges", "logs", "hosts", "status", "binary", "local"])],
        "purge": [.next(["binary", "master", "table", "recyclebin"])],
        "kill": [.next(["query", "connection", "hard", "soft"]), .nextNumber],
        "shutdown": [.short(2)],
        "backup": [.next(["database", "log", "table", "to"])],
        "restore": [.next(["database", "log", "table", "from"])],
        "install": [.next(["plugin", "component", "soname"])],
        "uninstall": [.next(["plugin", "component"])],
        // The session and the transaction: what comes later reads something else.
        "set": [.laterSymbol("="), .later(["to"]), .next(sessionParts)],
        "reset": [
            .next(["all", "role", "session", "search_path", "query", "master", "slave", "replica"])
        ],
        "use": [.short(2)],
        "discard": [.next(["all", "plans", "temp", "temporary", "sequences"])],
        "begin": [.short(1), .next(transactionParts)],
        "start": [.next(["transaction", "slave", "replica", "group_replication"])],
        "stop": [.next(["slave", "replica", "group_replication"])],
        "commit": [.short(1), .next(transactionParts), .later(["chain"])],
        "rollback": [.short(1), .next(transactionParts), .next(["to", "and"])],
        "abort": [.short(1), .next(transactionParts)],
        "end": [.short(1), .next(transactionParts)],
        "savepoint": [.short(2)],
        "release": [.next(["savepoint"])],
        "lock": [.next(["table", "tables", "instance"]), .later(["mode"])],
        "unlock": [.next(["table", "tables", "instance"])],
        "fetch": [.next(["next", "prior", "first", "last", "absolute", "relative", "forward"])],
        "move": [.next(["next", "prior", "first", "last", "absolute", "relative", "forward"])],
        "notify": [.short(4)],
        "handler": [.later(["open", "close"])],
    ]

    /// Statements that read, unless something inside them changes something.
    static let reading: SQLWordSet = [
        "select", "with", "values", "table", "from", "show", "describe", "desc", "match",
        "optional", "unwind", "explain", "pragma",
    ]

    /// What can be created, altered and dropped.
    static let objects: SQLWordSet = [
        "access", "aggregate", "algorithm", "assembly", "cast", "certificate", "clustered",
        "collation", "column", "constraint", "conversion", "database", "default", "definer",
        "dictionary", "domain", "event", "extension", "external", "foreign", "fulltext", "function",
        "global", "group", "if", "index", "keyspace", "language", "large", "local", "login",
        "materialized", "nonclustered", "operator", "or", "package", "partition", "pipe", "policy",
        "procedure", "proc", "publication", "recursive", "resource", "role", "routine", "rule",
        "schema", "secret", "sequence", "server", "spatial", "stage", "statistics", "stream",
        "subscription", "synonym", "system", "table", "tablespace", "task", "temp", "temporary",
        "text", "transform", "transient", "trigger", "type", "undo", "unique", "unlogged", "user",
        "view", "virtual", "volatile", "warehouse", "workload",
    ]

    private static let transactionParts: SQLWordSet = [
        "concurrent", "deferred", "distributed", "exclusive", "immediate", "isolation", "prepared",
        "tran", "transaction", "work",
    ]

    private static let sessionParts: SQLWordSet = [
        "character", "constraints", "global", "local", "names", "nocount", "password", "role",
        "session", "transaction", "identity_insert",
    ]

    /// Functions that change something though they are called in a query.
    static let changingFunctions: SQLWordSet = [
        "dblink", "dblink_exec", "get_lock", "load_extension", "lo_create", "lo_export",
        "lo_from_bytea", "lo_import", "lo_put", "lo_unlink", "nextval", "pg_advisory_lock",
        "pg_cancel_backend", "pg_notify", "pg_reload_conf", "pg_switch_wal", "pg_write_file",
        "release_lock", "set_config", "setval", "writefile", "xp_cmdshell",
    ]

    /// Pragmas of SQLite with an argument that only read.
    static let readingPragmas: SQLWordSet = [
        "collation_list", "compile_options", "database_list", "foreign_key_list", "function_list",
        "index_info", "index_list", "index_xinfo", "integrity_check", "module_list", "pragma_list",
        "quick_check", "table_info", "table_list", "table_xinfo",
    ]

    /// Pragmas of SQLite that act without an argument.
    static let actingPragmas: SQLWordSet = [
        "incremental_vacuum", "optimize", "shrink_memory", "wal_checkpoint",
    ]

    /// The first words of all statements that mcpo knows.
    static let starts = SQLWordSet(reading.words.union(changing.keys))

    static func isKnownStart(_ word: SQLWord) -> Bool { starts.contains(word) }
}
