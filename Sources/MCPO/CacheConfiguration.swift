// What a proxy can be told about its cache: the objects `cache`, `caches` and `dedup` of the
// configuration (SPEC §2), and a server's `tools`.

/// Which entry of a cache goes when there is no room for another.
///
/// The raw values are the names in the configuration (SPEC §5, *Room*).
public enum CacheStrategy: String, CaseIterable, Sendable {
    /// The least recently used goes first. Nothing expires by default; a `ttl` that a rule or the
    /// server gives still holds.
    case lru
    /// Entries expire. The soonest to expire goes first.
    case ttl
    /// Entries expire. The least recently used goes first.
    case lruTTL = "lru_ttl"
    /// Entries expire. Those that nobody asked for again go first, so that one walk through many
    /// keys does not empty the cache.
    case s3FIFO = "s3_fifo"
}

/// Which tools' answers are cached when no rule says so (SPEC §5).
public enum CachePolicy: String, CaseIterable, Sendable {
    /// What only reads, by its annotations and its name, and is not about this moment.
    case smart
    /// What the server itself marks with `readOnlyHint: true`, and is not about this moment.
    case annotated
    /// Everything that is not about this moment. Only for servers without tools that write.
    case all
    /// Nothing; rules of `tools` still hold.
    case off
}

/// The lists of words by which tools' names are judged. The raw values are the keys of
/// `cache.classes`.
public enum WordClass: String, CaseIterable, Sendable {
    /// About this moment (`now`, `random`, `status`): never cached.
    case realtime
    /// Changes with a release (`schema`, `docs`, `version`): cached for an hour.
    case `static`
    /// Reads data (`search`, `list`, `get`): cached for a minute.
    case dynamic
    /// Verbs that change something (`create`, `delete`, `send`).
    case write
    /// Verbs of `write` that are objects behind a verb that reads, as in `get_commit`.
    case noun
    /// Different for each caller (`random`, `uuid`): never shared, also not by merging.
    case unique
}

/// A change of one list of words.
public enum WordList: Equatable, Sendable {
    /// These in addition to those that mcpo comes with.
    case adding([String])
    /// These and no others.
    case only([String])

    var words: [String] {
        switch self {
        case .adding(let words), .only(let words): words
        }
    }
}

extension ProxyConfiguration {
    /// The cache called `default`: what it stores, for how long, and how large it may be.
    public struct Cache: Equatable, Sendable {
        /// Which tools' answers are stored. Default `smart`.
        public var policy = CachePolicy.smart
        /// Entries at most. Default 1000; from 1 to 10,000,000.
        public var maxSize = 1000
        /// Bytes at most, everything counted: keys, answers, bookkeeping. Default 64 MiB; from
        /// 64 KiB to 1 TiB.
        public var maxBytes = 64 << 20
        /// The cost of one entry at most, in bytes; a larger answer is passed on and not stored.
        /// nil (the default) is an eighth of `maxBytes`; else from 1 KiB to `maxBytes`.
        public var maxEntryBytes: Int?
        /// How long an answer is used when nothing says it better: a rule, the server, the class of
        /// the tool's name. Default 300 s; more than 0.
        public var defaultTTL = Duration.seconds(300)
        /// Who makes room. Default `lru_ttl`.
        public var strategy = CacheStrategy.lruTTL
        /// Whether an answer from the cache says so in `_meta["mcpo/cache"]`. Default true.
        public var annotate = true
        /// How long after its time an answer may still be given while a new one is fetched, as in
        /// RFC 5861. nil (the default) is 1 h for lists and 0 for everything else; not negative.
        public var staleWhileRevalidate: Duration?
        /// How long after its time an answer may still be given when the server fails. nil (the
        /// default) is 1 h for lists and 0 for everything else; not negative.
        public var staleIfError: Duration?
        /// Changes to the lists of words. Default none; a word is letters without a gap.
        public var classes: [WordClass: WordList] = [:]

        public init() {}
    }

    /// A cache that rules send tools to by its name, so that they do not push out others' answers.
    /// What is nil is as in `cache`.
    public struct NamedCache: Equatable, Sendable {
        /// Entries at most, from 1 to 10,000,000.
        public var maxSize: Int?
        /// Bytes at most, from 64 KiB to 1 TiB. It is room besides that of `cache`.
        public var maxBytes: Int?
        /// Bytes of one entry at most, from 1 KiB to `maxBytes`.
        public var maxEntryBytes: Int?
        /// More than 0.
        public var defaultTTL: Duration?
        /// Who makes room.
        public var strategy: CacheStrategy?

        public init(
            maxSize: Int? = nil, maxBytes: Int? = nil, maxEntryBytes: Int? = nil,
            defaultTTL: Duration? = nil, strategy: CacheStrategy? = nil
        ) {
            self.maxSize = maxSize
            self.maxBytes = maxBytes
            self.maxEntryBytes = maxEntryBytes
            self.defaultTTL = defaultTTL
            self.strategy = strategy
        }
    }

    /// Whether the same request of several clients runs once (SPEC §6).
    public struct Dedup: Equatable, Sendable {
        /// How old a request under way may be for another to wait for its answer. Default 60 s; not
        /// negative. nil or 0 merges nothing.
        public var ttl: Duration? = .seconds(60)

        public init() {}
    }
}

extension ServerConfiguration {
    /// What holds of a tool, or of the tools that a pattern matches. What is nil was not said.
    ///
    ///     server.tools["search_*"] = .init(ttl: .seconds(600))
    ///     server.tools["create_issue"] = .init(cache: .no, invalidates: ["search_*"])
    public struct ToolRule: Equatable, Sendable {
        /// Whether answers are stored, and where.
        public enum Storing: Equatable, Sendable {
            /// They are not.
            case no
            /// In the cache called `default`.
            case yes
            /// In one of `ProxyConfiguration.caches`.
            case named(String)
        }

        /// nil, with a `ttl`, stores as well, unless the pattern is a glob and the tool is known to
        /// write or is about this moment. A call with SQL that changes something is never stored.
        public var cache: Storing?
        /// How long an answer is used; not negative. 0 is `cache: .no`.
        public var ttl: Duration?
        /// Which tools' and resources' stored answers go when this one is called: names, URIs and
        /// globs. Makes the tool one that writes, unless empty. nil: all of the server's if the tool
        /// writes.
        public var invalidates: [String]?
        /// Whether a call may be sent again though it writes. nil: as the server annotates it.
        public var isIdempotent: Bool?
        /// As in `ProxyConfiguration.Cache`.
        public var staleWhileRevalidate: Duration?
        /// As in `ProxyConfiguration.Cache`.
        public var staleIfError: Duration?
        /// Calls of a tool that the rule is for under way at once, from 1 to 100,000; nil is no limit
        /// besides the server's.
        public var maxConcurrent: Int?
        /// As `ProxyConfiguration.timeout`, for these tools; more than 0.
        public var timeout: Duration?
        /// Whether clients see and can call it. Default false: they do.
        public var isHidden = false
        /// What clients call the tool, whatever `naming` says: 1 to 64 letters, digits, `.`, `_` and
        /// `-`. Only in a rule for one tool, and no two tools have the same.
        public var exposedName: String?

        public init(
            cache: Storing? = nil, ttl: Duration? = nil, invalidates: [String]? = nil,
            isIdempotent: Bool? = nil, staleWhileRevalidate: Duration? = nil,
            staleIfError: Duration? = nil, maxConcurrent: Int? = nil, timeout: Duration? = nil,
            isHidden: Bool = false, exposedName: String? = nil
        ) {
            self.cache = cache
            self.ttl = ttl
            self.invalidates = invalidates
            self.isIdempotent = isIdempotent
            self.staleWhileRevalidate = staleWhileRevalidate
            self.staleIfError = staleIfError
            self.maxConcurrent = maxConcurrent
            self.timeout = timeout
            self.isHidden = isHidden
            self.exposedName = exposedName
        }
    }
}
