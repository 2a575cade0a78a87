// The executable. Top-level code belongs to the main actor, which would bring in the concurrency
// runtime; everything happens in a plain synchronous function.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

exit(Command.run(Array(CommandLine.arguments.dropFirst())))
