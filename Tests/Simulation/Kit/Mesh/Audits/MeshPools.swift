// Processes: how many there are, whether they are well, and that none is left.

import MCPOCore

extension MeshAuditor {
    func noteSpawn(_ process: MeshProcess, _ world: MeshWorld) {
        let count = world.processes.count { $0.server == process.server && !$0.isTold }
        let most = scenario.maximumPool(of: process.server, eras[process.server])
        if count > 1 {
            coverage.note(.grew)
            if !scenario.isGateway { coverage.note(.transparentPool) }
        }
        if count == most, most > 1 { coverage.note(.poolFull) }
        if count > most {
            blame(.pool, "\(count) processes of \(scenario.name(process.server))")
        }
    }

    /// One of mcpo's own requests: is it a health check, and is that in order?
    func checkPing(_ attempt: MeshAttempt) {
        let process = attempt.process
        let isCheck =
            attempt.method == .ping
            || attempt.method == .discover && hasGreeted[process.server]
                && eras[process.server] == .modern
        guard isCheck else { return }
        coverage.note(.checked)
        // One that is silent for longer than any call may take is not at work.
        let patience = scenario.timeout(of: process.server)
        if process.underWay > 0, now.since(process.saidAt) < patience {
            blame(.health, "process \(process.number) was checked while it works on calls")
        }
        if !process.ping.isEmpty { process.missedPings += 1 }
        if process.missedPings > 1 {
            blame(.health, "process \(process.number) was not replaced")
        }
        process.ping = attempt.number
        process.pingAt = now
    }

    /// Everything had time to become well again.
    func checkPeace(_ world: MeshWorld) {
        for server in scenario.servers.indices where scenario.servers[server].comesUp {
            let name = scenario.name(server)
            let living = world.processes.filter { $0.server == server && $0.isRunning }
            let least = scenario.minimumPool(of: server, eras[server])
            if !living.contains(where: \.isFirst) || !hasGreeted[server] && scenario.isGateway {
                blame(.pool, "\(name) has not come back")
            }
            // Before it has said what it is no further process could be opened.
            if living.count < least, hasGreeted[server] {
                blame(.pool, "\(name) has \(living.count) processes")
            }
            if living.count > least {
                blame(.pool, "\(name) keeps \(living.count) processes instead of \(least)")
            }
            for process in living { checkHealth(process, server) }
        }
    }

    private func checkHealth(_ process: MeshProcess, _ server: Int) {
        let interval = scenario.settings.servers[server].pool.healthCheckInterval
        // Who has never said what it is cannot be asked.
        guard interval > .zero, hasGreeted[server] else { return }
        if process.isDeaf || process.isFrozen {
            blame(.health, "process \(process.number) does not answer and was not replaced")
        }
        let idle = now.since(max(process.usedAt, process.pingAt))
        if idle > interval + .seconds(11) {
            blame(.health, "process \(process.number) was not checked for \(idle)")
        }
    }

    /// Everything was answered.
    func checkQuiet(_ world: MeshWorld) {
        if !isQuiet { return }
        let metrics = world.core.metrics
        if metrics.concurrency.queued != 0 || metrics.dedup.inFlight != 0 {
            blame(
                .idle, "\(metrics.concurrency.queued) wait, \(metrics.dedup.inFlight) may be joined"
            )
        }
        guard waiting.isEmpty else { return }
        if scenario.settings.concurrency != nil, metrics.concurrency.current != 0 {
            blame(.idle, "\(metrics.concurrency.current) calls are left")
        }
        if !world.core.isIdle { blame(.idle, "not idle without work") }
    }

    /// mcpo has ended.
    func checkEnd(_ world: MeshWorld) {
        if scenario.leavesEarly { coverage.note(.endedEarly) }
        if !waiting.isEmpty { blame(.oneAnswer, "\(waiting.count) requests were not answered") }
        for process in world.processes where !process.isReleased || process.isRunning {
            blame(.idle, "process \(process.number) is left")
        }
        if world.exitCode == 0, !world.hasEnded { blame(.idle, "mcpo ends without a reason") }
    }
}
