// Sources: Sources/MCPOHTTP/Parsing
//
// libFuzzer target of the port's request parser: however a stream is cut into reads, the requests
// are the same, and the failure that ends it; nothing that was accepted breaks a rule that a reader
// of it relies on, and the parser keeps no more than its bounds.
//
// The first byte of an input seeds the sizes of the reads; the rest is what a client sends.

import Foundation

@_cdecl("LLVMFuzzerTestOneInput")
public func httpFuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let seed = input.first else { return 0 }
    let stream = Array(input.dropFirst())
    let whole = outcomes(of: stream) { $0 }
    expect(outcomes(of: stream) { _ in 1 } == whole, "another outcome byte by byte")
    var random = UInt64(seed)
    let cut = outcomes(of: stream) { _ in
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(random >> 57) + 1
    }
    expect(cut == whole, "another outcome read at random")
    for case .request(let request) in whole { check(request) }
    return 0
}

/// What the parser makes of a stream, without the hints to a client that waits.
func outcomes(
    of stream: [UInt8], _ size: (Int) -> Int
) -> [HTTPRequestParser.Progress] {
    var parser = HTTPRequestParser()
    var found: [HTTPRequestParser.Progress] = []
    var rest = stream[...]
    while !rest.isEmpty {
        let part = rest.prefix(size(rest.count))
        rest = rest.dropFirst(part.count)
        part.withUnsafeBytes { parser.append($0) }
        reading: while true {
            let progress = parser.next()
            switch progress {
            case .needsMore: break reading
            case .awaitsContinue: continue
            case .request: found.append(progress)
            case .failure: return found + [progress]
            }
        }
        let bound = HTTPLimits.head + HTTPLimits.body + part.count
        expect(parser.count <= bound, "the parser keeps \(parser.count) bytes")
    }
    return found
}

/// The rules that routes and access rely on.
func check(_ request: HTTPRequest) {
    expect(!request.method.isEmpty, "no method")
    expect(request.path.first == 0x2F || request.path == [0x2A], "a path without a slash")
    expect(!(request.path + request.method).contains { $0 <= 0x20 || $0 >= 0x7F }, "odd bytes")
    expect(request.body.count <= HTTPLimits.body, "a body above the limit")
    expect(request.minorVersion == 0 || request.host != nil, "HTTP/1.1 without a host")
    expect(request.fields.count <= HTTPLimits.fields, "too many fields")
    for field in request.fields {
        let value = request.head[field.value]
        expect(!value.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }, "a value with line ends")
    }
}

/// Not `precondition`: the message must be there in a release build too.
func expect(_ condition: Bool, _ what: String) {
    if condition { return }
    FileHandle.standardError.write(Data("HTTP fuzz: \(what)\n".utf8))
    fatalError(what)
}
