// The states of a template's matching; see `URITemplate` for an example.
//
//     byte, set   this state takes one character and goes on to the next state
//     star        takes any number of a set's characters, then goes on
//     fork        goes on, and to another state ahead
//     jump        goes to another state ahead

struct URITemplateProgram: Sendable {
    private enum Step: Sendable {
        case byte(UInt8)
        case set(UInt8)
        case star(UInt8)
        case fork(UInt16)
        case jump(UInt16)
    }

    /// One bit for each state, the end's included.
    private typealias States = InlineArray<16, UInt64>
    private static let maximumStates = 16 * 64
    /// A longer limit on a variable's length is none: each character of it costs seven states.
    private static let longestCounted = 16

    private var steps: [Step] = []

    /// - Returns: nil if there are too many states.
    init?(_ parts: [URITemplatePart], _ reading: URITemplate.Reading) {
        for part in parts {
            for byte in part.literal { steps.append(.byte(byte)) }
            if part.variables.isEmpty { continue }
            switch (reading, part.expression) {
            case (.strict, _): add(part, .encoded)
            case (.lenient, .query), (.lenient, .continuation): addQuery(part.expression)
            case (.lenient, _): add(part, URICharacters.all.subtracting(.slash))
            }
            guard steps.count < Self.maximumStates else { return nil }
        }
        guard steps.count < Self.maximumStates else { return nil }
    }
}

// MARK: - Building

extension URITemplateProgram {
    private var here: UInt16 { UInt16(truncatingIfNeeded: steps.count) }

    /// Any subset of the variables, in order: the first one that is there has another character
    /// before it than those that follow.
    private mutating func add(_ part: URITemplatePart, _ characters: URICharacters) {
        var jumps: [Int] = []
        for _ in part.variables {
            let fork = steps.count
            steps.append(.fork(0))
            if let first = part.expression.first { steps.append(.byte(first)) }
            jumps.append(steps.count)
            steps.append(.jump(0))
            steps[fork] = .fork(here)
        }
        let none = steps.count
        steps.append(.jump(0))
        for (variable, jump) in zip(part.variables, jumps) {
            let fork = steps.count
            steps.append(.fork(0))
            steps.append(.byte(part.expression.separator))
            steps[jump] = .jump(here)
            add(variable, part.expression, characters)
            steps[fork] = .fork(here)
        }
        steps[none] = .jump(here)
    }

    /// A query in any order, with whatever else it has.
    private mutating func addQuery(_ expression: URITemplateOperator) {
        steps.append(.fork(here + 3))
        steps.append(.byte(expression.rawValue))
        steps.append(.star(URICharacters.all.rawValue))
    }

    private mutating func add(
        _ variable: URITemplateVariable, _ expression: URITemplateOperator,
        _ characters: URICharacters
    ) {
        var characters = characters
        if expression == .reserved || expression == .fragment { characters = .all }
        if variable.isExploded {
            // Values, or names and values, with separators between them.
            characters.formUnion([.equals, URICharacters(of: expression.separator)])
            steps.append(.star(characters.rawValue))
            return
        }
        guard expression.isNamed else {
            addValue(variable, characters)
            return
        }
        for byte in variable.name { steps.append(.byte(byte)) }
        let fork = steps.count
        // Of the parameters only those after `;` lose their `=` when they are empty.
        if expression == .parameter { steps.append(.fork(0)) }
        steps.append(.byte(UInt8(ascii: "=")))
        addValue(variable, characters)
        if expression == .parameter { steps[fork] = .fork(here) }
    }

    private mutating func addValue(_ variable: URITemplateVariable, _ characters: URICharacters) {
        guard let length = variable.maximumLength, length <= Self.longestCounted else {
            steps.append(.star(characters.union(.comma).rawValue))
            return
        }
        for _ in 0..<length { addCharacter(characters) }
    }

    /// At most one character, which may be encoded.
    private mutating func addCharacter(_ characters: URICharacters) {
        steps.append(.fork(here + 7))
        steps.append(.fork(here + 3))
        steps.append(.set(characters.subtracting(.percent).rawValue))
        steps.append(.jump(here + 4))
        steps.append(.byte(UInt8(ascii: "%")))
        steps.append(.set(URICharacters.unreserved.rawValue))
        steps.append(.set(URICharacters.unreserved.rawValue))
    }
}

// MARK: - Matching

extension URITemplateProgram {
    func matches(_ bytes: RawSpan, _ lower: Int, _ upper: Int, _ left: inout Int) -> Bool {
        var states = States(repeating: 0)
        states[0] = 1
        for offset in lower..<upper {
            guard left > 0, advance(&states, bytes.byte(offset), &left) else { return false }
        }
        _ = advance(&states, nil, &left)
        return states[steps.count / 64] & (1 << UInt64(steps.count % 64)) != 0
    }

    /// Follows all states over a character; with none, to all states that need none.
    ///
    /// Jumps go forwards only, so that one pass in ascending order reaches every state.
    /// - Returns: whether any state is left.
    private func advance(_ states: inout States, _ byte: UInt8?, _ left: inout Int) -> Bool {
        var next = States(repeating: 0)
        let kind = byte.map { URICharacters(of: $0).rawValue } ?? 0
        var any: UInt64 = 0
        for word in 0...(steps.count / 64) {
            var done: UInt64 = 0
            while true {
                let waiting = states[word] & ~done
                if waiting == 0 { break }
                let place = word &* 64 &+ waiting.trailingZeroBitCount
                done |= waiting & (0 &- waiting)
                left -= 1
                guard place < steps.count else { break }
                switch steps[place] {
                case .byte(let own): if own == byte { Self.add(place &+ 1, &next) }
                case .set(let set): if set & kind != 0 { Self.add(place &+ 1, &next) }
                case .star(let set):
                    if set & kind != 0 { Self.add(place, &next) }
                    Self.add(place &+ 1, &states)
                case .fork(let other):
                    Self.add(place &+ 1, &states)
                    Self.add(Int(other), &states)
                case .jump(let other): Self.add(Int(other), &states)
                }
            }
        }
        guard byte != nil else { return true }
        for word in 0...(steps.count / 64) { any |= next[word] }
        states = next
        return any != 0
    }

    @inline(__always)
    private static func add(_ place: Int, _ states: inout States) {
        states[place &>> 6] |= 1 &<< UInt64(place & 63)
    }
}
