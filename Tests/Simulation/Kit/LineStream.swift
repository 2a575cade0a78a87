// The bytes that a peer has written and mcpo has not taken in yet, with what each line means.
//
//     ────── unconsumed lines, oldest first ──────
//     {"id":1}⏎ {"id":2}⏎ {"id":
//     ──────── fed ─────────────|── not read yet ──
//
// The referee has to know exactly which lines a call of the core took in. Complete lines that have
// been fed were taken in unless back-pressure left them in the framer, and those can be counted.

import MCPOCore

/// What a peer has said, up to where mcpo has taken it in.
struct LineStream<Message> {
    private var messages: [(message: Message, length: Int)] = []
    /// All bytes of the unconsumed lines.
    private(set) var bytes: [UInt8] = []
    /// How many of them mcpo has read into its framer.
    private(set) var fed = 0

    var unread: Int { bytes.count - fed }
    var isDrained: Bool { messages.isEmpty }

    mutating func append(_ message: Message, _ line: [UInt8], newline: Bool = true) {
        messages.append((message, line.count + (newline ? 1 : 0)))
        bytes += line
        if newline { bytes.append(UInt8(ascii: "\n")) }
    }

    /// Lets the framer read at most `count` bytes.
    mutating func feed(_ count: Int, to framer: inout LineFramer) {
        let part = bytes[fed..<min(fed + count, bytes.count)]
        _ = framer.fill { space in
            space.copyBytes(from: part)
            return part.count
        }
        fed += part.count
    }

    /// Complete lines among the bytes that were fed.
    var completeFed: Int {
        var end = 0
        var count = 0
        for (_, length) in messages {
            end += length
            if end > fed || bytes[end - 1] != UInt8(ascii: "\n") { break }
            count += 1
        }
        return count
    }

    /// Removes the oldest `count` lines, which mcpo has taken in, and returns them.
    mutating func consume(_ count: Int) -> [Message] {
        let consumed = messages.prefix(count)
        let length = consumed.reduce(0) { $0 + $1.length }
        messages.removeFirst(count)
        bytes.removeFirst(length)
        fed -= length
        return consumed.map(\.message)
    }

    /// The last line was cut off, or has no newline: removes and returns it, if there is one.
    mutating func consumeRest() -> Message? {
        let last = messages.first?.message
        messages = []
        bytes = []
        fed = 0
        return last
    }

    /// Cuts the stream off behind `offset`; `cut` says what the line that is cut in two becomes.
    mutating func truncate(at offset: Int, _ cut: (Message, _ length: Int) -> Message) {
        var start = 0
        for (index, (message, length)) in messages.enumerated() {
            if start + length > offset {
                messages.removeSubrange(index...)
                if offset > start {
                    messages.append((cut(message, offset - start), offset - start))
                }
                break
            }
            start += length
        }
        bytes.removeSubrange(min(offset, bytes.count)...)
    }

    /// After back-pressure: counts the complete lines that the core has left in the framer, which
    /// is of no use after that: `refilled` makes one in the same state.
    static func countLeft(in framer: inout LineFramer) -> Int {
        var left = 0
        while framer.next() != nil { left += 1 }
        return left
    }

    /// A framer that has read what was fed and is not consumed.
    func refilled(limit: Int) -> LineFramer {
        var framer = LineFramer(maximumLineLength: limit)
        let part = bytes[..<fed]
        _ = framer.fill { space in
            space.copyBytes(from: part)
            return part.count
        }
        return framer
    }
}
