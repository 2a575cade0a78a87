internal import MCPOCore
extension ServerFigures { var reason: String { "" } }
extension ConnectionFigures { var isReady: Bool { true } }
enum PrometheusText { enum Format { case prometheus, openMetrics }
static func text(_ s: MetricsSnapshot, format: Format) -> [UInt8] { [] } }
