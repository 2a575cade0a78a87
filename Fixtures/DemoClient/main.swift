// `make run`: a scripted MCP client, printed so that a person sees what goes through mcpo.
//
//     DemoClient MCPO -- COMMAND [ARG…]

import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count >= 3, arguments[1] == "--" else {
    print("usage: DemoClient MCPO -- COMMAND [ARG...]")
    exit(2)
}
exit(Demonstration.run(mcpo: arguments[0], server: Array(arguments.dropFirst(2))))
