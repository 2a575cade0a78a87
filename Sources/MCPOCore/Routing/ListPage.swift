// What reading a list page by page comes to, whoever reads it.

/// What a page of a server's list means for the one who asked for it.
package enum ListPage: Equatable, Sendable {
    /// The list is complete.
    case last
    /// The next page is to be asked for with this cursor, a string of the line.
    case more(JSONValue)
    /// The answer is no list, or the list is out of bounds: the old state stays.
    case unusable
}
