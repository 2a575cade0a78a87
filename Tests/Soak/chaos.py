"""What happens to mcpo and its servers meanwhile: kills and reloads."""

import asyncio
import random
import signal
import time

import observer
from client import Client
from world import World

KILL_EVERY = 1.0
RELOAD_EVERY = 3.0
"""Seconds, on average."""
BAD_FILE = 0.15
"""The share of reloads with a file that cannot be used; the next one is good again."""


class Chaos:
    """Kills servers and reloads the file until a time has come."""

    def __init__(self, client: Client, world: World, mark: str, dice: random.Random, reloads: bool) -> None:
        self.client, self.world, self.mark, self.dice, self.reloads = client, world, mark, dice, reloads
        self.is_bad = False

    async def run(self, until: float) -> None:
        jobs = [self._repeat(self._kill, KILL_EVERY, until)]
        if self.reloads:
            jobs.append(self._repeat(self._reload, RELOAD_EVERY, until))
        await asyncio.gather(*jobs)
        if self.is_bad:
            self._reload()

    async def _repeat(self, action, every: float, until: float) -> None:
        while True:
            await asyncio.sleep(min(self.dice.expovariate(1 / every), max(until - time.monotonic(), 0)))
            if time.monotonic() >= until or self.client.process.returncode is not None:
                return
            action()

    def _kill(self) -> None:
        """One server, or now and then all of them at once."""
        servers = [one for one in observer.children(self.client.process.pid) if self.world.stub in one.command]
        if not servers:
            return
        how = self.dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        victims = servers if self.dice.random() < 0.02 else [self.dice.choice(servers)]
        for victim in victims:
            observer.end(victim.number, how)
            self.client.counts["kills"] += 1

    def _reload(self) -> None:
        spoil = not self.is_bad and self.dice.random() < BAD_FILE
        what = self.world.spoil() if spoil else self.world.change()
        self.is_bad = spoil
        self.client.counts["reloads"] += 1
        self.client.counts[f"reload: {what.split(' of ')[0].rstrip('0123456789 ')}"] += 1
        observer.end(self.client.process.pid, signal.SIGHUP)
