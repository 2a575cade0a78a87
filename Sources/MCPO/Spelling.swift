// Guessing what somebody meant who wrote a word that does not exist.

/// Words that look alike.
package enum Spelling {
    /// How many letters may be wrong; a third of the longest word that mcpo knows would be more
    /// than a slip.
    private static let tolerance = 3
    /// No word that mcpo knows is half as long, and comparing takes the product of the lengths.
    private static let longest = 64

    /// The word of `words` that `word` probably was meant to be: the only one that begins with it,
    /// otherwise the one that is nearest, of equals the first.
    package static func nearest(to word: String, in words: [String]) -> String? {
        guard word.utf8.count <= longest else { return nil }
        let word = word.lowercased()
        let longer = words.filter { $0.hasPrefix(word) }
        if word.count > tolerance, longer.count == 1 { return longer.first }
        let distances = words.map { (word: $0, distance: distance(word, $0)) }
        guard let best = distances.min(by: { $0.distance < $1.distance }),
            best.distance <= min(tolerance, max(best.word.count, word.count) - 1)
        else { return nil }
        return best.word
    }

    /// The least number of letters to insert, delete or replace to make one word the other.
    package static func distance(_ left: String, _ right: String) -> Int {
        let target = Array(right)
        var previous = Array(0...target.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in target.enumerated() {
                let replaced = previous[column] + (letter == other ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[target.count]
    }

    /// `a, b or c`
    package static func alternatives(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
