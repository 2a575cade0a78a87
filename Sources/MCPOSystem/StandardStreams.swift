// What the executable sets right in its own process before anything else; a library must not.

import CSystem

/// The process that mcpo is alone in.
package enum OwnProcess {
    /// Makes sure that stdin, stdout and stderr are open, if only to /dev/null, and that memory of
    /// large messages is given back.
    package static func prepare() {
        mcpo_open_standard_streams()
        mcpo_return_large_blocks()
    }
}
