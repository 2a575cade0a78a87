"""What does a caching proxy answer that it should not have?

    python mistakes.py [--markdown] --stub PATH NAME='COMMAND … {} …'…

Each proxy stands before the benchmark's stub server, which counts what it executes (counts.h). Each
check starts the proxy anew and ends with a number or a text for which there is one right value. {}
stands for the server's command; words are split at spaces. Needs nothing but Python. Exit status 1
when the proxy named mcpo does not do everything right.
"""

import argparse
import json
import mmap
import os
import queue
import struct
import subprocess
import sys
import threading
import time

TOOLS = [
    "echo", "big", "slow", "serial", "lookup", "lookup_big", "lookup_slow", "lookup_broken",
    "get_value", "set_value", "lookup_serial",
]  # in the order of counts.h
ANSWER_SECONDS = 20  # a Python proxy takes seconds to start
AT_ONCE = 64
SLOW_MS = 200  # so slow that a proxy has read all calls before the first is answered


class Proxy:
    """A running proxy with the stub behind it, initialised and asked for its tools."""

    def __init__(self, command, stub):
        self.memory = os.memfd_create("counts")
        os.ftruncate(self.memory, 8 * len(TOOLS))
        self.counts = mmap.mmap(self.memory, 8 * len(TOOLS))
        path = f"/proc/{os.getpid()}/fd/{self.memory}"
        server = [stub, "--legacy", "--slow-ms", str(SLOW_MS), "--counts", path]
        words = [w for word in command.split() for w in (server if word == "{}" else [word])]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.answers = queue.Queue()
        self.last_id = 0
        threading.Thread(target=self.read, daemon=True).start()

    def __enter__(self):
        self.ask("initialize", protocolVersion="2025-06-18", capabilities={},
                 clientInfo={"name": "mistakes", "version": "1"})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.ask("tools/list")
        time.sleep(0.2)  # a proxy may ask for the tools itself, in the background
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.counts.close()
        os.close(self.memory)

    def read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if "id" in message and "method" not in message:
                self.answers.put(message)

    def send(self, message):
        self.process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        self.process.stdin.flush()

    def request(self, method, **params):
        self.last_id += 1
        self.send({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params})

    def ask(self, method, **params):
        self.request(method, **params)
        return self.answers.get(timeout=ANSWER_SECONDS)

    def call(self, tool):
        """The text of the answer."""
        result = self.ask("tools/call", name=tool, arguments={"key": 1}).get("result", {})
        return "".join(part.get("text", "") for part in result.get("content", []))

    def executions(self, tool):
        return struct.unpack_from("Q", self.counts, 8 * TOOLS.index(tool))[0]


def twice(tool):
    def check(proxy):
        proxy.call(tool)
        proxy.call(tool)
        return proxy.executions(tool)

    return check


def read_write_read(proxy):
    proxy.call("get_value")
    proxy.call("set_value")
    return {"value 1": "new", "value 0": "old"}.get(proxy.call("get_value"), "neither")


def all_at_once(proxy):
    for _ in range(AT_ONCE):
        proxy.request("tools/call", name="lookup_slow", arguments={"key": 1})
    ids = {proxy.answers.get(timeout=ANSWER_SECONDS)["id"] for _ in range(AT_ONCE)}
    return proxy.executions("lookup_slow") if len(ids) == AT_ONCE else "answers missing"


CHECKS = [
    ("the same read twice: executions", 1, twice("get_value")),
    ("the same write twice: executions", 2, twice("set_value")),
    ("a call that fails (isError), twice: executions", 2, twice("lookup_broken")),
    ("read, write, read: the second read is", "new", read_write_read),
    (f"{AT_ONCE} equal reads at once: executions", 1, all_at_once),
]


def run(check, command, stub):
    try:
        with Proxy(command, stub) as proxy:
            return check(proxy)
    except (queue.Empty, OSError) as problem:
        return type(problem).__name__


def print_table(rows, markdown):
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells).rstrip())
        if markdown and number == 0:
            print("|" + "---|" * len(row))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--stub", required=True)
    parser.add_argument("proxies", nargs="+", metavar="NAME=COMMAND")
    options = parser.parse_args()
    proxies = [proxy.split("=", 1) for proxy in options.proxies]
    rows = [["check", "right"] + [name for name, _ in proxies]]
    failed = False
    for title, right, check in CHECKS:
        row = [title, str(right)]
        for name, command in proxies:
            found = run(check, command, options.stub)
            row.append(str(found) if found == right else f"{found} (WRONG)")
            failed |= name == "mcpo" and found != right
        rows.append(row)
    print_table(rows, options.markdown)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
