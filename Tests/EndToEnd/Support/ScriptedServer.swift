// A server in a few lines of shell, for behaviour at the opening that no real server should have.
//
//     ScriptedServer(["*server/discover*": "exit 3", …])
//
// `answer RESULT` answers the request with that result, `fail ERROR` with that error; `$line` is the
// request, `$id` its id.

import Foundation

/// A shell script that answers each line by the first pattern that matches it.
final class ScriptedServer {
    private let directory: TemporaryDirectory
    /// Starts it. The shell reads the script: to execute it fails now and then ("text file busy"),
    /// when a test on another thread starts a process while the script is being written.
    let command: [String]

    /// - Parameter start: what it does before it reads anything.
    init(_ cases: [(pattern: String, action: String)], start: String = ":") throws {
        directory = try TemporaryDirectory()
        let branches = cases.map { "    \($0.pattern)) \($0.action) ;;" }.joined(separator: "\n")
        let script = """
            folder='\(directory.path)'
            answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\\n' "$id" "$1"; }
            fail() { printf '{"jsonrpc":"2.0","id":%s,"error":%s}\\n' "$id" "$1"; }
            \(start)
            while read -r line; do
              id=${line#*'"id":'}
              id=${id%%,*}
              case "$line" in
            \(branches)
              esac
            done

            """
        command = ["/bin/sh", try directory.write(script, to: "server.sh")]
    }

    /// What the script has written to a file in `$folder`.
    func read(_ name: String) -> String { directory.read(name) }

    static let unknownMethod = #"fail '{"code":-32601,"message":"Method not found"}'"#

    /// `initialize` of a legacy server with these capabilities.
    static func initialize(_ capabilities: String = #"{"tools":{}}"#) -> (String, String) {
        (
            "*'\"initialize\"'*",
            #"answer '{"protocolVersion":"2025-06-18","capabilities":\#(capabilities),"#
                + #""serverInfo":{"name":"scripted","version":"0.1"}}'"#
        )
    }

    /// One page of tools without annotations.
    static func tools(_ names: [String], cursor: String? = nil) -> String {
        let tools = names.map { #"{"name":"\#($0)","inputSchema":{"type":"object"}}"# }
        let next = cursor.map { #","nextCursor":"\#($0)""# } ?? ""
        return #"answer '{"tools":[\#(tools.joined(separator: ","))]\#(next)}'"#
    }
}
