"""The real mcpo, started and killed like FakeMcpo."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest


def real_mcpo() -> list[str]:
    """mcpo in front of the bundled server. Skips the test where nobody says where they are."""
    binary, server = os.environ.get("MCPO_BINARY"), os.environ.get("MCPO_STUB")
    if not binary or not server:
        assert "CI" not in os.environ, "MCPO_BINARY and MCPO_STUB are not set"
        pytest.skip("MCPO_BINARY and MCPO_STUB are not set")
    return [binary, "--http", "{port}", "--", server]


class Program:
    """What serves the dashboard on the port that stands for `{port}` in its command."""

    def __init__(self, command: list[str], **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [word.replace("{port}", str(self.port)) for word in command]
        self.environment = os.environ | environment

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> "Program":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Its stdin stays open: that is what keeps mcpo running."""
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment, text=True, bufsize=1
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            assert self.process.poll() is None, f"{self.command} has ended"
            assert time.monotonic() < deadline, f"{self.command} does not answer at {self.url}"
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def ask(self, number: int, method: str, params: dict) -> dict:
        """Sends a request as the client does, and waits for its answer."""
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.process.stdin.write(json.dumps(request) + "\n")
        for line in self.process.stdout:
            if json.loads(line).get("id") == number:
                return json.loads(line)
        raise AssertionError("mcpo has closed its stdout")

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=1).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True
