"""Runs a server and keeps what it is sent and what it says, line by line: `tee.py LOG COMMAND ARG…`.

A program of its own, so that it can stand on either side of mcpo. Each line is `> ` (to the server) or `< ` (from it)
and the message, in LOG.PID: mcpo may run one server several times, and each process numbers its requests anew. It
ends when the server does, with its code.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO


def relay(source: BinaryIO, sink: BinaryIO, mark: bytes, log: BinaryIO) -> None:
    """Logs before it forwards, so that an answer is never logged ahead of its request."""
    for line in source:
        log.write(mark + line)
        try:
            sink.write(line)
            sink.flush()
        except BrokenPipeError:
            break
    try:
        sink.close()
    except BrokenPipeError:
        pass


def main(log_path: str, *command: str) -> int:
    log = Path(f"{log_path}.{os.getpid()}").open("ab", buffering=0)
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    threading.Thread(target=relay, args=(sys.stdin.buffer, server.stdin, b"> ", log), daemon=True).start()
    relay(server.stdout, sys.stdout.buffer, b"< ", log)
    return server.wait()


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    # The reading thread may be blocked in stdin for ever; an ordinary exit would wait for its lock.
    sys.stderr.flush()
    os._exit(code if code >= 0 else 1)
