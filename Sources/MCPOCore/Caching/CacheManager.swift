// The caches of a proxy by name: `default`, and those that rules send tools to ("high_frequency").
//
// Names are looked up when the configuration is read; a request holds the handle.
//
// A drop reaches every cache, whether or not it holds, or ever saw, anything of the kind, and gets
// the same epoch in each. So a generation taken from any of them tells the truth about it in all:
//
//     default      epoch 4 ┐ drop group 7  ┌ epoch 5: what was asked at 4 or before, here or there,
//     high_freq.   epoch 2 ┘    ───▶       └ epoch 5  is out of date; what is asked now is not

/// Which cache.
package struct CacheHandle: Hashable, Sendable {
    let number: Int

    /// The cache of everything that no rule sends elsewhere.
    package static let `default` = CacheHandle(number: 0)
}

/// All caches of one proxy.
package struct CacheManager: ~Copyable {
    private static let firstCapacity = 4

    private var caches: UnsafeMutableBufferPointer<SmartCache>
    /// In the order in which they were made; the first is `default`.
    package private(set) var names: [String] = ["default"]
    /// How many there are.
    private var made = 1
    /// Those out of force: empty, and not shown. Flights may still have their handles.
    private var retired: Set<Int> = []

    package init(default settings: CacheSettings) {
        caches = .allocate(capacity: Self.firstCapacity)
        caches.initializeElement(at: 0, to: SmartCache(settings))
    }

    deinit {
        for index in names.indices { caches.deinitializeElement(at: index) }
        caches.deallocate()
    }

    /// Makes a cache; nil if there is one of this name.
    package mutating func create(_ name: String, _ settings: CacheSettings) -> CacheHandle? {
        guard !names.contains(name) else { return nil }
        if names.count == caches.count { grow() }
        caches.initializeElement(at: names.count, to: SmartCache(settings))
        names.append(name)
        made += 1
        alignEpochs()
        return CacheHandle(number: names.count - 1)
    }

    /// Gives a cache other bounds, or makes it; how it orders its entries stays.
    package mutating func set(_ settings: CacheSettings, of name: String) {
        guard let number = names.firstIndex(of: name) else {
            _ = create(name, settings)
            return
        }
        retired.remove(number)
        self[CacheHandle(number: number)].setBounds(
            maxSize: settings.maxSize, maxBytes: settings.maxBytes,
            maxEntryBytes: settings.maxEntryBytes)
    }

    /// Takes out of force all caches but `default` and these. What was asked before is not stored in
    /// them any more, and their memory comes back in the background.
    package mutating func retire(allBut kept: [String]) {
        for number in names.indices.dropFirst()
        where !kept.contains(names[number]) && retired.insert(number).inserted {
            alignEpochs()
            caches[number].dropAll()
        }
    }

    package func handle(named name: String) -> CacheHandle? {
        guard let number = names.firstIndex(of: name), !retired.contains(number) else { return nil }
        return CacheHandle(number: number)
    }

    /// The cache behind a handle of this manager, for use in place.
    package subscript(handle: CacheHandle) -> SmartCache {
        // Not `_read`, for which the compiler (6.3.1) copies the whole of a `SmartCache`.
        @inline(__always) unsafeAddress { UnsafePointer(pointer(handle)) }
        @inline(__always) unsafeMutableAddress { pointer(handle) }
    }

    @inline(__always)
    private func pointer(_ handle: CacheHandle) -> UnsafeMutablePointer<SmartCache> {
        guard let start = caches.baseAddress, handle.number < made else {
            preconditionFailure("a handle of another manager was used")
        }
        return start + handle.number
    }

    /// The figures of all caches in force, in the order of `names`; `place` is a cache's own there,
    /// whatever else is in force.
    package var statistics: [(place: Int, name: String, statistics: CacheStatistics)] {
        names.indices.filter { !retired.contains($0) }.map {
            ($0, names[$0], caches[$0].statistics)
        }
    }

    /// Drops everything.
    package mutating func dropAll() {
        alignEpochs()
        for index in names.indices { caches[index].dropAll() }
    }

    /// Drops what a server answered.
    package mutating func drop(server: Int) {
        alignEpochs()
        for index in names.indices { caches[index].drop(server: server) }
    }

    /// Drops what one tool, or one kind of read or list, answered.
    package mutating func drop(_ group: CacheGroup) {
        alignEpochs()
        for index in names.indices { caches[index].drop(group) }
    }

    /// Drops what was read of one resource.
    package mutating func drop(resource: UInt64) {
        alignEpochs()
        for index in names.indices { caches[index].drop(resource: resource) }
    }

    /// When `tick` has something to do.
    package var nextDeadline: Instant? {
        var soonest: Instant?
        for index in names.indices {
            guard let deadline = caches[index].nextDeadline else { continue }
            soonest = min(soonest ?? .never, deadline)
        }
        return soonest
    }

    /// Does at most `budget` steps of background work, for each cache in turn.
    package mutating func tick(at now: Instant, budget: Int = SmartCache.usualBudget) {
        let share = max(1, budget / names.count)
        for index in names.indices { caches[index].tick(at: now, budget: share) }
    }

    /// Brings every cache to the latest epoch of all: some are dropped from by themselves.
    private mutating func alignEpochs() {
        if made == 1 { return }
        var latest: UInt64 = 0
        for index in names.indices { latest = max(latest, caches[index].generation.epoch) }
        for index in names.indices { caches[index].groups.advance(to: latest) }
    }

    private mutating func grow() {
        let old = caches
        caches = .allocate(capacity: 2 * old.count)
        for index in old.indices {
            caches.initializeElement(at: index, to: old.moveElement(from: index))
        }
        old.deallocate()
    }
}
