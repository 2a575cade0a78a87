"""FastMCP as a caching proxy: create_proxy and ResponseCachingMiddleware with their defaults.

    python fastmcp_proxy.py COMMAND [ARG…]
"""

import sys

from fastmcp.client.transports import StdioTransport
from fastmcp.server import create_proxy
from fastmcp.server.middleware.caching import ResponseCachingMiddleware

proxy = create_proxy(StdioTransport(sys.argv[1], sys.argv[2:]))
proxy.add_middleware(ResponseCachingMiddleware())
proxy.run(transport="stdio", show_banner=False, log_level="ERROR")
