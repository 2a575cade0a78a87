// A server's process as the loop sees it: three pipes, a framer for each that is read, and its exit.

internal import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One running (or ended, not yet released) process of a server.
final class ServerProcess {
    /// The name of its server.
    let serverName: String
    let connection: ConnectionID
    let processID: pid_t
    /// (Only the loop's thread has processes, and nothing that the core does with a framer comes back
    /// to it: to have each access checked at run time costs more than a system call's way in.)
    @exclusivity(unchecked) var framer: LineFramer
    /// Lines of stderr longer than this are cut out: they are for people.
    var errorFramer = LineFramer(maximumLineLength: 64 * 1024)
    var input: Descriptor?
    var output: Descriptor?
    var errors: Descriptor?
    var exitWatch: ExitWatch?
    /// Whether the poller waits for room in the server's stdin.
    var awaitsRoom = false
    /// Whether back-pressure keeps the server's stdout from being read.
    var isPaused = false
    /// How the process ended; told to the core once its output has been read to the end.
    var end: ProcessEnd?
    var isEndTold = false

    init(
        _ process: consuming SpawnedProcess, of server: String, connection: ConnectionID,
        maximumLineLength: Int
    ) {
        serverName = server
        self.connection = connection
        processID = process.processID
        framer = LineFramer(maximumLineLength: maximumLineLength)
        input = .some(process.input)
        output = .some(process.output)
        errors = .some(process.errors)
    }

    func source(_ kind: PollSource.Kind) -> PollSource {
        PollSource(kind, connection: connection.rawValue)
    }

    /// Whether other processes of the group are left; meaningful once the leader has been reaped.
    var groupRemains: Bool {
        kill(-processID, 0) == 0
    }

    func send(_ signal: GroupSignal) {
        switch signal {
        case .terminate: kill(-processID, SIGTERM)
        case .kill: kill(-processID, SIGKILL)
        }
    }
}
