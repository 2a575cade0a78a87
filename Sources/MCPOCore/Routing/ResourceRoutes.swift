// Which server a resource is read from. URIs are not changed: who lists one answers for it.
//
//     github   repo://{owner}/{name}                    a listed URI is its server's;
//     files    file:///notes.txt, file:///{+path}       of several, the earlier one's
//     wiki     file:///wiki/{page}
//
//     file:///notes.txt    files    listed
//     file:///wiki/home    wiki     13 literal characters, against 8 of `file:///{+path}`
//     file:///wiki/a/b     files    {page} has no slash
//     ftp://x              –
//
// Of the templates that match, the one with the most literal characters counts, then the earlier
// server's, then the earlier one of that. Those that match by the letter of RFC 6570 come before
// those that match only as servers' libraries read them.

/// Finds the server for a URI.
package struct ResourceRoutes: Sendable {
    /// States that the templates of one server may take for one URI, about 7 ms as measured: a
    /// server whose templates are made to be slow harms no other, and its later ones match nothing.
    package static let stepsPerServer = 1_000_000

    private struct Candidate: Sendable {
        var template: URITemplate
        var server: Int
    }

    /// Of all resources, and of all templates, named `verbatim`.
    package var resourceNames: ExposedNames { resources }
    private let resources: ExposedNames
    package let templateNames: ExposedNames
    /// In the order in which they count.
    private var candidates: [Candidate] = []

    /// - Parameters:
    ///   - resources: what the servers list, named `verbatim`.
    ///   - templateNames: their templates, likewise.
    ///   - templates: the lists that `templateNames` was made of.
    package init(
        _ resources: ExposedNames, _ templateNames: ExposedNames, _ templates: [EntryListContent]
    ) {
        self.resources = resources
        self.templateNames = templateNames
        for (server, list) in templates.enumerated() {
            for entry in list.entries.indices {
                guard !templateNames.isHidden(.init(server: server, entry: entry)),
                    let template = URITemplate(list.key(entry))
                else { continue }
                candidates.append(Candidate(template: template, server: server))
            }
        }
        // The sort is stable: what has equally many keeps the order of the configuration.
        candidates.sort { $0.template.literalCount > $1.template.literalCount }
    }

    /// The server for a URI, a string of the line; nil when nobody has it.
    package func server(_ line: RawSpan, _ uri: JSONValue) -> Int? {
        guard uri.kind == .string else { return nil }
        if let owner = resources.owner(line, uri) { return owner.server }
        guard !candidates.isEmpty else { return nil }
        let (lower, upper) = (Int(uri.range.lower) + 1, Int(uri.range.upper) - 1)
        guard (lower..<upper).contains(where: { line.byte($0) == 0x5C }) else {
            return matching(line, lower, upper)
        }
        // An escape is at most six bytes for one.
        guard uri.range.count <= 6 * URITemplate.longestURI + 2 else { return nil }
        var bytes: [UInt8] = []
        decodeJSONString(line, uri.range, into: &bytes)
        return matching(bytes.span.bytes, 0, bytes.count)
    }

    /// The server that lists a template, for what names one (`completion/complete`).
    package func server(ofTemplate template: JSONValue, _ line: RawSpan) -> Int? {
        templateNames.owner(line, template)?.server
    }

    private func matching(_ bytes: RawSpan, _ lower: Int, _ upper: Int) -> Int? {
        guard upper - lower <= URITemplate.longestURI else { return nil }
        var steps = Array(repeating: Self.stepsPerServer, count: templateNames.serverCount)
        for reading in [URITemplate.Reading.strict, .lenient] {
            for candidate in candidates where steps[candidate.server] > 0 {
                if candidate.template.matches(
                    bytes, lower, upper, reading, steps: &steps[candidate.server])
                {
                    return candidate.server
                }
            }
        }
        return nil
    }
}
