#if canImport(Glibc)
    import CSystem
    import Glibc

    /// The type of a socket that carries a stream.
    let streamSocket = Int32(SOCK_STREAM.rawValue)

    // Swift code that names a function of its own `accept` or `listen` cannot call the system's.

    /// The next connection, non-blocking and closed on exec.
    func systemAccept(_ descriptor: Int32) -> Int32 { mcpo_accept(descriptor) }

    func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        listen(descriptor, backlog)
    }
#endif
