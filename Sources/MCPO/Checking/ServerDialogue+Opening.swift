// Which era a server is of, as the specification's stdio page says (2026-07-28, *Backward
// Compatibility*): `server/discover` first, `initialize` if that fails.
//
//     after the probe                                then
//     a DiscoverResult                               modern
//     error -32022, unsupported version              modern, if it has a version that mcpo knows
//     another error, also with id null               initialize
//     2 s of silence                                 initialize, and whichever is answered first
//     death                                          started again, initialize without a probe
//     initialize refused, or no answer, or death     the same
//
// After silence the process stays: a program that is downloaded at its first start takes longer than
// that, and would be downloaded again and again.

internal import MCPOCore
import MCPOSystem

/// What a server has said of itself.
struct ServerOpening {
    var era: Era
    /// The revision that was agreed on.
    var revision: String
    /// `serverInfo`, as far as it is given.
    var name: String?
    var version: String?
    /// Names of capabilities, in the order of `Capability.all`.
    var capabilities: [String]
    /// From the start of the process to its first answer.
    var startup = Duration.zero
    /// Whether it was silent at the probe, and answered later.
    var ignoresProbe = false
    /// `ttlMs` of the answer to `server/discover`.
    var ttl: Int64?
}

/// Revisions that mcpo can speak by itself.
private enum Revisions {
    static let modern = "2026-07-28"
    static let legacy = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
}

extension ServerDialogue {
    /// How long the probe alone may take (SPEC §12).
    private static let probeTime = Duration.seconds(2)
    /// How long a second process may take: programs are not downloaded twice.
    private static let secondTime = Duration.seconds(10)

    private static let info = #"{"name":"mcpo","version":"\#(Release.version)"}"#

    private static let modernMeta =
        #"{"io.modelcontextprotocol/protocolVersion":"\#(Revisions.modern)","#
        + #""io.modelcontextprotocol/clientInfo":\#(info),"#
        + #""io.modelcontextprotocol/clientCapabilities":{}}"#

    /// Starts the server and opens a session of its era.
    mutating func open() throws(DialogueFailure) -> ServerOpening {
        var attempt = try start(patience)
        let reason: String
        switch try probe(&attempt) {
        case .opened(let opening): return opening
        case .failed(let deed, _): reason = deed
        }
        conversation.note(
            .debug, "\(reason) after the probe with server/discover: started again without one")
        attempt = try start(min(patience, Self.secondTime))
        switch initialize(&attempt) {
        case .opened(let opening): return opening
        case .failed(let deed, let advice): throw DialogueFailure("it \(deed)", advice: advice)
        }
    }

    /// One process that is being opened.
    private struct Attempt {
        var started: Instant
        var patience: Duration
        var firstAnswer: Instant?
        /// The probe, as long as it is not answered.
        var probe: Int?

        var deadline: Instant { started.advanced(by: patience) }

        mutating func note(_ reply: Reply) {
            switch reply {
            case .result, .error: firstAnswer = firstAnswer ?? Clock.now
            case .silence, .ended: break
            }
        }

        var startup: Duration { (firstAnswer ?? Clock.now).since(started) }
    }

    private enum Outcome {
        case opened(ServerOpening)
        /// What the server did instead, and what to do about it.
        case failed(String, advice: String)
    }

    private func start(_ patience: Duration) throws(DialogueFailure) -> Attempt {
        let started = Clock.now
        do throws(SearchFailure) {
            try conversation.start()
        } catch {
            throw DialogueFailure(error.text)
        }
        return Attempt(started: started, patience: patience)
    }

    private mutating func probe(_ attempt: inout Attempt) throws(DialogueFailure) -> Outcome {
        meta = Self.modernMeta
        let id = send("server/discover", "", before: attempt.deadline)
        meta = nil
        let end = attempt.started.advanced(by: min(Self.probeTime, attempt.patience))
        let reply = answer(to: [id], until: end)
        attempt.note(reply)
        switch reply {
        case .result(_, let answer):
            return modern(answer, attempt) ?? initialize(&attempt)
        case .error(_, let refusal):
            try check(refusal)
            return initialize(&attempt)
        case .silence:
            attempt.probe = id
            return initialize(&attempt)
        case .ended:
            return .failed(
                reply.deed(on: "server/discover", within: attempt.patience), advice: reply.advice)
        }
    }

    /// A modern server that speaks no version of mcpo's cannot be spoken to.
    private func check(_ refusal: ServerRefusal) throws(DialogueFailure) {
        guard refusal.code == ServerRefusal.unsupportedVersion, !refusal.supported.isEmpty,
            !refusal.supported.contains(where: Revisions.legacy.contains)
        else { return }
        throw DialogueFailure(
            "it speaks only the revisions \(refusal.supported.joined(separator: ", ")), "
                + "which this mcpo does not know")
    }

    /// Sends `initialize`, and waits for its answer or for a late one to the probe.
    private mutating func initialize(_ attempt: inout Attempt) -> Outcome {
        let id = send(
            "initialize",
            #""protocolVersion":"\#(Revisions.legacy[0])","capabilities":{},"#
                + #""clientInfo":\#(Self.info)"#, before: attempt.deadline)
        while true {
            let reply = answer(
                to: [id] + [attempt.probe].compactMap(\.self), until: attempt.deadline)
            attempt.note(reply)
            switch reply {
            case .result(id, let answer):
                return opened(answer, attempt)
            case .result(_, let answer):
                attempt.probe = nil
                if let outcome = modern(answer, attempt) { return outcome }
            case .error(let answered, _) where attempt.probe != nil && answered != id:
                attempt.probe = nil
            case .error, .silence, .ended:
                return .failed(
                    reply.deed(on: "initialize", within: attempt.patience), advice: reply.advice)
            }
        }
    }
}

// MARK: - What the answers say

extension ServerDialogue {
    /// nil when it is no DiscoverResult: some legacy servers answer anything.
    private mutating func modern(_ answer: ServerAnswer, _ attempt: Attempt) -> Outcome? {
        let result = answer.envelope.result
        let versions = answer.texts(answer.member("supportedVersions", of: result))
        guard versions.contains(Revisions.modern) else { return nil }
        meta = Self.modernMeta
        let info = answer.member(
            "io.modelcontextprotocol/serverInfo", of: answer.envelope.meta)
        var opening = Self.opening(.modern, Revisions.modern, answer, info, attempt)
        opening.ttl = answer.timeToLive
        return .opened(opening)
    }

    private func opened(
        _ answer: ServerAnswer, _ attempt: Attempt
    ) -> Outcome {
        notify("notifications/initialized")
        var opening = legacy(answer, attempt)
        opening.ignoresProbe = attempt.probe != nil
        return .opened(opening)
    }

    private func legacy(_ answer: ServerAnswer, _ attempt: Attempt) -> ServerOpening {
        let result = answer.envelope.result
        let revision = answer.text(answer.member("protocolVersion", of: result)) ?? "unknown"
        return Self.opening(
            .legacy, revision, answer, answer.member("serverInfo", of: result), attempt)
    }

    private static func opening(
        _ era: Era, _ revision: String, _ answer: ServerAnswer, _ info: JSONValue,
        _ attempt: Attempt
    ) -> ServerOpening {
        let capabilities = answer.member("capabilities", of: answer.envelope.result)
        return ServerOpening(
            era: era, revision: revision,
            name: answer.text(answer.member("name", of: info)),
            version: answer.text(answer.member("version", of: info)),
            capabilities: Capability.all.filter { name in
                answer.member(name, of: capabilities).kind == .object
            }.map(\.description), startup: attempt.startup)
    }
}

/// Capabilities of servers that the revisions name.
enum Capability {
    static let all: [StaticString] = [
        "tools", "resources", "prompts", "completions", "logging", "tasks", "extensions",
        "experimental",
    ]
}
