// Answers, and how they are written.

internal import MCPOCore

/// One answer, before it is written.
struct HTTPResponse: Equatable, Sendable {
    var status: HTTPStatus
    var contentType: StaticText
    var body: [UInt8]
    /// Further fields, each `Name: value`.
    var fields: [StaticText] = []

    init(_ status: HTTPStatus, _ contentType: StaticText, _ body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// What was asked for cannot be had: the reason in words, for programs too.
    static func error(_ status: HTTPStatus, _ words: String) -> HTTPResponse {
        json(status) { $0.member("error", words) }
    }

    /// An object, on a line of its own.
    static func json(
        _ status: HTTPStatus, _ members: (inout JSONWriter) -> Void
    ) -> HTTPResponse {
        var writer = JSONWriter()
        writer.object(members)
        return HTTPResponse(status, .json, writer.bytes + [0x0A])
    }

    func with(_ field: StaticText) -> HTTPResponse {
        var response = self
        response.fields.append(field)
        return response
    }
}

/// A literal that can be compared.
struct StaticText: Equatable, Sendable, ExpressibleByStringLiteral {
    let text: StaticString

    init(stringLiteral text: StaticString) { self.text = text }

    static func == (left: StaticText, right: StaticText) -> Bool {
        left.text.description == right.text.description
    }

    static let json: StaticText = "application/json; charset=utf-8"
}

/// What of an answer depends on the request and the connection.
struct HTTPResponseContext {
    /// Whether the connection stays open.
    var keepsConnection: Bool
    /// Of the request; HTTP/1.0 has to be told that the connection stays.
    var minorVersion = 1
    /// The field `Date`, whole.
    var date: [UInt8]
}

extension HTTPResponse {
    /// The bytes of the answer up to its body, which is shared by all who get it.
    func writeHead(_ context: HTTPResponseContext, into queue: inout ByteQueue) {
        queue.append("HTTP/1.1 ")
        queue.append(decimal: UInt32(status.rawValue))
        queue.append(" ")
        queue.append(status.reason)
        queue.append("\r\n")
        queue.append(context.date)
        queue.append("Content-Type: ")
        queue.append(contentType.text)
        queue.append("\r\nContent-Length: ")
        queue.append(decimal: UInt32(body.count))
        queue.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
        for field in fields {
            queue.append(field.text)
            queue.append("\r\n")
        }
        if !context.keepsConnection {
            queue.append("Connection: close\r\n")
        } else if context.minorVersion == 0 {
            queue.append("Connection: keep-alive\r\n")
        }
        queue.append("\r\n")
    }
}

/// The field `Date` in the form of RFC 9110 §5.6.7: `Date: Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// - Parameter seconds: since 1970, not negative.
    static func field(unixSeconds seconds: Int64) -> [UInt8] {
        let day = seconds / 86_400
        let date = CivilDate(daysSince1970: day)
        let (hours, minutes) = (seconds / 3_600 % 24, seconds / 60 % 60)
        let text =
            "Date: \(days[Int(day % 7)]), \(padded(date.day)) \(months[Int(date.month) - 1]) "
            + "\(date.year) \(padded(hours)):\(padded(minutes)):\(padded(seconds % 60)) GMT\r\n"
        return Array(text.utf8)
    }

    private static func padded(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
