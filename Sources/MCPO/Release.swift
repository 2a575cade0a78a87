// Which mcpo this is.

/// The release that this source is.
package enum Release {
    package static let version = "0.1.0"
}
