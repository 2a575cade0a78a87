// Putting messages into the queues towards the client and the server, and into batches.

extension ProxyCore {
    /// Forwards a line to a server's process, with the edits made.
    mutating func send(
        _ line: RawSpan, to connection: ConnectionID, _ edits: borrowing Edits,
        into effects: inout Effects
    ) {
        guard connections[connection].isRunning, !connections[connection].isInputClosed
        else { return }
        edits.apply(to: line, appendingTo: &connections[connection].outbound)
        connections[connection].outbound.append(UInt8(ascii: "\n"))
        scheduleFlush(of: connection, into: &effects)
    }

    /// Sends a server's process a request in which nothing but the id is exchanged: nearly all are.
    mutating func send(
        _ line: RawSpan, to connection: ConnectionID, under number: UInt32, _ id: ByteRange,
        into effects: inout Effects
    ) {
        guard connections[connection].isRunning, !connections[connection].isInputClosed
        else { return }
        connections[connection].outbound.appendLine(line, replacing: id, withNumber: number)
        scheduleFlush(of: connection, into: &effects)
    }

    /// Sends a server's process a message of mcpo's own.
    mutating func send(
        _ message: [UInt8], to connection: ConnectionID, into effects: inout Effects
    ) {
        send(message.span.bytes, to: connection, Edits(), into: &effects)
    }

    /// Sends the client a notification or request, with the edits made. When all calls have been
    /// answered and mcpo is about to end, what the client does not read is not kept for it.
    mutating func sendToClient(
        _ line: RawSpan, _ edits: borrowing Edits, into effects: inout Effects
    ) {
        if lifecycle.phase >= .closing, client.outbound.count >= queueLimit {
            counters.droppedNotifications += 1
            return
        }
        deliver(to: .client, batch: nil, into: &effects) {
            edits.apply(to: line, appendingTo: &$0)
        }
    }

    /// Hands an answer over: as a line of its own, or as a part of a batch.
    /// - Parameter write: appends the answer, without a newline.
    mutating func deliver(
        to stream: StreamID, batch: BatchID?, into effects: inout Effects,
        _ write: (inout ByteQueue) -> Void
    ) {
        if let batch {
            var answer = ByteQueue()
            write(&answer)
            answer.take { bytes in
                batches.update(batch) { $0?.append(bytes) }
                batchBytes += bytes.count
                return bytes.count
            }
            completePart(of: batch, into: &effects)
            return
        }
        switch stream {
        case .client:
            if client.isGone { return }
            write(&client.outbound)
            client.outbound.append(UInt8(ascii: "\n"))
        case .server(let connection):
            guard connections.contains(connection), connections[connection].isRunning,
                !connections[connection].isInputClosed
            else { return }
            write(&connections[connection].outbound)
            connections[connection].outbound.append(UInt8(ascii: "\n"))
        }
        scheduleFlush(of: stream, into: &effects)
    }

    /// Hands over a result of mcpo's own.
    mutating func deliver(
        _ result: [UInt8], to id: Lexeme, _ batch: BatchID?, into effects: inout Effects
    ) {
        deliver(to: .client, batch: batch, into: &effects) {
            $0.append(#"{"jsonrpc":"2.0","id":"#)
            id.append(to: &$0)
            $0.append(#","result":"#)
            $0.append(result)
            $0.append(UInt8(ascii: "}"))
        }
    }

    /// One answer of a batch is there, or will not come; the last one sends the batch off.
    mutating func completePart(of id: BatchID, into effects: inout Effects) {
        batches.update(id) { $0?.outstanding -= 1 }
        guard let batch = batches[id], batch.outstanding == 0 else { return }
        removeBatch(id)
        // A batch of notifications, or of requests that were all cancelled, gets no answer.
        if batch.answers.isEmpty { return }
        deliver(to: batch.sender, batch: nil, into: &effects) { queue in
            queue.append(UInt8(ascii: "["))
            queue.append(batch.answers)
            queue.append(UInt8(ascii: "]"))
        }
    }

    /// Forgets a batch and its answers so far.
    mutating func removeBatch(_ id: BatchID) {
        batchBytes -= batches.remove(id)?.answerBytes ?? 0
    }

    /// Whether an answer of this length may wait in its batch: all batches together keep no more
    /// than one message may have.
    mutating func fits(_ byteCount: Int, into batch: BatchID?) -> Bool {
        batch == nil || batchBytes + byteCount <= settings.limits.messageBytes
    }

    mutating func scheduleFlush(of stream: StreamID, into effects: inout Effects) {
        switch stream {
        case .server(let connection):
            scheduleFlush(of: connection, into: &effects)
        case .client:
            if client.isFlushScheduled { return }
            client.isFlushScheduled = true
            effects.writable.append(stream)
        }
    }

    mutating func scheduleFlush(of connection: ConnectionID, into effects: inout Effects) {
        if connections[connection].isFlushScheduled { return }
        connections[connection].isFlushScheduled = true
        effects.writable.append(.server(connection))
    }
}
