// The page that `GET /` returns: one file that needs nothing from elsewhere.

internal import CDashboard

enum Dashboard {
    /// Nothing but the page's own style and script runs, and they talk to this port alone.
    private static let policy: StaticText =
        """
        Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; \
        script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'none'
        """

    static let response: HTTPResponse = {
        let page = Array(UnsafeBufferPointer(start: mcpo_dashboard, count: mcpo_dashboard_size))
        return HTTPResponse(.ok, "text/html; charset=utf-8", page)
            .with(policy).with("Referrer-Policy: no-referrer")
    }()
}
