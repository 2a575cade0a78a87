// Sources: Sources/MCPOCore/JSON Sources/MCPOCore/RPC/LineFramer.swift
//
// libFuzzer target of the line framer: however a stream is cut into reads, the lines are those that
// cutting at newlines gives, and a line over the limit is told of once and kept nowhere.
//
// The first byte of an input is the limit, the second seeds the sizes of the reads; of the rest
// `ab⏎cd` with the limit 10 are the lines `ab` and, at the end, `cd`.

import Foundation

@_cdecl("LLVMFuzzerTestOneInput")
public func framingFuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard count >= 2 else { return 0 }
    let limit = Int(input[0]) + 1
    let stream = Array(input[2...])
    let expected = linesByCutting(stream, limit: limit)
    expect(lines(of: stream, limit: limit, reads: .whole) == expected, "read whole")
    expect(lines(of: stream, limit: limit, reads: .single) == expected, "read byte by byte")
    expect(lines(of: stream, limit: limit, reads: .random(input[1])) == expected, "read at random")
    return 0
}

enum Reads {
    case whole, single
    case random(UInt8)
}

/// The truth: a line, or nil for one that is too long. What follows the last newline is a line when
/// there is anything.
func linesByCutting(_ stream: [UInt8], limit: Int) -> [[UInt8]?] {
    var lines = stream.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    if lines.last?.isEmpty ?? false { lines.removeLast() }
    return lines.map { $0.count > limit ? nil : $0 }
}

func lines(of stream: [UInt8], limit: Int, reads: Reads) -> [[UInt8]?] {
    var framer = LineFramer(maximumLineLength: limit)
    var found: [[UInt8]?] = []
    var rest = stream[...]
    var random: UInt64 = 0
    if case .random(let seed) = reads { random = UInt64(seed) }
    while !rest.isEmpty {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let size =
            switch reads {
            case .whole: rest.count
            case .single: 1
            case .random: Int(random >> 58) + 1
            }
        let taken = framer.fill { space in
            let part = rest.prefix(min(size, space.count))
            space.copyBytes(from: part)
            return part.count
        }
        rest = rest.dropFirst(taken)
        while let line = framer.next() { note(line, &framer, &found) }
        expect(framer.capacity <= 4 * LineFramer.readSize, "the framer keeps too much")
    }
    if let line = framer.finish() { note(line, &framer, &found) }
    expect(!framer.hasPartialLine, "something is left at the end")
    return found
}

func note(_ line: FramedLine, _ framer: inout LineFramer, _ found: inout [[UInt8]?]) {
    switch line {
    case .line(let range): found.append(Array(framer.bytes(of: range)))
    case .tooLong:
        _ = framer.takeSkimmed()
        found.append(nil)
    }
}

/// Not `precondition`: the message must be there in a release build too.
func expect(_ condition: Bool, _ what: String) {
    if condition { return }
    FileHandle.standardError.write(Data("framing fuzz: \(what)\n".utf8))
    fatalError(what)
}
