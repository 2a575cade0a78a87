"""A thousand tools: what an update costs, counted in work and not by the clock of a busy machine."""

from support.dashboard import Dashboard
from support.fake import endpoint

COUNT = """() => {
    window.changes = {cells: 0, rows: 0, all: 0};
    new MutationObserver(list => list.forEach(one => {
        changes.all++;
        if (one.target.localName === 'tbody') changes.rows += one.addedNodes.length; else changes.cells++;
    })).observe(document.querySelector('#tools'), {subtree: true, childList: true, characterData: true, attributes: true});
}"""


def thousand(dashboard: Dashboard) -> dict:
    performance = dashboard.mcpo.document["performance"]
    for number in range(1000):
        performance[f"server{number % 20}__tool_{number}"] = endpoint(f"t{number}", total_duration=1000 - number, server=f"server{number % 20}")
    dashboard.open()
    return performance


def show_all(dashboard: Dashboard) -> None:
    assert dashboard.text("#all") == "Show all 1,000"
    dashboard.find("#all").press("Enter")  # a pointer on the table would hold its order
    assert dashboard.find("#tools tbody tr").count() == 1000


class Metrics:
    """What Chromium counts of the page: layouts, nodes."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.session = dashboard.page.context.new_cdp_session(dashboard.page)
        self.session.send("Performance.enable")

    def __getitem__(self, name: str) -> float:
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == name)


def test_the_first_fifty_are_shown_until_all_are_wanted(dashboard: Dashboard):
    thousand(dashboard)
    assert dashboard.find("#tools tbody tr").count() == 50
    assert dashboard.text("#tools-count") == "1,000 tools"
    dashboard.find("#filter").fill("tool_999")
    assert dashboard.column("#tools", "Tool") == ["server19__tool_999"], "the filter looks at all of them"


def test_an_update_touches_what_has_changed_and_nothing_else(dashboard: Dashboard):
    performance = thousand(dashboard)
    show_all(dashboard)
    dashboard.page.evaluate(COUNT)
    dashboard.tick()
    assert dashboard.page.evaluate("changes") == {"cells": 0, "rows": 0, "all": 0}
    for number in range(3):
        performance[f"server{number}__tool_{number}"]["qps_5s"] += 1
    dashboard.tick()
    assert dashboard.page.evaluate("changes") == {"cells": 3, "rows": 0, "all": 3}


def test_a_tool_that_rises_moves_one_row(dashboard: Dashboard):
    performance = thousand(dashboard)
    show_all(dashboard)
    dashboard.page.evaluate(COUNT)
    performance["server0__tool_500"]["total_duration"] = 999.5
    dashboard.tick()
    assert dashboard.column("#tools", "Tool")[:3] == ["server0__tool_0", "server0__tool_500", "server1__tool_1"]
    assert dashboard.page.evaluate("changes.rows") == 1
    dashboard.page.evaluate("changes.rows = 0")
    performance["server0__tool_500"]["total_duration"] = 0.5
    dashboard.tick()
    assert dashboard.column("#tools", "Tool")[-1] == "server0__tool_500"
    assert dashboard.page.evaluate("changes.rows") == 1


def test_a_thousand_busy_tools_are_laid_out_once_a_second(dashboard: Dashboard):
    """All of them change at once, all of them are shown. (By the clock of a quiet machine: 150 ms, 60 of them layout.)"""
    performance = thousand(dashboard)
    show_all(dashboard)
    dashboard.page.evaluate(COUNT)
    metrics = Metrics(dashboard)
    layouts, styles = metrics["LayoutCount"], metrics["RecalcStyleCount"]
    for _ in range(10):
        for one in performance.values():
            one["total_requests"] += 3
            one["p50_duration"] *= 1.01
        dashboard.tick()
        dashboard.paint()
    assert dashboard.page.evaluate("changes.rows") == 0
    assert dashboard.page.evaluate("changes.cells") <= 10 * 1000 * 3, "more than the cells whose figures are others"
    # One of each in a quiet second; the machine may put a frame between.
    assert metrics["LayoutCount"] - layouts <= 10 * 2
    assert metrics["RecalcStyleCount"] - styles <= 10 * 2


def test_hours_of_it_do_not_make_the_page_grow(dashboard: Dashboard):
    performance = dashboard.mcpo.document["performance"]
    performance["add"] = endpoint("add")
    dashboard.open()
    dashboard.tick(5)
    metrics = Metrics(dashboard)
    nodes = metrics["Nodes"]
    for second in range(400):
        performance["add"]["total_requests"] += second % 7
        dashboard.tick()
    assert dashboard.page.evaluate("past.samples.length") <= 306
    dashboard.page.request_gc()
    assert metrics["Nodes"] <= nodes + 50
