"""What is written on the page, against the document that it comes from."""

import pytest

from support.dashboard import Dashboard
from support.fake import alert, cache, endpoint, server


def test_it_says_plainly_that_there_is_nothing_yet(dashboard: Dashboard):
    dashboard.open()
    assert dashboard.text("#nothing").startswith("No requests yet Ask your assistant to use a tool")
    assert dashboard.text("#tools .none") == "A tool is listed here after its first call."
    assert dashboard.text("#alerts .none") == "No alerts."
    assert not dashboard.find("#rate").is_visible()
    assert (dashboard.text("#rate-now"), dashboard.text("#p50-now"), dashboard.text("#hit-now")) == ("0", "–", "–")


def test_the_first_call_replaces_the_empty_state(dashboard: Dashboard):
    dashboard.open()
    dashboard.mcpo.document["performance"]["add"] = endpoint("add", total_requests=3)
    dashboard.tick()
    assert not dashboard.find("#nothing").is_visible()
    assert dashboard.find("#rate").is_visible()
    assert dashboard.column("#tools", "Tool") == ["add"]


def test_the_header_tells_status_version_and_uptime(dashboard: Dashboard):
    dashboard.mcpo.document |= {"uptime": 11_520.4}
    dashboard.open()
    assert dashboard.text("#status") == "Healthy"
    assert dashboard.text("#facts") == "Version 0.4.0 · up 3 h 12 min"
    assert dashboard.text("#updated") == "Updated 12:03:01"
    connection = dashboard.mcpo.document["connection"]
    connection["status"] = "degraded"
    connection["servers"] = {"github": server(), "time": server(status="unhealthy", reason="exited with status 1")}
    dashboard.tick()
    assert dashboard.text("#status") == "Degraded: 1 of 2 servers"
    assert dashboard.page.title() == "mcpo: degraded"


def test_the_key_figures(dashboard: Dashboard):
    document = dashboard.mcpo.document
    document["performance"]["add"] = endpoint("add")
    document["cache"]["default"] = cache(hits=1200, misses=300)
    document["saved"] = {"calls": 1214, "duration": 509.9}
    document["concurrency"] |= {"current_concurrent": 8, "queued": 2, "rejected": 1}
    dashboard.open()
    assert dashboard.text("#rate-now") == "12.4"  # mcpo's own rate, until there are two documents to compare
    assert dashboard.text("#rate-more") == "1,500 in all"
    assert (dashboard.text("#p50-now"), dashboard.text("#p99-now")) == ("80 ms", "400 ms")
    assert (dashboard.text("#hit-now"), dashboard.text("#hit-more")) == ("80.0 %", "of 1,500 look-ups")
    assert (dashboard.text("#saved-now"), dashboard.text("#saved-more")) == ("8 min 29 s", "1,214 calls not made")
    assert (dashboard.text("#busy-now"), dashboard.text("#busy-more")) == ("8 of 100", "2 waiting, 1 refused")


def test_rates_come_from_the_growth_of_the_counters(dashboard: Dashboard):
    add = dashboard.mcpo.document["performance"]["add"] = endpoint("add")
    dashboard.open()
    for _ in range(6):
        add["total_requests"] += 10
        add["cache_hits"] += 6
        add["dedup_joined"] += 1
        add["failed"] += 1
        dashboard.tick()
    assert dashboard.text("#rate-now") == "10"
    assert dashboard.text("#rate .legend") == "Cache 6 Shared 1 Server 2 Failed 1"


def test_percentiles_of_all_tools_are_weighed_by_use(dashboard: Dashboard):
    performance = dashboard.mcpo.document["performance"]
    same = {"min_duration": 0.01, "p50_duration": 0.01, "p90_duration": 0.01, "p99_duration": 0.01, "max_duration": 0.01}
    performance["quick"] = endpoint("quick", total_requests=950, **same)
    performance["slow"] = endpoint("slow", total_requests=50, **{name: 2.0 for name in same})
    dashboard.open()
    assert dashboard.text("#latency .legend") == "p50 10 ms p90 10 ms p99 2 s"
    performance["slow"]["total_requests"] += 5000
    dashboard.tick()
    assert dashboard.text("#latency .legend") == "p50 2 s p90 2 s p99 2 s"


def test_a_chart_has_words_and_a_table(dashboard: Dashboard):
    add = dashboard.mcpo.document["performance"]["add"] = endpoint("add")
    dashboard.open()
    dashboard.find("#rate summary").click()
    for _ in range(61):
        add["total_requests"] += 4
        dashboard.tick()
    words = dashboard.find("#rate .plot svg").get_attribute("aria-label")
    assert words.startswith("Requests per second in the last 5 minutes: 4 now, 4 at most. Cache: 0.")
    assert dashboard.column("#rate", "30 s until") == ["12:04:00", "12:03:30"]
    assert dashboard.column("#rate", "Server") == ["4", "4"]
    assert "p99 400\u00a0ms" in dashboard.find("#latency .plot svg").get_attribute("aria-label")


def test_pointing_at_a_chart_tells_the_values_of_then(dashboard: Dashboard):
    add = dashboard.mcpo.document["performance"]["add"] = endpoint("add")
    dashboard.open()
    for second in range(120):
        add["total_requests"] += 4 if second < 60 else 20
        dashboard.tick()
    assert dashboard.text("#rate .legend").endswith("Server 20 Failed 0")
    box = dashboard.find("#rate .plot").bounding_box()
    dashboard.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 20)  # a minute and a half ago
    assert dashboard.text("#rate .when") == "at 12:03:31"
    assert dashboard.text("#rate .legend").endswith("Server 4 Failed 0")
    dashboard.page.mouse.move(0, 0)
    assert dashboard.text("#rate .when") == ""


def test_servers_have_a_status_in_words_with_its_reason(dashboard: Dashboard):
    dashboard.mcpo.document["connection"]["servers"] = {
        "github": server(connections=2, in_flight=5, max_concurrent=20, queued=1),
        "time": server(status="unhealthy", connections=0, restarts=7, reason="exited with status 1"),
    }
    dashboard.open()
    assert dashboard.column("#servers", "Server") == ["github", "time"]
    assert dashboard.column("#servers", "Status") == ["healthy", "unhealthy exited with status 1"]
    assert dashboard.column("#servers", "Connections") == ["2", "0"]
    assert dashboard.column("#servers", "In flight") == ["5 of 20", "0"]
    assert dashboard.column("#servers", "Waiting") == ["1", "0"]
    assert dashboard.column("#servers", "Restarts") == ["0", "7"]
    shapes = [dashboard.page.evaluate(f"getComputedStyle(document.querySelector('{row} .status'), '::before').clipPath")
              for row in ("#servers tr:nth-child(1)", "#servers tr:nth-child(2)")]  # fmt: skip
    assert shapes[0] != shapes[1], "a status must not differ by its colour alone"


def test_alerts_say_what_since_when_and_what_it_means(dashboard: Dashboard):
    document = dashboard.mcpo.document
    document["performance"]["add"] = endpoint("add")
    document["alerts"] = [
        alert("slow", "add", 1.4, 1.0) | {"since": 1780315200},
        alert("failing", "add", 91.5, 95.0) | {"since": 1780228800},
        alert("cold", "default", 28.6, 70.0),
        alert("anomaly", "add", 0.9, 0.27) | {"unit": "seconds"},
        alert("anomaly", "add", 40.0, 12.5) | {"unit": "percent"},
        alert("something new", "add", 1, 2),
    ]
    dashboard.open()
    alerts = [" ".join(text.split()) for text in dashboard.find("#alerts li").all_inner_texts()]
    assert alerts[0] == "slow add since 12:00:00 Answers take 1.4 s on average, more than 1 s."
    assert alerts[1].endswith("since 31 May 2026, 12:00:00 91.5 % of its calls succeed, less than 95 %.")
    assert "28.6 % of what is asked for is in this cache, less than 70 %." in alerts[2]
    assert "Its last calls took 900 ms; less than 270 ms is usual for it." in alerts[3]
    assert "40.0 % of its last calls failed; less than 12.5 % is usual for it." in alerts[4]
    assert alerts[5].startswith("something new add since")
    assert dashboard.text("#alarm") == "6 alerts"
    assert dashboard.text("#tools tbody tr .tag:nth-of-type(1)") == "slow"
    assert dashboard.page.title() == "mcpo (6 alerts)"
    document["alerts"] = []
    dashboard.tick()
    assert dashboard.text("#alerts .none") == "No alerts."
    assert not dashboard.find("#alarm").is_visible()


def test_caches_show_how_full_they_are(dashboard: Dashboard):
    dashboard.mcpo.document["cache"] = {
        "default": cache(current_size=250, max_size=1000, memory_bytes=19_400_000, hit_rate=78.4, evictions=210),
    }
    dashboard.open()
    assert dashboard.column("#caches", "Entries") == ["250 of 1,000"]
    assert dashboard.column("#caches", "Memory") == ["18.5 MiB"]
    assert dashboard.column("#caches", "Evicted") == ["210"]
    assert dashboard.find("#caches .bar i").get_attribute("style") == "transform: scaleX(0.25);"


def test_a_tool_has_a_row_with_all_of_its_figures(dashboard: Dashboard):
    dashboard.mcpo.document["performance"]["add"] = endpoint("add", p50_duration=0.0000123)
    dashboard.open()
    row = " | ".join(" ".join(cell.split()) for cell in dashboard.find("#tools tbody tr > *").all_inner_texts())
    assert row == "add | 2 min 13 s | 1,500 | 12.4 | 12.3 µs | 120 ms | 400 ms | 99.2 % | 80.0 % | 8 min 29 s | github"


@pytest.mark.parametrize("view", [{"locale": "de-DE"}], ids=["German"])
def test_numbers_are_written_as_the_reader_is_used_to(dashboard: Dashboard):
    dashboard.mcpo.document["performance"]["add"] = endpoint("add")
    dashboard.open()
    assert dashboard.text("#rate-more") == "1.500 in all"
    assert dashboard.column("#tools", "Success") == ["99,2 %"]


def test_every_member_of_the_document_may_be_absent(dashboard: Dashboard):
    document = dashboard.mcpo.document
    document["performance"]["add"] = endpoint("add")
    document["alerts"] = [alert("slow", "add", 1.4, 1.0)]
    dashboard.open()
    for holder in (document, *document.values(), document["performance"]["add"], document["cache"]["default"],
                   document["connection"]["servers"]["github"], document["alerts"][0]):  # fmt: skip
        for name in list(holder) if isinstance(holder, dict) else []:
            kept = holder.pop(name)
            dashboard.tick()
            assert dashboard.text("#notice") == "", f"without {name}"
            holder[name] = kept
            dashboard.tick()


@pytest.mark.parametrize("nonsense", [{}, {"performance": None, "cache": [], "alerts": {}, "connection": 7},
                                      {"performance": {"a": None, "b": 1, "c": {"p50_duration": "x", "server": 3}}},
                                      {"connection": {"servers": {"a": None, "b": {}}}, "alerts": [None, 3, {}]}])  # fmt: skip
def test_a_document_that_makes_little_sense_does_not_break_it(dashboard: Dashboard, nonsense: dict):
    document = dashboard.mcpo.document
    dashboard.open()
    dashboard.mcpo.document = nonsense
    dashboard.tick(2)
    dashboard.mcpo.document = document
    document["performance"]["add"] = endpoint("add")
    dashboard.tick()
    assert dashboard.column("#tools", "Tool") == ["add"]
