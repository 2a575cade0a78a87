// What numbers of a configuration may be: for its validation, for the file and for the options.

/// The least and the most of each quantity.
package enum Bounds {
    /// An entry's bookkeeping is some 100 bytes: this many take a gigabyte before any answer.
    package static let entries = 1...10_000_000
    /// Less holds no list of tools, let alone an answer; more is a slip of the keyboard.
    package static let cacheBytes = (64 << 10)...(1 << 40)
    /// Below the least not even a key and its bookkeeping fit.
    static let entryBytes = (1 << 10)...(1 << 40)
    /// A duration is four bytes, for each of up to a thousand endpoints.
    package static let window = 1...100_000
    /// Each is a process of the server.
    static let connections = 1...1000
    static let inFlight = 1...10_000
    /// More than the core takes requests (65,536) is as good as no limit.
    static let concurrent = 1...100_000
    static let queue = 0...1_000_000
    static let retries = 0...10
    static let percent = 0...100
    static let messageBytes = (1 << 10)...(1 << 30)
    /// With more nothing is left of the 64 characters that clients allow a name.
    static let separatorLength = 1...8
    /// What clients allow a name to have.
    static let exposedNameLength = 1...64
    /// Half of what the port takes as the head of a request.
    static let tokenBytes = 4_096
}
