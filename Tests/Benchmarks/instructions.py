#!/usr/bin/env python3
"""How many instructions mcpo spends on a call, by callgrind: a figure that does not depend on what else the machine does.

    instructions.py MCPO STUB [--functions N] [-- OPTION…]

The same conversation is held twice, the second time with more calls; the difference has no start and no end in it.
OPTIONs are mcpo's. With --functions the N that cost most are listed, each without what it calls.
"""

import argparse
import os
import re
import subprocess
import tempfile
from collections import Counter

CALLS = (2560, 12800)
INITIALIZE = (
    '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    '"clientInfo":{"name":"bench","version":"1"}}}\n'
)
INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
CASES = {
    "small-1": ("echo", 1, '"query":"swift concurrency","limit":10,"path":"/home/user/project/src/main.swift"'),
    "small-64": ("echo", 64, '"query":"swift concurrency","limit":10,"path":"/home/user/project/src/main.swift"'),
    "unique-64": ("lookup", 64, '"key":{}'),
    "hit-64": ("lookup", 64, '"key":1'),
}


def converse(command: list[str], calls: int, tool: str, window: int, arguments: str) -> None:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def exchange(lines: list[str], answers: int) -> None:
        process.stdin.write("".join(lines).encode())
        process.stdin.flush()
        for _ in range(answers):
            if b'"result"' not in process.stdout.readline():
                raise SystemExit("a call was not answered")

    exchange([INITIALIZE], 1)
    exchange([INITIALIZED], 0)
    for start in range(1, calls + 1, window):
        numbers = range(start, start + window)
        params = [f'{{"name":"{tool}","arguments":{{{arguments.replace("{}", str(n))}}}}}' for n in numbers]
        exchange(
            [f'{{"jsonrpc":"2.0","id":{n},"method":"tools/call","params":{p}}}\n' for n, p in zip(numbers, params)], window
        )
    process.stdin.close()
    process.wait()


def functions(profile: str) -> Counter:
    """What each function costs by itself, wherever its lines come from."""
    text = subprocess.run(
        ["callgrind_annotate", "--auto=no", "--threshold=100", "--show-percs=no", profile], capture_output=True, text=True, check=True
    ).stdout
    found = Counter()
    for line in text.splitlines():
        if match := re.match(r"\s*([\d,]+)\s+\S.*?:(\S.*?)(?: \[.*\])?$", line):
            found[match[2]] += int(match[1].replace(",", ""))
    return found


def demangled(names: list[str]) -> list[str]:
    command = ["swift", "demangle", "-simplified"]
    return subprocess.run(command, input="\n".join(names), capture_output=True, text=True, check=True).stdout.splitlines()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mcpo")
    parser.add_argument("stub")
    parser.add_argument("--functions", type=int, default=0)
    parser.add_argument("option", nargs="*")
    options = parser.parse_args()
    for name, (tool, window, arguments) in CASES.items():
        totals, costs = [], []
        for calls in CALLS:
            with tempfile.TemporaryDirectory() as folder:
                profile = os.path.join(folder, "profile")
                valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"]
                command = [*valgrind, options.mcpo, *options.option, "--", options.stub, "--legacy"]
                converse(command, calls, tool, window, arguments)
                with open(profile) as file:
                    totals.append(next(int(line.split()[1]) for line in file if line.startswith(("summary:", "totals:"))))
                if options.functions:
                    costs.append(functions(profile))
        more = CALLS[1] - CALLS[0]
        print(f"{name:10} {(totals[1] - totals[0]) / more:8.0f} instructions a call", flush=True)
        if costs:
            costs[1].subtract(costs[0])
            dearest = costs[1].most_common(options.functions)
            for (_, cost), function in zip(dearest, demangled([function for function, _ in dearest])):
                print(f"    {cost / more:8.1f} {function}")


if __name__ == "__main__":
    main()
