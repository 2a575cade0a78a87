// Whatever a peer can make grow has a bound: a queue is its limit and one message, what is held is
// at most `heldBytes`, requests under way at most `exchanges` and `serverRequests`.
//
// What protects it: before each line that is taken in, the queues it may fill must have room.

import MCPOCore

extension Referee {
    /// Before a line of the client: both queues have room.
    func checkRoomForClient() {
        let limit = settings.limits.queueBytes
        if clientQueued >= limit || serverQueued >= limit {
            blame(
                .bounds,
                "a line of the client is taken in with \(clientQueued) and "
                    + "\(serverQueued) bytes queued of \(limit)")
        }
    }

    /// Before a line of the server: the client's queue has room, or nothing is kept for it.
    func checkRoomForServer() {
        guard clientQueued >= settings.limits.queueBytes,
            phase.rawValue < Phase.closing.rawValue
        else { return }
        // The lines before may have brought the end about, which lifts the back-pressure.
        advance()
        hasAdvanced = true
        if phase.rawValue < Phase.closing.rawValue {
            blame(.bounds, "a line of the server is taken in with \(clientQueued) bytes queued")
        }
    }

    func checkBounds() {
        let limits = settings.limits
        if asks.count > limits.exchanges + limits.endedSubscriptions {
            blame(.bounds, "\(asks.count) requests under way")
        }
        if serverAsks.count > limits.serverRequests {
            blame(.bounds, "\(serverAsks.count) requests of the server under way")
        }
        checkKept()
        // What was held and what is restored goes into the queue at once; so do short notices.
        let notices = 200 * (asks.count + 64)
        let most = limits.queueBytes + 3 * limits.heldBytes + 2 * limits.messageBytes + notices
        if outcome.serverBytes.after > most {
            blame(.bounds, "\(outcome.serverBytes.after) bytes are queued for the server")
        }
    }

    /// Every `initialize` is kept, and there is one at a time for any client that means it.
    private func checkKept() {
        guard keptBytes > settings.limits.heldBytes else { return }
        let initializes = asks.values.reduce(0) {
            $0 + ($1.request.method == .initialize ? $1.line.count : 0)
        }
        if keptBytes - initializes > settings.limits.heldBytes {
            blame(.bounds, "\(keptBytes) bytes are held")
        }
    }
}
