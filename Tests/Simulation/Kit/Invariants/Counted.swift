// What mcpo drops or refuses is counted (SPEC §9), each in its own counter.
//
// What protects it: the referee counts too.

import MCPOCore

extension Referee {
    func checkCounters() {
        guard let seen = look?.counters, seen != counters else { return }
        let differences = zip(
            Mirror(reflecting: seen).children, Mirror(reflecting: counters).children
        )
        .filter { "\($0.value)" != "\($1.value)" }
        .map { "\($0.label ?? "") is \($0.value), not \($1.value)" }
        blame(.counted, differences.joined(separator: "; "))
    }
}
