"""mcpo and its client: every request is kept until its answer, and a second answer, or one to nobody, is a fault."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Check = Callable[[dict[str, Any]], str | None]
"""Looks at an answer; returns what is wrong with it."""

LONGEST_LINE = 16 * 1024 * 1024


@dataclass
class Request:
    name: str
    check: Check
    sent: float
    token: str | None = None
    progress: int = 0
    cancelled: bool = False


class Client:
    """A client of mcpo's, over its stdin and stdout."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.waiting: dict[str, Request] = {}
        """Sent, and neither answered nor cancelled."""
        self.cancelled: dict[str, Request] = {}
        """Cancelled: may be answered once, or never."""
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        self.notices: Counter[str] = Counter()
        self._tokens: dict[str, Request] = {}
        self._numbers = itertools.count(1)
        self._answered = asyncio.Event()

    def fault(self, text: str) -> None:
        if len(self.faults) < 50:
            print(f"FAULT: {text}", flush=True)
        self.faults.append(text)

    # --- sending

    def _write(self, message: dict[str, Any]) -> None:
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def notify(self, method: str, params: dict[str, Any]) -> None:
        self._write({"method": method, "params": params})

    def request(
        self, method: str, params: dict[str, Any], check: Check, name: str | None = None, with_progress: bool = False
    ) -> str:
        """Sends a request and returns its id; half of them are numbers, half strings."""
        number = next(self._numbers)
        own: int | str = number if number % 2 else f"r-{number}"
        request = Request(name or method, check, asyncio.get_running_loop().time())
        if with_progress:
            request.token = f"t-{number}"
            self._tokens[request.token] = request
            params = {**params, "_meta": {"progressToken": request.token}}
        key = json.dumps(own)
        self.waiting[key] = request
        self.counts["requests"] += 1
        self._write({"id": own, "method": method, "params": params})
        return key

    def cancel(self, key: str) -> None:
        request = self.waiting.pop(key, None)
        if request is None:
            return
        request.cancelled = True
        self.cancelled[key] = request
        self.counts["cancelled"] += 1
        self.notify("notifications/cancelled", {"requestId": json.loads(key), "reason": "soak"})

    # --- receiving

    async def read(self) -> None:
        """Takes what mcpo writes, to the end of its stdout."""
        while line := await self.process.stdout.readline():
            try:
                self._take(json.loads(line))
            except ValueError as error:
                self.fault(f"no JSON ({error}): {line[:200]!r}")

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message and "id" in message:
            self._answer(message)
        elif "method" in message:
            self._note(message)
        else:
            self._settle(message)

    def _answer(self, question: dict[str, Any]) -> None:
        """mcpo passes on what a server asks."""
        self.counts["questions"] += 1
        if question["method"] == "roots/list":
            self._write({"id": question["id"], "result": {"roots": []}})
        else:
            self._write({"id": question["id"], "error": {"code": -32601, "message": "not here"}})

    def _note(self, notice: dict[str, Any]) -> None:
        self.notices[notice["method"]] += 1
        if notice["method"] != "notifications/progress":
            return
        params = notice["params"]
        request = self._tokens.get(params["progressToken"])
        if request is None:
            # After a cancellation some progress may still be on its way.
            if params["progressToken"] not in {one.token for one in self.cancelled.values()}:
                self.fault(f"progress of nobody, or after the answer: {notice}")
        elif params["progress"] <= request.progress:
            self.fault(f"progress goes back from {request.progress}: {notice}")
        else:
            request.progress = params["progress"]

    def _settle(self, answer: dict[str, Any]) -> None:
        key = json.dumps(answer.get("id"))
        request = self.waiting.pop(key, None) or self.cancelled.pop(key, None)
        if request is None:
            self.fault(f"a second answer, or one to nobody: {str(answer)[:300]}")
            return
        self._tokens.pop(request.token or "", None)
        self.counts["answered late" if request.cancelled else "answered"] += 1
        problem = request.check(answer)
        if problem and not request.cancelled:
            self.fault(f"{request.name}: {problem}: {str(answer)[:300]}")
        self._answered.set()

    # --- waiting

    async def answered_below(self, count: int, within: float) -> bool:
        """Waits until fewer than `count` requests are waiting."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while len(self.waiting) >= count:
            self._answered.clear()
            try:
                await asyncio.wait_for(self._answered.wait(), deadline - loop.time())
            except TimeoutError:
                return False
        return True

    async def finish(self, check: Check, method: str, params: dict[str, Any], within: float) -> dict[str, Any] | None:
        """Sends one request and waits for its answer; None when it does not come."""
        arrived: list[dict[str, Any]] = []

        def keep(answer: dict[str, Any]) -> str | None:
            arrived.append(answer)
            return check(answer)

        key = self.request(method, params, keep)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while key in self.waiting and loop.time() < deadline:
            self._answered.clear()
            try:
                await asyncio.wait_for(self._answered.wait(), max(deadline - loop.time(), 0))
            except TimeoutError:
                break
        return arrived[0] if arrived else None
