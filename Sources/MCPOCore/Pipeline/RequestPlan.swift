// What the policy has decided on one request, and where its answer would be stored: made once when
// the request comes, plain data, and handed from stage to stage.

/// The way of one request through the stages.
struct RequestPlan {
    var server = 0
    var method: Method
    var era: Era
    /// What is measured; nil for a subscription, which has no end of its own.
    var endpoint: EndpointID?
    var call: CallDecision
    /// Whether the request has a key; its bytes are those that `CacheStage.lastKey` has.
    var hasKey = false
    var hash: UInt64 = 0
    var cache = CacheHandle.default
    var group: CacheGroup
    var resource: UInt64 = 0
    /// In front of several servers: what is rewritten for this one.
    var target: GatewayTarget?
    /// How long it may take, in nanoseconds, by its tool's own rule.
    var timeout: Int64?
    /// Whether it asks for a page after the first.
    var hasCursor = false
    /// Whether the request may wait for the answer to an equal one, and others for its answer.
    var isShareable = false

    init(_ method: Method, _ era: Era, _ place: CachePart.Place?, _ call: CallDecision) {
        self.method = method
        self.era = era
        endpoint = place?.endpoint
        self.call = call
        group = place?.group ?? CacheGroup(server: 0, number: 0)
    }

    /// The plan of a proxy that only forwards.
    init(forwarding method: Method, to server: ServerIndex) {
        let decision = CacheDecision(line: .policyOff, effect: .readOnly)
        self.init(
            method, .legacy, nil,
            CallDecision(
                tool: decision, looksUp: false, stores: false, joinsEarlierFlights: false))
        self.server = server
    }

    /// Whether the request is sent as it is, and its answer means nothing for anybody else.
    var isForwarded: Bool { !mayWrite && !needsTerms }

    /// Whether what is stored of the server must go when this is sent and when it is answered.
    var mayWrite: Bool { call.tool.mayWrite }

    /// Whether its answer is of use to anybody but its caller.
    var needsTerms: Bool { hasKey && (call.stores || isShareable) }
}
