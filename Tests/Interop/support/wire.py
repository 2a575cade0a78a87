"""A client that is nothing but a process and its lines, for what an SDK would hide."""

import json
import os
import queue
import subprocess
import threading
from types import TracebackType

from support.rawjson import members
from support.routes import INTEROP
from support.transcript import PATIENCE

LEGACY_PARAMS = '{"protocolVersion":"2025-11-25","capabilities":{"roots":{}},"clientInfo":{"name":"wire","version":"1"}}'
META = (
    '"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    '"io.modelcontextprotocol/clientInfo":{"name":"wire","version":"1"},'
    '"io.modelcontextprotocol/clientCapabilities":{"roots":{}}'
)


class Wire:
    """Starts `command` and opens the conversation in the given era; what is read is kept until asked for."""

    def __init__(self, command: list[str], era: str) -> None:
        self.era = era
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(INTEROP), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self._arrived: queue.Queue[str | None] = queue.Queue()
        self.unclaimed: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._arrived.put(line.decode().rstrip("\n"))
        self._arrived.put(None)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            if error is None:
                raise

    def open(self) -> str:
        """The handshake of the era; the text of the server's result."""
        if self.era == "modern":
            self.request('"open"', "server/discover")
            return self.answer('"open"')["result"]
        self.send('{"jsonrpc":"2.0","id":"open","method":"initialize","params":%s}' % LEGACY_PARAMS)
        result = self.answer('"open"')["result"]
        self.send('{"jsonrpc":"2.0","method":"notifications/initialized"}')
        return result

    def send(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def request(self, identifier: str, method: str, params: str = "", meta: str = "") -> str:
        """Sends a request, each part as the text given; in the modern era with its `_meta`. Returns the params."""
        meta = ",".join(part for part in (META if self.era == "modern" else "", meta) if part)
        text = "{%s}" % ",".join(part for part in (params, '"_meta":{%s}' % meta if meta else "") if part)
        self.send('{"jsonrpc":"2.0","id":%s,"method":"%s","params":%s}' % (identifier, method, text))
        return text

    def call(self, identifier: str, tool: str, meta: str = "") -> str:
        return self.request(identifier, "tools/call", r'"arguments":{"a\u002fb":1.0, "é":[ ]},"name":"%s"' % tool, meta)

    def _next(self, patience: float) -> str:
        try:
            line = self._arrived.get(timeout=patience)
        except queue.Empty:
            raise AssertionError(f"nothing came within {patience} s; before it: {self.unclaimed}") from None
        assert line is not None, f"the stream ended; before it: {self.unclaimed}"
        return line

    def receive(self, wanted: dict[str, str], patience: float = PATIENCE) -> dict[str, str]:
        """The next message whose members have these texts (no text: has the member), skipping and keeping others."""
        for line in self.unclaimed:
            if matches(members(line), wanted):
                self.unclaimed.remove(line)
                return members(line)
        while not matches(members(line := self._next(patience)), wanted):
            self.unclaimed.append(line)
        return members(line)

    def answer(self, identifier: str, patience: float = PATIENCE) -> dict[str, str]:
        """The response whose id is written exactly so."""
        response = self.receive({"id": identifier}, patience)
        assert "method" not in response
        return response

    def notification(self, method: str) -> str:
        """The params of the next notification of that kind."""
        return self.receive({"method": json.dumps(method)})["params"]

    def shown(self, identifier: str) -> str:
        """The text block of a tool's answer."""
        return json.loads(self.answer(identifier)["result"])["content"][0]["text"]


def matches(message: dict[str, str], wanted: dict[str, str]) -> bool:
    return all(message.get(name) == text for name, text in wanted.items())
