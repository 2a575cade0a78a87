"""Byte for byte, without an SDK: what mcpo may rewrite is restored, and everything else is never touched.

Each test also runs without mcpo, which shows that it asks for no more than a plain server does.
"""

import json

import pytest

from servers.verbatim import ASK_ID, ASK_PARAMS, DISCOVERED, ERROR, INITIALIZED, PROGRESS, RESULT
from support.rawjson import members
from support.routes import own_server, through
from support.wire import Wire

IDENTIFIERS = [
    '"plain"', '""', '"1"', "1", "0", "-7", r'"\u0061\/\"\\\n\u0000"', '"é🙂"', r'"\ud83d\ude42"', r'"\ud800"',
    "9007199254740993", "-9223372036854775808", "18446744073709551616", "123456789012345678901234567890",
    '"%s"' % ("long" * 250),
]  # fmt: skip
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


@pytest.fixture
def wire(route, era):
    with Wire(through(route, own_server("verbatim")), era) as wire:
        wire.handshake = wire.open()
        yield wire


def test_the_answer_to_the_handshake_keeps_every_byte(wire):
    assert wire.handshake == (DISCOVERED if wire.era == "modern" else INITIALIZED)


def test_ids_come_back_as_they_were_written_with_all_of_them_in_flight(wire):
    for identifier in IDENTIFIERS:
        wire.call(identifier, "bytes")
    for identifier in IDENTIFIERS:
        assert wire.answer(identifier)["result"] == RESULT


def test_results_and_errors_keep_every_byte(wire):
    wire.call("1", "bytes")
    wire.call("2", "no such tool")
    assert wire.answer("1")["result"] == RESULT
    assert wire.answer("2")["error"] == ERROR


def test_params_reach_the_server_byte_for_byte(wire):
    sent = wire.call("1", "mirror", meta=r'"x\/y":{"n":1.0E2 }')
    received = members(wire.shown("1"))
    assert received["params"] == sent
    assert received["method"] == '"tools/call"'


def test_progress_tokens_come_back_as_they_were_written(wire):
    for number, token in enumerate(IDENTIFIERS):
        wire.call(str(number), "progress", meta='"progressToken":%s' % token)
        assert wire.notification("notifications/progress") == PROGRESS % token
        assert wire.shown(str(number)) == "done"


def test_a_token_that_is_also_another_calls_id_confuses_nobody(wire):
    wire.call('"a"', "hang", meta='"progressToken":"b"')
    assert wire.notification("notifications/progress") == PROGRESS % '"b"'
    wire.call('"b"', "progress", meta='"progressToken":"a"')
    assert wire.notification("notifications/progress") == PROGRESS % '"a"'
    assert wire.shown('"b"') == "done"


def test_a_cancellation_names_the_call_by_the_id_that_the_server_knows(wire):
    for identifier in ('"first"', r'"sec\u006fnd"', "3"):
        wire.call(identifier, "hang", meta='"progressToken":%s' % identifier)
        wire.notification("notifications/progress")
    wire.send(
        r'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"sec\u006fnd","reason":"\u002f"}}'
    )
    wire.call("4", "heard")
    heard = json.loads(wire.shown("4"))
    (line,) = heard["cancellations"]
    cancelled = members(members(line)["params"])
    assert len(heard["hanging"]) == 3
    assert json.loads(cancelled["requestId"]) == json.loads(heard["hanging"][1])
    assert cancelled["reason"] == r'"\u002f"'
    assert wire.unclaimed == [], "a cancelled request has no answer"


@pytest.mark.eras("legacy")
def test_a_request_of_the_server_gets_the_clients_answer_under_its_own_id(wire):
    wire.call("1", "ask")
    asked = wire.receive({"method": '"roots/list"'})
    assert asked["params"] == ASK_PARAMS
    wire.send(r'{"jsonrpc":"2.0","id":%s,"result":{"roots":[ ],"x":1.0E2}}' % asked["id"])
    answered = members(wire.shown("1"))
    assert (answered["id"], answered["result"]) == (ASK_ID, '{"roots":[ ],"x":1.0E2}')


def test_what_was_asked_before_the_end_of_stdin_is_still_answered(wire):
    wire.call("1", "bytes")
    wire.process.stdin.close()
    assert wire.answer("1")["result"] == RESULT


@pytest.mark.parametrize("identifier", ["7", '"seven"', '"sieben 🙂"'])
def test_events_of_a_stream_carry_the_id_that_the_client_opened_it_with(route, identifier):
    with Wire(through(route, own_server("changes")), "modern") as wire:
        wire.open()
        wire.request(identifier, "subscriptions/listen", '"notifications":{"toolsListChanged":true}')
        acknowledged = json.loads(wire.notification("notifications/subscriptions/acknowledged"))
        wire.request("1", "tools/call", '"name":"change","arguments":{"what":["tools"]}')
        event = json.loads(wire.notification("notifications/tools/list_changed"))
        wire.request("2", "tools/call", '"name":"close_streams"')
        ended = json.loads(wire.answer(identifier)["result"])
    for seen in (acknowledged, event, ended):
        assert seen["_meta"][SUBSCRIPTION] == json.loads(identifier)
