// Text of others on a terminal: what would move the cursor, or turn the line around, is written as
// an escape (`\u{1B}`).

/// `text` on one line, without control characters and without those that change the direction.
package func printable(_ text: String) -> String {
    var safe = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            safe += scalar.escaped(asASCII: true)
        default: safe.unicodeScalars.append(scalar)
        }
    }
    return safe
}
