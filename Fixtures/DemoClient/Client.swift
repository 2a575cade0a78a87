// A client that writes a request, waits for its answer, and prints both.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A client at the other end of mcpo's stdin and stdout.
final class Client {
    private let process: pid_t
    private let input: Int32
    private let output: UnsafeMutablePointer<FILE>

    /// Starts the command; nil when the system refuses.
    init?(command: [String]) {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0,
            let stream = fdopen(fromChild[0], "r"),
            let started = Self.start(
                command, stdin: toChild[0], stdout: fromChild[1], closing: toChild + fromChild)
        else { return nil }
        _ = closeDescriptor(toChild[0])
        _ = closeDescriptor(fromChild[1])
        process = started
        input = toChild[1]
        output = stream
        signal(SIGPIPE, SIG_IGN)
    }

    private static func start(
        _ command: [String], stdin: Int32, stdout: Int32, closing: [Int32]
    ) -> pid_t? {
        #if os(Linux)
            var actions = posix_spawn_file_actions_t()
        #else
            var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stdin, 0)
        posix_spawn_file_actions_adddup2(&actions, stdout, 1)
        for end in closing { posix_spawn_file_actions_addclose(&actions, end) }
        var words = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawnp(
            &process, command[0], &actions, nil, &words, mcpo_environment())
        return code == 0 ? process : nil
    }

    /// Sends a request and returns its result or error once the answer is there.
    func call(id: String, _ method: String, _ params: String) -> Value? {
        let start = Self.now
        let request = #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
        guard send(request) else { return nil }
        while let line = readLine() {
            show("◀─", line, after: Self.now - start)
            let answer = Value(line)
            if answer.member("id")?.json == id {
                return answer.member("result") ?? answer.member("error")
            }
        }
        print("   mcpo has closed the stream.")
        return nil
    }

    func notify(_ method: String) {
        _ = send(#"{"jsonrpc":"2.0","method":"\#(method)"}"#)
    }

    /// Closes the stream and waits for the end of mcpo.
    func finish() -> (code: Int32, milliseconds: Double) {
        let start = Self.now
        _ = closeDescriptor(input)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        fclose(output)
        let code = mcpo_exited(status) != 0 ? mcpo_exit_status(status) : -mcpo_term_signal(status)
        return (code, Double(Self.now - start) / 1000)
    }

    private func send(_ line: String) -> Bool {
        show("─▶", line, after: nil)
        let bytes = Array((line + "\n").utf8)
        return write(input, bytes, bytes.count) == bytes.count
    }

    private func readLine() -> String? {
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(buffer) }
        guard getline(&buffer, &capacity, output) > 0, let buffer else { return nil }
        let line = String(cString: buffer)
        return line.last == "\n" ? String(line.dropLast()) : line
    }

    private func show(_ arrow: String, _ line: String, after microseconds: Int64?) {
        let isLong = line.count > 160
        let text = isLong ? "\(line.prefix(160)) … (\(line.utf8.count) bytes)" : line
        let time = microseconds.map { "   [\(Double($0) / 1000) ms]" } ?? ""
        print("   client \(arrow) mcpo  \(text)\(time)")
    }

    /// Microseconds of monotonic time.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

private func closeDescriptor(_ descriptor: Int32) -> Int32 {
    close(descriptor)
}
