// Writes the requests of the client in the cached world: equal ones in many spellings.

import MCPOCore

/// Makes the client's requests.
struct QuestionScript {
    let scenario: CachedScenario
    var ids = IdentityMaker(start: 0)
    private var nonces = 0
    private var judgements: [String: CacheDecision] = [:]
    var made: Int { nonces }

    init(_ scenario: CachedScenario) {
        self.scenario = scenario
        for tool in SimulatedTool.all {
            judgements[tool.name] =
                scenario.caching.policy.judge(tool.name, tool.annotations).decision
        }
    }

    private static let letters = ["a", "b", "c"]

    private mutating func question(_ method: Method, _ dice: inout Dice) -> Question {
        nonces += 1
        let question = Question(nonce: nonces, id: ids.next(&dice), method: method)
        if dice.percent(40) { question.token = ids.next(&dice).verbatim }
        switch scenario.client {
        case .legacy, .batching: question.era = .legacy
        case .modern: question.era = .modern
        case .mixed: question.era = dice.percent(50) ? .modern : .legacy
        }
        return question
    }

    mutating func initialize(_ dice: inout Dice) -> Question {
        let question = question(.initialize, &dice)
        question.era = .legacy
        let revision = scenario.client == .batching ? "2025-03-26" : "2025-11-25"
        finish(
            question, "initialize",
            [#""protocolVersion":"\#(revision)""#, #""capabilities":{"roots":{}}"#], &dice)
        return question
    }

    /// Any request.
    mutating func next(_ dice: inout Dice) -> Question {
        if dice.percent(scenario.writes) { return write(&dice) }
        if dice.percent(scenario.resources) { return resource(.readResource, &dice) }
        switch dice.roll(20) {
        case 0..<9: return read(&dice)
        case 9, 10: return statement(&dice)
        case 11, 12:
            return call(dice.pick(SimulatedTool.all.filter { $0.kind == .realtime }), &dice)
        case 13...15: return list(&dice)
        case 16, 17: return resource(.readResource, &dice)
        case 18: return odd(&dice)
        default:
            guard scenario.client != .modern else { return list(&dice) }
            return resource(
                dice.percent(75) ? .subscribeResource : .unsubscribeResource, &dice)
        }
    }

    private mutating func read(_ dice: inout Dice) -> Question {
        call(dice.pick(SimulatedTool.all.filter { $0.kind == .read }), &dice)
    }

    private mutating func write(_ dice: inout Dice) -> Question {
        if dice.percent(20) { return statement(&dice, changes: true) }
        return call(dice.pick(SimulatedTool.all.filter { $0.kind == .write }), &dice)
    }

    private mutating func statement(_ dice: inout Dice, changes: Bool = false) -> Question {
        call(SimulatedTool.all[4], changes: changes, &dice)
    }

    /// mcpo's own tool, a method that nobody knows, a ping.
    private mutating func odd(_ dice: inout Dice) -> Question {
        switch dice.roll(4) {
        case 0, 1:
            let question = question(.callTool, &dice)
            question.token = nil
            // Without mcpo's own it is a tool that nobody has listed.
            if !scenario.caching.hasMetricsTool {
                question.decision = CacheDecision(line: .unlisted, effect: .unknown)
            }
            let isJSON = dice.percent(50)
            let name = #""name":"mcpo_metrics""#
            let arguments = #""arguments":{"format":"json"}"#
            finish(question, "tools/call", isJSON ? [name, arguments] : [name], &dice)
            return question
        case 2:
            let question = question(.ping, &dice)
            finish(question, "ping", [], &dice)
            return question
        default:
            let question = question(.unknown, &dice)
            question.decision = CacheDecision(line: .notStorable, effect: .unknown)
            finish(question, "x/unknown", [], &dice)
            return question
        }
    }

    private mutating func call(
        _ tool: SimulatedTool, changes: Bool = false, _ dice: inout Dice
    ) -> Question {
        let question = question(.callTool, &dice)
        let place = dice.roll(scenario.keys)
        let isExact = dice.percent(90)
        question.tool = tool
        question.matter = tool.kind == .read && !tool.hasKey ? .everything : .key(place)
        question.changes = changes || tool.kind == .write
        question.decision = judgements[tool.name] ?? question.decision
        var members = [
            "\(spelled("key", &dice)):\(spelled(Self.letters[place], &dice))",
            "\(spelled("n", &dice)):\(isExact ? "1" : "1.0")",
        ]
        question.key = "\(question.era) \(tool.name) \(place) \(isExact)"
        if tool.kind == .statement {
            members.append(
                #""sql":"\#(changes ? "UPDATE t SET a = 1" : "SELECT a FROM t")""#)
            question.key += " \(changes)"
            if changes, question.decision.isCacheable || question.decision.effect == .readOnly {
                question.decision.effect = .write
                question.decision.isCacheable = false
            }
        }
        if question.changes, dice.percent(80) {
            // Two changes are seldom the same.
            members.append(#""value":\#(question.nonce)"#)
            question.key += " \(question.nonce)"
        }
        if dice.percent(3) {
            members.append(#""key":"\#(Self.letters[place])""#)
            question.key = ""
        }
        var parts = [
            "\"name\":" + spelled(tool.name, &dice),
            "\"arguments\":{" + shuffled(members, &dice).joined(separator: gap(&dice)) + "}",
        ]
        if dice.percent(2) {
            parts.append(
                dice.pick([#""inputResponses":{}"#, #""task":{}"#, #""requestState":"s""#]))
            question.key = ""
        }
        finish(question, "tools/call", parts, &dice)
        return question
    }

    private mutating func list(_ dice: inout Dice) -> Question {
        let place = dice.roll(Database.listMethods.count)
        let (name, method) = Database.listMethods[place]
        let question = question(method, &dice)
        question.matter = .list(place)
        question.key = "\(question.era) \(name)"
        question.decision = scenario.caching.policy.judge(
            method, server: question.era, isWatched: false)
        var parts: [String] = []
        if place == 0, scenario.server.hasPages, dice.percent(30) {
            parts = [#""cursor":"2""#]
            question.key += " 2"
        }
        finish(question, name, parts, &dice)
        return question
    }

    private mutating func resource(_ method: Method, _ dice: inout Dice) -> Question {
        let question = question(method, &dice)
        let place = dice.roll(scenario.keys)
        question.matter = .key(place)
        question.uri = Database.uri(of: place)
        if method == .readResource { question.key = "\(question.era) \(question.uri)" }
        if method != .readResource { question.era = .legacy }
        let name = spelled(question.uri, &dice)
        finish(question, "\(method.name)", ["\"uri\":\(name)"], &dice)
        return question
    }

    // MARK: Writing

    private mutating func finish(
        _ question: Question, _ method: String, _ parts: [String], _ dice: inout Dice
    ) {
        let parts = shuffled(parts + [meta(question, &dice)], &dice).joined(separator: gap(&dice))
        let id = String(decoding: question.id.verbatim, as: UTF8.self)
        let text =
            #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(parts)}}"#
        question.line = Array(text.utf8)
    }

    private func meta(_ question: Question, _ dice: inout Dice) -> String {
        var members = [#""nonce":\#(question.nonce)"#]
        if let token = question.token {
            members.append(#""progressToken":\#(String(decoding: token, as: UTF8.self))"#)
        }
        if question.era == .modern {
            members.append(#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#)
            members.append(#""io.modelcontextprotocol/clientCapabilities":{}"#)
        }
        if question.method.hasStorableAnswer, dice.percent(scenario.directives) {
            members.append("\"mcpo/cache\":" + directive(question, &dice))
        }
        return "\"_meta\":{" + shuffled(members, &dice).joined(separator: ",") + "}"
    }

    private func directive(_ question: Question, _ dice: inout Dice) -> String {
        switch dice.roll(5) {
        case 0:
            question.directive = .noStore
            return "\"no-store\""
        case 1:
            question.directive = .noCache
            return "\"no-cache\""
        case 2:
            question.directive = .onlyIfCached
            return "\"only-if-cached\""
        case 3:
            question.directive = .notUnderstood
            return "\"stale-please\""
        default:
            let age = dice.pick([0, 300, 2_000])
            question.directive = .maxAge(Int64(age) * 1_000_000)
            return #"{"maxAge":\#(age / 1_000).\#(age % 1_000 / 100)}"#
        }
    }

    /// A string in one of its spellings.
    private func spelled(_ text: String, _ dice: inout Dice) -> String {
        guard dice.percent(10) else { return "\"\(text)\"" }
        let identity = IdentityMaker.string(text, escaped: true)
        return String(decoding: identity.verbatim, as: UTF8.self)
    }

    private func gap(_ dice: inout Dice) -> String { dice.percent(10) ? " , " : "," }

    private func shuffled(_ list: [String], _ dice: inout Dice) -> [String] {
        guard list.count > 1, dice.percent(30) else { return list }
        var list = list
        list.swapAt(dice.roll(list.count), dice.roll(list.count))
        return list
    }
}
