// How values are written: one description of each kind for the file, the options and the
// environment, with what is allowed in words.

/// What values of one kind look like, and how they are read and shown.
struct Form<Value> {
    /// What is allowed, for a person.
    var allowance: Allowance
    /// nil for what is not allowed.
    var read: (Scalar) -> Value?
    /// As it can be written.
    var text: (Value) -> String
}

/// What is allowed where something else was written.
struct Allowance: Equatable, Sendable {
    /// `a duration above 0`; empty when the words say it all.
    var noun: String
    /// Values that are allowed, of many.
    var examples: [String] = []
    /// The values that are allowed, all of them.
    var words: [String] = []

    /// - Parameter quotes: whether text stands in quotes, as in the file.
    func text(quotes: Bool) -> String {
        func list(_ texts: [String]) -> String {
            Spelling.alternatives(texts.map { quotes && !Self.isBare($0) ? "\"\($0)\"" : $0 })
        }
        let ending = examples.isEmpty ? "" : ", such as \(list(examples))"
        return noun + list(words) + ending
    }

    private static func isBare(_ text: String) -> Bool {
        text == "true" || text == "false" || text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

// MARK: - Numbers

extension Form where Value == Int {
    /// A whole number.
    /// - Parameter noun: `a number of entries`
    static func count(_ noun: String, _ range: ClosedRange<Int>) -> Form {
        let noun = "\(noun) from \(range.lowerBound) to \(range.upperBound)"
        return Form(
            allowance: Allowance(noun: noun),
            read: { scalar in
                let count: Int? =
                    switch scalar {
                    case .number(let lexeme): Double(lexeme).flatMap { Int(exactly: $0) }
                    // What `Int` also reads, such as `+5`, is more likely a slip.
                    case .text(let text, _):
                        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
                    case .string, .bool: nil
                    }
                return count.flatMap { range.contains($0) ? $0 : nil }
            }, text: { "\($0)" })
    }

    /// Bytes, also with a unit.
    static func size(_ range: ClosedRange<Int>, _ words: String) -> Form {
        Form(
            allowance: Allowance(
                noun: "a size from \(words)", examples: ["1048576", "64MiB", "1.5GB"]),
            read: { scalar in
                let bytes: Int? =
                    switch scalar {
                    case .number(let text), .string(let text), .text(let text, _):
                        ByteCount.parse(text)
                    case .bool: nil
                    }
                return bytes.flatMap { range.contains($0) ? $0 : nil }
            }, text: ByteCount.text)
    }
}

extension Form where Value == Double {
    static var percentage: Form {
        Form(
            allowance: Allowance(noun: "a percentage from 0 to 100"),
            read: { scalar in
                let number: Double? =
                    switch scalar {
                    case .number(let text), .text(let text, _): Double(text)
                    case .string, .bool: nil
                    }
                return number.flatMap { (0...100).contains($0) ? $0 : nil }
            }, text: { "\($0)" })
    }
}

extension Form where Value == Duration {
    /// Seconds, or a number with a unit.
    static func duration(aboveZero: Bool) -> Form {
        let examples = ["90", "250ms", "30s", "5m", "1h"]
        return Form(
            allowance: Allowance(
                noun: aboveZero ? "a duration above 0" : "a duration",
                examples: aboveZero ? examples : ["0"] + examples),
            read: { scalar in
                let duration: Duration? =
                    switch scalar {
                    case .number(let text), .string(let text), .text(let text, _):
                        Duration(text: text)
                    case .bool: nil
                    }
                return duration.flatMap { $0 > .zero || !aboveZero ? $0 : nil }
            }, text: \.text)
    }

    static var positive: Form { duration(aboveZero: true) }
    static var notNegative: Form { duration(aboveZero: false) }
}

// MARK: - Words and texts

extension Form where Value == Bool {
    static var flag: Form {
        Form(
            allowance: Allowance(noun: "", words: ["true", "false"]),
            read: { scalar in
                switch scalar {
                case .bool(let value): value
                case .text("true", _): true
                case .text("false", _): false
                default: nil
                }
            }, text: { $0 ? "true" : "false" })
    }
}

extension Form
where Value: RawRepresentable, Value: CaseIterable, Value.RawValue == String {
    /// One of an enumeration's names.
    static var word: Form {
        Form(
            allowance: Allowance(noun: "", words: Value.allCases.map(\.rawValue)),
            read: { $0.string.flatMap(Value.init(rawValue:)) }, text: \.rawValue)
    }
}

extension Form where Value == String {
    static func string(
        _ noun: String, _ isAllowed: @escaping (String) -> Bool = { _ in true }
    ) -> Form {
        Form(
            allowance: Allowance(noun: noun),
            read: { $0.string.flatMap { isAllowed($0) ? $0 : nil } }, text: { "\"\($0)\"" })
    }

    static func name(_ length: ClosedRange<Int>) -> Form {
        string(
            "\(length.lowerBound) to \(length.upperBound) letters, digits, '.', '_' and '-'"
        ) { ServerConfiguration.isValidName($0) && length.contains($0.utf8.count) }
    }
}

extension Form where Value == ListenAddress {
    static var address: Form {
        Form(
            allowance: Allowance(
                noun: "a port from 0 to 65535, HOST:PORT or unix:PATH",
                examples: ["9300", "127.0.0.1:9300", "[::1]:9300"]),
            read: { scalar in
                switch scalar {
                case .number(let text), .string(let text), .text(let text, _): ListenAddress(text)
                case .bool: nil
                }
            }, text: \.description)
    }
}

extension Form where Value == ServerConfiguration.ToolRule.Storing {
    static var storing: Form {
        Form(
            allowance: Allowance(noun: "true, false or the name of a cache"),
            read: { scalar in
                if let flag = Form<Bool>.flag.read(scalar) { return flag ? .yes : .no }
                return scalar.string.flatMap { $0.isEmpty ? nil : .named($0) }
            },
            text: { storing in
                switch storing {
                case .no: "false"
                case .yes: "true"
                case .named(let name): "\"\(name)\""
                }
            })
    }
}

extension Scalar {
    /// The text of a string, however it came about.
    var string: String? {
        switch self {
        case .string(let text), .text(let text, _): text
        case .number, .bool: nil
        }
    }
}
