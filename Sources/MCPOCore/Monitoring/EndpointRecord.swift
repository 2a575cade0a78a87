// One endpoint's row of the monitor. What counts where is told in `PerformanceMonitor`.

/// What is counted of one endpoint. What a hit needs stands together.
struct EndpointRecord {
    /// How fast the mean of the calls follows them, which is within as many.
    private static let meanMemory = 32

    var total = 0
    var hits = 0
    /// The moving mean of the calls that a server has answered successfully, in nanoseconds.
    var callMean: Int64 = 0
    var savedDuration: Int64 = 0
    var window = DurationWindow()
    var arrivals = ArrivalLog()

    var answered = 0
    var failed = 0
    var cancelled = 0
    var joinedAnswers = 0
    var joined = 0
    /// Hits that did not save a call.
    var unsaved = 0
    /// Hits that came late: they are in the histogram, the others are all in its first bucket.
    var lateHits = 0
    /// The calls that `callMean` is of, up to `meanMemory`.
    var meanCalls = 0
    var inFlight = 0
    var peakInFlight = 0
    /// Of all requests but the cancelled ones, ever, in nanoseconds.
    var totalDuration: Int64 = 0
    /// Those that reached a server for themselves, and came to an end there.
    var calls = DurationWindow()
    var histogram = DurationHistogram()
    /// See `PerformanceMonitor.servers`.
    var server: Int32 = 0
    /// `ended`, and the length of `calls`, when they were last read for alerts.
    var readEnded = 0
    var readCalls = 0

    /// Requests that have ended, ever.
    var ended: Int { answered &+ failed &+ cancelled &+ hits &+ joinedAnswers }

    @inline(__always)
    mutating func begin(_ now: Int64) {
        total &+= 1
        inFlight &+= 1
        if inFlight > peakInFlight { peakInFlight = inFlight }
        arrivals.note(now)
    }

    @inline(__always)
    mutating func end(
        _ duration: Int64, _ outcome: RequestOutcome, _ source: AnswerSource, _ windowSize: Int,
        _ callWindow: Int
    ) {
        precondition(inFlight > 0, "a request ends that has not begun")
        inFlight &-= 1
        switch outcome {
        case .answered: answered &+= 1
        case .failed: failed &+= 1
        case .joined: joinedAnswers &+= 1
        case .hit:
            hits &+= 1
            lateHits &+= 1
        case .cancelled:
            cancelled &+= 1
            return
        }
        totalDuration &+= duration
        histogram.add(duration)
        let mark = DurationMark(nanoseconds: duration, isFailure: outcome == .failed)
        window.add(mark, limit: windowSize)
        switch source {
        case .server:
            calls.add(mark, limit: callWindow)
            if outcome != .failed { noteCall(duration) }
        case .shared: noteShared(duration, outcome)
        case .own: noteOwn(outcome)
        }
    }

    @inline(__always)
    mutating func hit(_ now: Int64, _ windowSize: Int) {
        hit(now, windowSize, saved: callMean)
    }

    @inline(__always)
    mutating func hit(_ now: Int64, _ windowSize: Int, saved: Int64) {
        total &+= 1
        hits &+= 1
        savedDuration &+= saved
        arrivals.note(now)
        window.add(DurationMark(nanoseconds: 0, isFailure: false), limit: windowSize)
    }

    /// What a successful call says of the server.
    @inline(__always)
    private mutating func noteCall(_ duration: Int64) {
        guard meanCalls == Self.meanMemory else { return noteFirstCall(duration) }
        callMean &+= (duration &- callMean) / Int64(Self.meanMemory)  // a shift
    }

    @inline(never)
    private mutating func noteFirstCall(_ duration: Int64) {
        meanCalls &+= 1
        callMean &+= (duration &- callMean) / Int64(meanCalls)
    }

    /// What a request has saved that got an answer for which a server worked before.
    @inline(never)
    private mutating func noteShared(_ duration: Int64, _ outcome: RequestOutcome) {
        guard outcome == .hit || outcome == .joined else { return }
        savedDuration &+= max(0, callMean &- duration)
    }

    mutating func noteOwn(_ outcome: RequestOutcome) {
        if outcome == .hit { unsaved &+= 1 }
    }

    func figures(_ name: [UInt8], _ now: Int64) -> EndpointFigures {
        let second: Int64 = 1_000_000_000
        var figures = EndpointFigures(name: name, total: total)
        figures.answered = answered
        figures.failed = failed
        figures.cancelled = cancelled
        figures.hits = hits
        figures.joined = joined
        figures.joinedAnswers = joinedAnswers
        figures.inFlight = inFlight
        figures.peakInFlight = peakInFlight
        figures.totalDuration = totalDuration
        figures.callDuration = callMean
        figures.savedCalls = max(0, hits + joinedAnswers - unsaved)
        figures.savedDuration = savedDuration
        figures.window = window
        figures.histogram = histogram.counts
        figures.histogram[0] += hits - lateHits
        figures.arrivedInLastSecond = arrivals.count(inLast: second, at: now)
        figures.arrivedInLastFiveSeconds = arrivals.count(inLast: 5 * second, at: now)
        return figures
    }
}
