// One answer for a batch: an array with the answer of each request in it that was not cancelled,
// in the order in which they were given; part of `oneAnswer`.

import MCPOCore

extension Referee {
    /// One answer of a batch is there, or will not come.
    func completePart(of number: Int) {
        batches[number]?.outstanding -= 1
        guard let batch = batches[number], batch.outstanding == 0 else { return }
        batches[number] = nil
        if batch.parts.isEmpty { return }
        if let connection = batch.server {
            guard connection == server.connection, server.canHear else { return }
            coverage.note(.serverBatchAnswered)
            check(batch, popServer(), .serverRequests)
        } else if !clientIsGone {
            coverage.note(.batchAnswered)
            check(batch, popClient(), .oneAnswer)
        }
    }

    private func check(_ batch: OpenBatch, _ line: [UInt8]?, _ invariant: Invariant) {
        guard let line, let elements = Self.elements(of: line) else {
            blame(invariant, "a batch of \(batch.parts.count) was not answered as one")
            return
        }
        guard elements.count == batch.parts.count else {
            blame(invariant, "\(batch.parts.count) answers in a batch became \(elements.count)")
            return
        }
        for (part, element) in zip(batch.parts, elements) { check(part, element) }
    }

    /// Whether an answer may wait in its batch: all batches together keep one message at most.
    func fit(_ length: Int) -> OpenBatch.Fit {
        var (least, most) = (length, length)
        for batch in batches.values {
            for part in batch.parts {
                least += part.length.lowerBound
                most += part.length.upperBound
            }
        }
        let limit = settings.limits.messageBytes
        return least > limit ? .no : most > limit ? .maybe : .yes
    }

    private func check(_ part: OpenBatch.Part, _ element: [UInt8]) {
        switch part {
        case .error(let id, let code):
            checkError(element, to: id, code, ask: nil)
        case .exact(let answer):
            if element != answer { blame(.sacredBytes, "an answer in a batch: \(text(element))") }
        case .forwarded(let answer, let fit, let ask):
            if fit == .no || fit == .maybe && element != answer {
                coverage.note(.batchTooLarge)
                checkError(element, to: ask.request.id.verbatim, .unavailable, ask: nil)
            } else if element != answer {
                diagnose(element, insteadOf: answer)
            }
        }
    }

    private static func elements(of line: [UInt8]) -> [[UInt8]]? {
        let bytes = line.span.bytes
        var envelope = Envelope()
        guard (try? Envelope.scan(bytes, into: &envelope)) != nil, envelope.root.kind == .array
        else { return nil }
        var elements = BatchElements(bytes, envelope.root)
        var found: [[UInt8]] = []
        while let element = elements.next(bytes) { found.append(Array(line[element.range.bounds])) }
        return found
    }
}
