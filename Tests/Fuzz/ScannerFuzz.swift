// Sources: Sources/MCPOCore/JSON
//
// libFuzzer target of the JSON scanner: whatever the bytes, nothing traps, and what is found is
// true. Run by run.sh, which compiles this file and the sources named in its first line together.
//
// `{"id":1}x` must be refused by the scanner and by Foundation; of `{"id":1}` the scanner and the
// skimmer must both say that the id is `1`, whether the line comes whole or in two pieces.

import Foundation

@_cdecl("LLVMFuzzerTestOneInput")
public func scannerFuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // The fuzzer's own allocation, so that the address sanitizer sees a read past its end.
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let line = bytes.bytes
    var envelope = Envelope()
    do throws(JSONFault) {
        try Envelope.scan(line, into: &envelope)
        checkRanges(line, envelope)
        checkBatch(line, envelope.root)
        checkText(line, envelope)
        checkFoundation(bytes, isValid: true)
        checkSkimmer(line, envelope)
    } catch {
        checkFault(bytes, error)
        checkSkimmer(line, nil)
    }
    checkNewline(bytes)
    return 0
}

/// Not `precondition`: the message must be there in a release build too.
func expect(_ condition: Bool, _ what: String) {
    if condition { return }
    FileHandle.standardError.write(Data("scanner fuzz: \(what)\n".utf8))
    fatalError(what)
}

extension Envelope {
    var values: [JSONValue] {
        [
            root, id, method, params, result, error, name, uri, cursor, arguments, requestID,
            progressToken, task, resultType, resultTask, meta, metaProgressToken,
            metaProtocolVersion, metaSubscriptionID,
        ]
    }
}

func checkRanges(_ line: RawSpan, _ envelope: Envelope) {
    for value in envelope.values where value.isPresent {
        let (lower, upper) = (Int(value.range.lower), Int(value.range.upper))
        expect(lower < upper && upper <= line.byteCount, "a range is outside the line")
        let first = line.unsafeLoad(fromByteOffset: lower, as: UInt8.self)
        let last = line.unsafeLoad(fromByteOffset: upper - 1, as: UInt8.self)
        var alone = Envelope()
        do throws(JSONFault) {
            try Envelope.scan(line.extracting(lower..<upper), into: &alone)
        } catch .duplicateMember {
            continue  // `{"result":{"id":1,"id":1}}`: a captured object read as a message
        } catch {
            expect(false, "a captured value is no JSON: \(error)")
        }
        expect(
            alone.root == JSONValue(range: ByteRange(0, upper - lower), kind: value.kind), "kind")
        switch value.kind {
        case .string: expect(first == 0x22 && last == 0x22 && upper - lower >= 2, "string")
        case .object: expect(first == 0x7B && last == 0x7D, "object")
        case .array: expect(first == 0x5B && last == 0x5D, "array")
        default: expect(first > 0x20 && last > 0x20, "scalar")
        }
    }
    let inParams = [
        envelope.name, envelope.uri, envelope.cursor, envelope.arguments, envelope.requestID,
        envelope.progressToken, envelope.task,
    ]
    checkInside(inParams, envelope.params)
    checkInside([envelope.resultType, envelope.resultTask], envelope.result)
    checkInside([envelope.meta], envelope.params.isPresent ? envelope.params : envelope.result)
    checkInside(
        [envelope.metaProgressToken, envelope.metaProtocolVersion, envelope.metaSubscriptionID],
        envelope.meta)
}

func checkInside(_ members: [JSONValue], _ object: JSONValue) {
    for member in members where member.isPresent {
        expect(object.kind == .object, "a member of no object")
        expect(
            member.range.lower > object.range.lower && member.range.upper < object.range.upper,
            "a member is outside its object")
    }
}

func checkBatch(_ line: RawSpan, _ root: JSONValue) {
    var elements = BatchElements(line, root)
    var end = root.range.lower
    while let element = elements.next(line) {
        expect(root.kind == .array, "elements of no array")
        expect(element.range.lower > end && element.range.upper < root.range.upper, "element")
        end = element.range.upper
    }
}

/// Decoding a string, writing it and decoding it again gives the same.
func checkText(_ line: RawSpan, _ envelope: Envelope) {
    for value in envelope.values where value.kind == .string {
        var decoded: [UInt8] = []
        decodeJSONString(line, value.range, into: &decoded)
        var written: [UInt8] = []
        appendJSONString(decoded.span, to: &written)
        var again = Envelope()
        do throws(JSONFault) {
            try Envelope.scan(written.span.bytes, into: &again)
        } catch {
            expect(false, "a written string is no JSON: \(error)")
        }
        expect(again.root.kind == .string, "a written string is a string")
        // A lone surrogate is written as U+FFFD.
        guard String(validating: decoded, as: UTF8.self) != nil else { continue }
        var decodedAgain: [UInt8] = []
        decodeJSONString(written.span.bytes, again.root.range, into: &decodedAgain)
        expect(decodedAgain == decoded, "a string changed when written")
    }
}

func checkFault(_ bytes: UnsafeRawBufferPointer, _ fault: JSONFault) {
    switch fault {
    case .syntax(let offset), .invalidUTF8(let offset), .tooDeep(let offset):
        expect(offset >= 0 && offset <= bytes.count, "a fault is outside the line")
    case .duplicateMember(let offset):
        expect(offset > 0 && offset < bytes.count && bytes[offset] == 0x22, "duplicate's offset")
    }
    switch fault {
    case .syntax(let offset) where isAfterTrailingComma(bytes, offset): break
    case .syntax, .invalidUTF8: checkFoundation(bytes, isValid: false)
    case .duplicateMember: checkFoundation(bytes, isValid: true)
    case .tooDeep: break  // Foundation refuses it too, but may find another fault first
    }
}

/// Whether the fault is a closing brace or bracket after a comma.
func isAfterTrailingComma(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Bool {
    guard offset < bytes.count, bytes[offset] == 0x7D || bytes[offset] == 0x5D else { return false }
    return bytes[..<offset].last { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == 0x2C
}

/// Whether Foundation refuses the valid text, knowingly: it has the escape of a surrogate, which
/// may be a lone one, or a number beyond the range of Double.
func isRefusedByFoundation(_ text: String) -> Bool {
    if text.contains(#/\\u[dD][89abcdefABCDEF]/#) { return true }
    return text.split { !"0123456789.eE+-".contains($0) }
        .contains { Double($0)?.isInfinite == true }
}

/// Foundation and the scanner agree on what JSON is, with these differences: Foundation detects
/// UTF-16 and UTF-32, by a byte order mark or by NUL bytes, and skips a byte order mark; it
/// refuses what `isRefusedByFoundation` tells; it accepts a comma before a closing brace or
/// bracket, which `isAfterTrailingComma` tells.
func checkFoundation(_ bytes: UnsafeRawBufferPointer, isValid: Bool) {
    if bytes.contains(0) || bytes.contains(0xFE) || bytes.contains(0xFF) { return }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return }
    let data = Data(bytes)
    let isAccepted =
        (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil
    if isAccepted == isValid { return }
    if isValid, isRefusedByFoundation(String(decoding: bytes, as: UTF8.self)) { return }
    expect(false, "Foundation \(isAccepted ? "accepts" : "refuses") what the scanner does not")
}

func skim(_ line: RawSpan, pieces: [Int]) -> EnvelopeSkimmer {
    var skimmer = EnvelopeSkimmer()
    var start = 0
    for end in pieces + [line.byteCount] {
        skimmer.feed(line.extracting(start..<end))
        start = end
    }
    return skimmer
}

func checkSkimmer(_ line: RawSpan, _ envelope: Envelope?) {
    let whole = skim(line, pieces: [])
    let first = line.byteCount == 0 ? 0 : Int(line.unsafeLoad(fromByteOffset: 0, as: UInt8.self))
    let cut = (line.byteCount &* 31 &+ first) % (line.byteCount + 1)
    for pieces in [[cut], Array(0...line.byteCount)] {
        let other = skim(line, pieces: pieces)
        expect(whole.id == other.id && whole.idKind == other.idKind, "skimmed in pieces: id")
        expect(whole.hasMethod == other.hasMethod, "skimmed in pieces: method")
        expect(whole.hasResultOrError == other.hasResultOrError, "skimmed in pieces: result")
    }
    guard let envelope else { return }
    let isMessage = envelope.root.kind == .object
    let hasResult = envelope.result.isPresent || envelope.error.isPresent
    expect(whole.hasMethod == (isMessage && envelope.method.isPresent), "skimmed method")
    expect(whole.hasResultOrError == (isMessage && hasResult), "skimmed result")
    let isString = envelope.id.kind == .string
    if (isString || envelope.id.kind == .integer) && envelope.id.range.count <= 1024 {
        let id = Array(line.extracting(envelope.id.range.bounds).withUnsafeBytes { Array($0) })
        expect(whole.id == id && whole.idKind == envelope.id.kind, "skimmed id")
    } else {
        expect(whole.id == nil, "skimmed an id that is none")
    }
}

func checkNewline(_ bytes: UnsafeRawBufferPointer) {
    for from in [0, bytes.count / 3, bytes.count] {
        let expected = bytes[from...].firstIndex(of: 0x0A)
        expect(firstNewline(in: bytes.bytes, from: from) == expected, "newline")
    }
}
