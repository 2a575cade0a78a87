"""A program that serves the dashboard, started and killed like FakeMcpo: the real mcpo, or whatever a command names."""

import shlex
import socket
import subprocess
import time
import urllib.error
import urllib.request


class Program:
    def __init__(self, command: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [word.replace("{port}", str(self.port)) for word in shlex.split(command)]

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
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self._answers():
            assert self.process.poll() is None, f"{self.command} has ended"
            assert time.monotonic() < deadline, f"{self.command} does not answer at {self.url}"
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=1).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True
