// The rules that values of a configuration have in common, and their words.

/// Collects what is wrong.
struct Review {
    var problems: [ConfigurationError] = []

    mutating func expect(_ isFine: Bool, _ path: [String], _ rule: @autoclosure () -> String) {
        if !isFine { problems.append(ConfigurationError(path: path, rule: rule())) }
    }

    mutating func notNegative(_ duration: Duration?, _ path: [String]) {
        expect(duration.map { $0 >= .zero } ?? true, path, "must not be negative")
    }

    mutating func positive(_ duration: Duration, _ path: [String]) {
        expect(duration > .zero, path, "must be more than 0")
    }

    mutating func number(_ number: Int, _ range: ClosedRange<Int>, _ path: [String]) {
        expect(
            range.contains(number), path, "must be from \(range.lowerBound) to \(range.upperBound)")
    }

    /// The system ends strings at a NUL: the server would get something else than was written.
    mutating func noNull(_ texts: [String], _ path: [String]) {
        expect(!texts.contains { $0.utf8.contains(0) }, path, "must have no NUL character")
    }

    mutating func entries(_ count: Int, _ path: [String]) {
        number(count, Bounds.entries, path + ["maxSize"])
    }

    mutating func bytes(_ count: Int, _ path: [String]) {
        expect(
            Bounds.cacheBytes.contains(count), path + ["maxBytes"],
            "must be from 64 KiB to 1 TiB")
    }

    mutating func entryBytes(_ count: Int, of whole: Int, _ path: [String]) {
        expect(
            count >= Bounds.entryBytes.lowerBound && count <= whole, path + ["maxEntryBytes"],
            "must be from 1 KiB to maxBytes, which is \(ByteCount.text(whole))")
    }

    mutating func defaultTTL(_ ttl: Duration, _ path: [String]) {
        expect(
            ttl > .zero, path + ["defaultTTL"],
            "must be more than 0 (what caches nothing is the policy \"off\")")
    }
}
