"""A stand-in for mcpo's HTTP side: it serves the page as mcpo does, and a document of metrics that a test writes.

    with FakeMcpo() as mcpo:
        mcpo.document["performance"]["add"] = endpoint("add", total_requests=3)
        mcpo.stop(); mcpo.start()          # on the same port, as a user would start it again

What the page asked for is in `mcpo.requests`. `mcpo.token` and `mcpo.answers` make it refuse.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).parents[3] / "Sources/CDashboard/dashboard.html"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass
class Request:
    method: str
    path: str
    token: str | None
    body: object
    at: float


@dataclass
class FakeMcpo:
    document: dict = field(default_factory=lambda: empty_document())
    """What GET /metrics answers; `timestamp` is put in."""
    started: float = field(default_factory=time.time)
    """When this mcpo has started: `timestamp` less `uptime`, in all documents."""
    token: str | None = None
    """Wanted for everything but the page, if given."""
    answers: dict[str, tuple[int, object]] = field(default_factory=dict)
    """Status and JSON for "POST /reload" and the like; 200 and {} for what is not there."""
    delay: float = 0
    """Seconds before each document."""
    requests: list[Request] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> "FakeMcpo":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.mcpo = self
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def answer(self, request: Request) -> tuple[int, object]:
        if self.token is not None and request.token != self.token:
            return 401, {"error": "a token is needed"}
        if request.method == "GET":
            time.sleep(self.delay)
            return 200, self.document | {"timestamp": self.started + self.document.get("uptime", 0)}
        return self.answers.get(f"{request.method} {request.path}", (200, {}))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    mcpo: FakeMcpo


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/":
            page = PAGE.read_bytes()
            self._send(200, "text/html; charset=utf-8", page, {"Content-Security-Policy": CONTENT_SECURITY_POLICY})
        else:
            self._do(known=self.path == "/metrics")

    def do_POST(self) -> None:
        self._do(known=self.path in ("/cache/clear", "/reload"))

    def do_PUT(self) -> None:
        self._do(known=self.path == "/concurrency")

    def _do(self, known: bool) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        request = Request(self.command, self.path, token, json.loads(raw) if raw else None, time.monotonic())
        self.server.mcpo.requests.append(request)
        status, answer = self.server.mcpo.answer(request) if known else (404, {"error": "no such page"})
        self._send(status, "application/json", json.dumps(answer).encode(), {})

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:  # the page has gone, or has lost its patience
            pass

    def log_message(self, *_: object) -> None:
        pass


def empty_document() -> dict:
    """What mcpo says before the first request."""
    return {
        "performance": {},
        "concurrency": {"max_concurrent": 100, "current_concurrent": 0, "peak_concurrent": 0, "queued": 0, "rejected": 0},
        "cache": {"default": cache()},
        "dedup": {"joined": 0, "in_flight": 0},
        "connection": {"status": "healthy", "ready": True, "error_count": 0, "servers": {"github": server()}},
        "alerts": [],
        "saved": {"calls": 0, "duration": 0},
        "version": "0.4.0",
        "uptime": 5.0,
    }


def endpoint(name: str, **given: object) -> dict:
    """An endpoint after 1,500 requests, most of them hits."""
    return {
        "endpoint": name, "server": "github", "total_requests": 1500, "answered": 1488, "failed": 12, "cancelled": 0,
        "avg_duration": 0.089, "min_duration": 0.000004, "max_duration": 2.1, "p50_duration": 0.08,
        "p90_duration": 0.12, "p99_duration": 0.4, "total_duration": 133.5, "miss_duration": 0.42,
        "success_rate": 99.2, "current_concurrent": 5, "peak_concurrent": 12, "qps_1s": 25, "qps_5s": 12.4,
        "cache_hits": 1200, "dedup_joined": 14, "saved_calls": 1214, "saved_duration": 509.9,
    } | given  # fmt: skip


def server(**given: object) -> dict:
    return {
        "status": "healthy", "connections": 1, "restarts": 0, "in_flight": 0, "queued": 0, "max_concurrent": None,
    } | given  # fmt: skip


def cache(**given: object) -> dict:
    return {
        "hits": 0, "misses": 0, "hit_rate": 0, "stores": 0, "evictions": 0, "expirations": 0, "invalidations": 0,
        "stale_served": 0, "current_size": 0, "max_size": 1000, "memory_bytes": 0, "memory_usage": "0B",
    } | given  # fmt: skip


def alert(kind: str, name: str, value: float, threshold: float, ago: float = 200) -> dict:
    return {"kind": kind, "endpoint": name, "value": value, "threshold": threshold, "since": time.time() - ago}
