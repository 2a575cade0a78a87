// The schemas of the tool `mcpo_metrics`. That of its output is the document that
// `MetricsDocument.json` writes, in the same order: who adds a member there adds it here.

extension MetricsTool {
    static let inputSchema = JSONSchema.options([("format", .word(["json", "text"]))])

    static let outputSchema = JSONSchema.object([
        ("performance", .map(endpoint)),
        ("saved", .object([("calls", .integer), ("duration", .number)])),
        ("concurrency", concurrency),
        ("cache", .map(cache)),
        ("dedup", .object([("joined", .integer), ("in_flight", .integer)])),
        ("connection", connection),
        ("alerts", .array(alert)),
        ("version", .string),
        ("uptime", .number),
        ("timestamp", .number),
    ])

    private static let endpoint = JSONSchema.object([
        ("endpoint", .string),
        ("server", .string),
        ("total_requests", .integer),
        ("avg_duration", .number),
        ("min_duration", .number),
        ("max_duration", .number),
        ("p50_duration", .number),
        ("p90_duration", .number),
        ("p99_duration", .number),
        ("success_rate", .number),
        ("current_concurrent", .integer),
        ("peak_concurrent", .integer),
        ("qps_1s", .number),
        ("qps_5s", .number),
        ("cache_hits", .integer),
        ("dedup_joined", .integer),
        ("answered", .integer),
        ("failed", .integer),
        ("cancelled", .integer),
        ("total_duration", .number),
        ("miss_duration", .number),
        ("saved_calls", .integer),
        ("saved_duration", .number),
    ])

    private static let concurrency = JSONSchema.object([
        ("max_concurrent", .integer),
        ("current_concurrent", .integer),
        ("peak_concurrent", .integer),
        ("queued", .integer),
        ("rejected", .integer),
    ])

    private static let cache = JSONSchema.object([
        ("hits", .integer),
        ("misses", .integer),
        ("hit_rate", .number),
        ("stores", .integer),
        ("evictions", .integer),
        ("expirations", .integer),
        ("invalidations", .integer),
        ("stale_served", .integer),
        ("current_size", .integer),
        ("max_size", .integer),
        ("memory_bytes", .integer),
        ("memory_usage", .string),
    ])

    private static let connection = JSONSchema.object([
        ("status", status),
        ("ready", .boolean),
        ("error_count", .integer),
        ("servers", .map(server)),
    ])

    private static let server = JSONSchema.object(
        [
            ("status", status),
            ("connections", .integer),
            ("restarts", .integer),
            ("reason", .string),
            ("in_flight", .integer),
            ("queued", .integer),
        ], optional: [("max_concurrent", .integer)])

    private static let status = JSONSchema.word(HealthStatus.allCases.map(\.word))

    private static let alert = JSONSchema.object([
        ("kind", .word(MetricsAlert.Kind.allCases.map(\.word))),
        ("endpoint", .string),
        ("unit", .word(MetricsAlert.Unit.allCases.map(\.word))),
        ("value", .number),
        ("threshold", .number),
        ("since", .number),
    ])
}
