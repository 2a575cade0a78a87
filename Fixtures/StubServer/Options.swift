// The stub's command line.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Which revisions of the protocol the stub speaks.
enum Era: String {
    case legacy, modern, dual
}

/// How the stub is to behave.
struct Options {
    var era = Era.legacy
    var ignoresEnd = false
    var ignoresTermination = false
    var startDelay = 0
    var deathAtStart: Int32?
    var once: String?
    /// A grandchild: does nothing, for ever.
    var lurks = false

    /// Returns nil when an argument makes no sense.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--ignore-eof": ignoresEnd = true
            case "--ignore-sigterm": ignoresTermination = true
            case "--lurk": lurks = true
            default:
                guard let value = rest.popFirst(), set(argument, value) else { return nil }
            }
        }
    }

    private mutating func set(_ option: String, _ value: String) -> Bool {
        switch option {
        case "--era":
            guard let era = Era(rawValue: value) else { return false }
            self.era = era
        case "--start-delay":
            guard let delay = Int(value) else { return false }
            startDelay = delay
        case "--die-at-start":
            guard let status = Int32(value) else { return false }
            deathAtStart = status
        case "--once": once = value
        default: return false
        }
        return true
    }

    /// Whether bad behaviour is due: always, or the first time that this is asked.
    func mayMisbehave() -> Bool {
        guard let once else { return true }
        let descriptor = open(once, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }
}
