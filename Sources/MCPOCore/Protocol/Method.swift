// The methods that mcpo treats in a way of their own. Any other is forwarded without a look.

/// A method name, as far as mcpo needs to know it.
package enum Method: UInt8, CaseIterable, Sendable {
    // Requests of the client
    case initialize
    case discover
    case ping
    case listTools, listPrompts, listResources, listResourceTemplates
    case readResource, getPrompt, complete
    case subscribeResource, unsubscribeResource
    case setLogLevel
    case listen
    case callTool
    // Notifications
    case initialized
    case cancelled
    case progress
    case acknowledged
    case toolsChanged, promptsChanged, resourcesChanged
    case resourceUpdated
    case taskStatus
    case unknown

    /// The method named by `range`, the name's bytes without quotes and escapes.
    ///
    /// A name is looked up by its length first, so that one or two comparisons decide.
    package static func named(_ line: RawSpan, _ range: ByteRange) -> Method {
        func match(_ text: StaticString, _ method: Method) -> Method? {
            line.equals(range, text) ? method : nil
        }
        switch range.count {
        case 4: return match("ping", .ping) ?? .unknown
        case 10:
            return match("tools/call", .callTool) ?? match("tools/list", .listTools)
                ?? match("initialize", .initialize) ?? .unknown
        case 11: return match("prompts/get", .getPrompt) ?? .unknown
        case 12: return match("prompts/list", .listPrompts) ?? .unknown
        case 14:
            return match("resources/read", .readResource) ?? match("resources/list", .listResources)
                ?? .unknown
        case 15: return match("server/discover", .discover) ?? .unknown
        case 16: return match("logging/setLevel", .setLogLevel) ?? .unknown
        case 19:
            return match("completion/complete", .complete)
                ?? match("resources/subscribe", .subscribeResource) ?? .unknown
        case 20: return match("subscriptions/listen", .listen) ?? .unknown
        case 21: return match("resources/unsubscribe", .unsubscribeResource) ?? .unknown
        case 22: return match("notifications/progress", .progress) ?? .unknown
        case 23: return match("notifications/cancelled", .cancelled) ?? .unknown
        case 24: return match("resources/templates/list", .listResourceTemplates) ?? .unknown
        case 25: return match("notifications/initialized", .initialized) ?? .unknown
        case 26: return match("notifications/tasks/status", .taskStatus) ?? .unknown
        case 31: return match("notifications/resources/updated", .resourceUpdated) ?? .unknown
        case 32: return match("notifications/tools/list_changed", .toolsChanged) ?? .unknown
        case 34: return match("notifications/prompts/list_changed", .promptsChanged) ?? .unknown
        case 36:
            return match("notifications/resources/list_changed", .resourcesChanged) ?? .unknown
        case 40: return match("notifications/subscriptions/acknowledged", .acknowledged) ?? .unknown
        default: return .unknown
        }
    }

    /// The name of a request that mcpo knows, as it is in messages.
    package var name: StaticString {
        switch self {
        case .initialize: "initialize"
        case .discover: "server/discover"
        case .ping: "ping"
        case .listTools: "tools/list"
        case .listPrompts: "prompts/list"
        case .listResources: "resources/list"
        case .listResourceTemplates: "resources/templates/list"
        case .readResource: "resources/read"
        case .getPrompt: "prompts/get"
        case .complete: "completion/complete"
        case .subscribeResource: "resources/subscribe"
        case .unsubscribeResource: "resources/unsubscribe"
        case .setLogLevel: "logging/setLevel"
        case .listen: "subscriptions/listen"
        case .callTool: "tools/call"
        case .initialized: "notifications/initialized"
        case .cancelled: "notifications/cancelled"
        case .progress: "notifications/progress"
        case .acknowledged: "notifications/subscriptions/acknowledged"
        case .toolsChanged: "notifications/tools/list_changed"
        case .promptsChanged: "notifications/prompts/list_changed"
        case .resourcesChanged: "notifications/resources/list_changed"
        case .resourceUpdated: "notifications/resources/updated"
        case .taskStatus: "notifications/tasks/status"
        case .unknown: "other"
        }
    }

    /// Whether the specification gives this request no side effect, so that a caller whose answer
    /// was lost may simply ask again.
    package var isReadOnly: Bool {
        switch self {
        case .initialize, .discover, .ping, .listTools, .listPrompts, .listResources,
            .listResourceTemplates, .readResource, .getPrompt, .complete, .subscribeResource,
            .unsubscribeResource, .setLogLevel, .listen:
            true
        case .callTool, .initialized, .cancelled, .progress, .acknowledged, .toolsChanged,
            .promptsChanged, .resourcesChanged, .resourceUpdated, .taskStatus, .unknown:
            false
        }
    }

    /// Whether revision 2026-07-28 has removed the request.
    package var isRemoved: Bool {
        switch self {
        case .ping, .setLogLevel, .subscribeResource, .unsubscribeResource: true
        default: false
        }
    }

    /// Whether the request sets something up in the server that a new process of it must be told
    /// again (SPEC §12, *Health*).
    package var setsUpState: Bool {
        switch self {
        case .initialize, .setLogLevel, .subscribeResource, .unsubscribeResource, .listen: true
        default: false
        }
    }
}
