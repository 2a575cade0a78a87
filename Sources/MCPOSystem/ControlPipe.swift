// Wishes from outside the loop: signals, and other threads of a program that uses the library.
//
// A wish is one byte in a pipe that the loop watches. Writing a byte is all that a signal handler
// may do. What another thread wants with more than a byte to it waits in a box beside the pipe.

package import MCPOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What can be asked of a running proxy.
package enum ControlRequest: UInt8, Sendable {
    case stop = 0x54  // T, as in SIGTERM
    case hangUp = 0x48  // H, as in SIGHUP
    case order = 0x4F  // O: look into the box
}

/// What a thread of the program can ask of a running proxy.
package enum ControlOrder: Sendable {
    case event(Event)
    /// Calls back, on the loop's thread, with what is measured at the moment, to be summarised on
    /// another.
    case metrics(@Sendable (MetricsSnapshot) -> Void)
    /// Drops the stored answers of a server, of a tool by the name that clients see, or of all, and
    /// calls back with how many there were; nil when there is no such server or tool.
    case clearCache(server: String?, tool: String?, @Sendable (Int?) -> Void)
    /// Reads the configuration again, and calls back with what came of it; nil when there is none
    /// to read.
    case reload(@Sendable (ReloadOutcome?) -> Void)
    /// Writes to the log.
    case log(LogRecord)
}

/// A proxy's control pipe; requests may be sent from any thread, also before the proxy runs and
/// after it has ended.
package final class ControlPipe: Sendable {
    private let pipe: Pipe
    private let box = Mutex<[ControlOrder]>([])

    package init() throws(SystemError) {
        pipe = try Pipe()
        pipe.write.setNonBlocking()
    }

    package func send(_ request: ControlRequest) {
        write(request, to: pipe.write.number)
    }

    package func send(_ order: ControlOrder) {
        box.withLock { $0.append(order) }
        send(.order)
    }

    /// Empties the box.
    func takeOrders() -> [ControlOrder] {
        box.withLock { orders in
            defer { orders = [] }
            return orders
        }
    }

    /// Where the loop reads.
    var input: Int32 { pipe.read.number }

    /// From now on SIGTERM, SIGINT and SIGHUP are requests to this proxy. Only the executable does
    /// this, once: signals belong to the program, not to a library in it.
    package func receiveSignals() {
        signalledPipe = pipe.write.number
        signal(SIGTERM) { _ in writeControl(.stop) }
        signal(SIGINT) { _ in writeControl(.stop) }
        signal(SIGHUP) { _ in writeControl(.hangUp) }
        // What mcpo was started with is not its own: blocked signals would be ignored for ever, and
        // with SIGCHLD ignored the system would throw away how servers ended.
        signal(SIGCHLD, SIG_DFL)
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}

/// Where signal handlers write: a handler gets no argument of the program's own. Written once,
/// before the first handler is set.
nonisolated(unsafe) private var signalledPipe: Int32 = -1

private func writeControl(_ request: ControlRequest) {
    let saved = errno
    write(request, to: signalledPipe)
    errno = saved
}

private func write(_ request: ControlRequest, to descriptor: Int32) {
    var byte = request.rawValue
    _ = write(descriptor, &byte, 1)
}
