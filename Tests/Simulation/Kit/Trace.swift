// What happened, for a person to read when a seed fails, and as a hash to compare two runs.

import MCPOCore

/// The record of a run.
struct Trace {
    enum Kind: UInt8 {
        case fromClient, toClient, fromServer, toServer, event, effect, deadline

        var label: String {
            switch self {
            case .fromClient: "client ▶      "
            case .toClient: "client ◀      "
            case .fromServer: "      ◀ server"
            case .toServer: "      ▶ server"
            case .event: "event         "
            case .effect: "effect        "
            case .deadline: "deadline      "
            }
        }
    }

    private static let kept = 60
    private static let shown = 300

    private let isWhole: Bool
    private var entries: [(kind: Kind, time: Instant, text: [UInt8])] = []
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    init(isWhole: Bool) {
        self.isWhole = isWhole
    }

    /// The text of events is only made where somebody will read it.
    mutating func note(_ kind: Kind, _ time: Instant, _ text: @autoclosure () -> String) {
        note(kind, time, isWhole ? Array(text().utf8) : [])
    }

    mutating func note(_ kind: Kind, _ time: Instant, _ text: [UInt8]) {
        mix(UInt64(kind.rawValue))
        mix(UInt64(bitPattern: time.nanoseconds))
        if kind != .event, kind != .effect { mix(text) }
        if isWhole { entries.append((kind, time, text)) }
    }

    /// FNV-1a.
    private mutating func mix(_ value: UInt64) {
        hash = (hash ^ value) &* 0x0000_0100_0000_01b3
    }

    /// Eight bytes at a time, the rest one by one.
    private mutating func mix(_ text: [UInt8]) {
        let words = text.count / 8
        text.withUnsafeBytes { bytes in
            for word in 0..<words {
                mix(bytes.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self))
            }
        }
        for byte in text[(8 * words)...] { mix(UInt64(byte)) }
    }

    /// The last events, a line each.
    var tail: String {
        entries.suffix(Self.kept).map(Self.line).joined(separator: "\n")
    }

    /// All events.
    var whole: String {
        entries.map(Self.line).joined(separator: "\n")
    }

    private static func line(_ entry: (kind: Kind, time: Instant, text: [UInt8])) -> String {
        let microseconds = entry.time.nanoseconds / 1_000
        let digits = String(microseconds % 1_000_000)
        let padding = String(repeating: "0", count: 6 - digits.count)
        var text = String(decoding: entry.text.prefix(shown), as: UTF8.self)
        if entry.text.count > shown { text += "… (\(entry.text.count) bytes)" }
        return "\(microseconds / 1_000_000).\(padding)\(digits)  \(entry.kind.label) \(text)"
    }
}
