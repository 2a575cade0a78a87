// Writing families of samples, as both of Prometheus's formats have them.
//
//     writer.begin("mcpo_server_restarts", .counter, "Times it was started again.")
//     writer.sample("_total", [("server", name)], 2)
//
// The formats differ in what names a counter in its head, in units, in infos, and in how the end is
// told. A family without samples is not written: Prometheus has no use for its head.

internal import MCPOCore

struct FamilyWriter {
    typealias Label = (StaticString, [UInt8])

    enum Kind {
        case counter, gauge, histogram
        /// A gauge, where there is no such kind.
        case info
    }

    private let format: PrometheusText.Format
    private var bytes: [UInt8] = []
    private var name: StaticString = ""
    private var head: [UInt8] = []

    init(_ format: PrometheusText.Format) {
        self.format = format
    }

    /// Begins a family.
    /// - Parameters:
    ///   - name: without the ending of its samples; with `unit` at its end if it has one.
    ///   - help: a sentence without what would have to be escaped.
    mutating func begin(
        _ name: StaticString, _ kind: Kind, unit: StaticString? = nil, _ help: StaticString
    ) {
        self.name = name
        head = []
        writeHead("# HELP ", kind, help)
        writeHead("# TYPE ", kind, word(of: kind))
        if let unit, format == .openMetrics { writeHead("# UNIT ", kind, unit) }
    }

    private mutating func writeHead(_ start: StaticString, _ kind: Kind, _ rest: StaticString) {
        var line = FamilyWriter(format)
        line.write(start)
        line.write(name)
        if format == .prometheus { line.write(ending(of: kind)) }
        line.write(" ")
        line.write(rest)
        line.write("\n")
        head += line.bytes
    }

    /// What all samples of a family have at the end of their names that the text format counts as a
    /// part of them.
    private func ending(of kind: Kind) -> StaticString {
        switch kind {
        case .counter: "_total"
        case .info: "_info"
        case .gauge, .histogram: ""
        }
    }

    private func word(of kind: Kind) -> StaticString {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        case .info: format == .openMetrics ? "info" : "gauge"
        }
    }

    mutating func sample(_ ending: StaticString, _ labels: [Label], _ value: Int) {
        sample(ending, labels, units: Int64(value), places: 0)
    }

    /// A duration or a moment, which is written in seconds.
    mutating func sample(_ ending: StaticString, _ labels: [Label], nanoseconds: Int64) {
        sample(ending, labels, units: nanoseconds, places: 9)
    }

    private mutating func sample(
        _ ending: StaticString, _ labels: [Label], units: Int64, places: Int
    ) {
        bytes += head
        head = []
        write(name)
        write(ending)
        for (place, label) in labels.enumerated() {
            write(place == 0 ? "{" : ",")
            write(label.0)
            write("=\"")
            writeEscaped(label.1)
            write("\"")
        }
        if !labels.isEmpty { write("}") }
        write(" ")
        DecimalText.append(units: units, places: places, to: &bytes)
        write("\n")
    }

    /// Everything that was written, and the end.
    consuming func finish() -> [UInt8] {
        if format == .openMetrics { write("# EOF\n") }
        return bytes
    }

    private mutating func write(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// A label's value, UTF-8: backslashes, quotes and ends of lines cannot stand there as they are.
    private mutating func writeEscaped(_ value: [UInt8]) {
        for byte in value {
            switch byte {
            case UInt8(ascii: "\\"): write("\\\\")
            case UInt8(ascii: "\""): write("\\\"")
            case UInt8(ascii: "\n"): write("\\n")
            default: bytes.append(byte)
            }
        }
    }
}
