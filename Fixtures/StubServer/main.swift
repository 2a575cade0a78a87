// A scripted MCP server: what the tests and `make run` put behind mcpo.
//
//     StubServer [--era legacy|modern|dual] [--ignore-eof] [--ignore-sigterm] [--start-delay MS]
//                [--die-at-start STATUS] [--once FILE]
//
// It answers as the specification says, and misbehaves when a tool of its own is called to: it
// dies, stays silent, prints garbage, floods, goes deaf. With `--once FILE` it misbehaves only if
// FILE does not exist yet, and creates it: the process after a restart behaves.
//
// It reads JSON with a reader of its own, so that a mistake in mcpo's cannot hide itself, and links
// no Foundation, so that it starts as fast as a test wants to start it hundreds of times.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

exit(serve(Array(CommandLine.arguments.dropFirst())))

nonisolated func serve(_ arguments: [String]) -> Int32 {
    guard let options = Options(arguments) else {
        writeAll("StubServer: unusable arguments: \(arguments.joined(separator: " "))\n", to: 2)
        return 2
    }
    if options.ignoresTermination { signal(SIGTERM, SIG_IGN) }
    if options.lurks { while true { pause() } }
    if options.startDelay > 0 { usleep(UInt32(options.startDelay) * 1000) }
    if let status = options.deathAtStart, options.mayMisbehave() {
        writeAll("StubServer: dies at its start, as it was told\n", to: 2)
        return status
    }
    var loop = Loop(Server(options))
    return loop.run()
}
