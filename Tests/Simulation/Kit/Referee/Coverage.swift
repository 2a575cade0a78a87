// What a run has come through. Over many seeds everything here must have happened: a simulation
// that never reaches a bound says nothing about it.

/// Something that has to happen in some run.
package enum Feature: Int, CaseIterable, Sendable {
    case clientPaused, serverPaused
    case parseError, invalidRequest, invalidParams, overloaded, timeout, unavailable
    case namelessRefusal, requestHeld, heldFull, exchangesFull, serverRequestsFull
    case taskTokenEvicted, notificationDropped, answerTooLarge
    case batchAnswered, batchTooLarge, serverBatchAnswered, batchRefused
    case clientAnswerUnread, looseNumber, endedForgotten
    case cancelForwarded, cancelUnknown, duplicateID, tornDownIDReused
    case serverAnswerDropped, deadProgress, deadSubscription, garbage, nullProbeAnswer
    case clientAnswerDropped, serverRequestRefused, serverRequestWithdrawn, serverRequestAnswered
    case progressToClient, progressToServer, progressOfTask, acknowledgedOnce
    case reinitialized, initializedAgain, logLevelAgain, subscriptionAgain, listenAgain
    case reinitializeRefused, reinitializeTimedOut, restarted, gaveUp, spawnFailedLater
    case terminated, killed, stuckAfterKill, groupLingered, subscriptionEnded
    case clientGone, drainTimedOut, stoppedTwice, lastBytesUnread, unbearablePause
}

/// The features that were seen; there are at most 64 of a kind.
package struct Coverage<Feature: CaseIterable & RawRepresentable<Int>>: Sendable {
    private var bits: UInt64 = 0

    package init() {}

    package mutating func note(_ feature: Feature) {
        bits |= 1 << UInt64(feature.rawValue)
    }

    package mutating func formUnion(_ other: Coverage) {
        bits |= other.bits
    }

    package var missing: [Feature] {
        Feature.allCases.filter { bits & (1 << UInt64($0.rawValue)) == 0 }
    }
}
