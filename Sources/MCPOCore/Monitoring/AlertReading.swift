// What the figures say for or against an alert (SPEC §8): one number beside its threshold.
//
//                 over: raise                     back: may be cleared
//     slow        average > threshold             average ≤ 90 % of it
//     failing     success rate < threshold        a tenth of the way from it to 100 % above it
//     cold        hit rate < threshold            likewise
//     anomaly     see `CallShift`
//
// Between the two an alert stays what it is: a figure that sways around its threshold raises one
// alert, not a hundred.

/// The thresholds past which alerts are raised; what is nil raises none.
package struct AlertThresholds: Equatable, Sendable {
    /// An endpoint's average duration above this, in nanoseconds.
    package var averageDuration: Int64?
    /// An endpoint's success rate below this, in percent.
    package var successRate: Double?
    /// A cache's hit rate below this, in percent.
    package var hitRate: Double?

    package init() {}
}

/// What was read of one kind of alert for one endpoint or cache.
package struct AlertReading: Equatable, Sendable {
    /// Requests, or lookups, before anything is said (SPEC §8).
    package static let fewest = 20
    /// Requests that averages and rates are of, at the most: of a larger window the latest ones, so
    /// that reading it costs a microsecond and not a hundred.
    package static let most = 1_000

    package var kind: MetricsAlert.Kind
    package var unit: MetricsAlert.Unit
    /// In seconds or percent.
    package var value: Double
    package var threshold: Double
    package var isOver: Bool
    package var isBack: Bool

    package init(
        _ kind: MetricsAlert.Kind, _ unit: MetricsAlert.Unit, value: Double, threshold: Double,
        isOver: Bool, isBack: Bool
    ) {
        self.kind = kind
        self.unit = unit
        self.value = value
        self.threshold = threshold
        self.isOver = isOver
        self.isBack = isBack
    }

    /// Something that must not be above its threshold, in nanoseconds.
    static func slow(_ average: Int64, threshold: Int64) -> AlertReading {
        AlertReading(
            .slow, .seconds, value: seconds(average), threshold: seconds(threshold),
            isOver: average > threshold, isBack: average <= threshold - threshold / 10)
    }

    /// A percentage that must not be below its threshold.
    static func low(
        _ kind: MetricsAlert.Kind, _ rate: Double, threshold: Double
    ) -> AlertReading {
        AlertReading(
            kind, .percent, value: rate, threshold: threshold, isOver: rate < threshold,
            isBack: rate >= threshold + (100 - threshold) / 10)
    }

    static func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1e9 }
}

/// A cache's lookups not long ago: the hit rate since the start would never recover from a bad hour.
struct RecentLookups: Equatable, Sendable {
    /// The rate is of the last 500 to 1,000 lookups, or of all that there were since the reading
    /// before the last one.
    private static let step = 500

    private struct Mark: Equatable {
        var hits = 0
        var lookups = 0
    }

    private var start = Mark()
    private var middle = Mark()
    private var latest = Mark()

    /// Of a cache that has counted nothing yet.
    init() {}

    /// Of what a cache counts beyond this.
    init(after hits: Int, _ misses: Int) {
        start = Mark(hits: hits, lookups: hits + misses)
        (middle, latest) = (start, start)
    }

    /// Takes in what a cache has counted since it was made.
    /// - Returns: the hit rate in percent; nil when there were no lookups since the last time, or
    ///   too few in all.
    mutating func note(hits: Int, misses: Int) -> Double? {
        let now = Mark(hits: hits, lookups: hits + misses)
        if now == latest { return nil }
        latest = now
        if now.lookups - middle.lookups >= Self.step { (start, middle) = (middle, now) }
        let lookups = now.lookups - start.lookups
        guard lookups >= AlertReading.fewest else { return nil }
        return 100 * Double(now.hits - start.hits) / Double(lookups)
    }
}
