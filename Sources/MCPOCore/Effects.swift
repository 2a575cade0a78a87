// What the core asks of the world: a list that the driver carries out after each turn.

/// One process of a server. Numbers are never used twice, so an event of a process that is gone
/// cannot be taken for one of its successor.
package struct ConnectionID: Hashable, Sendable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// No connection.
    package static let none = ConnectionID(rawValue: 0)
}

/// A byte stream that carries messages.
package enum StreamID: Hashable, Sendable {
    /// mcpo's own stdin and stdout.
    case client
    /// A server process's stdin and stdout.
    case server(ConnectionID)
}

/// A signal for a server's whole process group.
package enum GroupSignal: Sendable {
    /// SIGTERM
    case terminate
    /// SIGKILL
    case kill
}

/// An action for the driver.
package enum Effect: Sendable {
    /// Start a process of the server; `.spawned` or `.spawnFailed` tells how it went.
    case spawn(ConnectionID, server: ServerIndex)
    /// Close the server's stdin.
    case closeInput(ConnectionID)
    case signal(ConnectionID, GroupSignal)
    /// Nothing more will be asked of this process: forget it, close its pipes.
    case release(ConnectionID)
    case log(LogRecord)
    /// Stop driving: the process ends with this code (SPEC §1).
    case exit(code: Int32)
}

/// How much a log line matters, most first.
package enum LogLevel: Int, Comparable, CaseIterable, Sendable {
    case error, warning, info, debug, trace

    /// The level as it is written. (Interpolating the case itself would reflect on it at run time,
    /// which costs milliseconds once: the runtime reads through all conformances.)
    package var name: StaticString {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .info: "info"
        case .debug: "debug"
        case .trace: "trace"
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// One line for the log.
package struct LogRecord: Equatable, Sendable {
    package var level: LogLevel
    /// The server it is about, if any.
    package var server: String?
    package var message: String

    package init(level: LogLevel, server: String?, message: String) {
        self.level = level
        self.server = server
        self.message = message
    }
}

/// Collects what one turn asks for.
package struct Effects {
    package var commands: [Effect] = []
    /// Streams whose queue went from empty to not empty and is to be written.
    package var writable: [StreamID] = []
    /// Records that matter less are not even made.
    package var logLevel: LogLevel

    /// - Parameter logLevel: records that matter less are not even made.
    package init(logLevel: LogLevel) {
        self.logLevel = logLevel
    }

    package mutating func log(
        _ level: LogLevel, server: @autoclosure () -> String? = nil,
        _ message: @autoclosure () -> String
    ) {
        guard level <= logLevel else { return }
        commands.append(.log(LogRecord(level: level, server: server(), message: message())))
    }

    package mutating func append(_ effect: Effect) {
        commands.append(effect)
    }
}
