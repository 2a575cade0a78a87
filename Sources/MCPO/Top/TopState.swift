// What somebody has chosen to see, and what the keys do to it.

/// What a key asks of the program beyond another view.
package enum TopAction: Equatable, Sendable {
    case none, quit, suspend
    /// Draw everything again: something else has written on the screen.
    case redraw
}

/// What is seen of the table at the moment.
package struct TopExtent: Equatable, Sendable {
    /// Rows that pass the filter, and how many of them are shown.
    package var rows = 0
    package var visible = 0
    package var columns: [TopColumn] = []

    package init(rows: Int = 0, visible: Int = 0, columns: [TopColumn] = []) {
        self.rows = rows
        self.visible = visible
        self.columns = columns
    }
}

package struct TopState: Equatable, Sendable {
    /// Characters of a filter: as many as an exposed name can have (SPEC §12).
    package static let longestFilter = 64

    package var sort = TopColumn.cost
    package var isReversed = false
    /// The first row that is shown.
    package var scroll = 0
    package var filter = ""
    /// Whether the filter is being typed.
    package var isTyping = false
    package var showsHelp = false
    package var isPaused = false

    package init(sort: TopColumn = .cost) {
        self.sort = sort
    }

    package mutating func handle(_ key: TerminalKey, _ extent: TopExtent) -> TopAction {
        switch key {
        case .control("c"): return .quit
        case .control("z"): return .suspend
        case .control("l"): return .redraw
        case _ where isTyping: type(key)
        case _ where showsHelp:
            if key == .character("q") { return .quit }
            showsHelp = false
        case .character("q"): return .quit
        default: view(key, extent)
        }
        return .none
    }

    private mutating func view(_ key: TerminalKey, _ extent: TopExtent) {
        switch key {
        case .up, .character("k"): move(-1, extent)
        case .down, .character("j"): move(1, extent)
        case .pageUp, .control("b"): move(-max(1, extent.visible), extent)
        case .pageDown, .control("f"): move(max(1, extent.visible), extent)
        case .home, .character("g"): scroll = 0
        case .end, .character("G"): move(extent.rows, extent)
        case .left, .character("<"), .character(","): choose(-1, extent)
        case .right, .character(">"), .character("."): choose(1, extent)
        case .character("r"): isReversed.toggle()
        case .character("p"), .character(" "): isPaused.toggle()
        case .character("h"), .character("?"): showsHelp = true
        case .character("/"): isTyping = true
        case .escape: filter = ""
        case .character(let digit): choose(digit, extent)
        default: break
        }
    }

    private mutating func move(_ rows: Int, _ extent: TopExtent) {
        scroll = max(0, min(scroll + rows, extent.rows - extent.visible))
    }

    private mutating func choose(_ step: Int, _ extent: TopExtent) {
        // A column that no row has a value for is not there.
        let place = extent.columns.firstIndex(of: sort) ?? extent.columns.count
        let next = place + step
        if extent.columns.indices.contains(next) { choose(extent.columns[next]) }
    }

    /// `1` is the first of the columns that are shown, `0` the tenth.
    private mutating func choose(_ digit: Unicode.Scalar, _ extent: TopExtent) {
        guard ("0"..."9").contains(digit) else { return }
        let place = (Int(digit.value) - 0x30 + 9) % 10
        if extent.columns.indices.contains(place) { choose(extent.columns[place]) }
    }

    /// The same column again turns the order around.
    private mutating func choose(_ column: TopColumn) {
        isReversed = column == sort ? !isReversed : false
        sort = column
        scroll = 0
    }

    private mutating func type(_ key: TerminalKey) {
        switch key {
        case .enter: isTyping = false
        case .escape:
            isTyping = false
            filter = ""
        case .backspace: if !filter.isEmpty { filter.unicodeScalars.removeLast() }
        case .control("u"): filter = ""
        case .character(let scalar):
            if filter.unicodeScalars.count < Self.longestFilter {
                filter.unicodeScalars.append(scalar)
            }
        default: break
        }
        scroll = 0
    }

    /// The rows to show, in their order.
    package func rows(of model: TopModel) -> [TopRow] {
        let wanted = Array(filter.lowercased().utf8)
        let rows = model.rows.filter { row in
            Self.isIn(row.endpoint.name, wanted)
                || row.endpoint.server.map { Self.isIn($0, wanted) } ?? false
        }
        return sort.sorted(rows, isReversed: isReversed)
    }

    /// Whether a text has a part, in lower case. (What the standard library has for it comes with its
    /// regular expressions: two megabytes of every mcpo's memory.)
    private static func isIn(_ text: String, _ part: [UInt8]) -> Bool {
        let bytes = Array(text.lowercased().utf8)
        guard bytes.count >= part.count else { return false }
        return (0...(bytes.count - part.count)).contains { bytes[$0...].starts(with: part) }
    }
}
