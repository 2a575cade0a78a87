// A process of the server: what it makes of what it reads, and what it says, when.

import MCPOCore

/// Something that a process says after a while.
struct Utterance {
    var after: Duration
    var message: ServerMessage
}

/// A request that a process has read.
struct HeardRequest {
    var number: [UInt8]
    var method: [UInt8]
    var nonce: [UInt8]
    var token: [UInt8]?
}

/// The mind of one process.
struct ServerModel {
    let habits: ServerHabits
    let limits: Limits
    /// Dies before it has answered anything.
    let isStillborn: Bool
    /// A process after the first: it may not want to be initialised again.
    let isRestarted: Bool
    private var ids = IdentityMaker(start: 0)
    /// Its own requests without an answer, as far as it knows.
    private var asked: [Identity] = []
    private var subscriptions: [UInt32] = []
    /// Numbers that were or are in use.
    private var numbers: [UInt32] = []
    private(set) var hasSpoken = false

    init(_ scenario: Scenario, isRestarted: Bool, _ dice: inout Dice) {
        habits = scenario.server
        limits = scenario.settings.limits
        self.isRestarted = isRestarted
        isStillborn = dice.percent(habits.stillborn)
    }

    /// A line from mcpo.
    mutating func hear(_ line: [UInt8], _ dice: inout Dice) -> [Utterance] {
        var envelope = Envelope()
        let bytes = line.span.bytes
        guard (try? Envelope.scan(bytes, into: &envelope)) != nil else { return [] }
        guard envelope.method.kind == .string else {
            let answered = slice(line, envelope.id)
            asked.removeAll { $0.verbatim == answered }
            return []
        }
        guard envelope.id.isPresent else { return [] }
        let token = envelope.metaProgressToken
        let heard = HeardRequest(
            number: slice(line, envelope.id),
            method: slice(line, envelope.method).dropFirst().dropLast().map { $0 },
            nonce: slice(line, bytes.member("nonce", of: envelope.params)),
            token: token.isPresent ? slice(line, token) : nil)
        if let number = parseNumber(heard.number) { numbers.append(number) }
        return respond(to: heard, &dice)
    }

    private func slice(_ line: [UInt8], _ value: JSONValue) -> [UInt8] {
        Array(line[value.range.bounds])
    }

    private mutating func respond(to heard: HeardRequest, _ dice: inout Dice) -> [Utterance] {
        var utterances: [Utterance] = []
        let method = String(decoding: heard.method, as: UTF8.self)
        if method == "subscriptions/listen" { return listen(heard, &dice) }
        if dice.percent(habits.chatter) { utterances += chatter(about: heard, &dice) }
        guard !dice.percent(habits.silence) || method == "initialize" && !isRestarted else {
            return utterances
        }
        if method == "initialize", isRestarted, dice.percent(habits.refusals) {
            guard dice.percent(50) else { return utterances }
            return utterances + [
                Utterance(after: .zero, message: answer(heard, isError: true, &dice))
            ]
        }
        hasSpoken = true
        let after = dice.delay(upTo: habits.latency)
        guard dice.percent(habits.faults) else {
            let isError = method != "initialize" && dice.percent(15)
            return utterances + [
                Utterance(after: after, message: answer(heard, isError: isError, &dice))
            ]
        }
        return utterances + faulty(heard, after, &dice)
    }

    /// Something else than one good answer.
    private mutating func faulty(
        _ heard: HeardRequest, _ after: Duration, _ dice: inout Dice
    ) -> [Utterance] {
        let good = answer(heard, isError: false, &dice)
        let message: ServerMessage
        switch dice.roll(10) {
        case 9: message = answer(loosely(heard, &dice), isError: false, &dice)
        case 0:  // twice
            let again = Utterance(after: after + dice.delay(upTo: .seconds(1)), message: good)
            return [Utterance(after: after, message: good), again]
        case 1: message = answer(HeardRequest.to(deadNumber(&dice)), isError: false, &dice)
        case 2: message = answer(HeardRequest.to(Array("null".utf8)), isError: true, &dice)
        case 3: message = oversized(heard.number, &dice)
        case 4: message = deep(heard.number)
        case 5:
            message = neither(heard)
        case 6:
            let garbage = garbage(&dice)
            return [
                Utterance(after: after, message: garbage), Utterance(after: after, message: good),
            ]
        case 7:
            return [Utterance(after: after + .seconds(dice.roll(30)), message: good)]
        default:
            message = batch([good, notification(&dice), ownRequest(&dice)])
        }
        return [Utterance(after: after, message: message)]
    }

    /// The same request, its number read into a float or a string.
    private func loosely(_ heard: HeardRequest, _ dice: inout Dice) -> HeardRequest {
        var loose = heard
        loose.number =
            dice.percent(50)
            ? heard.number + Array(".0".utf8) : Array("\"".utf8) + heard.number + Array("\"".utf8)
        return loose
    }

    /// A number that is not in flight, most likely.
    private func deadNumber(_ dice: inout Dice) -> [UInt8] {
        if dice.percent(20) { return Array(dice.pick(["\"7\"", "7.0", "7.5", "null"]).utf8) }
        return numbers.isEmpty || dice.percent(30)
            ? digits(UInt32(dice.between(1...400))) : digits(dice.pick(numbers))
    }

    /// Progress, notifications and requests of its own around the work on a request.
    private mutating func chatter(
        about heard: HeardRequest, _ dice: inout Dice
    ) -> [Utterance] {
        (0..<dice.between(1...4)).map { _ in
            let after = dice.delay(upTo: habits.latency + .milliseconds(100))
            let message: ServerMessage
            switch dice.roll(8) {
            case 0, 1, 2:
                let token = dice.percent(80) ? heard.token : deadNumber(&dice)
                message = token.map { progress($0) } ?? notification(&dice)
            case 3: message = notification(&dice)
            case 4, 5: message = habits.isModern ? notification(&dice) : ownRequest(&dice)
            case 6: message = withdrawal(&dice)
            default: message = dice.percent(50) ? garbage(&dice) : tagged(&dice)
            }
            return Utterance(after: after, message: message)
        }
    }

    private mutating func listen(_ heard: HeardRequest, _ dice: inout Dice) -> [Utterance] {
        if let number = parseNumber(heard.number) { subscriptions.append(number) }
        var utterances = [Utterance(after: .milliseconds(1), message: acknowledged(heard.number))]
        if dice.percent(30) { utterances.append(utterances[0]) }
        for _ in 0..<dice.roll(4) {
            let after = dice.delay(upTo: .seconds(2))
            utterances.append(Utterance(after: after, message: tagged(&dice)))
        }
        if dice.percent(25) {
            let id = Identity(heard.number, canonical: heard.number)
            let after = dice.delay(upTo: .seconds(3))
            for _ in 0..<dice.between(1...2) {
                utterances.append(Utterance(after: after, message: cancelled(id)))
            }
        }
        if dice.percent(40) {
            let after = dice.delay(upTo: .seconds(4))
            utterances.append(
                Utterance(
                    after: after, message: answer(heard, isError: false, &dice, isListen: true)))
        }
        return utterances
    }

    private mutating func tagged(_ dice: inout Dice) -> ServerMessage {
        let number =
            subscriptions.isEmpty || dice.percent(20)
            ? deadNumber(&dice) : digits(dice.pick(subscriptions))
        return tagged("notifications/tools/list_changed", number)
    }

    /// A request of its own; at times under an id that is no id, or in use.
    private mutating func ownRequest(_ dice: inout Dice) -> ServerMessage {
        if dice.percent(6) { return invalidRequest(&dice) }
        let isDuplicate = dice.percent(8) && !asked.isEmpty
        let id = isDuplicate ? dice.pick(asked) : ids.next(&dice)
        asked.append(id)
        let token = dice.percent(50) ? ids.next(&dice).verbatim : nil
        return request(id, token, &dice)
    }

    private mutating func withdrawal(_ dice: inout Dice) -> ServerMessage {
        guard !asked.isEmpty, dice.percent(80) else { return cancelled(ids.next(&dice)) }
        return cancelled(asked.remove(at: dice.roll(asked.count)))
    }
}

extension HeardRequest {
    /// A request that nobody made.
    fileprivate static func to(_ number: [UInt8]) -> HeardRequest {
        HeardRequest(number: number, method: [], nonce: Array("0".utf8), token: nil)
    }
}
