"""Checks recorded lines against the JSON schemas that the protocol publishes with each revision."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from support.routes import ROOT

SCHEMAS = Path(os.environ.get("MCPO_SCHEMAS", ROOT.parent / "shared" / "mcp"))
EMPTY_RESULTS = {"ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"}


@cache
def definitions(revision: str) -> dict[str, Any]:
    return json.loads((SCHEMAS / revision / "schema.json").read_text())["$defs"]


@cache
def definition_of(method: str, revision: str) -> str | None:
    """The definition of the request or notification with that method; None if the revision has no such."""
    for name, schema in definitions(revision).items():
        if schema.get("properties", {}).get("method", {}).get("const") == method:
            return name
    return None


def definition_of_answer(method: str, revision: str) -> tuple[str, bool]:
    """The definition that answers that request, and whether it describes the whole message or the result alone."""
    request = definition_of(method, revision)
    if request is None:
        return "Result", False
    whole = request.removesuffix("Request") + "ResultResponse"
    if whole in definitions(revision):
        return whole, True
    return "EmptyResult" if method in EMPTY_RESULTS else request.removesuffix("Request") + "Result", False


@cache
def validator(name: str, revision: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions(revision)})


def complaints(value: Any, name: str, revision: str) -> list[str]:
    found = validator(name, revision).iter_errors(value)
    return [f"{name} at {error.json_path}: {error.message[:300]}" for error in found]


class Conversation:
    """The lines of one stdio connection, judged in order: an answer is judged by the request it answers."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        self.asked: dict[tuple[str, str], str] = {}
        self.judged: list[str] = []
        self.violations: list[str] = []

    def judge(self, direction: str, line: str) -> None:
        """`direction` is ">" towards the server and "<" towards the client."""
        try:
            message = json.loads(line)
            found = self._complaints(direction, message)
        except (ValueError, KeyError, TypeError) as error:
            found = [f"no message at all ({error!r})"]
        self.violations += [f"{direction} {complaint} in {line[:500]}" for complaint in found]

    def _complaints(self, direction: str, message: dict[str, Any]) -> list[str]:
        if "method" in message:
            return self._complaints_about_call(direction, message)
        if "error" in message:
            self.judged.append("error")
            return complaints(message, "JSONRPCErrorResponse", self.revision)
        method = self.asked.pop(("<" if direction == ">" else ">", json.dumps(message["id"])), None)
        if method is None:
            return ["an answer to nothing that is open"]
        name, whole = definition_of_answer(method, self.revision)
        self.judged.append(name)
        found = complaints(message, "JSONRPCResultResponse", self.revision)
        return found + complaints(message if whole else message["result"], name, self.revision)

    def _complaints_about_call(self, direction: str, message: dict[str, Any]) -> list[str]:
        method = message["method"]
        name = definition_of(method, self.revision)
        is_request = "id" in message
        if is_request:
            self.asked[(direction, json.dumps(message["id"]))] = method
            if direction == "<" and self.revision == "2026-07-28":
                return ["a request to the client, which this revision forbids"]
        self.judged.append(name or method)
        return complaints(message, name or ("JSONRPCRequest" if is_request else "JSONRPCNotification"), self.revision)


def judge(log: Path, revision: str) -> list[Conversation]:
    """What the tee of that name recorded: one conversation for each process, in the order of their numbers."""
    conversations = []
    for recorded in sorted(log.parent.glob(f"{log.name}.*")):
        conversation = Conversation(revision)
        text = recorded.read_bytes().decode()
        # A process may be ended as soon as it was started: nothing was said then.
        for line in text.removesuffix("\n").split("\n") if text else []:
            conversation.judge(line[0], line[2:])
        conversations.append(conversation)
    return conversations
