// A transcript: what a client and a server say to mcpo and what they must hear, as plain text.
//
//     # A ping reaches the server under a number of mcpo's own.
//     open 2025-06-18
//     C> {"jsonrpc":"2.0","id":"a","method":"ping"}
//     S< {"jsonrpc":"2.0","id":2,"method":"ping"}
//
// Fixtures/Transcripts/README.md has the whole language; this file has it as values.

import Foundation
import MCPOCore

/// One process of a server: the first is the one that mcpo always wants, further ones are its pool's.
struct ProcessName: Hashable, Sendable {
    /// The server's place in the configuration.
    var server = 0
    /// Counts from 1; a process that starts takes the smallest number that no other one has.
    var number = 1
}

/// Who writes or reads a line.
enum Peer: Hashable, Sendable {
    case client
    case server(ProcessName)
}

/// One line of a transcript that does or expects something.
enum Statement: Equatable, Sendable {
    // What happens.
    case write(Peer, [UInt8], hasNewline: Bool)
    case open(revision: String)
    /// mcpo asks for the server's tools and gets these.
    case lists(ProcessName, EntryList.Kind, String)
    case time(Duration)
    case serverStarts(ProcessName)
    case serverCannotStart(ProcessName, reason: String)
    case serverExits(ProcessName, ProcessEnd, groupRemains: Bool)
    case serverClosesOutput(ProcessName)
    case serverBreaksInput(ProcessName)
    // In front of several servers, and where a server has several processes.
    case clientOpens(revision: String)
    case clientIsGreeted
    /// A first process comes to terms with mcpo, and lists its tools.
    case isOf(ProcessName, Era, tools: String, capabilities: [String])
    /// A process starts, and is initialised by mcpo if it is of a legacy server.
    case opens(ProcessName)
    case stall(Peer)
    case resume(Peer)
    case clientEnds
    case clientVanishes
    case stop
    case hangUp
    /// The place of the other settings in `Transcript.reloads`.
    case reload(Int)
    // What must have happened.
    case read(Peer, [UInt8])
    case readMatching(Peer, String)
    case inputCloses(ProcessName)
    case signal(ProcessName, GroupSignal)
    case log(LogLevel, String)
    case exit(Int32)
    case count(String, Int)
    case waits(Peer, Bool)
    case idle
}

/// A statement and where it stands.
struct TranscriptStep: Sendable {
    var line: Int
    var statement: Statement
}

/// A parsed file.
struct Transcript: Sendable {
    /// The path below Fixtures/Transcripts.
    var name: String
    var path: String
    var settings = ProxySettings(serverName: "github")
    /// What `settings.caching` is made from; nil for a proxy that only forwards.
    var caching: TranscriptCaching?
    var servers = TranscriptServers()
    /// The settings before the first `reload`, while the file is read; nil without one.
    var first: ProxySettings?
    /// What each `reload` changes them to.
    var reloads: [ProxySettings] = []
    var steps: [TranscriptStep] = []
    /// Why the transcript fails today, where it shows a bug that is known.
    var knownIssue: String?
}

/// A line that is no transcript, or that did not come true.
struct TranscriptError: Error, CustomStringConvertible {
    var file: String
    var line: Int
    var message: String

    var description: String { "\(file):\(line): \(message)" }
}

extension Transcript {
    /// Fixtures/Transcripts of this package.
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/Transcripts")

    /// The names of all transcripts, sorted.
    static let names: [String] = {
        let all = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }
        return (all ?? []).filter { $0.hasSuffix(".txt") }.sorted()
    }()

    init(named name: String) throws {
        let url = Self.folder.appending(path: name)
        try self.init(
            name: name, path: url.path, text: String(contentsOf: url, encoding: .utf8))
    }
}
