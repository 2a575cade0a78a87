"""mcpo that goes away, comes back, is slow, or says what makes no sense."""

import re

import pytest

from support.dashboard import Dashboard
from support.fake import endpoint


def test_it_says_since_when_mcpo_is_away_and_goes_on_when_it_is_back(dashboard: Dashboard):
    dashboard.mcpo.document["performance"]["add"] = endpoint("add")
    dashboard.open()
    dashboard.tick(3)
    dashboard.mcpo.stop()
    dashboard.tick()
    assert dashboard.text("#notice") == "mcpo does not answer since 12:03:05, trying again"
    assert dashboard.text("#status") == "No answer"
    dashboard.tick(20)
    assert dashboard.text("#notice") == "mcpo does not answer since 12:03:05, trying again"
    assert dashboard.column("#tools", "Tool") == ["add"], "what was known stays"
    dashboard.mcpo.start()
    dashboard.tick(5)
    assert dashboard.text("#status") == "Healthy"
    assert dashboard.text("#notice").startswith("mcpo answers again since 12:03:")
    dashboard.tick(9)
    assert dashboard.text("#notice") == ""


def test_a_restart_is_recognised_and_no_rate_is_negative(dashboard: Dashboard):
    document = dashboard.mcpo.document | {"uptime": 500.0}
    add = document["performance"]["add"] = endpoint("add", total_requests=1000)
    dashboard.mcpo.document = document
    dashboard.open()
    for _ in range(5):
        add["total_requests"] += 10
        dashboard.tick()
    dashboard.mcpo.stop()
    dashboard.tick(3)
    document["uptime"] = 2.0
    dashboard.mcpo.started += 510
    add |= {"total_requests": 7, "cache_hits": 2, "dedup_joined": 0, "failed": 0}
    dashboard.mcpo.start()
    dashboard.tick(4)
    assert dashboard.text("#notice").startswith("mcpo was started again")
    for _ in range(8):
        document["uptime"] += 1
        add["total_requests"] += 10
        dashboard.tick()
    assert dashboard.text("#rate-now") == "10"
    rates = dashboard.page.evaluate("past.samples.filter(one => one.rates).flatMap(one => Object.values(one.rates))")
    assert min(rates) >= 0 and max(rates) == 10
    assert dashboard.find("#rate .plot .area").nth(2).get_attribute("d").count("M") == 2, "the time without mcpo is a gap"


@pytest.mark.parametrize("told, uptime", [("start", 0.4), ("start", 600.0), ("counters", None)])
def test_a_restart_between_two_questions_is_recognised_too(dashboard: Dashboard, told: str, uptime: float | None):
    document = dashboard.mcpo.document
    add = document["performance"]["add"] = endpoint("add", total_requests=1000)
    document["uptime"] = 500.0
    if told == "counters":
        del document["uptime"]
    dashboard.open()
    dashboard.tick(3)
    if told == "start":
        document["uptime"] = uptime
        dashboard.mcpo.started += 2000
    add["total_requests"] = 1
    dashboard.tick()
    assert dashboard.text("#notice").startswith("mcpo was started again")
    assert dashboard.text("#status") == "Healthy"


def test_a_tool_whose_counters_begin_again_is_no_restart(dashboard: Dashboard):
    document = dashboard.mcpo.document
    add = document["performance"]["add"] = endpoint("add", total_requests=1000)
    dashboard.open()
    add["total_requests"] = 1
    document["uptime"] += 1
    dashboard.tick()
    assert dashboard.text("#notice") == ""


def test_it_asks_less_often_while_mcpo_is_away(dashboard: Dashboard):
    dashboard.open()
    dashboard.mcpo.stop()
    before = len(dashboard.asked)
    dashboard.tick(60)
    assert 12 <= len(dashboard.asked) - before <= 17, "after 1, 1, 2, 4 and then 5 seconds each"


def test_it_asks_once_a_second_and_less_often_when_hidden(dashboard: Dashboard):
    dashboard.open()
    before = len(dashboard.mcpo.asked("/metrics"))
    dashboard.tick(10)
    assert len(dashboard.mcpo.asked("/metrics")) - before == 10
    dashboard.page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    dashboard.tick(1)
    before = len(dashboard.mcpo.asked("/metrics"))
    dashboard.tick(60)
    assert len(dashboard.mcpo.asked("/metrics")) - before == 6
    dashboard.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    dashboard.rest()
    assert len(dashboard.mcpo.asked("/metrics")) - before == 7


def test_it_never_asks_twice_at_once(dashboard: Dashboard):
    dashboard.open()
    dashboard.mcpo.delay = 0.3
    before = len(dashboard.mcpo.asked("/metrics"))
    dashboard.page.clock.run_for(5000)
    for _ in range(3):
        dashboard.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    dashboard.rest()
    assert len(dashboard.mcpo.asked("/metrics")) - before == 1


def test_it_waits_five_seconds_for_an_answer(dashboard: Dashboard):
    dashboard.open()
    dashboard.mcpo.delay = 2
    dashboard.page.clock.run_for(1000)
    dashboard.page.clock.run_for(4900)
    assert dashboard.text("#status") == "Healthy"
    dashboard.page.clock.run_for(200)
    dashboard.rest()
    assert dashboard.text("#status") == "No answer"
    dashboard.mcpo.delay = 0
    dashboard.tick(2)
    assert dashboard.text("#status") == "Healthy"


def test_an_error_of_mcpo_is_told(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch):
    dashboard.open()
    monkeypatch.setattr(dashboard.mcpo, "answer", lambda _: (500, {}))
    dashboard.tick()
    assert re.fullmatch(r"mcpo answers with an error \(500\) since 12:03:02, trying again", dashboard.text("#notice"))
    monkeypatch.setattr(dashboard.mcpo, "answer", lambda _: (200, 7))
    dashboard.tick(3)
    assert dashboard.text("#status") == "No answer"


def test_a_page_opened_while_mcpo_starts_finds_it(dashboard: Dashboard):
    dashboard.page.route("**/metrics", lambda route: route.abort())
    dashboard.open()
    assert dashboard.text("#notice").startswith("mcpo does not answer since")
    dashboard.page.unroute("**/metrics")
    dashboard.tick(2)
    assert dashboard.text("#status") == "Healthy"
