// The configuration of the cache: defaults, what makes no sense, and what the core gets of it.

import MCPO
import MCPOCore
import Testing

@Suite struct CacheConfigurationTests {
    private func configuration(
        _ change: (inout ProxyConfiguration) -> Void = { _ in }
    ) -> ProxyConfiguration {
        var configuration = ProxyConfiguration(server: ServerConfiguration(command: "server"))
        change(&configuration)
        return configuration
    }

    private func caching(
        _ change: (inout ProxyConfiguration) -> Void = { _ in }
    ) throws -> CachingSettings {
        let configuration = configuration(change)
        try configuration.validate()
        return try #require(configuration.settings.caching)
    }

    @Test func `the defaults are those that are documented`() throws {
        let settings = try caching()
        #expect(settings.policy.mode == .smart)
        #expect(settings.policy.defaultTTL == .seconds(300))
        #expect(settings.cache == CacheSettings(maxSize: 1000, maxBytes: 64 << 20))
        #expect(settings.cache.strategy == .lruTTL)
        #expect(settings.namedCaches.isEmpty)
        #expect(settings.annotates)
        #expect(settings.staleCalls == Staleness())
        #expect(
            settings.staleLists
                == Staleness(whileRevalidate: .seconds(3600), ifError: .seconds(3600)))
        #expect(settings.dedupTTL == .seconds(60))
        #expect(settings.monitorWindow == 1000)
        #expect(settings.hasMetricsTool)
    }

    @Test func `with everything off the core is told nothing`() {
        let off = configuration {
            $0.cache.policy = .off
            $0.dedup.ttl = nil
            $0.metricsTool = false
        }
        #expect(off.settings.caching == nil)
    }

    @Test(
        arguments: [
            { @Sendable in $0.cache.policy = .smart }, { @Sendable in $0.dedup.ttl = .seconds(1) },
            { @Sendable in $0.metricsTool = true },
            { @Sendable in $0.server.tools["report"] = .init(cache: .yes) },
        ] as [@Sendable (inout ProxyConfiguration) -> Void])
    func `one thing that is on is enough`(change: @Sendable (inout ProxyConfiguration) -> Void) {
        let settings = configuration {
            $0.cache.policy = .off
            $0.dedup.ttl = .zero
            $0.metricsTool = false
            change(&$0)
        }
        #expect(settings.settings.caching != nil)
    }

    @Test func `everything reaches the core`() throws {
        let settings = try caching {
            $0.cache.policy = .annotated
            $0.cache.maxSize = 7
            $0.cache.maxBytes = 1 << 20
            $0.cache.maxEntryBytes = 1 << 12
            $0.cache.defaultTTL = .milliseconds(1500)
            $0.cache.strategy = .s3FIFO
            $0.cache.annotate = false
            $0.cache.staleIfError = .seconds(9)
            $0.dedup.ttl = .seconds(5)
            $0.monitor.windowSize = 50
            $0.metricsTool = false
        }
        #expect(settings.policy.mode == .annotated)
        #expect(settings.policy.defaultTTL == .milliseconds(1500))
        #expect(
            settings.cache
                == CacheSettings(
                    maxSize: 7, maxBytes: 1 << 20, maxEntryBytes: 1 << 12, strategy: .s3FIFO))
        #expect(!settings.annotates && !settings.hasMetricsTool)
        #expect(settings.staleCalls == Staleness(ifError: .seconds(9)))
        #expect(
            settings.staleLists == Staleness(whileRevalidate: .seconds(3600), ifError: .seconds(9)))
        #expect(settings.dedupTTL == .seconds(5))
        #expect(settings.monitorWindow == 50)
    }

    @Test func `a named cache has what it says, and the rest of the default one`() throws {
        let settings = try caching {
            $0.cache.maxBytes = 1 << 20
            $0.cache.strategy = .ttl
            $0.caches = [
                "slow": .init(strategy: .lru),
                "fast": .init(maxSize: 5000, defaultTTL: .seconds(60)),
            ]
        }
        #expect(
            settings.namedCaches == [
                NamedCacheSettings(
                    name: "fast",
                    settings: CacheSettings(maxSize: 5000, maxBytes: 1 << 20, strategy: .ttl),
                    defaultTTL: .seconds(60)),
                NamedCacheSettings(
                    name: "slow",
                    settings: CacheSettings(maxSize: 1000, maxBytes: 1 << 20, strategy: .lru)),
            ])
        #expect(settings.policy.namedCacheTTLs == ["fast": .seconds(60)])
    }

    @Test func `rules decide by exact name before glob, whatever their order`() throws {
        let policy = try caching {
            $0.caches = ["fast": .init()]
            $0.server.tools = [
                "*_issue": .init(cache: .no, invalidates: ["search_*"]),
                "get_issue": .init(ttl: .seconds(600)),
                "report": .init(cache: .named("fast")),
                "plan": .init(cache: .named("default")),
            ]
        }.policy
        let issue = policy.judge("get_issue", ToolAnnotations()).decision
        #expect(issue.isCacheable && issue.ttl == 600_000_000_000 && issue.line == .rule)
        let created = policy.judge("create_issue", ToolAnnotations()).decision
        #expect(!created.isCacheable && created.effect == .write)
        #expect(policy.rule(of: created)?.drops("search_code") == true)
        #expect(policy.rule(of: created)?.drops("get_issue") == false)
        #expect(policy.cacheName(of: policy.judge("report", ToolAnnotations()).decision) == "fast")
        #expect(policy.cacheName(of: policy.judge("plan", ToolAnnotations()).decision) == nil)
    }

    @Test func `a rule's staleness wins over the cache's`() throws {
        let settings = try caching {
            $0.cache.staleIfError = .seconds(5)
            $0.server.tools["get_*"] = .init(staleIfError: .seconds(50))
        }
        let ruled = settings.policy.judge("get_x", ToolAnnotations()).decision
        let other = settings.policy.judge("find_x", ToolAnnotations()).decision
        #expect(settings.staleness(of: ruled, isList: false).ifError == .seconds(50))
        #expect(settings.staleness(of: other, isList: false).ifError == .seconds(5))
        #expect(settings.staleness(of: other, isList: true).whileRevalidate == .seconds(3600))
    }

    @Test func `classes are extended and replaced`() throws {
        let policy = try caching {
            $0.cache.classes = [.realtime: .adding(["Tide"]), .static: .only(["atlas"])]
        }.policy
        #expect(policy.judge("get_tide", ToolAnnotations()).text == #"5. realtime: "tide""#)
        #expect(policy.judge("get_time", ToolAnnotations()).text == #"5. realtime: "time""#)
        #expect(policy.judge("atlas", ToolAnnotations()).text == #"6. static: "atlas""#)
        #expect(policy.judge("schema", ToolAnnotations()).decision.line == .nothingKnown)
    }

    @Test(
        arguments: [
            (
                "cache.maxSize",
                { @Sendable (value: inout ProxyConfiguration) in value.cache.maxSize = 0 }
            ),
            ("cache.maxSize", { @Sendable in $0.cache.maxSize = 10_000_001 }),
            ("cache.maxBytes", { @Sendable in $0.cache.maxBytes = 65_535 }),
            ("cache.maxBytes", { @Sendable in $0.cache.maxBytes = .max }),
            ("cache.maxEntryBytes", { @Sendable in $0.cache.maxEntryBytes = 1 }),
            ("cache.maxEntryBytes", { @Sendable in $0.cache.maxEntryBytes = 65 << 20 }),
            ("cache.defaultTTL", { @Sendable in $0.cache.defaultTTL = .zero }),
            (
                "cache.staleWhileRevalidate",
                { @Sendable in $0.cache.staleWhileRevalidate = .seconds(-1) }
            ),
            ("cache.staleIfError", { @Sendable in $0.cache.staleIfError = .seconds(-1) }),
            ("cache.classes.write", { @Sendable in $0.cache.classes[.write] = .only([""]) }),
            ("cache.classes.noun", { @Sendable in $0.cache.classes[.noun] = .adding(["a_b"]) }),
            ("caches.default", { @Sendable in $0.caches["default"] = .init() }),
            ("caches.a b", { @Sendable in $0.caches["a b"] = .init() }),
            ("caches.x.maxSize", { @Sendable in $0.caches["x"] = .init(maxSize: 0) }),
            ("caches.x.maxBytes", { @Sendable in $0.caches["x"] = .init(maxBytes: 1) }),
            (
                "caches.x.maxEntryBytes",
                { @Sendable in $0.caches["x"] = .init(maxBytes: 1 << 16, maxEntryBytes: 1 << 17) }
            ),
            ("caches.x.defaultTTL", { @Sendable in $0.caches["x"] = .init(defaultTTL: .zero) }),
            ("server.tools.", { @Sendable in $0.server.tools[""] = .init() }),
            (
                "server.tools.a.cache",
                { @Sendable in $0.server.tools["a"] = .init(cache: .named("fats")) }
            ),
            (
                "server.tools.a.ttl",
                { @Sendable in $0.server.tools["a"] = .init(ttl: .seconds(-1)) }
            ),
            (
                "server.tools.a.invalidates",
                { @Sendable in $0.server.tools["a"] = .init(invalidates: [""]) }
            ),
            (
                "server.tools.a.staleIfError",
                { @Sendable in $0.server.tools["a"] = .init(staleIfError: .seconds(-1)) }
            ),
            ("dedup.ttl", { @Sendable in $0.dedup.ttl = .seconds(-1) }),
            ("monitor.windowSize", { @Sendable in $0.monitor.windowSize = 0 }),
            ("monitor.windowSize", { @Sendable in $0.monitor.windowSize = 100_001 }),
        ] as [(String, @Sendable (inout ProxyConfiguration) -> Void)])
    func `a value that makes no sense is named`(
        key: String, spoil: @Sendable (inout ProxyConfiguration) -> Void
    ) {
        #expect(configuration(spoil).problems.map(\.key) == [key])
    }

    @Test func `a cache that is not there is named with those that are`() throws {
        let problem = try #require(
            configuration {
                $0.caches["fast"] = .init()
                $0.server.tools["a"] = .init(cache: .named("fats"))
            }.problems.first)
        #expect(problem.description.contains("default or fast"))
        #expect(problem.description.contains(#"did you mean "fast"?"#))
    }
}

@Suite struct ServerIdentityTests {
    private func identity(_ change: (inout ServerConfiguration) -> Void = { _ in }) -> [UInt8] {
        var server = ServerConfiguration(
            command: "c", arguments: ["a", "b"], environment: ["K": "v", "L": "w"])
        change(&server)
        return ProxyConfiguration(server: server).settings.caching?.identity ?? []
    }

    @Test(
        arguments: [
            { @Sendable in $0.command = "d" }, { @Sendable in $0.arguments = ["ab"] },
            { @Sendable in $0.arguments = ["a", "b", ""] },
            { @Sendable in $0.arguments = ["b", "a"] },
            { @Sendable in $0.environment = ["K": "v"] },
            { @Sendable in $0.environment = ["K": "w", "L": "v"] },
            { @Sendable in $0.arguments = ["a", "b", "K"] },
            { @Sendable in $0.workingDirectory = "/" },
        ] as [@Sendable (inout ServerConfiguration) -> Void])
    func `every difference of what is started shows`(
        change: @Sendable (inout ServerConfiguration) -> Void
    ) {
        #expect(identity(change) != identity())
    }

    @Test func `it is the same each time, and the name does not matter`() {
        #expect(identity { $0.name = "other" } == identity())
        #expect(identity { $0.environment = ["L": "w", "K": "v"] } == identity())
    }

    @Test func `its bytes have the form that is documented`() {
        let bytes = ServerIdentity.process(
            command: "c", arguments: ["xy"], environment: ["K": "v"], directory: "/")
        let parts: [[UInt8]] = [
            [5, 0, 0, 0], Array("stdio".utf8), [1, 0, 0, 0], Array("c".utf8), [1, 0, 0, 0],
            [2, 0, 0, 0], Array("xy".utf8), [1, 0, 0, 0], [1, 0, 0, 0], Array("K".utf8),
            [1, 0, 0, 0], Array("v".utf8), [1, 0, 0, 0], Array("/".utf8),
        ]
        #expect(bytes == parts.flatMap { $0 })
    }
}
