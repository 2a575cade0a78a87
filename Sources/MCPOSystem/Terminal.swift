// What mcpo has to know of the terminal that somebody reads its tables on.

import CSystem

/// The columns of the terminal that the descriptor is; nil for a file, a pipe, or a terminal that
/// does not say.
package func terminalWidth(_ descriptor: Int32) -> Int? {
    let columns = Int(mcpo_terminal_columns(descriptor))
    return columns > 0 ? columns : nil
}
