"""Who looks at mcpo through its HTTP port meanwhile: monitors, people at the dashboard, and clients that mean no good."""

import asyncio
import json
import random
import time

from client import Client

ASK_EVERY = 0.05
"""Seconds, on average."""
PATIENCE = 20.0
"""Seconds for one answer: mcpo itself answers 408 or is unhealthy before that."""
TOKEN = "soak"
READS = {
    "/health": {200, 503},
    "/ready": {200, 503},
    "/metrics": {200},
    "/metrics?format=prometheus": {200},
    "/": {200},
    "/nothing": {404},
}
CHANGES = {"/cache/clear": {200}, "/reload": {200, 409, 422}, "/nothing": {404}}
NONSENSE = [b"", b"GET /he", b"\x16\x03\x01\n", b"GET / HTTP/1.1\r\n\r\n", b"POST /reload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"]


class Watcher:
    """Asks one thing after the other, each on a connection of its own, until a time has come."""

    def __init__(self, client: Client, path: str, dice: random.Random, reloads: bool) -> None:
        self.client, self.path, self.dice, self.reloads = client, path, dice, reloads

    async def run(self, until: float) -> None:
        while time.monotonic() < until and self.client.process.returncode is None:
            await asyncio.sleep(self.dice.expovariate(1 / ASK_EVERY))
            try:
                await asyncio.wait_for(self._ask(), PATIENCE)
            except TimeoutError:
                self.client.fault(f"the HTTP port does not answer within {PATIENCE} s")
            except OSError as error:
                if self.client.process.returncode is None:
                    self.client.fault(f"the HTTP port refuses a connection: {error}")

    async def _ask(self) -> None:
        reader, writer = await asyncio.open_unix_connection(self.path, limit=64 << 20)
        try:
            chance = self.dice.random()
            if chance < 0.1:
                await self._disturb(reader, writer)
            elif chance < 0.2:
                await self._change(reader, writer)
            else:
                path = self.dice.choice(list(READS))
                self._judge(path, READS[path], *await self._exchange(reader, writer, "GET", path))
        finally:
            writer.close()

    async def _change(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = self.dice.choice(list(CHANGES) if self.reloads else ["/cache/clear"])
        right = self.dice.random() < 0.7
        allowed = CHANGES[path] if right else {403, 404}
        token = TOKEN if right else "guess"
        self._judge(path, allowed, *await self._exchange(reader, writer, "POST", path, token))

    async def _disturb(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Says something that is no request, and goes without waiting for what comes of it."""
        self.client.counts["http: nonsense"] += 1
        writer.write(self.dice.choice(NONSENSE))
        await writer.drain()
        if self.dice.random() < 0.5:
            writer.write_eof()
            await reader.read(1)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, token: str = ""
    ) -> tuple[int, bytes]:
        fields = f"Authorization: Bearer {token}\r\n" if token else ""
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n".encode())
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        return int(head.split()[1]), await reader.read()

    def _judge(self, path: str, allowed: set[int], status: int, body: bytes) -> None:
        self.client.counts[f"http: {path}"] += 1
        if status not in allowed:
            self.client.fault(f"{path} is answered with {status}: {body[:200]!r}")
        if path == "/metrics":
            document = json.loads(body)
            if document["connection"]["status"] not in ("healthy", "degraded", "unhealthy"):
                self.client.fault(f"a status that there is not: {document['connection']['status']}")
        elif path.startswith("/metrics") and not body.endswith(b"\n"):
            self.client.fault("a Prometheus text that is cut off")
