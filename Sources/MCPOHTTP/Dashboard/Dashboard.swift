// The page that `GET /` returns: one file that needs nothing from elsewhere.

enum Dashboard {
    /// Nothing but the page's own style and script runs, and they talk to this port alone.
    private static let policy: StaticText =
        """
        Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; \
        script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'none'
        """

    static var response: HTTPResponse {
        HTTPResponse(.ok, "text/html; charset=utf-8", PackageResources.dashboard_html)
            .with(policy).with("Referrer-Policy: no-referrer")
    }
}
