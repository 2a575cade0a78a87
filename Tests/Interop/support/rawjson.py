"""JSON by its very text, for what must come through unchanged byte for byte."""

import json
import re

_DECODER = json.JSONDecoder()
_BEFORE_KEY = re.compile(r"\s*[{,]?\s*")
_BEFORE_VALUE = re.compile(r"\s*:\s*")


def members(line: str) -> dict[str, str]:
    r"""The members of an object, each with the text that its value was written as.

    `{ "id": 1.0, "params" : {"a": "\u0061"}}` gives `1.0` and `{"a": "\u0061"}`.
    """
    found: dict[str, str] = {}
    at = _BEFORE_KEY.match(line).end()
    while line[at] != "}":
        key, end = _DECODER.raw_decode(line, at)
        start = _BEFORE_VALUE.match(line, end).end()
        _, end = _DECODER.raw_decode(line, start)
        found[key] = line[start:end]
        at = _BEFORE_KEY.match(line, end).end()
    return found
