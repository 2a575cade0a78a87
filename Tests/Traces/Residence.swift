// What the process has in memory after many unique keys went through a small cache.

import Foundation
import MCPOCore

/// Stores half a million answers of 100 bytes to 4 KB in 64 MiB and prints what that took above the
/// `idle` bytes that the process had at its start.
func reportResidence(_ strategy: CacheStrategy, idle: Int) {
    let bound = 64 << 20
    var cache = SmartCache(
        CacheSettings(maxSize: 1_000_000, maxBytes: bound, strategy: strategy))
    var generator = SeededGenerator(seed: 11)
    var most = 0
    for number in 0..<500_000 {
        let size = 100 + Int(generator.next() % 3900)
        let payload = [UInt8](repeating: 0x61, count: size)
        let lifetime = CacheLifetime(fresh: 300_000_000_000, isDefault: true)
        let terms = CacheTerms(group: CacheGroup(server: 0, number: 0), lifetime: lifetime)
        let key = traceKey(number)
        _ = cache.store(
            key.bytes.span.bytes, hash: key.hash, payload.span.bytes, terms,
            at: Instant(nanoseconds: Int64(number) * 1_000_000))
        if number % 1000 == 0 { most = max(most, residentBytes()) }
    }
    let stated = Double(cache.statistics.memoryBytes) / Double(bound) * 100
    let over = (Double(most - idle) / Double(bound) - 1) * 100
    let figures = String(format: "%.1f | %+.1f", stated, over)
    print("| \(strategy.rawValue) | \(cache.statistics.currentSize) | \(figures) |")
}

/// What the process has in memory (Linux).
func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(getpagesize())
}
