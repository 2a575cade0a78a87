// A file of servers for `--config`, as a client has it, with what mcpo adds.
//
//     let file = try ServersFile(servers: [("a", ServersFile.stub(["--era", "modern"]))])
//     let subject = try Subject(Setup(file))

import Foundation

/// A file with these servers and options, as long as this value is kept.
struct ServersFile {
    private let directory: TemporaryDirectory
    let path: String

    init(servers: [(name: String, entry: String)], mcpo: String = "{}") throws {
        directory = try TemporaryDirectory()
        let entries = servers.map { "\"\($0.name)\": \($0.entry)" }.joined(separator: ",\n")
        path = try directory.write(
            "{ // servers\n\"mcpServers\": {\n\(entries)\n},\n\"mcpo\": \(mcpo)\n}\n",
            to: "servers.json")
    }

    /// An entry that starts the bundled server.
    /// - Parameter rest: further members, after a comma.
    static func stub(_ arguments: [String] = [], _ rest: String = "") -> String {
        let words = arguments.map { "\"\($0)\"" }.joined(separator: ", ")
        return "{\"command\": \"\(Products.stub)\", \"args\": [\(words)]\(rest)}"
    }

    /// Servers `s00`, `s01`, … of both eras in turn: every other one modern, whose pool grows by
    /// itself, and every fourth legacy with a pool because the file says so.
    static func mixed(_ count: Int, _ arguments: [String] = []) -> [(name: String, entry: String)] {
        (0..<count).map { number in
            let name = (number < 10 ? "s0" : "s") + "\(number)"
            switch number % 4 {
            case 0, 2: return (name, stub(["--era", "modern"] + arguments))
            case 1: return (name, stub(arguments))
            default: return (name, stub(arguments, #", "mcpo": {"pool": {"min": 2, "max": 3}}"#))
            }
        }
    }
}
