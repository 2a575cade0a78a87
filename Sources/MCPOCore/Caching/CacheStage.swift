// What the pipeline asks about caching and sharing: the policies, the keys, the caches, the flights
// that may be joined, and what is measured.
//
//     request ─▶ plan ─▶ lookup ─▶ leader ─▶ (sent) ─▶ answer ─▶ store
//                          hit       join       noteWrite            noteWrite
//
// Freshness (SPEC §5, Invalidation) rests on three rules:
//   1. What may write drops the server's stored answers when it is sent and when it is answered.
//   2. An answer whose request was sent before such a drop is delivered and not stored, and nobody
//      joins a flight from before it.
//   3. A write that nobody waits for any more (cancelled, timed out) may still happen. Until it is
//      answered after all, its process ends, or the time for a call is over, nothing is stored and
//      nothing shared.

/// Caching and sharing for all servers.
package struct CacheStage: ~Copyable {
    private(set) var settings: CachingSettings
    /// False for a proxy without any of it: everything is forwarded, nothing is measured.
    let isOn: Bool
    var caches: CacheManager
    /// By server.
    var parts = GrowingTable<CachePart>()
    private var groupCount = 0
    /// The key that was made last.
    var lastKey = KeptBytes()
    var flights = RequestDeduplicator()
    var familiar = FamiliarLines()
    var monitor: PerformanceMonitor
    private(set) var dedupTTL: Int64
    /// `settings.hasMetricsTool`, out of settings that are large and copied where one is optional.
    private(set) var hasMetricsTool: Bool
    package private(set) var unknownDirectives = 0

    init(_ settings: CachingSettings?) {
        isOn = settings != nil
        hasMetricsTool = settings?.hasMetricsTool ?? false
        let settings = settings ?? .off
        self.settings = settings
        caches = CacheManager(default: settings.cache)
        for cache in settings.namedCaches { _ = caches.create(cache.name, cache.settings) }
        monitor = PerformanceMonitor(windowSize: settings.monitorWindow)
        dedupTTL = settings.dedupTTL?.wholeNanoseconds ?? 0
    }

    /// A server comes in.
    /// - Parameters:
    ///   - place: its number: the next one, or that of a server that has gone.
    ///   - name: what its tools are measured under.
    ///   - isAlone: whether there can be no other one, so that methods are its own as well.
    mutating func addServer(
        _ policy: CachePolicy, at place: ServerIndex, identity: [UInt8], name: String,
        isAlone: Bool
    ) {
        let label = monitor.serverLabel(name)
        if place == parts.count {
            let groups = [makeGroup(place)]
            parts.append(
                CachePart(
                    policy, identity: identity, label: label, ownsMethods: isAlone,
                    groups: groups, settings, caches))
        } else {
            caches.drop(server: place)
            let groups = parts[place].groups + parts[place].spareGroups
            parts[place] = CachePart(
                policy, identity: identity, label: label, ownsMethods: isAlone, groups: groups,
                settings, caches)
        }
    }

    /// Takes other settings over, but for the policies of servers.
    mutating func set(_ new: CachingSettings) {
        settings = new
        dedupTTL = new.dedupTTL?.wholeNanoseconds ?? 0
        hasMetricsTool = new.hasMetricsTool
        caches.set(new.cache, of: "default")
        for cache in new.namedCaches { caches.set(cache.settings, of: cache.name) }
        caches.retire(allBut: new.namedCaches.map(\.name))
        monitor.resizeWindow(to: new.monitorWindow)
        familiar.forget()
    }

    /// Takes another policy of a server over.
    /// - Returns: whether it is another one.
    mutating func setPolicy(_ policy: CachePolicy, of server: ServerIndex) -> Bool {
        parts[server].setTimes(settings)
        if parts[server].policy == policy { return false }
        parts[server].setPolicy(policy, settings, caches)
        flights.forbidStoring(of: server)
        familiar.forget()
        return true
    }

    private mutating func makeGroup(_ server: ServerIndex) -> CacheGroup {
        defer { groupCount += 1 }
        return CacheGroup(server: server, number: groupCount)
    }

    /// Whether answers may be stored or shared at all, so that the server's tools matter.
    func needsCatalog(_ server: ServerIndex) -> Bool {
        isOn
            && (settings.needsTools || parts[server].policy.mode != .off
                || settings.dedupTTL != nil)
    }
}

// MARK: - The plan

extension CacheStage {
    /// Decides on a request and makes its key.
    ///
    /// - Parameters:
    ///   - tool: the place of the tool in the server's catalog, where it was looked up already.
    ///   - isWatched: of `resources/read`, whether a subscription tells of changes.
    mutating func plan(
        _ server: ServerIndex, _ line: RawSpan, _ envelope: Envelope, _ method: Method,
        tool: Int? = nil, isWatched: Bool, at now: Instant
    ) -> RequestPlan {
        let era = envelope.metaProtocolVersion.isPresent ? Era.modern : .legacy
        let meta =
            RequestMeta(line, method.hasStorableAnswer ? envelope.meta : .absent)
        let directive = CacheDirective(line, meta)
        var plan: RequestPlan
        if method == .callTool {
            let (decision, place) = self.tool(server, envelope.name, line, tool)
            // (The policy is only looked at where it has a say: that costs more than all the rest.)
            let call =
                decision.becomesWrite(line, envelope.arguments)
                ? parts[server].policy.decide(
                    decision, line, arguments: envelope.arguments, directive)
                : decision.narrowed(by: directive)
            plan = RequestPlan(method, era, place, call)
        } else {
            let decision = parts[server].tables.decision(method, era, isWatched: isWatched)
            let place =
                method == .unknown
                ? place(server, of: envelope.method, line, .unlisted)
                : place(server, of: method)
            plan = RequestPlan(
                method, era, place, decision.narrowed(by: directive))
        }
        if method == .listen { plan.endpoint = nil }
        let rule = plan.call.tool.rule
        if rule >= 0 { plan.timeout = parts[server].tables.ruleTimeouts[Int(rule)] }
        plan.server = server
        if plan.call.hasUnknownDirective { unknownDirectives += 1 }
        choosePlace(&plan, line, envelope, meta, at: now)
        return plan
    }

    /// Where the answer would be stored, and who may share it.
    private mutating func choosePlace(
        _ plan: inout RequestPlan, _ line: RawSpan, _ envelope: Envelope, _ meta: RequestMeta,
        at now: Instant
    ) {
        let mayShare = dedupTTL > 0 && plan.call.tool.isMergeable
        guard plan.call.looksUp || plan.call.stores || mayShare else { return }
        do throws(NoKeyReason) {
            plan.hash = try parts[plan.server].keys.make(
                line, envelope, plan.method, plan.era, meta, into: &lastKey)
        } catch {
            plan.call.looksUp = false
            plan.call.stores = false
            return
        }
        plan.hasKey = true
        plan.hasCursor = envelope.cursor.isPresent
        let rule = plan.call.tool.rule
        if rule >= 0 { plan.cache = parts[plan.server].tables.ruleCaches[Int(rule)] }
        if plan.method == .readResource { plan.resource = resource(envelope.uri, line) }
        if parts[plan.server].isSafe(at: now) {
            plan.isShareable = mayShare
        } else {
            plan.call.stores = false
        }
    }

    /// What was decided on a tool, and where it is measured.
    private mutating func tool(
        _ server: ServerIndex, _ name: JSONValue, _ line: RawSpan, _ known: Int?
    ) -> (CacheDecision, CachePart.Place) {
        guard let number = known ?? parts[server].catalog.tools.knownPlace(line, name) else {
            let decision = parts[server].catalog.tools.decision(line, name, parts[server].policy)
            let isKnown = parts[server].catalog.tools.isKnown
            return (decision, place(server, of: name, line, isKnown ? .unlisted : .unproven))
        }
        if parts[server].toolEdition != parts[server].catalog.tools.edition {
            parts[server].toolEdition = parts[server].catalog.tools.edition
            let count = parts[server].catalog.tools.tools.count
            parts[server].toolPlaces = Array(repeating: nil, count: count)
        }
        let decision = parts[server].catalog.tools.tools[number].decision
        if let found = parts[server].toolPlaces[number] { return (decision, found) }
        let own = Array(parts[server].catalog.tools.tools[number].name.utf8)
        let found = withDecoded(name, line) {
            $0.place(server, named: own.span.bytes, shown: $1, .listed)
        }
        parts[server].toolPlaces[number] = found
        return (decision, found)
    }

    /// The place of a name that is a string of the line.
    private mutating func place(
        _ server: ServerIndex, of name: JSONValue, _ line: RawSpan, _ standing: NameStanding
    ) -> CachePart.Place {
        guard name.kind == .string else {
            return CachePart.Place(endpoint: .other, group: parts[server].groups[0])
        }
        return withDecoded(name, line) { $0.place(server, named: $1, shown: $1, standing) }
    }

    private mutating func withDecoded(
        _ name: JSONValue, _ line: RawSpan,
        _ body: (inout CacheStage, RawSpan) -> CachePart.Place
    ) -> CachePart.Place {
        let inner = line.extracting(Int(name.range.lower) + 1..<Int(name.range.upper) - 1)
        if inner.withUnsafeBytes({ $0.contains(UInt8(ascii: "\\")) }) {
            var bytes: [UInt8] = []
            decodeJSONString(line, name.range, into: &bytes)
            return body(&self, bytes.span.bytes)
        }
        return body(&self, inner)
    }

    mutating func place(_ server: ServerIndex, of method: Method) -> CachePart.Place {
        if let known = parts[server].methodPlaces[Int(method.rawValue)] { return known }
        let name = method.name.withUTF8Buffer { Array($0) }
        let label = parts[server].ownsMethods ? parts[server].label : 0
        let place = CachePart.Place(
            endpoint: monitor.endpoint(name.span.bytes, server: label),
            group: group(server, named: name.span.bytes))
        parts[server].methodPlaces[Int(method.rawValue)] = place
        return place
    }

    /// - Parameters:
    ///   - name: what the server calls it, and rules.
    ///   - shown: what the client calls it, and the metrics.
    private mutating func place(
        _ server: ServerIndex, named name: RawSpan, shown: RawSpan, _ standing: NameStanding
    ) -> CachePart.Place {
        CachePart.Place(
            endpoint: monitor.endpoint(shown, standing, server: parts[server].label),
            group: group(server, named: name))
    }

    private mutating func group(_ server: ServerIndex, named name: RawSpan) -> CacheGroup {
        if let known = parts[server].groupNames.place(of: name) {
            return parts[server].groups[known]
        }
        guard name.byteCount <= PerformanceMonitor.longestName, parts[server].groupNames.hasRoom
        else { return parts[server].groups[0] }
        let group = parts[server].spareGroups.popLast() ?? makeGroup(server)
        parts[server].groupNames.add(name)
        parts[server].groups.append(group)
        return group
    }

    /// The hash that stored reads of a URI are dropped by.
    func resource(_ uri: JSONValue, _ line: RawSpan) -> UInt64 {
        guard uri.kind == .string else { return 0 }
        var bytes: [UInt8] = []
        decodeJSONString(line, uri.range, into: &bytes)
        return max(1, ByteHash.hash(bytes))
    }
}
