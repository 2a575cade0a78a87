#!/usr/bin/env python3
"""Runs mcpo for minutes in front of a file of servers that are killed, reloaded and talked to at random.

    soak.py MCPO STUB [--seconds 600] [--seed N] [--no-reload]

It goes in rounds: some seconds of random requests, cancellations, kills (SIGKILL, SIGTERM) of servers, reloads (SIGHUP,
or over the HTTP port) of a file with a small change, and others who ask the HTTP port; then quiet, in which every request must have its answer and mcpo's descriptors
and memory are looked at. What has to hold: every request is answered exactly once, or cancelled and answered at most
once; no progress after an answer; no other descriptors than the processes in the table need; memory does not grow after
the first two minutes; at the end exit code 0 and no process left. Exit: 0, or 1 with the faults. Only the standard
library is used, and Linux's /proc.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
import uuid
from pathlib import Path

import observer
from chaos import Chaos
from client import LONGEST_LINE, Client
from traffic import Traffic, anything
from watcher import TOKEN, Watcher
from world import STEADY, World

ROUND = 20.0
"""Seconds of traffic between two looks at mcpo."""
PATIENCE = 60.0
"""Seconds after which something that has not happened is taken for a hang."""
GROWTH_ALLOWED_KIB = 1024
"""A leak of one byte a request would show; an allocator's last page, and a pool that is larger, do not."""
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"roots": {}},
    "clientInfo": {"name": "soak", "version": "1"},
}


class Soak:
    """One run, from the start of mcpo to its end."""

    def __init__(self, options: argparse.Namespace, directory: Path) -> None:
        self.options, self.directory = options, directory
        self.mark = f"soak-{uuid.uuid4()}"
        self.dice = random.Random(options.seed)
        self.world = World(directory / "servers.json", options.stub, self.dice)
        self.socket = str(directory / "port")
        self.looks: list[tuple[float, int, int]] = []
        """At the end of each round: the time, resident KiB, descriptors that no process accounts for."""

    async def run(self) -> int:
        log = self.directory / "stderr"
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                self.options.mcpo, "--config", str(self.world.path), "--http", f"unix:{self.socket}",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors, limit=LONGEST_LINE,
                env={"PATH": os.environ["PATH"], "MCPO_HTTP_TOKEN": TOKEN, observer.MARK: self.mark})
        self.client = Client(process)
        reading = asyncio.create_task(self.client.read())
        try:
            await self._open()
            await self._rounds()
            await self._end(reading)
        finally:
            await self._remove(process)
        self._report(log)
        return 1 if self.client.faults else 0

    async def _open(self) -> None:
        await self.client.finish(anything, "initialize", INITIALIZE, PATIENCE)
        self.client.notify("notifications/initialized", {})

    async def _rounds(self) -> None:
        start = time.monotonic()
        traffic = Traffic(self.client, self.dice)
        chaos = Chaos(self.client, self.world, self.mark, self.dice, self.options.reload)
        watcher = Watcher(self.client, self.socket, self.dice, self.options.reload)
        end = start + self.options.seconds
        while time.monotonic() < end and self.client.process.returncode is None:
            stop = min(time.monotonic() + ROUND, end)
            await asyncio.gather(traffic.run(stop), chaos.run(stop), watcher.run(stop))
            await self._quiet(time.monotonic() - start)

    async def _quiet(self, elapsed: float) -> None:
        """Everything that was asked is answered, all servers are back, and mcpo holds no more than it needs."""
        if not await self.client.answered_below(1, PATIENCE):
            names = sorted(one.name for one in self.client.waiting.values())
            self.client.fault(f"no answer within {PATIENCE} s: {names}")
            self.client.waiting.clear()
        self.client.cancelled.clear()
        await self._all_back()
        self._look(elapsed)

    async def _all_back(self) -> None:
        deadline = time.monotonic() + PATIENCE
        missing = list(STEADY)
        while missing and time.monotonic() < deadline:
            name = missing[0]
            call = {"name": f"{name}__pid", "arguments": {}}
            answer = await self.client.finish(anything, "tools/call", call, PATIENCE)
            if answer is None:
                self.client.fault(f"{name} does not answer")
                return
            if "result" in answer:
                missing.pop(0)
            else:
                await asyncio.sleep(0.05)  # its next start is a matter of mcpo's own pauses
        if missing:
            self.client.fault(f"not back after {PATIENCE} s: {missing}")

    def _look(self, elapsed: float) -> None:
        """mcpo has the same descriptors as ever, and some for each of its processes."""
        number = self.client.process.pid
        below = observer.children(number)
        zombies = [child for child in below if child.state == "Z"]
        # A process may end between the two looks; one that stays a zombie is seen again.
        time.sleep(0.2) if zombies else None
        for child in {one.number for one in zombies} & {
            one.number for one in observer.children(number) if one.state == "Z"
        }:
            self.client.fault(f"a zombie: {child}")
        servers = [child for child in below if self.options.stub in child.command]
        kinds = observer.descriptors(number)
        free = len(kinds) - 4 * len(servers)  # stdin, stdout, stderr and the pidfd of each
        self.looks.append((elapsed, observer.resident_kib(number), free))
        print(
            f"{elapsed:6.0f} s: {self.client.counts['requests']:8} requests, {len(servers)} server processes, "
            f"{len(kinds)} descriptors ({free} beside theirs), {self.looks[-1][1]} KiB resident",
            flush=True,
        )

    async def _end(self, reading: asyncio.Task[None]) -> None:
        self.client.process.stdin.close()
        try:
            code = await asyncio.wait_for(self.client.process.wait(), PATIENCE)
            await asyncio.wait_for(reading, PATIENCE)
        except TimeoutError:
            self.client.fault("mcpo does not end")
            return
        if code != 0:
            self.client.fault(f"mcpo's exit code is {code}")
        deadline = time.monotonic() + 10
        while (left := observer.processes(self.mark)) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for process in left:
            self.client.fault(f"left behind: {process}")

    async def _remove(self, process: asyncio.subprocess.Process) -> None:
        """Whatever happened, nothing of ours stays."""
        if process.returncode is None:
            process.kill()
            await process.wait()
        for left in observer.processes(self.mark):
            observer.end(left.number, signal.SIGKILL)

    def _report(self, log: Path) -> None:
        self._judge_memory()
        if len({free for _, _, free in self.looks}) > 1:
            self.client.fault(f"descriptors come and go: {[free for _, _, free in self.looks]}")
        print(f"counts: {dict(self.client.counts)}")
        print(f"notifications: {dict(self.client.notices)}")
        if self.client.faults:
            print(f"{len(self.client.faults)} FAULTS with seed {self.options.seed}; mcpo's log: {log}")
        else:
            print("no fault")

    def _judge_memory(self) -> None:
        """After two minutes (of a short run: a third) everything has the size that it needs."""
        settled = min(120.0, self.options.seconds / 3)
        later = [look for look in self.looks if look[0] >= settled]
        if len(later) < 2:
            return
        growth = later[-1][1] - later[0][1]
        print(f"memory: {later[0][1]} KiB at {later[0][0]:.0f} s, {later[-1][1]} KiB at the end, {growth:+} KiB")
        if growth > GROWTH_ALLOWED_KIB:
            self.client.fault(f"memory grows by {growth} KiB")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("mcpo")
    parser.add_argument("stub")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--no-reload", dest="reload", action="store_false", help="send no SIGHUP")
    options = parser.parse_args()
    options.mcpo, options.stub = (str(Path(path).resolve()) for path in (options.mcpo, options.stub))
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {options.seed}", flush=True)
    directory = Path(tempfile.mkdtemp(prefix="mcpo-soak-"))
    code = asyncio.run(Soak(options, directory).run())
    if code == 0:
        for path in directory.iterdir():
            path.unlink()
        directory.rmdir()
    return code


if __name__ == "__main__":
    sys.exit(main())
