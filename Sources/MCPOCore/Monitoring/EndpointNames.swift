// Finds an endpoint by the bytes of its name.
//
// The table has four places for each name that it can hold: it never grows, and names that a client
// makes collide cost it, at the worst, a probe of a thousand places.
//
//     endpoint 0   "other"      every name that finds no room, and a tool that is really named so
//     endpoint 1   "tools/list"
//     endpoint 2   "github__search_issues"  …

/// Where an endpoint's figures are in its monitor.
package struct EndpointID: Hashable, Sendable {
    let index: Int32

    /// The endpoint of all names that have none of their own.
    package static let other = EndpointID(index: 0)
}

/// The names of endpoints. Nothing is ever taken out.
struct EndpointNames {
    private static let slotCount = 4 * 1024

    private var index = NameIndex(slots: slotCount)

    /// - Parameter first: the name at place 0.
    init(first: StaticString) {
        let name = first.withUTF8Buffer { Array($0) }
        add(name.span.bytes)
    }

    var count: Int { index.count }

    /// Whether one more can be added.
    var hasRoom: Bool { index.count < Self.slotCount / 4 }

    /// The name at a place.
    func name(_ place: Int) -> [UInt8] { index.name(place) }

    /// The place of `name`; nil when it has none.
    func place(of name: RawSpan) -> Int? {
        index.find(name, 0, name.byteCount)
    }

    /// Adds a name that is not there; at most a quarter as many as there are slots.
    mutating func add(_ name: RawSpan) {
        precondition(index.count <= Self.slotCount / 4, "there are too many endpoints")
        index.add(name)
    }
}
