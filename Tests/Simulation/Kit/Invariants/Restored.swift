// A process that follows another is told what the client had set up, in this order: the client's
// own `initialize` (its params byte for byte), `notifications/initialized` if the client had sent
// it, the log level, the subscriptions. The client notices nothing of it: no second answer, no
// second `acknowledged`.
//
// What protects it: the lines are expected in order before anything else; answers to them are
// expected nowhere.

import MCPOCore

extension Referee {
    /// Expects a request of the client once more, under a number of its own.
    func expectAgain(_ ask: Ask, as purpose: FlightPurpose) {
        guard let number = expectNumbered(ask, .restoration) else { return }
        server.flights[number] = purpose
    }

    /// Expects what follows `initialize`.
    func expectRestoration() {
        if restoration.isInitialized {
            coverage.note(.initializedAgain)
            guard let line = popServer(), Self.notice(line)?.method == "notifications/initialized"
            else {
                blame(.restoration, "the server was not told that the client is initialised")
                return
            }
        }
        if let ask = restoration.logLevel {
            coverage.note(.logLevelAgain)
            expectAgain(ask, as: .restore(until: now.advanced(by: settings.timeout)))
        }
        for ask in restoration.subscriptions {
            coverage.note(.subscriptionAgain)
            expectAgain(ask, as: .restore(until: now.advanced(by: settings.timeout)))
        }
    }
}
