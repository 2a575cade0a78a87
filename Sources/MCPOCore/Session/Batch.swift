// Batches of revision 2025-03-26: an array of messages, answered with one array of answers.
//
//     [{"id":1,…},{"id":2,…},{"method":"notifications/…"}]   →   [{"id":2,…},{"id":1,…}]

/// The number of a batch in progress.
package typealias BatchID = UInt32

/// A batch some of whose requests have no answer yet.
package struct Batch: Sendable {
    /// Who sent the batch and gets the answers.
    package var sender: StreamID
    /// Answers still to come, and one more while the batch is being read.
    package var outstanding = 1
    /// The answers so far, separated by commas.
    package private(set) var answers: [UInt8] = []
    /// Their bytes, without the commas.
    package private(set) var answerBytes = 0

    /// Adds one answer.
    package mutating func append(_ answer: UnsafeRawBufferPointer) {
        if !answers.isEmpty { answers.append(UInt8(ascii: ",")) }
        answers.append(contentsOf: answer)
        answerBytes += answer.count
    }
}
