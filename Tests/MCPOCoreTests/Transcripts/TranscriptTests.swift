// Every transcript, three ways.

import Foundation
import MCPOCore
import Testing

@Suite struct TranscriptTests {
    /// For splits and for the jitter of restarts; pauses in transcripts allow for any jitter.
    static let seed: UInt64 = 7

    @Test(arguments: Transcript.names, Delivery.allCases)
    func `mcpo behaves as the transcript says`(name: String, delivery: Delivery) throws {
        let transcript = try Transcript(named: name)
        guard let issue = transcript.knownIssue else {
            Self.play(transcript, delivery)
            return
        }
        withKnownIssue("\(issue)") { Self.play(transcript, delivery) }
    }

    private static func play(_ transcript: Transcript, _ delivery: Delivery) {
        var runner = TranscriptRunner(transcript, delivery, seed: seed)
        do throws(TranscriptError) {
            try runner.run()
        } catch {
            let place = SourceLocation(
                fileID: "Fixtures/Transcripts/" + error.file, filePath: transcript.path,
                line: error.line, column: 1)
            Issue.record("\(error)", sourceLocation: place)
        }
    }

    @Test func `there are transcripts`() {
        #expect(Transcript.names.count > 150)
    }
}
