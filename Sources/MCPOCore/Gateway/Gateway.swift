// What mcpo keeps to serve several servers as one: what each has said of itself and what it lists,
// by which names the client knows that, and requests that wait for it.
//
//     server up ─▶ greeting ─▶ its lists ─▶ names, routes ─▶ the client's lists, calls, reads
//                                 ▲                │
//         list_changed, time over ┘                └▶ list_changed to the client, gathered
//
// A server that is not up in time has no part in the first answers; what it lists comes later, with
// `list_changed`. One that is away keeps its last known lists.

/// What mcpo knows of one list of one server.
struct ListState {
    var list: EntryList
    /// The number of mcpo's own request for a page under way; 0 when there is none.
    var flight: UInt32 = 0
    /// Whether anybody wants the list: it is asked for when it can be, and again when it changes.
    var isWanted: Bool
    /// Whether it is to be asked for.
    var isDue = false
    /// Whether the server has none, or will not tell it; it is empty then.
    var isAbsent = false
    /// Until then the client's requests wait for it.
    var waitUntil = Instant.never
    /// How often it was asked for in a row, without a pause, and when first.
    var timesAsked = 0
    var askedSince = Instant(nanoseconds: 0)
    /// When it is asked for again, if it was too often to do so at once.
    var askAt = Instant.never
    var readAt = Instant(nanoseconds: 0)
    var freshUntil = Instant.never
    /// The fingerprint of what the names are made of.
    var lastTold: UInt64?

    init(_ kind: EntryList.Kind) {
        list = EntryList(kind)
        isWanted = kind == .tools
    }

    /// Whether there is nothing to wait for.
    var isReady: Bool { list.isKnown || isAbsent }

    /// A server that says with each answer that its list has changed is not asked without end: after
    /// so many questions within `askingPause` there is a pause of as much.
    private static let mostQuestions = 5
    private static let askingPause = Duration.seconds(1)

    /// Whether the list may be asked for now; if not, `askAt` tells when.
    mutating func mayAsk(at now: Instant) -> Bool {
        let end = askedSince.advanced(by: Self.askingPause)
        if now >= end { (timesAsked, askedSince) = (0, now) }
        guard timesAsked < Self.mostQuestions else {
            askAt = end
            return false
        }
        timesAsked += 1
        askAt = .never
        return true
    }
}

/// What mcpo knows of one server as a part of the whole.
struct GatewayPart {
    /// The result of its own `initialize` or `server/discover`; nil until it has come.
    var greeting: [UInt8]?
    var greetedAt = Instant(nanoseconds: 0)
    var lists = EntryList.Kind.allCases.map { ListState($0) }
    /// How often its process was lost before it had told what it is.
    var losses = 0
    /// Until then a legacy server may answer `server/discover`; then it gets `initialize`.
    var probeUntil = Instant.never
    /// Whether its process was asked what it is, and has not answered.
    var isProbed = false
    /// Until then the client's first requests wait for it.
    var startUntil = Instant.never
    /// mcpo's own subscription on a modern server: its connection and number.
    var listen: (connection: ConnectionID, number: UInt32)?
    /// The connection whose server has acknowledged a subscription of mcpo's own.
    var heard = ConnectionID.none
    /// The resources that it is about, decoded URIs; with a legacy server, those subscribed to.
    var listenedTo: [[UInt8]] = []

    /// Of those, what a legacy server has not answered yet, by the number of the request.
    var watching: [(number: UInt32, uri: [UInt8])] = []

    subscript(kind: EntryList.Kind) -> ListState {
        get { lists[Int(kind.rawValue)] }
        _modify { yield &lists[Int(kind.rawValue)] }
    }

    /// Losses after which nobody waits for it: it does not just need a second start.
    static let lossesToGiveUp = 3

    /// Whether there is no point in waiting for it.
    var isSettled: Bool { greeting != nil || losses >= Self.lossesToGiveUp }

    /// The end of a time to wait that is over, and that nothing is due for any more.
    private static let past = Instant(nanoseconds: .min)

    /// When a wait of the client's requests for this server ends next.
    var waitsUntil: Instant {
        // Also of one that is settled: while none is there the client waits for all of them.
        var next = greeting != nil || startUntil == Self.past ? .never : startUntil
        for list in lists where !list.isReady && list.isWanted && list.waitUntil != Self.past {
            next = min(next, list.waitUntil)
        }
        return next
    }

    /// Takes note that the waits up to now are over.
    mutating func endWaits(at now: Instant) {
        if startUntil <= now { startUntil = Self.past }
        for place in lists.indices where lists[place].waitUntil <= now {
            lists[place].waitUntil = Self.past
        }
    }
}

/// What the client, a modern one, listens to through one of its subscriptions.
struct Listener {
    var index: ExchangeIndex
    var arrival: UInt64
    var kinds: Set<EntryList.Kind>
    /// The decoded URIs.
    var resources: [[UInt8]]
}

/// The state of a proxy in front of several servers.
struct Gateway {
    var settings: GatewaySettings
    var parts: [GatewayPart] = []
    var tools = ExposedNames([], .verbatim)
    var prompts = ExposedNames([], .verbatim)
    var routes = ResourceRoutes(ExposedNames([], .verbatim), ExposedNames([], .verbatim), [])
    /// By tool of `tools`: its place in the catalog of its server, by server and entry.
    var toolPlaces: [[Int32]] = []
    /// Requests that wait for servers and their lists.
    var parked: [(index: ExchangeIndex, arrival: UInt64)] = []
    /// When the first of them stops to wait for lists.
    var parkedUntil = Instant.never
    /// Whether something they may wait for has come.
    var isNewsThere = false
    var listeners: [Listener] = []
    /// What a legacy client watches on modern servers: decoded URIs.
    var watched: [[UInt8]] = []
    /// The lists that the client has been shown, or listens to.
    var shown: Set<EntryList.Kind> = []
    /// Lists that have changed and of which the client has not been told, and when it will be.
    var changed: Set<EntryList.Kind> = []
    var tellAt = Instant.never
    /// What the client has said of itself: its `initialize`, or the `_meta` of its first request.
    var hello: ClientHello?
    /// What a modern server is told in a legacy client's name.
    var meta: ModernMeta?
    /// The last `logging/setLevel` of the client.
    var logLevel: [UInt8] = []
    /// Warnings that were given: names of clashes.
    var warned: Set<String> = []

    init(_ settings: GatewaySettings?) {
        self.settings = settings ?? GatewaySettings(version: "")
    }

    /// When something is due.
    /// - Parameter order: the servers in force.
    func deadline(of order: [ServerIndex]) -> Instant {
        var next = tellAt
        for server in order {
            next = min(next, parts[server].probeUntil)
            for list in parts[server].lists { next = min(next, list.askAt) }
        }
        if parked.isEmpty { return next }
        for server in order { next = min(next, parts[server].waitsUntil) }
        return min(next, parkedUntil)
    }
}

/// What a client has said of itself.
struct ClientHello {
    var era: Era
    /// The lexeme of the revision that it has asked for.
    var revision: [UInt8]
    /// JSON objects; empty for none.
    var info: [UInt8]
    var capabilities: [UInt8]
}

extension EntryList.Kind {
    /// The request that tells the list.
    var method: Method {
        switch self {
        case .tools: .listTools
        case .prompts: .listPrompts
        case .resources: .listResources
        case .templates: .listResourceTemplates
        }
    }

    /// The capability of a server that has such a list.
    var capability: StaticString {
        switch self {
        case .tools: "tools"
        case .prompts: "prompts"
        case .resources, .templates: "resources"
        }
    }

    /// The notification that such a list has changed.
    var changedNotice: StaticString {
        switch self {
        case .tools: "notifications/tools/list_changed"
        case .prompts: "notifications/prompts/list_changed"
        case .resources, .templates: "notifications/resources/list_changed"
        }
    }

    init?(listedBy method: Method) {
        guard let kind = Self.allCases.first(where: { $0.method == method }) else { return nil }
        self = kind
    }
}
