// mcpo's own stdin and stdout, borrowed from whoever started it.
//
// O_NONBLOCK belongs to the open file, which others may share: a terminal's stdin and stdout are
// one, and the shell's too. So stdin is only read when the poller says that it is readable; stdout
// is made non-blocking only if it is a pipe or a socket, and is given back as it was. A terminal is
// opened once more, non-blocking. To anything else (a file, a terminal where that cannot be done)
// little is written at a time, when the poller says that there is room.
//
// A pipe on stdout is also made larger: an answer of 64 KiB then takes one write, where the default
// capacity takes two and a wait between them (measured: 1.04 instead of 1.24 times a relay's time).

import CSystem
internal import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The streams towards the client.
struct ClientStreams: ~Copyable {
    /// What a terminal takes at once without blocking for long.
    private static let carefulWrite = 4096

    let input: Int32
    let output: Int32
    var framer: LineFramer
    var isPaused = false
    var hasEnded = false
    var awaitsRoom = false
    private let savedFlags: Int32?
    private let duplicate: Int32
    private let isOwnOpening: Bool

    init(input: Int32, output: Int32, maximumLineLength: Int) {
        self.input = input
        // A poller takes a descriptor once: a socket that is both gets a second number.
        duplicate =
            isatty(output) == 1
            ? mcpo_reopen_non_blocking(output)
            : input == output ? mcpo_duplicate_above_stderr(output) : -1
        self.output = duplicate >= 0 ? duplicate : output
        framer = LineFramer(maximumLineLength: maximumLineLength)
        savedFlags = Self.makeNonBlocking(self.output)
        isOwnOpening = isatty(output) == 1 && duplicate >= 0
        enlargePipe(self.output)
    }

    /// The most to write at once; nil when the descriptor itself says when it is enough.
    var writeLimit: Int? { savedFlags == nil && !isOwnOpening ? Self.carefulWrite : nil }

    private static func makeNonBlocking(_ descriptor: Int32) -> Int32? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFIFO || kind == S_IFSOCK else { return nil }
        let flags = mcpo_get_status_flags(descriptor)
        guard flags >= 0, mcpo_set_status_flags(descriptor, flags | O_NONBLOCK) == 0 else {
            return nil
        }
        return flags
    }

    /// Gives stdout back as it was.
    func restore() {
        if let savedFlags { _ = mcpo_set_status_flags(output, savedFlags) }
        if duplicate >= 0 { _ = close(duplicate) }
    }
}
